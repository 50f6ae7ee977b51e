// SPDX-License-Identifier: MPL-2.0

package awssim_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	kmstypes "github.com/aws/aws-sdk-go-v2/service/kms/types"

	"github.com/amishare/packer-plugin-ami-share/internal/awssim"
)

const scalingService = "autoscaling.amazonaws.com"

// limited is the compute tests' world in which the source has a user "limited" with a policy.
func limited(t *testing.T, policy string) (*fixture, aws.Config) {
	t.Helper()
	world := computeWorld(t)
	world.Accounts[0].Users = append(world.Accounts[0].Users, awssim.WorldUser{
		Name: "limited", AccessKeyID: "limited", SecretAccessKey: "s", Policies: []json.RawMessage{json.RawMessage(policy)},
	})
	f := start(t, world)
	return f, f.config(t, "limited", home)
}

// TestServiceLinkedRoles: https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateServiceLinkedRole.html
func TestServiceLinkedRoles(t *testing.T) {
	f := start(t, computeWorld(t))
	client := iam.NewFromConfig(f.config(t, administrator, home))
	create := func(service, suffix string) error {
		in := &iam.CreateServiceLinkedRoleInput{AWSServiceName: &service}
		if suffix != "" {
			in.CustomSuffix = &suffix
		}
		return only(client.CreateServiceLinkedRole(t.Context(), in))
	}
	for sentence, test := range map[string]struct{ service, suffix, message string }{
		"one that is there":               {scalingService, "", "Service role name AWSServiceRoleForAutoScaling has been taken in this account, please try a different suffix."},
		"a suffix where none is allowed":  {"spot.amazonaws.com", "blue", "Custom suffix is not allowed for spot.amazonaws.com"},
		"a suffix that makes it too long": {scalingService, strings.Repeat("x", 40), "The suffix"},
		"a suffix with a space":           {scalingService, "a b", "The suffix a b is not valid"},
		"a service that has no such role": {"s3.amazonaws.com", "", "s3.amazonaws.com"},
	} {
		if err := create(test.service, test.suffix); code(err) != "InvalidInput" || !strings.Contains(err.Error(), test.message) {
			t.Errorf("%s: %v", sentence, err)
		}
	}
	must(t, create(scalingService, "blue"))
	role, err := client.GetRole(t.Context(), &iam.GetRoleInput{RoleName: aws.String("AWSServiceRoleForAutoScaling_blue")})
	must(t, err)
	if want := "arn:aws:iam::" + source + ":role/aws-service-role/" + scalingService + "/AWSServiceRoleForAutoScaling_blue"; *role.Role.Arn != want {
		t.Errorf("the role is %s, want %s", *role.Role.Arn, want)
	}
	name := aws.String("AWSServiceRoleForAutoScaling")
	for sentence, err := range map[string]error{
		"a policy":      only(client.PutRolePolicy(t.Context(), &iam.PutRolePolicyInput{RoleName: name, PolicyName: aws.String("p"), PolicyDocument: aws.String(allowEverything)})),
		"its deletion":  only(client.DeleteRole(t.Context(), &iam.DeleteRoleInput{RoleName: name})),
		"another trust": only(client.UpdateAssumeRolePolicy(t.Context(), &iam.UpdateAssumeRolePolicyInput{RoleName: name, PolicyDocument: aws.String(trust("arn:aws:iam::" + source + ":root"))})),
	} {
		if got := code(err); got != "UnmodifiableEntity" {
			t.Errorf("%s: %q", sentence, got)
		}
	}
	for sentence, test := range map[string]struct{ role, status string }{
		"the role of a group": {"AWSServiceRoleForAutoScaling", "FAILED"}, "the role of none": {"AWSServiceRoleForAutoScaling_blue", "SUCCEEDED"},
	} {
		task, err := client.DeleteServiceLinkedRole(t.Context(), &iam.DeleteServiceLinkedRoleInput{RoleName: &test.role})
		must(t, err)
		status, err := client.GetServiceLinkedRoleDeletionStatus(t.Context(), &iam.GetServiceLinkedRoleDeletionStatusInput{DeletionTaskId: task.DeletionTaskId})
		must(t, err)
		_, err = client.GetRole(t.Context(), &iam.GetRoleInput{RoleName: &test.role})
		if string(status.Status) != test.status || (err == nil) != (test.status == "FAILED") {
			t.Errorf("deleting %s: %s, and then %v", sentence, status.Status, err)
		}
	}
}

