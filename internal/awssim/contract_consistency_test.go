// SPDX-License-Identifier: MPL-2.0

package awssim_test

import (
	"context"
	"strconv"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/google/go-cmp/cmp"

	"github.com/amishare/packer-plugin-ami-share/internal/awssim"
)

// late has two reads that see nothing of a change yet.
const late = 2

// seen is what three reads in a row saw.
func seen(read func() string) []string {
	var all []string
	for range late + 1 {
		all = append(all, read())
	}
	return all
}

// TestWhatIsNotSeenAtOnce counts the reads that come too early.
//
//   - https://docs.aws.amazon.com/ec2/latest/devguide/eventual-consistency.html
//   - https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot.html#troubleshoot_general_eventual-consistency
//   - https://docs.aws.amazon.com/kms/latest/developerguide/accessing-kms.html
func TestWhatIsNotSeenAtOnce(t *testing.T) {
	for sentence, test := range map[string]struct {
		hostility awssim.Hostility
		check     func(context.Context, *testing.T, *fixture) []string
		want      []string
	}{
		"a new image, by its id":                     {awssim.Hostility{NewImageUnseen: late}, newImageByID, []string{"InvalidAMIID.NotFound", "InvalidAMIID.NotFound", "1"}},
		"a new image, listed":                        {awssim.Hostility{NewImageUnseen: late}, newImageListed, []string{"0", "0", "1"}},
		"a new snapshot, by its id":                  {awssim.Hostility{NewSnapshotUnseen: late}, newSnapshot, []string{"InvalidSnapshot.NotFound", "InvalidSnapshot.NotFound", "1"}},
		"a launch permission, by its owner":          {awssim.Hostility{PermissionUnseen: late}, launchPermission(true, true), []string{"", "", target}},
		"a launch permission, by the other":          {awssim.Hostility{PermissionUnseen: late}, launchPermission(true, false), []string{"InvalidAMIID.NotFound", "InvalidAMIID.NotFound", "1"}},
		"one that was removed, by its owner":         {awssim.Hostility{PermissionUnseen: late}, launchPermission(false, true), []string{target, target, ""}},
		"one that was removed, by the other":         {awssim.Hostility{PermissionUnseen: late}, launchPermission(false, false), []string{"1", "1", "InvalidAMIID.NotFound"}},
		"a create-volume permission":                 {awssim.Hostility{PermissionUnseen: late}, volumePermission, []string{"", "", target}},
		"a trust policy":                             {awssim.Hostility{TrustPolicyUnseen: late}, newTrust, []string{denied, denied, ""}},
		"a new role":                                 {awssim.Hostility{TrustPolicyUnseen: late}, newRoleAssumed, []string{denied, denied, ""}},
		"a grant for a new role":                     {awssim.Hostility{NewRoleListedByID: late}, newRoleListed, []string{"AROA", "AROA", "arn:"}},
		"a grant that has ended":                     {awssim.Hostility{EndedGrantListed: late}, endedGrant, []string{"arn:", "arn:", ""}},
		"a new image, by a client that is spared":    {awssim.Hostility{NewImageUnseen: late, SeenAtOnceBy: []string{"packer", "aws-sdk-go"}}, newImageByID, []string{"1", "1", "1"}},
		"a new snapshot, by a client that is spared": {awssim.Hostility{NewSnapshotUnseen: late, SeenAtOnceBy: []string{"aws-sdk-go"}}, newSnapshot, []string{"1", "1", "1"}},
		"a new snapshot, where another client is":    {awssim.Hostility{NewSnapshotUnseen: late, SeenAtOnceBy: []string{"packer"}}, newSnapshot, []string{"InvalidSnapshot.NotFound", "InvalidSnapshot.NotFound", "1"}},
		"everything at once, where AWS is not":       {awssim.Hostility{}, newImageByID, []string{"1", "1", "1"}},
	} {
		t.Run(sentence, func(t *testing.T) {
			t.Parallel()
			world := computeWorld(t)
			world.Hostility = test.hostility
			if diff := cmp.Diff(test.want, test.check(t.Context(), t, start(t, world))); diff != "" {
				t.Errorf("reads (-want +got):\n%s", diff)
			}
		})
	}
}

