// SPDX-License-Identifier: MPL-2.0

package awssim_test

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/amishare/packer-plugin-ami-share/internal/awssim"
)

// templateRows are the rows of launch templates.
var templateRows = map[string]ec2Row{
	"CreateLaunchTemplate": {
		anywhere: "good denied dry", creates: "the launch template amishare-contract", undo: deleteTemplate,
		good: func(ctx context.Context, c *ec2.Client, dry *bool) error {
			return only(c.CreateLaunchTemplate(ctx, template("amishare-contract", "ami-00000000000000000", dry)))
		},
		bad: func(ctx context.Context, c *ec2.Client, _ *bool) error {
			return only(c.CreateLaunchTemplate(ctx, template("web", "ami-cmk", nil)))
		},
		code: "InvalidLaunchTemplateName.AlreadyExistsException",
	},
	"CreateLaunchTemplateVersion": {
		anywhere: "bad",
		good: func(ctx context.Context, c *ec2.Client, dry *bool) error {
			return only(c.CreateLaunchTemplateVersion(ctx, &ec2.CreateLaunchTemplateVersionInput{
				LaunchTemplateName: aws.String("web"),
				LaunchTemplateData: &types.RequestLaunchTemplateData{ImageId: aws.String("ami-plain")}, DryRun: dry,
			}))
		},
		bad: func(ctx context.Context, c *ec2.Client, _ *bool) error {
			return only(c.CreateLaunchTemplateVersion(ctx, &ec2.CreateLaunchTemplateVersionInput{
				LaunchTemplateName: aws.String("none"),
				LaunchTemplateData: &types.RequestLaunchTemplateData{ImageId: aws.String("ami-plain")},
			}))
		},
		code: "InvalidLaunchTemplateName.NotFoundException",
	},
	"ModifyLaunchTemplate": {
		good: func(ctx context.Context, c *ec2.Client, dry *bool) error {
			return only(c.ModifyLaunchTemplate(ctx, &ec2.ModifyLaunchTemplateInput{LaunchTemplateName: aws.String("web"), DefaultVersion: aws.String("1"), DryRun: dry}))
		},
		bad: func(ctx context.Context, c *ec2.Client, _ *bool) error {
			return only(c.ModifyLaunchTemplate(ctx, &ec2.ModifyLaunchTemplateInput{LaunchTemplateName: aws.String("web"), DefaultVersion: aws.String("7")}))
		},
		code: "InvalidLaunchTemplateId.VersionNotFound",
	},
	"DeleteLaunchTemplate": {
		anywhere: "bad",
		good: func(ctx context.Context, c *ec2.Client, dry *bool) error {
			return only(c.DeleteLaunchTemplate(ctx, &ec2.DeleteLaunchTemplateInput{LaunchTemplateName: aws.String("web"), DryRun: dry}))
		},
		bad: func(ctx context.Context, c *ec2.Client, _ *bool) error {
			return only(c.DeleteLaunchTemplate(ctx, &ec2.DeleteLaunchTemplateInput{LaunchTemplateId: aws.String("lt-00000000000000000")}))
		},
		code: "InvalidLaunchTemplateId.NotFound",
	},
	"DescribeLaunchTemplates": {
		anywhere: "bad",
		good: func(ctx context.Context, c *ec2.Client, dry *bool) error {
			return only(c.DescribeLaunchTemplates(ctx, &ec2.DescribeLaunchTemplatesInput{LaunchTemplateNames: []string{"web"}, DryRun: dry}))
		},
		bad: func(ctx context.Context, c *ec2.Client, _ *bool) error {
			return only(c.DescribeLaunchTemplates(ctx, &ec2.DescribeLaunchTemplatesInput{LaunchTemplateNames: []string{"none"}}))
		},
		code: "InvalidLaunchTemplateName.NotFoundException",
	},
	"DescribeLaunchTemplateVersions": {
		good: func(ctx context.Context, c *ec2.Client, dry *bool) error {
			return only(c.DescribeLaunchTemplateVersions(ctx, &ec2.DescribeLaunchTemplateVersionsInput{
				LaunchTemplateName: aws.String("web"),
				Versions:           []string{"$Latest"}, DryRun: dry,
			}))
		},
		bad: func(ctx context.Context, c *ec2.Client, _ *bool) error {
			return only(c.DescribeLaunchTemplateVersions(ctx, &ec2.DescribeLaunchTemplateVersionsInput{
				LaunchTemplateName: aws.String("web"),
				Versions:           []string{"9"},
			}))
		},
		code: "InvalidLaunchTemplateId.VersionNotFound",
	},
	"DeleteLaunchTemplateVersions": {
		good: func(ctx context.Context, c *ec2.Client, dry *bool) error {
			return only(c.DeleteLaunchTemplateVersions(ctx, &ec2.DeleteLaunchTemplateVersionsInput{
				LaunchTemplateName: aws.String("web"), Versions: []string{"7"}, DryRun: dry,
			}))
		},
		bad: func(ctx context.Context, c *ec2.Client, _ *bool) error {
			return only(c.DeleteLaunchTemplateVersions(ctx, &ec2.DeleteLaunchTemplateVersionsInput{
				LaunchTemplateName: aws.String("none"), Versions: []string{"7"},
			}))
		},
		code: "InvalidLaunchTemplateName.NotFoundException",
	},
}

