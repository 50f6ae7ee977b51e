// SPDX-License-Identifier: MPL-2.0

package awssim_test

import (
	"context"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	kmstypes "github.com/aws/aws-sdk-go-v2/service/kms/types"

	"github.com/amishare/packer-plugin-ami-share/internal/awssim"
)

// The world of the compute tests: a source account that owns AMIs under keys that the target may use, may not use
// and that are disabled; a target account with a template and a group; and the account that public AMIs come from.
const (
	home   = "us-east-1"
	away   = "eu-west-1"
	source = "111111111111"
	target = "222222222222"

	sourceRegion = `{
		"snapshots": [
			{"id": "snap-plain"}, {"id": "snap-free"},
			{"id": "snap-cmk", "kms_key": "alias/ami", "tags": {"team": "images"}},
			{"id": "snap-locked", "kms_key": "alias/locked"},
			{"id": "snap-off", "kms_key": "alias/off"},
			{"id": "snap-managed", "encrypted": true}
		],
		"images": [
			{"id": "ami-plain", "name": "plain", "block_devices": [{"snapshot": "snap-plain"}]},
			{"id": "ami-cmk", "name": "cmk", "block_devices": [{"snapshot": "snap-cmk"}], "tags": {"team": "images"}},
			{"id": "ami-locked", "name": "locked", "block_devices": [{"snapshot": "snap-locked"}], "launch_permissions": ["222222222222"]},
			{"id": "ami-off", "name": "off", "block_devices": [{"snapshot": "snap-off"}], "launch_permissions": ["222222222222"]},
			{"id": "ami-managed", "name": "managed", "block_devices": [{"snapshot": "snap-managed"}]},
			{"id": "ami-marked", "name": "marked", "watermarks": ["golden"]}
		],
		"launch_templates": [{"name": "web", "image": "ami-plain"}],
		"auto_scaling_groups": [{"name": "existing", "launch_template": "web"}],
		"closed_accounts": ["444444444444"]
	}`
	targetRegion = `{
		"snapshots": [{"id": "snap-of-target"}],
		"images": [
			{"id": "ami-of-target", "name": "theirs", "launch_permissions": ["111111111111"]},
			{"id": "ami-hidden", "name": "hidden"}
		],
		"launch_templates": [
			{"name": "cmk", "image": "ami-cmk"}, {"name": "plain", "image": "ami-plain"}, {"name": "locked", "image": "ami-locked"}, {"name": "off", "image": "ami-off"}
		]
	}`
	publicRegion = `{"images": [{"id": "ami-public", "name": "linux", "launch_permissions": ["all"]}]}`
)

// Whose credentials a client has.
const (
	administrator = "source-admin"
	nobody        = "source-nobody"
	targetAdmin   = "target-admin"
)

// keyARN is the ARN of one of the source account's keys in the home region.
func keyARN(id string) string { return "arn:aws:kms:" + home + ":" + source + ":key/" + id }

// The source account's keys.
const (
	sharedKey   = "11111111-1111-4111-8111-111111111111"
	lockedKey   = "22222222-2222-4222-8222-222222222222"
	disabledKey = "33333333-3333-4333-8333-333333333333"
)