// TestRolesOfGroups: https://docs.aws.amazon.com/autoscaling/ec2/userguide/autoscaling-service-linked-role.html
func TestRolesOfGroups(t *testing.T) {
	const groups = `{"Effect":"Allow","Action":["autoscaling:*","ec2:RunInstances"],"Resource":"*"}`
	pass := func(service string) string {
		return `{"Effect":"Allow","Action":"iam:PassRole","Resource":"*","Condition":{"StringEquals":{"iam:PassedToService":"` + service + `"}}}`
	}
	policy := func(statements ...string) string {
		return `{"Version":"2012-10-17","Statement":[` + strings.Join(statements, ",") + `]}`
	}
	for sentence, test := range map[string]struct{ policy, want string }{
		"without PassRole":             {policy(groups), denied},
		"with PassRole":                {policy(groups, pass(scalingService)), ""},
		"with PassRole to another one": {policy(groups, pass("ec2.amazonaws.com")), denied},
	} {
		f, config := limited(t, test.policy)
		role, err := iam.NewFromConfig(f.config(t, administrator, home)).CreateServiceLinkedRole(t.Context(),
			&iam.CreateServiceLinkedRoleInput{AWSServiceName: aws.String(scalingService), CustomSuffix: aws.String("blue")})
		must(t, err)
		if got := code(only(autoscaling.NewFromConfig(config).UpdateAutoScalingGroup(t.Context(), &autoscaling.UpdateAutoScalingGroupInput{
			AutoScalingGroupName: aws.String("existing"), ServiceLinkedRoleARN: role.Role.Arn,
		}))); got != test.want {
			t.Errorf("%s: %q, want %q", sentence, got, test.want)
		}
	}
	f, config := limited(t, policy(groups))
	admin := f.config(t, administrator, home)
	must(t, only(autoscaling.NewFromConfig(admin).DeleteAutoScalingGroup(t.Context(), &autoscaling.DeleteAutoScalingGroupInput{AutoScalingGroupName: aws.String("existing")})))
	must(t, only(iam.NewFromConfig(admin).DeleteServiceLinkedRole(t.Context(), &iam.DeleteServiceLinkedRoleInput{RoleName: aws.String("AWSServiceRoleForAutoScaling")})))
	if got := code(only(autoscaling.NewFromConfig(config).CreateAutoScalingGroup(t.Context(), newScalingGroup("g", "web", 0)))); got != "ServiceLinkedRoleFailure" {
		t.Errorf("the first group of an account, by a user who may not create roles: %q", got)
	}
}

func TestTaggingOnCreationTakesItsOwnPermission(t *testing.T) {
	_, config := limited(t, allow(`["ec2:CreateVolume","ec2:Describe*"]`, ""))
	in := &ec2.CreateVolumeInput{AvailabilityZone: aws.String(home + "a"), Size: aws.Int32(1)}
	must(t, only(ec2.NewFromConfig(config).CreateVolume(t.Context(), in)))
	in.TagSpecifications = []types.TagSpecification{tagSpec(types.ResourceTypeVolume)}
	if got := code(only(ec2.NewFromConfig(config).CreateVolume(t.Context(), in))); got != "UnauthorizedOperation" {
		t.Errorf("with a tag: %q", got)
	}
}

