// SPDX-License-Identifier: MPL-2.0

package awssim_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/smithy-go"
	"github.com/google/go-cmp/cmp"

	"github.com/amishare/packer-plugin-ami-share/internal/awssim"
)

const (
	organization = "arn:aws:organizations::333333333333:organization/o-exampleorg"
	unit         = "arn:aws:organizations::333333333333:ou/o-exampleorg/ou-root-development"
)

// parties are the two accounts' EC2 in one region.
type parties struct {
	source, target *ec2.Client
}

func meet(t *testing.T) (parties, context.Context) {
	t.Helper()
	f := start(t, computeWorld(t))
	return parties{ec2.NewFromConfig(f.config(t, administrator, home)), ec2.NewFromConfig(f.config(t, targetAdmin, home))}, t.Context()
}

func launchPermissions(ctx context.Context, c *ec2.Client, image string) ([]string, error) {
	out, err := c.DescribeImageAttribute(ctx, &ec2.DescribeImageAttributeInput{
		ImageId:   &image,
		Attribute: types.ImageAttributeNameLaunchPermission,
	})
	if err != nil {
		return nil, err
	}
	var entries []string
	for _, p := range out.LaunchPermissions {
		entries = append(entries, aws.ToString(p.UserId)+string(p.Group)+aws.ToString(p.OrganizationArn)+aws.ToString(p.OrganizationalUnitArn))
	}
	slices.Sort(entries)
	return entries, nil
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestSharingRefusals(t *testing.T) {
	image := func(id string, p types.LaunchPermission) func(context.Context, *ec2.Client) error {
		return func(ctx context.Context, c *ec2.Client) error {
			return only(c.ModifyImageAttribute(ctx, launchWith(id, p, nil)))
		}
	}
	snapshot := func(id string, p types.CreateVolumePermission) func(context.Context, *ec2.Client) error {
		return func(ctx context.Context, c *ec2.Client) error {
			return only(c.ModifySnapshotAttribute(ctx, volumesFor(id, p, nil)))
		}
	}
	for sentence, test := range map[string]struct {
		call    func(context.Context, *ec2.Client) error
		code    string
		message string
	}{
		"an image under the AWS managed key": {
			image("ami-managed", types.LaunchPermission{UserId: aws.String(target)}),
			"InvalidParameter", "Snapshots encrypted with the AWS Managed CMK can’t be shared",
		},
		"an image under the AWS managed key, with its own account": {
			image("ami-managed", types.LaunchPermission{UserId: aws.String(source)}),
			"InvalidParameter", "AWS Managed CMK",
		},
		"an encrypted image with everybody": {
			image("ami-cmk", types.LaunchPermission{Group: "all"}),
			"UnsupportedOperation", "shared publicly",
		},
		"a short account id": {
			image("ami-cmk", types.LaunchPermission{UserId: aws.String("123")}),
			"InvalidAMIAttributeItemValue", `Invalid attribute item value "123" for userId item type.`,
		},
		"a closed account": {
			image("ami-cmk", types.LaunchPermission{UserId: aws.String("444444444444")}),
			"InvalidAMIAttributeItemValue", "444444444444",
		},
		"another group than all": {
			image("ami-plain", types.LaunchPermission{Group: "friends"}),
			"InvalidAMIAttributeItemValue", `"friends" for UserGroup item type`,
		},
		"an organization with a wrong ARN": {
			image("ami-cmk", types.LaunchPermission{OrganizationArn: aws.String(strings.Replace(organization, ":organization/", ":account/", 1))}),
			"InvalidAMIAttributeItemValue", "for OrganizationArn item type",
		},
		"an organization of another partition": {
			image("ami-cmk", types.LaunchPermission{OrganizationArn: aws.String(strings.Replace(organization, "arn:aws:", "arn:aws-cn:", 1))}),
			"InvalidAMIAttributeItemValue", "for OrganizationArn item type",
		},
		"an OU in the organization's place": {
			image("ami-cmk", types.LaunchPermission{OrganizationArn: aws.String(unit)}),
			"InvalidAMIAttributeItemValue", "for OrganizationArn item type",
		},
		"another account's image that it may launch": {
			image("ami-of-target", types.LaunchPermission{UserId: aws.String(target)}),
			"AuthFailure", "Not authorized for image:ami-of-target",
		},
		"another account's private image": {
			image("ami-hidden", types.LaunchPermission{UserId: aws.String(target)}),
			"InvalidAMIID.NotFound", "The image id '[ami-hidden]' does not exist",
		},
		"a snapshot under the AWS managed key": {
			snapshot("snap-managed", types.CreateVolumePermission{UserId: aws.String(target)}),
			"OperationNotPermitted", "Encrypted snapshots with EBS default key cannot be shared",
		},
		"an encrypted snapshot with everybody": {
			snapshot("snap-cmk", types.CreateVolumePermission{Group: "all"}),
			"OperationNotPermitted", "Encrypted snapshots cannot be shared publicly",
		},
		"a snapshot with a short account id": {
			snapshot("snap-cmk", types.CreateVolumePermission{UserId: aws.String("123")}),
			"InvalidAMIAttributeItemValue", "123",
		},
		"a snapshot that is not there": {
			snapshot("snap-00000000000000000", types.CreateVolumePermission{UserId: aws.String(target)}),
			"InvalidSnapshot.NotFound", "The snapshot 'snap-00000000000000000' does not exist.",
		},
		"launch permission without saying what to do with it": {func(ctx context.Context, c *ec2.Client) error {
			return only(c.ModifyImageAttribute(ctx, &ec2.ModifyImageAttributeInput{ImageId: aws.String("ami-plain"), UserGroups: []string{"all"}}))
		}, "MissingParameter", "The request must contain the parameter LaunchPermission"},
		"two attributes at once": {func(ctx context.Context, c *ec2.Client) error {
			in := launchWith("ami-cmk", types.LaunchPermission{UserId: aws.String(target)}, nil)
			in.Description = &types.AttributeValue{Value: aws.String("d")}
			return only(c.ModifyImageAttribute(ctx, in))
		}, "InvalidParameterCombination", "multiple attribute types"},
		"product codes": {func(ctx context.Context, c *ec2.Client) error {
			return only(c.ModifyImageAttribute(ctx, &ec2.ModifyImageAttributeInput{ImageId: aws.String("ami-cmk"), ProductCodes: []string{"x"}}))
		}, "UnknownParameter", "ProductCode.1"},
		"adding to a snapshot and removing at once": {func(ctx context.Context, c *ec2.Client) error {
			in := volumesFor("snap-cmk", types.CreateVolumePermission{UserId: aws.String(target)}, nil)
			in.CreateVolumePermission.Remove = []types.CreateVolumePermission{{UserId: aws.String(source)}}
			return only(c.ModifySnapshotAttribute(ctx, in))
		}, "InvalidParameterCombination", ""},
		"501 accounts of a snapshot at once": {func(ctx context.Context, c *ec2.Client) error {
			in := volumesFor("snap-cmk", types.CreateVolumePermission{UserId: aws.String(target)}, nil)
			for i := range 500 {
				in.CreateVolumePermission.Add = append(in.CreateVolumePermission.Add,
					types.CreateVolumePermission{UserId: aws.String(fmt.Sprintf("5%011d", i))})
			}
			return only(c.ModifySnapshotAttribute(ctx, in))
		}, "InvalidParameterValue", "Modification size must not be greater than 500."},
		"more than 1,000 entities of an image": {func(ctx context.Context, c *ec2.Client) error {
			in := launchWith("ami-cmk", types.LaunchPermission{OrganizationArn: aws.String(organization)}, nil)
			for i := range 1000 {
				in.LaunchPermission.Add = append(in.LaunchPermission.Add, types.LaunchPermission{UserId: aws.String(fmt.Sprintf("5%011d", i))})
			}
			return only(c.ModifyImageAttribute(ctx, in))
		}, "ResourceLimitExceeded", "quota of 1000"},
	} {
		t.Run(sentence, func(t *testing.T) {
			t.Parallel()
			p, ctx := meet(t)
			before, err := launchPermissions(ctx, p.source, "ami-cmk")
			must(t, err)
			refused := test.call(ctx, p.source)
			if code(refused) != test.code {
				t.Fatalf("error %v, want code %s", refused, test.code)
			}
			var api smithy.APIError
			if errors.As(refused, &api) && !strings.Contains(api.ErrorMessage(), test.message) {
				t.Errorf("message %q lacks %q", api.ErrorMessage(), test.message)
			}
			after, err := launchPermissions(ctx, p.source, "ami-cmk")
			must(t, err)
			if diff := cmp.Diff(before, after); diff != "" {
				t.Errorf("a refused call changed the launch permission:\n%s", diff)
			}
		})
	}
}

func TestImageSharing(t *testing.T) {
	share := func(ctx context.Context, p parties, add ...types.LaunchPermission) error {
		return only(p.source.ModifyImageAttribute(ctx, &ec2.ModifyImageAttributeInput{
			ImageId:          aws.String("ami-cmk"),
			LaunchPermission: &types.LaunchPermissionModifications{Add: add},
		}))
	}
	withTarget := types.LaunchPermission{UserId: aws.String(target)}
	for sentence, story := range map[string]func(*testing.T, context.Context, parties){
		"all kinds of entries can be added, twice, and come back": func(t *testing.T, ctx context.Context, p parties) {
			for range 2 {
				must(t, share(ctx, p, withTarget, types.LaunchPermission{OrganizationArn: aws.String(organization)},
					types.LaunchPermission{OrganizationalUnitArn: aws.String(unit)}))
			}
			got, err := launchPermissions(ctx, p.source, "ami-cmk")
			must(t, err)
			if diff := cmp.Diff([]string{target, organization, unit}, got); diff != "" {
				t.Error(diff)
			}
		},
		"the flat style adds and removes as well": func(t *testing.T, ctx context.Context, p parties) {
			flat := &ec2.ModifyImageAttributeInput{
				ImageId: aws.String("ami-cmk"), Attribute: aws.String("launchPermission"),
				OperationType: types.OperationTypeAdd, UserIds: []string{target}, OrganizationArns: []string{organization},
			}
			must(t, only(p.source.ModifyImageAttribute(ctx, flat)))
			flat.OperationType, flat.OrganizationArns = types.OperationTypeRemove, nil
			must(t, only(p.source.ModifyImageAttribute(ctx, flat)))
			got, err := launchPermissions(ctx, p.source, "ami-cmk")
			must(t, err)
			if diff := cmp.Diff([]string{organization}, got); diff != "" {
				t.Error(diff)
			}
		},
		"an image is invisible until it is shared": func(t *testing.T, ctx context.Context, p parties) {
			byID := &ec2.DescribeImagesInput{ImageIds: []string{"ami-cmk"}}
			if got := code(only(p.target.DescribeImages(ctx, byID))); got != "InvalidAMIID.NotFound" {
				t.Errorf("before: %q", got)
			}
			must(t, share(ctx, p, withTarget))
			out, err := p.target.DescribeImages(ctx, byID)
			must(t, err)
			if got := out.Images[0]; *got.OwnerId != source || !*got.BlockDeviceMappings[0].Ebs.Encrypted ||
				got.BlockDeviceMappings[0].Ebs.KmsKeyId != nil || len(got.Tags) != 0 {
				t.Errorf("the recipient sees %+v", got)
			}
		},
		"the lists by owner and by launch permission": func(t *testing.T, ctx context.Context, p parties) {
			must(t, share(ctx, p, withTarget))
			for sentence, test := range map[string]struct {
				in   *ec2.DescribeImagesInput
				want []string
			}{
				"self":       {&ec2.DescribeImagesInput{Owners: []string{"self"}}, []string{"ami-hidden", "ami-of-target"}},
				"source":     {&ec2.DescribeImagesInput{Owners: []string{source}}, []string{"ami-cmk", "ami-locked", "ami-off"}},
				"executable": {&ec2.DescribeImagesInput{ExecutableUsers: []string{"self"}}, []string{"ami-cmk", "ami-locked", "ami-off"}},
				"everybody":  {&ec2.DescribeImagesInput{ExecutableUsers: []string{"all"}}, []string{"ami-public"}},
				"amazon":     {&ec2.DescribeImagesInput{Owners: []string{"amazon"}, Filters: []types.Filter{filter("name", "lin*")}}, []string{"ami-public"}},
			} {
				out, err := p.target.DescribeImages(ctx, test.in)
				must(t, err)
				var got []string
				for _, image := range out.Images {
					got = append(got, *image.ImageId)
				}
				slices.Sort(got)
				if diff := cmp.Diff(test.want, got); diff != "" {
					t.Errorf("%s: %s", sentence, diff)
				}
			}
		},
		"a recipient's tags are its own": func(t *testing.T, ctx context.Context, p parties) {
			must(t, share(ctx, p, withTarget))
			theirs := []types.Tag{{Key: aws.String("seen"), Value: aws.String("yes")}}
			must(t, only(p.target.CreateTags(ctx, &ec2.CreateTagsInput{Resources: []string{"ami-cmk"}, Tags: theirs})))
			for want, client := range map[string]*ec2.Client{"team": p.source, "seen": p.target} {
				out, err := client.DescribeImages(ctx, &ec2.DescribeImagesInput{ImageIds: []string{"ami-cmk"}})
				must(t, err)
				if tags := out.Images[0].Tags; len(tags) != 1 || *tags[0].Key != want {
					t.Errorf("tags %+v, want %s", tags, want)
				}
			}
		},
		"Allowed AMIs hides, audits, and lets through": func(t *testing.T, ctx context.Context, p parties) {
			must(t, share(ctx, p, withTarget))
			must(t, only(p.target.ReplaceImageCriteriaInAllowedImagesSettings(ctx, criteria("amazon", nil))))
			byID := &ec2.DescribeImagesInput{ImageIds: []string{"ami-cmk"}}
			for _, test := range []struct {
				state types.AllowedImagesSettingsEnabledState
				want  string
			}{
				{types.AllowedImagesSettingsEnabledStateAuditMode, ""},
				{types.AllowedImagesSettingsEnabledStateEnabled, "InvalidAMIID.NotFound"},
			} {
				must(t, only(p.target.EnableAllowedImagesSettings(ctx, &ec2.EnableAllowedImagesSettingsInput{AllowedImagesSettingsState: test.state})))
				out, err := p.target.DescribeImages(ctx, byID)
				if code(err) != test.want || (err == nil && *out.Images[0].ImageAllowed) {
					t.Errorf("%s: %v %+v", test.state, err, out)
				}
			}
			if got := code(only(p.target.RunInstances(ctx, run("ami-cmk", nil)))); got != "InvalidAMIID.NotFound" {
				t.Errorf("launch of a hidden image: %q", got)
			}
			must(t, only(p.target.ReplaceImageCriteriaInAllowedImagesSettings(ctx, criteria(source, nil))))
			must(t, only(p.target.DescribeImages(ctx, byID)))
		},
		"disabling takes the launch permission away": func(t *testing.T, ctx context.Context, p parties) {
			must(t, share(ctx, p, withTarget))
			must(t, only(p.source.DisableImage(ctx, &ec2.DisableImageInput{ImageId: aws.String("ami-cmk")})))
			if got := code(share(ctx, p, withTarget)); got != "InvalidAMIID.Unavailable" {
				t.Errorf("sharing a disabled image: %q", got)
			}
			must(t, only(p.source.EnableImage(ctx, &ec2.EnableImageInput{ImageId: aws.String("ami-cmk")})))
			if got, err := launchPermissions(ctx, p.source, "ami-cmk"); err != nil || len(got) != 0 {
				t.Errorf("launch permission %v, %v", got, err)
			}
		},
		"resetting and cancelling": func(t *testing.T, ctx context.Context, p parties) {
			must(t, share(ctx, p, withTarget, types.LaunchPermission{OrganizationArn: aws.String(organization)}))
			must(t, only(p.target.CancelImageLaunchPermission(ctx, &ec2.CancelImageLaunchPermissionInput{ImageId: aws.String("ami-cmk")})))
			got, err := launchPermissions(ctx, p.source, "ami-cmk")
			if err != nil || len(got) != 1 {
				t.Errorf("after cancelling: %v, %v", got, err)
			}
			must(t, only(p.source.ResetImageAttribute(ctx, &ec2.ResetImageAttributeInput{
				ImageId:   aws.String("ami-cmk"),
				Attribute: types.ResetImageAttributeNameLaunchPermission,
			})))
			if got, err = launchPermissions(ctx, p.source, "ami-cmk"); err != nil || len(got) != 0 {
				t.Errorf("after resetting: %v, %v", got, err)
			}
		},
		"a deregistered image is no longer available": func(t *testing.T, ctx context.Context, p parties) {
			must(t, only(p.source.DeregisterImage(ctx, &ec2.DeregisterImageInput{ImageId: aws.String("ami-cmk")})))
			if got := code(share(ctx, p, withTarget)); got != "InvalidAMIID.Unavailable" {
				t.Errorf("sharing: %q", got)
			}
			must(t, only(p.source.DeleteSnapshot(ctx, &ec2.DeleteSnapshotInput{SnapshotId: aws.String("snap-cmk")})))
		},
		"copying takes the storage's permission": func(t *testing.T, ctx context.Context, p parties) {
			must(t, share(ctx, p, withTarget))
			in := &ec2.CopyImageInput{SourceImageId: aws.String("ami-cmk"), SourceRegion: aws.String(home), Name: aws.String("mine")}
			if got := code(only(p.target.CopyImage(ctx, in))); got != "InvalidRequest" {
				t.Errorf("before: %q", got)
			}
			must(t, only(p.source.ModifySnapshotAttribute(ctx, volumesFor("snap-cmk", types.CreateVolumePermission{UserId: aws.String(target)}, nil))))
			out, err := p.target.CopyImage(ctx, in)
			must(t, err)
			images, err := p.target.DescribeImages(ctx, &ec2.DescribeImagesInput{ImageIds: []string{*out.ImageId}})
			must(t, err)
			if images.Images[0].State != types.ImageStateAvailable || *images.Images[0].SourceImageId != "ami-cmk" {
				t.Errorf("the copy is %+v", images.Images[0])
			}
			snapshots, err := p.target.DescribeSnapshots(ctx, &ec2.DescribeSnapshotsInput{
				OwnerIds:    []string{"self"},
				SnapshotIds: []string{*images.Images[0].BlockDeviceMappings[0].Ebs.SnapshotId},
			})
			must(t, err)
			if key := aws.ToString(snapshots.Snapshots[0].KmsKeyId); !strings.Contains(key, ":"+target+":key/") {
				t.Errorf("the copy is under %q, want the target's default key", key)
			}
		},
		"a snapshot's permission is for its owner to see": func(t *testing.T, ctx context.Context, p parties) {
			in := &ec2.DescribeSnapshotsInput{SnapshotIds: []string{"snap-cmk"}}
			out, err := p.target.DescribeSnapshots(ctx, in)
			must(t, err)
			if len(out.Snapshots) != 0 {
				t.Error("an inaccessible snapshot is in the answer")
			}
			must(t, only(p.source.ModifySnapshotAttribute(ctx, volumesFor("snap-cmk", types.CreateVolumePermission{UserId: aws.String(target)}, nil))))
			out, err = p.target.DescribeSnapshots(ctx, in)
			must(t, err)
			if key := aws.ToString(out.Snapshots[0].KmsKeyId); !strings.Contains(key, ":"+source+":key/") {
				t.Errorf("key %q", key)
			}
			attribute, err := p.source.DescribeSnapshotAttribute(ctx, &ec2.DescribeSnapshotAttributeInput{
				SnapshotId: aws.String("snap-cmk"),
				Attribute:  types.SnapshotAttributeNameCreateVolumePermission,
			})
			must(t, err)
			if got := attribute.CreateVolumePermissions; len(got) != 1 || *got[0].UserId != target {
				t.Errorf("permission %+v", got)
			}
		},
	} {
		t.Run(sentence, func(t *testing.T) {
			t.Parallel()
			p, ctx := meet(t)
			story(t, ctx, p)
		})
	}
}

func TestLaunchOfSharedImages(t *testing.T) {
	for sentence, test := range map[string]struct {
		image  string
		code   string
		state  types.InstanceStateName
		reason string
	}{
		"an image that is not shared":             {image: "ami-plain", code: "AuthFailure"},
		"an image that does not exist":            {image: "ami-00000000000000000", code: "InvalidAMIID.NotFound"},
		"a public image":                          {image: "ami-public", state: types.InstanceStateNameRunning},
		"a shared image under a key it can use":   {image: "ami-cmk", state: types.InstanceStateNameRunning},
		"a shared image under a key it can't use": {image: "ami-locked", state: types.InstanceStateNameTerminated, reason: "Client.InternalError"},
		"a shared image under a disabled key":     {image: "ami-off", state: types.InstanceStateNameTerminated, reason: "Client.InvalidKMSKey.InvalidState"},
	} {
		t.Run(sentence, func(t *testing.T) {
			t.Parallel()
			p, ctx := meet(t)
			must(t, only(p.source.ModifyImageAttribute(ctx, launchWith("ami-cmk", types.LaunchPermission{UserId: aws.String(target)}, nil))))
			out, err := p.target.RunInstances(ctx, run(test.image, nil))
			if code(err) != test.code {
				t.Fatalf("error %v, want %q", err, test.code)
			}
			if err != nil {
				return
			}
			if got := out.Instances[0].State.Name; got != types.InstanceStateNamePending {
				t.Errorf("state %s at once, want pending", got)
			}
			seen, err := p.target.DescribeInstances(ctx, &ec2.DescribeInstancesInput{InstanceIds: []string{*out.Instances[0].InstanceId}})
			must(t, err)
			instance := seen.Reservations[0].Instances[0]
			reason := ""
			if instance.StateReason != nil {
				reason = *instance.StateReason.Code
			}
			if instance.State.Name != test.state || reason != test.reason {
				t.Errorf("instance is %s because of %q, want %s because of %q", instance.State.Name, reason, test.state, test.reason)
			}
		})
	}
}

func TestOrganizationSharing(t *testing.T) {
	for sentence, test := range map[string]struct {
		with    types.LaunchPermission
		visible bool
	}{
		"the organization":             {types.LaunchPermission{OrganizationArn: aws.String(organization)}, true},
		"an OU that the account is in": {types.LaunchPermission{OrganizationalUnitArn: aws.String(unit)}, true},
		"an OU that it is not in":      {types.LaunchPermission{OrganizationalUnitArn: aws.String(unit + "2")}, false},
	} {
		t.Run(sentence, func(t *testing.T) {
			t.Parallel()
			world := computeWorld(t)
			world.Organizations = []awssim.WorldOrganization{{
				ID: "o-exampleorg", ManagementAccount: "333333333333",
				Units: []awssim.WorldUnit{{ID: "ou-root-aboveaccount", Units: []awssim.WorldUnit{
					{ID: "ou-root-development", Accounts: []string{target}}, {ID: "ou-root-development2"},
				}}},
			}}
			f, ctx := start(t, world), t.Context()
			must(t, only(ec2.NewFromConfig(f.config(t, administrator, home)).ModifyImageAttribute(ctx, launchWith("ami-cmk", test.with, nil))))
			recipient := ec2.NewFromConfig(f.config(t, targetAdmin, home))
			shows := func(in *ec2.DescribeImagesInput) bool {
				out, err := recipient.DescribeImages(ctx, in)
				must(t, err)
				return slices.ContainsFunc(out.Images, func(i types.Image) bool { return *i.ImageId == "ami-cmk" })
			}
			if shows(&ec2.DescribeImagesInput{}) {
				t.Error("a list without ExecutableUsers shows it")
			}
			if got := shows(&ec2.DescribeImagesInput{ExecutableUsers: []string{"self"}}); got != test.visible {
				t.Errorf("ExecutableUsers=self shows it: %v, want %v", got, test.visible)
			}
			if got := code(only(recipient.RunInstances(ctx, run("ami-cmk", nil)))) == ""; got != test.visible {
				t.Errorf("it starts: %v, want %v", got, test.visible)
			}
		})
	}
}

func TestSmallPages(t *testing.T) {
	world := computeWorld(t)
	world.Hostility.PageSize = 2
	f := start(t, world)
	var got []string
	pages := ec2.NewDescribeImagesPaginator(ec2.NewFromConfig(f.config(t, administrator, home)), &ec2.DescribeImagesInput{Owners: []string{"self"}})
	for n := 0; pages.HasMorePages(); n++ {
		page, err := pages.NextPage(t.Context())
		must(t, err)
		if len(page.Images) > 2 {
			t.Errorf("page %d has %d images", n, len(page.Images))
		}
		for _, image := range page.Images {
			got = append(got, *image.ImageId)
		}
	}
	if diff := cmp.Diff([]string{"ami-cmk", "ami-locked", "ami-managed", "ami-marked", "ami-off", "ami-plain"}, got); diff != "" {
		t.Error(diff)
	}
}

// ec2:Add/userId is a key of ModifySnapshotAttribute alone.
// https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonec2.html
func TestSharingConditions(t *testing.T) {
	world := computeWorld(t)
	narrow := awssim.WorldUser{Name: "narrow", AccessKeyID: "source-narrow", SecretAccessKey: "secret", Policies: []json.RawMessage{json.RawMessage(
		`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"ec2:Modify*Attribute",
			"Resource":["arn:aws:ec2:` + home + `::image/ami-cmk","arn:aws:ec2:` + home + `::snapshot/snap-cmk"],
			"Condition":{"StringEquals":{"ec2:Add/userId":"` + target + `"}}}]}`)}}
	world.Accounts[0].Users = append(world.Accounts[0].Users, narrow)
	f, ctx := start(t, world), t.Context()
	c := ec2.NewFromConfig(f.config(t, narrow.AccessKeyID, home))
	for sentence, test := range map[string]struct {
		err  error
		want string
	}{
		"the image with the account":         {only(c.ModifyImageAttribute(ctx, launchWith("ami-cmk", types.LaunchPermission{UserId: aws.String(target)}, nil))), "UnauthorizedOperation"},
		"the snapshot with the account":      {only(c.ModifySnapshotAttribute(ctx, volumesFor("snap-cmk", types.CreateVolumePermission{UserId: aws.String(target)}, nil))), ""},
		"the image with another account":     {only(c.ModifyImageAttribute(ctx, launchWith("ami-cmk", types.LaunchPermission{UserId: aws.String("555555555555")}, nil))), "UnauthorizedOperation"},
		"the image with an organization":     {only(c.ModifyImageAttribute(ctx, launchWith("ami-cmk", types.LaunchPermission{OrganizationArn: aws.String(organization)}, nil))), "UnauthorizedOperation"},
		"another image with the account":     {only(c.ModifyImageAttribute(ctx, launchWith("ami-plain", types.LaunchPermission{UserId: aws.String(target)}, nil))), "UnauthorizedOperation"},
		"asking first, with another account": {only(c.ModifyImageAttribute(ctx, launchWith("ami-cmk", types.LaunchPermission{UserId: aws.String("555555555555")}, aws.Bool(true)))), "UnauthorizedOperation"},
	} {
		if got := code(test.err); got != test.want {
			t.Errorf("%s: %q, want %q", sentence, got, test.want)
		}
	}
}