// TestVersionsOfTemplates: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateLaunchTemplateVersion.html
func TestVersionsOfTemplates(t *testing.T) {
	f := start(t, computeWorld(t))
	client := ec2.NewFromConfig(f.config(t, administrator, home))
	web := aws.String("web")
	version := func(from string, data types.RequestLaunchTemplateData, token *string) *ec2.CreateLaunchTemplateVersionOutput {
		t.Helper()
		in := &ec2.CreateLaunchTemplateVersionInput{LaunchTemplateName: web, LaunchTemplateData: &data, ClientToken: token}
		if from != "" {
			in.SourceVersion = &from
		}
		out, err := client.CreateLaunchTemplateVersion(t.Context(), in)
		must(t, err)
		return out
	}
	device := types.LaunchTemplateBlockDeviceMappingRequest{DeviceName: aws.String("/dev/xvda"), Ebs: &types.LaunchTemplateEbsBlockDeviceRequest{
		SnapshotId: aws.String("snap-cmk"), VolumeSize: aws.Int32(20),
	}}
	two := version("1", types.RequestLaunchTemplateData{BlockDeviceMappings: []types.LaunchTemplateBlockDeviceMappingRequest{device}}, nil)
	if got := two.LaunchTemplateVersion.LaunchTemplateData; *got.ImageId != "ami-plain" || *got.BlockDeviceMappings[0].Ebs.SnapshotId != "snap-cmk" {
		t.Errorf("version 2 has %+v", got)
	}
	three := version("$Latest", types.RequestLaunchTemplateData{ImageId: aws.String("ami-cmk")}, aws.String("once"))
	if got := three.LaunchTemplateVersion.LaunchTemplateData; *got.ImageId != "ami-cmk" || got.InstanceType != "t3.micro" ||
		got.BlockDeviceMappings[0].Ebs.SnapshotId != nil || *got.BlockDeviceMappings[0].Ebs.VolumeSize != 20 {
		t.Errorf("version 3 inherits all but the snapshot: %+v", got)
	}
	if again := version("$Latest", types.RequestLaunchTemplateData{ImageId: aws.String("ami-cmk")}, aws.String("once")); *again.LaunchTemplateVersion.VersionNumber != 3 {
		t.Errorf("the same token makes version %d", *again.LaunchTemplateVersion.VersionNumber)
	}
	device.Ebs = &types.LaunchTemplateEbsBlockDeviceRequest{KmsKeyId: aws.String("alias/ami")}
	warned := version("", types.RequestLaunchTemplateData{BlockDeviceMappings: []types.LaunchTemplateBlockDeviceMappingRequest{device}}, nil)
	if warned.Warning == nil || *warned.Warning.Errors[0].Code != "InvalidParameterDependency" || warned.LaunchTemplateVersion.LaunchTemplateData.ImageId != nil {
		t.Errorf("a key without Encrypted, and no source: %+v", warned)
	}
	must(t, only(client.ModifyLaunchTemplate(t.Context(), &ec2.ModifyLaunchTemplateInput{LaunchTemplateName: web, DefaultVersion: aws.String("3")})))
	if got := code(only(client.ModifyLaunchTemplate(t.Context(), &ec2.ModifyLaunchTemplateInput{LaunchTemplateName: web, DefaultVersion: aws.String("$Latest")}))); got != "InvalidLaunchTemplateId.VersionNotFound" {
		t.Errorf("the default is no number: %q", got)
	}
	deleted, err := client.DeleteLaunchTemplateVersions(t.Context(), &ec2.DeleteLaunchTemplateVersionsInput{LaunchTemplateName: web, Versions: []string{"4", "3", "9"}})
	must(t, err)
	var left []string
	for _, item := range deleted.UnsuccessfullyDeletedLaunchTemplateVersions {
		left = append(left, fmt.Sprintf("%d %s", *item.VersionNumber, item.ResponseError.Code))
	}
	if got := strings.Join(left, ", "); len(deleted.SuccessfullyDeletedLaunchTemplateVersions) != 1 || got != "3 unexpectedError, 9 launchTemplateVersionDoesNotExist" {
		t.Errorf("left are %s", got)
	}
	if five := version("$Default", types.RequestLaunchTemplateData{InstanceType: "t3.large"}, nil).LaunchTemplateVersion; *five.VersionNumber != 5 || *five.LaunchTemplateData.ImageId != "ami-cmk" {
		t.Errorf("after a deletion: %+v", five)
	}
	shown, err := client.DescribeLaunchTemplateVersions(t.Context(), &ec2.DescribeLaunchTemplateVersionsInput{LaunchTemplateName: web, MinVersion: aws.String("2")})
	must(t, err)
	var numbers []int64
	for _, v := range shown.LaunchTemplateVersions {
		numbers = append(numbers, *v.VersionNumber)
	}
	if !slices.Equal(numbers, []int64{2, 3, 5}) {
		t.Errorf("versions %d", numbers)
	}
}