func computeWorld(t *testing.T) awssim.World {
	t.Helper()
	everything := json.RawMessage(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}`)
	forBoth := json.RawMessage(`{"Version":"2012-10-17","Statement":[
		{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::` + source + `:root"},"Action":"kms:*","Resource":"*"},
		{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::` + target + `:root"},"Resource":"*","Action":["kms:CreateGrant",
			"kms:DescribeKey","kms:Decrypt","kms:Encrypt","kms:ReEncrypt*","kms:GenerateDataKey*"]}]}`)
	user := func(key string, policies ...json.RawMessage) awssim.WorldUser {
		return awssim.WorldUser{Name: key, AccessKeyID: key, SecretAccessKey: "secret of " + key, Policies: policies}
	}
	return awssim.World{Accounts: []awssim.WorldAccount{
		{
			ID: source, Name: "source", OpenIDProviders: []awssim.WorldOpenIDProvider{identities().described()}, Users: []awssim.WorldUser{user(administrator, everything), user(nobody)},
			Keys: []awssim.WorldKey{
				{Region: home, ID: sharedKey, Aliases: []string{"alias/ami"}, Policy: forBoth},
				{Region: home, ID: lockedKey, Aliases: []string{"alias/locked"}},
				{Region: home, ID: disabledKey, Aliases: []string{"alias/off"}, Policy: forBoth, State: "Disabled"},
			},
			Regions: map[string]awssim.WorldRegion{home: worldRegion(t, sourceRegion)},
		},
		{
			ID: target, Name: "target", Users: []awssim.WorldUser{user(targetAdmin, everything)},
			Regions: map[string]awssim.WorldRegion{home: worldRegion(t, targetRegion)},
		},
		{ID: "999999999999", Name: "amazon", Regions: map[string]awssim.WorldRegion{home: worldRegion(t, publicRegion)}},
	}}
}

func worldRegion(t *testing.T, text string) awssim.WorldRegion {
	t.Helper()
	decoder := json.NewDecoder(strings.NewReader(text))
	decoder.DisallowUnknownFields()
	var region awssim.WorldRegion
	must(t, decoder.Decode(&region))
	return region
}

// groupRole is the service-linked role that the target's groups launch with.
const groupRole = "arn:aws:iam::" + target + ":role/aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling"

// grantToGroups lets the groups of the target use a key of the source, with a grant issued by the owner of the profile.
func grantToGroups(t *testing.T, f *fixture, profile, key string) {
	t.Helper()
	must(t, only(kms.NewFromConfig(f.config(t, profile, home)).CreateGrant(t.Context(), groupGrant(key))))
}

// groupGrant is the grant that the groups of the target need on a key of the source.
func groupGrant(key string) *kms.CreateGrantInput {
	return &kms.CreateGrantInput{
		KeyId: aws.String(keyARN(key)), GranteePrincipal: aws.String(groupRole), Operations: []kmstypes.GrantOperation{
			"Encrypt", "Decrypt", "ReEncryptFrom", "ReEncryptTo", "GenerateDataKey", "GenerateDataKeyWithoutPlaintext", "DescribeKey", "CreateGrant",
		},
	}
}

var (
	farAway  = time.Date(2090, 1, 1, 0, 0, 0, 0, time.UTC)
	someTags = []types.Tag{{Key: aws.String("team"), Value: aws.String("images")}}
)

func filter(name string, values ...string) types.Filter {
	return types.Filter{Name: &name, Values: values}
}

func tagSpec(kind types.ResourceType) types.TagSpecification {
	return types.TagSpecification{ResourceType: kind, Tags: someTags}
}

func run(image string, dry *bool) *ec2.RunInstancesInput {
	return &ec2.RunInstancesInput{
		ImageId: &image, InstanceType: types.InstanceTypeT3Micro, MinCount: aws.Int32(1),
		MaxCount: aws.Int32(1), DryRun: dry,
	}
}

// running starts an instance and looks at it once.
func running(ctx context.Context) (string, error) {
	c := ec2.NewFromConfig(administratorOf(ctx))
	out, err := c.RunInstances(ctx, run("ami-plain", nil))
	if err != nil {
		return "", err
	}
	id := *out.Instances[0].InstanceId
	_, err = c.DescribeInstances(ctx, &ec2.DescribeInstancesInput{InstanceIds: []string{id}})
	return id, err
}

func newVolume(ctx context.Context) (string, error) {
	c := ec2.NewFromConfig(administratorOf(ctx))
	out, err := c.CreateVolume(ctx, &ec2.CreateVolumeInput{AvailabilityZone: aws.String(home + "a"), SnapshotId: aws.String("snap-free")})
	if err != nil {
		return "", err
	}
	return *out.VolumeId, nil
}

func newGroup(ctx context.Context) (string, error) {
	c := ec2.NewFromConfig(administratorOf(ctx))
	out, err := c.CreateSecurityGroup(ctx, &ec2.CreateSecurityGroupInput{GroupName: aws.String("g"), Description: aws.String("d")})
	if err != nil {
		return "", err
	}
	return *out.GroupId, nil
}

func attach(ctx context.Context, c *ec2.Client, dry *bool) error {
	volume, err := newVolume(ctx)
	if err != nil {
		return err
	}
	instance, err := running(ctx)
	if err != nil {
		return err
	}
	return only(c.AttachVolume(ctx, &ec2.AttachVolumeInput{VolumeId: &volume, InstanceId: &instance, Device: aws.String("/dev/sdz"), DryRun: dry}))
}

func registration(snapshot string, dry *bool) *ec2.RegisterImageInput {
	return &ec2.RegisterImageInput{
		Name: aws.String("registered"), RootDeviceName: aws.String("/dev/xvda"), DryRun: dry,
		BlockDeviceMappings: []types.BlockDeviceMapping{{DeviceName: aws.String("/dev/xvda"), Ebs: &types.EbsBlockDevice{SnapshotId: &snapshot}}},
	}
}

func launchWith(image string, add types.LaunchPermission, dry *bool) *ec2.ModifyImageAttributeInput {
	return &ec2.ModifyImageAttributeInput{
		ImageId: &image, DryRun: dry,
		LaunchPermission: &types.LaunchPermissionModifications{Add: []types.LaunchPermission{add}},
	}
}

func volumesFor(snapshot string, add types.CreateVolumePermission, dry *bool) *ec2.ModifySnapshotAttributeInput {
	return &ec2.ModifySnapshotAttributeInput{
		SnapshotId: &snapshot, DryRun: dry,
		CreateVolumePermission: &types.CreateVolumePermissionModifications{Add: []types.CreateVolumePermission{add}},
	}
}

func criteria(provider string, dry *bool) *ec2.ReplaceImageCriteriaInAllowedImagesSettingsInput {
	return &ec2.ReplaceImageCriteriaInAllowedImagesSettingsInput{
		DryRun:        dry,
		ImageCriteria: []types.ImageCriterionRequest{{ImageProviders: []string{provider}}},
	}
}

func template(name, image string, dry *bool) *ec2.CreateLaunchTemplateInput {
	return &ec2.CreateLaunchTemplateInput{
		LaunchTemplateName: &name, DryRun: dry,
		LaunchTemplateData: &types.RequestLaunchTemplateData{ImageId: &image, InstanceType: types.InstanceTypeT3Micro},
	}
}