// TestKeysThatEBSCannotUse has volumes and copies under keys that end them, after the call was answered.
func TestKeysThatEBSCannotUse(t *testing.T) {
	f := start(t, computeWorld(t))
	config := f.config(t, administrator, home)
	client, keys := ec2.NewFromConfig(config), kms.NewFromConfig(config)
	signing, err := keys.CreateKey(t.Context(), &kms.CreateKeyInput{KeySpec: kmstypes.KeySpecRsa2048, KeyUsage: kmstypes.KeyUsageTypeSignVerify})
	must(t, err)
	in := run("ami-plain", nil)
	in.BlockDeviceMappings = []types.BlockDeviceMapping{{
		DeviceName: aws.String("/dev/xvda"), Ebs: &types.EbsBlockDevice{Encrypted: aws.Bool(true), KmsKeyId: signing.KeyMetadata.Arn},
	}}
	launched, err := client.RunInstances(t.Context(), in)
	must(t, err)
	seen, err := client.DescribeInstances(t.Context(), &ec2.DescribeInstancesInput{InstanceIds: []string{*launched.Instances[0].InstanceId}})
	must(t, err)
	if instance := seen.Reservations[0].Instances[0]; instance.State.Name != types.InstanceStateNameTerminated || *instance.StateReason.Code != "Client.InternalError" {
		t.Errorf("an instance under a key that signs: %s %+v", instance.State.Name, instance.StateReason)
	}
	copied, err := client.CopyImage(t.Context(), &ec2.CopyImageInput{
		SourceImageId: aws.String("ami-cmk"), SourceRegion: aws.String(home), Name: aws.String("copy"), Encrypted: aws.Bool(true), KmsKeyId: aws.String("alias/off"),
	})
	must(t, err)
	images, err := client.DescribeImages(t.Context(), &ec2.DescribeImagesInput{ImageIds: []string{*copied.ImageId}})
	must(t, err)
	if image := images.Images[0]; image.State != types.ImageStateFailed || !strings.Contains(*image.StateReason.Message, "not accessible") {
		t.Errorf("a copy under a disabled key: %s %+v", image.State, image.StateReason)
	}
}

func TestImagesThatAreNotListedOrNotTakenAway(t *testing.T) {
	world := computeWorld(t)
	region := world.Accounts[0].Regions[home]
	region.Images = append(slices.Clone(region.Images), awssim.WorldImage{ID: "ami-old", Name: "old", DeprecateAt: "2020-01-01T00:00:00Z", LaunchPermissions: []string{target}})
	region.ImageBlockPublicAccess, region.SnapshotBlockPublicAccess = "block-new-sharing", "block-all-sharing"
	world.Accounts[0].Regions[home] = region
	f := start(t, world)
	owner, recipient := ec2.NewFromConfig(f.config(t, administrator, home)), ec2.NewFromConfig(f.config(t, targetAdmin, home))
	for sentence, test := range map[string]struct {
		client *ec2.Client
		in     *ec2.DescribeImagesInput
		want   int
	}{
		"a recipient's list":                    {recipient, &ec2.DescribeImagesInput{}, 0},
		"a recipient's list of deprecated ones": {recipient, &ec2.DescribeImagesInput{IncludeDeprecated: aws.Bool(true)}, 1},
		"a recipient that knows its id":         {recipient, &ec2.DescribeImagesInput{ImageIds: []string{"ami-old"}}, 1},
		"its owner's list":                      {owner, &ec2.DescribeImagesInput{}, 1},
	} {
		test.in.Filters = []types.Filter{filter("name", "old")}
		out, err := test.client.DescribeImages(t.Context(), test.in)
		must(t, err)
		if len(out.Images) != test.want {
			t.Errorf("%s has the deprecated image %d times", sentence, len(out.Images))
		}
	}
	public := types.LaunchPermission{Group: types.PermissionGroupAll}
	if got := code(only(owner.ModifyImageAttribute(t.Context(), launchWith("ami-plain", public, nil)))); got != "OperationNotPermitted" {
		t.Errorf("a public image in spite of block public access: %q", got)
	}
	if got := code(only(owner.ModifySnapshotAttribute(t.Context(), volumesFor("snap-plain", types.CreateVolumePermission{Group: types.PermissionGroupAll}, nil)))); got != "OperationNotPermitted" {
		t.Errorf("a public snapshot in spite of it: %q", got)
	}
	must(t, only(owner.EnableImageDeregistrationProtection(t.Context(), &ec2.EnableImageDeregistrationProtectionInput{ImageId: aws.String("ami-plain")})))
	if got := code(only(owner.DeregisterImage(t.Context(), &ec2.DeregisterImageInput{ImageId: aws.String("ami-plain")}))); got != "OperationNotPermitted" {
		t.Errorf("deregistering a protected image: %q", got)
	}
}