// parameterWorld has a template and a group in the source that launch what the parameter /golden says.
func parameterWorld(t *testing.T, policies ...string) awssim.World {
	t.Helper()
	world := computeWorld(t)
	region := world.Accounts[0].Regions[home]
	region.Parameters = []awssim.WorldParameter{{Name: "/golden", Value: "ami-cmk", DataType: "aws:ec2:image", Labels: []string{"live"}}}
	region.LaunchTemplates = append(region.LaunchTemplates, awssim.WorldLaunchTemplate{Name: "golden", Image: "resolve:ssm:/golden:live"})
	region.AutoScalingGroups = append(region.AutoScalingGroups, awssim.WorldAutoScalingGroup{Name: "golden", LaunchTemplate: "golden", DesiredCapacity: 1})
	world.Accounts[0].Regions[home] = region
	for _, policy := range policies {
		world.Accounts[0].Users[1].Policies = append(world.Accounts[0].Users[1].Policies, json.RawMessage(policy))
	}
	return world
}

// TestParametersAreResolvedAtLaunch: https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/using-systems-manager-parameter-to-find-AMI.html
func TestParametersAreResolvedAtLaunch(t *testing.T) {
	const launch = `["ec2:RunInstances","kms:*"]`
	run := func(image string) *ec2.RunInstancesInput {
		return &ec2.RunInstancesInput{ImageId: &image, MinCount: aws.Int32(1), MaxCount: aws.Int32(1), InstanceType: "t3.micro"}
	}
	byTemplate := run("")
	byTemplate.ImageId, byTemplate.LaunchTemplate = nil, &types.LaunchTemplateSpecification{LaunchTemplateName: aws.String("golden")}
	for sentence, test := range map[string]struct {
		policy string
		in     *ec2.RunInstancesInput
		want   string // error code
	}{
		"by name":                 {allow(`["ec2:*","ssm:GetParameters","kms:*"]`, ""), run("resolve:ssm:/golden"), ""},
		"by version":              {allow(`["ec2:*","ssm:GetParameters","kms:*"]`, ""), run("resolve:ssm:/golden:1"), ""},
		"by a label, in template": {allow(`["ec2:*","ssm:GetParameters","kms:*"]`, ""), byTemplate, ""},
		"GetParameter alone":      {allow(`["ec2:*","ssm:GetParameter","kms:*"]`, ""), run("resolve:ssm:/golden"), "SsmAccessDenied"},
		"without permission":      {allow(launch, ""), byTemplate, "SsmAccessDenied"},
		"no such parameter":       {allow(`["ec2:*","ssm:GetParameters"]`, ""), run("resolve:ssm:/none"), "InvalidParameterValue"},
		"no such version":         {allow(`["ec2:*","ssm:GetParameters"]`, ""), run("resolve:ssm:/golden:2"), "InvalidParameterValue"},
		// https://github.com/github-aws-runners/terraform-aws-github-runner/issues/4573
		"its own account by ARN": {allow(`["ec2:*","ssm:GetParameters"]`, ""), run("resolve:ssm:arn:aws:ssm:us-east-1:111111111111:parameter/golden"), "InvalidParameterValue"},
		"on the AMI that the parameter names": {
			strings.Replace(allow(`["ec2:*","ssm:GetParameters","kms:*"]`, ""), `"Statement":[`, `"Statement":[{"Effect":"Deny","Action":"ec2:RunInstances","Resource":"arn:aws:ec2:*::image/ami-cmk"},`, 1),
			run("resolve:ssm:/golden"), "UnauthorizedOperation",
		},
	} {
		t.Run(sentence, func(t *testing.T) {
			t.Parallel()
			f := start(t, parameterWorld(t, test.policy))
			out, err := ec2.NewFromConfig(f.config(t, nobody, home)).RunInstances(t.Context(), test.in)
			if code(err) != test.want {
				t.Fatalf("error %v, want %q", err, test.want)
			}
			if err == nil && *out.Instances[0].ImageId != "ami-cmk" {
				t.Errorf("launched %s", *out.Instances[0].ImageId)
			}
		})
	}
}

