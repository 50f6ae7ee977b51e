package awssim_test

import (
	"context"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
)

// The world of the compute tests: a source account that owns images under keys that the target may use, may not use
// and that are disabled; a target account with a template and a group; and the account that public images come from.
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
			{"id": "ami-managed", "name": "managed", "block_devices": [{"snapshot": "snap-managed"}]}
		],
		"launch_templates": [{"name": "web", "image": "ami-cmk"}],
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
			{"name": "cmk", "image": "ami-cmk"}, {"name": "locked", "image": "ami-locked"}, {"name": "off", "image": "ami-off"}
		]
	}`
	publicRegion = `{"images": [{"id": "ami-public", "name": "linux", "launch_permissions": ["all"]}]}`
)

// Whose credentials a client has.
const (
	sourceAdmin  = "source-admin"
	sourceNobody = "source-nobody"
	targetAdmin  = "target-admin"
	targetNobody = "target-nobody"
)

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
	return &ec2.RunInstancesInput{ImageId: &image, InstanceType: types.InstanceTypeT3Micro, MinCount: aws.Int32(1),
		MaxCount: aws.Int32(1), DryRun: dry}
}

// running starts an instance and looks at it once.
func running(ctx context.Context, c *ec2.Client) (string, error) {
	out, err := c.RunInstances(ctx, run("ami-plain", nil))
	if err != nil {
		return "", err
	}
	id := *out.Instances[0].InstanceId
	_, err = c.DescribeInstances(ctx, &ec2.DescribeInstancesInput{InstanceIds: []string{id}})
	return id, err
}

func newVolume(ctx context.Context, c *ec2.Client) (string, error) {
	out, err := c.CreateVolume(ctx, &ec2.CreateVolumeInput{AvailabilityZone: aws.String(home + "a"), SnapshotId: aws.String("snap-free")})
	if err != nil {
		return "", err
	}
	return *out.VolumeId, nil
}

func newGroup(ctx context.Context, c *ec2.Client) (string, error) {
	out, err := c.CreateSecurityGroup(ctx, &ec2.CreateSecurityGroupInput{GroupName: aws.String("g"), Description: aws.String("d")})
	if err != nil {
		return "", err
	}
	return *out.GroupId, nil
}

func attach(ctx context.Context, c *ec2.Client, dry *bool) error {
	volume, err := newVolume(ctx, c)
	if err != nil {
		return err
	}
	instance, err := running(ctx, c)
	if err != nil {
		return err
	}
	return only(c.AttachVolume(ctx, &ec2.AttachVolumeInput{VolumeId: &volume, InstanceId: &instance, Device: aws.String("/dev/sdz"), DryRun: dry}))
}

func registration(snapshot string, dry *bool) *ec2.RegisterImageInput {
	return &ec2.RegisterImageInput{Name: aws.String("registered"), RootDeviceName: aws.String("/dev/xvda"), DryRun: dry,
		BlockDeviceMappings: []types.BlockDeviceMapping{{DeviceName: aws.String("/dev/xvda"), Ebs: &types.EbsBlockDevice{SnapshotId: &snapshot}}}}
}

func launchWith(image string, add types.LaunchPermission, dry *bool) *ec2.ModifyImageAttributeInput {
	return &ec2.ModifyImageAttributeInput{ImageId: &image, DryRun: dry,
		LaunchPermission: &types.LaunchPermissionModifications{Add: []types.LaunchPermission{add}}}
}

func volumesFor(snapshot string, add types.CreateVolumePermission, dry *bool) *ec2.ModifySnapshotAttributeInput {
	return &ec2.ModifySnapshotAttributeInput{SnapshotId: &snapshot, DryRun: dry,
		CreateVolumePermission: &types.CreateVolumePermissionModifications{Add: []types.CreateVolumePermission{add}}}
}

func criteria(provider string, dry *bool) *ec2.ReplaceImageCriteriaInAllowedImagesSettingsInput {
	return &ec2.ReplaceImageCriteriaInAllowedImagesSettingsInput{DryRun: dry,
		ImageCriteria: []types.ImageCriterionRequest{{ImageProviders: []string{provider}}}}
}

func template(name, image string, dry *bool) *ec2.CreateLaunchTemplateInput {
	return &ec2.CreateLaunchTemplateInput{LaunchTemplateName: &name, DryRun: dry,
		LaunchTemplateData: &types.RequestLaunchTemplateData{ImageId: &image, InstanceType: types.InstanceTypeT3Micro}}
}