func newImage(ctx context.Context, t *testing.T, f *fixture) (*ec2.Client, *string) {
	t.Helper()
	client := ec2.NewFromConfig(f.config(t, administrator, home))
	made, err := client.CopyImage(ctx, &ec2.CopyImageInput{Name: aws.String("fresh"), SourceImageId: aws.String("ami-plain"), SourceRegion: aws.String(home)})
	must(t, err)
	return client, made.ImageId
}

func newImageByID(ctx context.Context, t *testing.T, f *fixture) []string {
	client, id := newImage(ctx, t, f)
	return seen(func() string {
		out, err := client.DescribeImages(ctx, &ec2.DescribeImagesInput{ImageIds: []string{*id}})
		if err != nil {
			return code(err)
		}
		return strconv.Itoa(len(out.Images))
	})
}

func newImageListed(ctx context.Context, t *testing.T, f *fixture) []string {
	client, _ := newImage(ctx, t, f)
	return seen(func() string {
		out, err := client.DescribeImages(ctx, &ec2.DescribeImagesInput{Owners: []string{"self"}, Filters: []types.Filter{filter("name", "fresh")}})
		must(t, err)
		return strconv.Itoa(len(out.Images))
	})
}

func newSnapshot(ctx context.Context, t *testing.T, f *fixture) []string {
	client := ec2.NewFromConfig(f.config(t, administrator, home))
	made, err := client.CopySnapshot(ctx, &ec2.CopySnapshotInput{SourceSnapshotId: aws.String("snap-plain"), SourceRegion: aws.String(home)})
	must(t, err)
	return seen(func() string {
		out, err := client.DescribeSnapshots(ctx, &ec2.DescribeSnapshotsInput{SnapshotIds: []string{*made.SnapshotId}})
		if err != nil {
			return code(err)
		}
		return strconv.Itoa(len(out.Snapshots))
	})
}

// launchPermission adds the target to an AMI, or takes it away, and reads that as the owner or as the target.
func launchPermission(add, asOwner bool) func(context.Context, *testing.T, *fixture) []string {
	return func(ctx context.Context, t *testing.T, f *fixture) []string {
		owner, other := ec2.NewFromConfig(f.config(t, administrator, home)), ec2.NewFromConfig(f.config(t, targetAdmin, home))
		entry := types.LaunchPermission{UserId: aws.String(target)}
		must(t, only(owner.ModifyImageAttribute(ctx, launchWith("ami-plain", entry, nil))))
		if !add { // what was added has to be seen by everybody first
			for range late {
				must(t, only(owner.DescribeImageAttribute(ctx, launchAttribute())))
				_ = only(other.DescribeImages(ctx, &ec2.DescribeImagesInput{ImageIds: []string{"ami-plain"}})) // too early on purpose
			}
			must(t, only(owner.ModifyImageAttribute(ctx, &ec2.ModifyImageAttributeInput{
				ImageId: aws.String("ami-plain"), LaunchPermission: &types.LaunchPermissionModifications{Remove: []types.LaunchPermission{entry}},
			})))
		}
		return seen(func() string {
			if asOwner {
				out, err := owner.DescribeImageAttribute(ctx, launchAttribute())
				must(t, err)
				if len(out.LaunchPermissions) == 0 {
					return ""
				}
				return *out.LaunchPermissions[0].UserId
			}
			out, err := other.DescribeImages(ctx, &ec2.DescribeImagesInput{ImageIds: []string{"ami-plain"}})
			if err != nil {
				return code(err)
			}
			return strconv.Itoa(len(out.Images))
		})
	}
}

func launchAttribute() *ec2.DescribeImageAttributeInput {
	return &ec2.DescribeImageAttributeInput{ImageId: aws.String("ami-plain"), Attribute: types.ImageAttributeNameLaunchPermission}
}