// TestGroupsResolveParameters: the service-linked role may read parameters, and whoever makes the group has to as well.
// https://docs.aws.amazon.com/autoscaling/ec2/userguide/using-systems-manager-parameters.html
func TestGroupsResolveParameters(t *testing.T) {
	f := start(t, parameterWorld(t, allow(`["autoscaling:*","ec2:RunInstances"]`, "")))
	admin := f.config(t, administrator, home)
	launched := func() string {
		t.Helper()
		must(t, only(autoscaling.NewFromConfig(admin).DescribeAutoScalingGroups(t.Context(), &autoscaling.DescribeAutoScalingGroupsInput{AutoScalingGroupNames: []string{"golden"}})))
		out, err := ec2.NewFromConfig(admin).DescribeInstances(t.Context(), &ec2.DescribeInstancesInput{})
		must(t, err)
		var images []string
		for _, r := range out.Reservations {
			images = append(images, *r.Instances[0].ImageId)
		}
		return strings.Join(images, " ")
	}
	if got := launched(); got != "ami-cmk" {
		t.Errorf("launched %q", got)
	}
	must(t, put("ami-plain", named("/golden"), overwriting)(t.Context(), admin, nil))
	must(t, labelled("/golden", 2, "live")(t.Context(), admin, nil))
	must(t, only(autoscaling.NewFromConfig(admin).UpdateAutoScalingGroup(t.Context(), &autoscaling.UpdateAutoScalingGroupInput{AutoScalingGroupName: aws.String("golden"), MaxSize: aws.Int32(2), DesiredCapacity: aws.Int32(2)})))
	// The first instance ended, as the role can't use the key of ami-cmk.
	if got := launched(); got != "ami-cmk ami-plain ami-plain" {
		t.Errorf("after the label moved, launched %q", got)
	}
	if err := only(autoscaling.NewFromConfig(f.config(t, nobody, home)).CreateAutoScalingGroup(t.Context(), newScalingGroup("another", "golden", 0))); code(err) != "ValidationError" ||
		!strings.Contains(err.Error(), "ssm:GetParameters") {
		t.Errorf("a group of somebody who may not read the parameter: %v", err)
	}
	must(t, only(autoscaling.NewFromConfig(f.config(t, nobody, home)).CreateAutoScalingGroup(t.Context(), newScalingGroup("another", "web", 0))))
}

// TestGroupsTakeRunInstances: so does every change of a group that has a launch template, on all that a launch touches.
// https://docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-launch-template-permissions.html
func TestGroupsTakeRunInstances(t *testing.T) {
	existing := func(in autoscaling.UpdateAutoScalingGroupInput) scalingCall {
		in.AutoScalingGroupName = aws.String("existing")
		return func(ctx context.Context, c *autoscaling.Client) error {
			return only(c.UpdateAutoScalingGroup(ctx, &in))
		}
	}
	template := newScalingGroup("", "web", 0).LaunchTemplate
	changes := map[string]scalingCall{
		"a new group": func(ctx context.Context, c *autoscaling.Client) error {
			return only(c.CreateAutoScalingGroup(ctx, newScalingGroup("new", "web", 0)))
		},
		"another version": existing(autoscaling.UpdateAutoScalingGroupInput{LaunchTemplate: template}),
		"another size":    existing(autoscaling.UpdateAutoScalingGroupInput{MaxSize: aws.Int32(9)}),
		"another role":    existing(autoscaling.UpdateAutoScalingGroupInput{ServiceLinkedRoleARN: aws.String(strings.Replace(groupRole, target, source, 1))}),
	}
	everything := allow(`["autoscaling:*","ec2:RunInstances"]`, "")
	but := func(resource string) string {
		return strings.Replace(everything, `"Statement":[`, `"Statement":[{"Effect":"Deny","Action":"ec2:RunInstances","Resource":"arn:aws:ec2:*:*:`+resource+`/*"},`, 1)
	}
	byTemplate := func(arn string) string {
		return strings.Replace(allow(`"ec2:RunInstances"`, `,"Condition":{"ArnLike":{"ec2:LaunchTemplate":"`+arn+`"}}`),
			`"Statement":[`, `"Statement":[{"Effect":"Allow","Action":"autoscaling:*","Resource":"*"},`, 1)
	}
	for sentence, test := range map[string]struct{ policy, want string }{
		"everything":                {everything, ""},
		"no launches":               {allow(`"autoscaling:*"`, ""), denied},
		"no templates":              {but("launch-template"), denied},
		"no AMIs":                   {but("image"), denied},
		"no instances":              {but("instance"), denied},
		"no volumes":                {but("volume"), denied},
		"no network interfaces":     {but("network-interface"), denied},
		"no subnets":                {but("subnet"), denied},
		"no security groups":        {but("security-group"), denied},
		"launches by any template":  {byTemplate("arn:aws:ec2:*:*:launch-template/*"), ""},
		"launches by another one":   {byTemplate("arn:aws:ec2:*:*:launch-template/lt-other"), denied},
		"launches of another place": {byTemplate("arn:aws:ec2:" + away + ":*:launch-template/*"), denied},
	} {
		for what, change := range changes {
			f, config := limited(t, test.policy)
			err := change(t.Context(), autoscaling.NewFromConfig(config))
			journal := f.server.Journal()
			if reason := journal[len(journal)-1].Reason; code(err) != test.want || err != nil && (!strings.Contains(err.Error(), "You are not authorized to use launch template: lt-") || !strings.Contains(reason, "ec2:RunInstances")) {
				t.Errorf("%s, %s: %v (%s)", sentence, what, err, reason)
			}
		}
	}
}

// TestGroupsOfConfigurationsTakeNoRunInstances: the page above speaks of launch templates alone.
func TestGroupsOfConfigurationsTakeNoRunInstances(t *testing.T) {
	f, config := limited(t, allow(`"autoscaling:*"`, ""))
	must(t, only(autoscaling.NewFromConfig(f.config(t, administrator, home)).CreateLaunchConfiguration(t.Context(), configuration("old", "ami-plain"))))
	in := newScalingGroup("new", "", 0)
	in.LaunchTemplate, in.LaunchConfigurationName = nil, aws.String("old")
	c := autoscaling.NewFromConfig(config)
	must(t, only(c.CreateAutoScalingGroup(t.Context(), in)))
	must(t, only(c.UpdateAutoScalingGroup(t.Context(), &autoscaling.UpdateAutoScalingGroupInput{AutoScalingGroupName: aws.String("new"), MaxSize: aws.Int32(9)})))
}