func volumePermission(ctx context.Context, t *testing.T, f *fixture) []string {
	client := ec2.NewFromConfig(f.config(t, administrator, home))
	must(t, only(client.ModifySnapshotAttribute(ctx, volumesFor("snap-plain", types.CreateVolumePermission{UserId: aws.String(target)}, nil))))
	return seen(func() string {
		out, err := client.DescribeSnapshotAttribute(ctx, &ec2.DescribeSnapshotAttributeInput{
			SnapshotId: aws.String("snap-plain"), Attribute: types.SnapshotAttributeNameCreateVolumePermission,
		})
		must(t, err)
		if len(out.CreateVolumePermissions) == 0 {
			return ""
		}
		return *out.CreateVolumePermissions[0].UserId
	})
}

func newRole(ctx context.Context, t *testing.T, f *fixture, trusted string) *iam.Client {
	t.Helper()
	client := iam.NewFromConfig(f.config(t, administrator, home))
	must(t, only(client.CreateRole(ctx, &iam.CreateRoleInput{RoleName: aws.String("fresh"), AssumeRolePolicyDocument: aws.String(trust(trusted))})))
	return client
}

const freshARN = "arn:aws:iam::" + source + ":role/fresh"

func assumeFresh(ctx context.Context, t *testing.T, f *fixture) []string {
	t.Helper()
	client := sts.NewFromConfig(f.config(t, administrator, home))
	return seen(func() string {
		return code(only(client.AssumeRole(ctx, &sts.AssumeRoleInput{RoleArn: aws.String(freshARN), RoleSessionName: aws.String("s2")})))
	})
}

func newRoleAssumed(ctx context.Context, t *testing.T, f *fixture) []string {
	newRole(ctx, t, f, "arn:aws:iam::"+source+":root")
	return assumeFresh(ctx, t, f)
}

func newTrust(ctx context.Context, t *testing.T, f *fixture) []string {
	client := newRole(ctx, t, f, "arn:aws:iam::"+target+":root")
	assumeFresh(ctx, t, f) // until the role is known
	must(t, only(client.UpdateAssumeRolePolicy(ctx, &iam.UpdateAssumeRolePolicyInput{
		RoleName: aws.String("fresh"), PolicyDocument: aws.String(trust("arn:aws:iam::" + source + ":root")),
	})))
	return assumeFresh(ctx, t, f)
}

// grantees are the grantees of all grants on a key, the first characters of each.
func grantees(ctx context.Context, t *testing.T, client *kms.Client) string {
	t.Helper()
	out, err := client.ListGrants(ctx, &kms.ListGrantsInput{KeyId: shared})
	must(t, err)
	var all []string
	for _, g := range out.Grants {
		all = append(all, (*g.GranteePrincipal)[:4])
	}
	return strings.Join(all, " ")
}

func grantTo(ctx context.Context, t *testing.T, f *fixture) (*kms.Client, *kms.CreateGrantOutput) {
	t.Helper()
	newRole(ctx, t, f, "arn:aws:iam::"+source+":root")
	client := kms.NewFromConfig(f.config(t, administrator, home))
	in := decryptGrant(*shared)
	in.GranteePrincipal = aws.String(freshARN)
	made, err := client.CreateGrant(ctx, in)
	must(t, err)
	return client, made
}

func newRoleListed(ctx context.Context, t *testing.T, f *fixture) []string {
	client, _ := grantTo(ctx, t, f)
	return seen(func() string { return grantees(ctx, t, client) })
}

func endedGrant(ctx context.Context, t *testing.T, f *fixture) []string {
	client, made := grantTo(ctx, t, f)
	endGrant(ctx, t, client, made)
	return seen(func() string { return grantees(ctx, t, client) })
}

func endGrant(ctx context.Context, t *testing.T, client *kms.Client, made *kms.CreateGrantOutput) {
	t.Helper()
	must(t, only(client.RevokeGrant(ctx, &kms.RevokeGrantInput{KeyId: shared, GrantId: made.GrantId})))
}
