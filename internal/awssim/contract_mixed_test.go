// SPDX-License-Identifier: MPL-2.0

package awssim_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling/types"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/amishare/packer-plugin-ami-share/internal/awssim"
)

func named2(template string) *types.LaunchTemplateSpecification {
	return &types.LaunchTemplateSpecification{LaunchTemplateName: &template, Version: aws.String("$Latest")}
}

// mixedGroup is a group with a mixed instances policy.
func mixedGroup(policy types.MixedInstancesPolicy) *autoscaling.CreateAutoScalingGroupInput {
	in := newScalingGroup("mixed", "", 1)
	in.LaunchTemplate, in.MixedInstancesPolicy = nil, &policy
	return in
}

// TestMixedInstances: https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_MixedInstancesPolicy.html
func TestMixedInstances(t *testing.T) {
	base := &types.LaunchTemplate{LaunchTemplateSpecification: named2("web")}
	overridden := func(over ...types.LaunchTemplateOverrides) *types.LaunchTemplate {
		return &types.LaunchTemplate{LaunchTemplateSpecification: named2("web"), Overrides: over}
	}
	for sentence, test := range map[string]struct {
		policy      types.MixedInstancesPolicy
		code        string
		image, kind string // of the instance
	}{
		"without overrides":             {types.MixedInstancesPolicy{LaunchTemplate: base}, "", "ami-plain", "t3.micro"},
		"the first override":            {types.MixedInstancesPolicy{LaunchTemplate: overridden(types.LaunchTemplateOverrides{InstanceType: aws.String("m7g.large")}, types.LaunchTemplateOverrides{InstanceType: aws.String("c7g.large")})}, "", "ami-plain", "m7g.large"},
		"an override's AMI":             {types.MixedInstancesPolicy{LaunchTemplate: overridden(types.LaunchTemplateOverrides{ImageId: aws.String("ami-public")})}, "", "ami-public", "t3.micro"},
		"an override's template":        {types.MixedInstancesPolicy{LaunchTemplate: overridden(types.LaunchTemplateOverrides{LaunchTemplateSpecification: named2("public")})}, "", "ami-public", "t3.micro"},
		"no template":                   {types.MixedInstancesPolicy{InstancesDistribution: &types.InstancesDistribution{OnDemandBaseCapacity: aws.Int32(1)}}, "ValidationError", "", ""},
		"a template that nobody has":    {types.MixedInstancesPolicy{LaunchTemplate: &types.LaunchTemplate{LaunchTemplateSpecification: named2("none")}}, "ValidationError", "", ""},
		"an override's that nobody has": {types.MixedInstancesPolicy{LaunchTemplate: overridden(types.LaunchTemplateOverrides{LaunchTemplateSpecification: named2("none")})}, "ValidationError", "", ""},
		"a weight that is none":         {types.MixedInstancesPolicy{LaunchTemplate: overridden(types.LaunchTemplateOverrides{WeightedCapacity: aws.String("1000")})}, "ValidationError", "", ""},
		"a strategy that is none":       {types.MixedInstancesPolicy{LaunchTemplate: base, InstancesDistribution: &types.InstancesDistribution{SpotAllocationStrategy: aws.String("cheapest")}}, "ValidationError", "", ""},
		"over a hundred percent":        {types.MixedInstancesPolicy{LaunchTemplate: base, InstancesDistribution: &types.InstancesDistribution{OnDemandPercentageAboveBaseCapacity: aws.Int32(101)}}, "ValidationError", "", ""},
		"too many overrides":            {types.MixedInstancesPolicy{LaunchTemplate: overridden(slices.Repeat([]types.LaunchTemplateOverrides{{InstanceType: aws.String("t3.micro")}}, 41)...)}, "ValidationError", "", ""},
	} {
		t.Run(sentence, func(t *testing.T) {
			t.Parallel()
			world := computeWorld(t)
			region := world.Accounts[0].Regions[home]
			region.LaunchTemplates = append(region.LaunchTemplates, awssim.WorldLaunchTemplate{Name: "public", Image: "ami-public"})
			world.Accounts[0].Regions[home] = region
			config := start(t, world).config(t, administrator, home)
			c := autoscaling.NewFromConfig(config)
			if got := code(only(c.CreateAutoScalingGroup(t.Context(), mixedGroup(test.policy)))); got != test.code || got != "" {
				if got != test.code {
					t.Errorf("code %q, want %q", got, test.code)
				}
				return
			}
			out, err := c.DescribeAutoScalingGroups(t.Context(), &autoscaling.DescribeAutoScalingGroupsInput{AutoScalingGroupNames: []string{"mixed"}})
			must(t, err)
			group := out.AutoScalingGroups[0]
			if group.LaunchTemplate != nil || aws.ToString(group.MixedInstancesPolicy.LaunchTemplate.LaunchTemplateSpecification.LaunchTemplateName) != "web" ||
				len(group.MixedInstancesPolicy.LaunchTemplate.Overrides) != len(test.policy.LaunchTemplate.Overrides) ||
				aws.ToString(group.MixedInstancesPolicy.InstancesDistribution.OnDemandAllocationStrategy) != "prioritized" {
				t.Errorf("the group has %+v and %+v", group.LaunchTemplate, group.MixedInstancesPolicy)
			}
			instances, err := ec2.NewFromConfig(config).DescribeInstances(t.Context(), &ec2.DescribeInstancesInput{InstanceIds: []string{*group.Instances[0].InstanceId}})
			must(t, err)
			if got := instances.Reservations[0].Instances[0]; *got.ImageId != test.image || got.InstanceType != ec2types.InstanceType(test.kind) {
				t.Errorf("launched %s on %s, want %s on %s", *got.ImageId, got.InstanceType, test.image, test.kind)
			}
		})
	}
}

// TestMixedInstancesTakeRunInstances: on each template and AMI that the group can launch, whatever of it is changed.
// https://docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-launch-template-permissions.html
func TestMixedInstancesTakeRunInstances(t *testing.T) {
	for denied1, want := range map[string]string{"image/ami-public": denied, "image/ami-plain": "", "image/ami-other": ""} {
		policy := strings.Replace(allow(`["autoscaling:*","ec2:RunInstances"]`, ""), `"Statement":[`, `"Statement":[{"Effect":"Deny","Action":"ec2:RunInstances","Resource":"arn:aws:ec2:*::`+denied1+`"},`, 1)
		f, config := limited(t, policy)
		must(t, only(autoscaling.NewFromConfig(f.config(t, administrator, home)).CreateAutoScalingGroup(t.Context(), mixedGroup(types.MixedInstancesPolicy{LaunchTemplate: &types.LaunchTemplate{
			LaunchTemplateSpecification: named2("web"), Overrides: []types.LaunchTemplateOverrides{{ImageId: aws.String("ami-cmk")}, {ImageId: aws.String("ami-public")}},
		}}))))
		err := only(autoscaling.NewFromConfig(config).UpdateAutoScalingGroup(t.Context(), &autoscaling.UpdateAutoScalingGroupInput{AutoScalingGroupName: aws.String("mixed"), MaxSize: aws.Int32(3)}))
		if got := code(err); got != want {
			t.Errorf("without %s: %q, want %q", denied1, got, want)
		}
	}
}

// TestGroupsThatAServiceManages: AWS takes changes of them from the service alone.
// https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_CreateAutoScalingGroup.html
func TestGroupsThatAServiceManages(t *testing.T) {
	world := computeWorld(t)
	region := world.Accounts[0].Regions[home]
	region.AutoScalingGroups[0].Operator = "eks.amazonaws.com"
	world.Accounts[0].Regions[home] = region
	c, name := autoscaling.NewFromConfig(start(t, world).config(t, administrator, home)), aws.String("existing")
	for action, err := range map[string]error{
		"UpdateAutoScalingGroup": only(c.UpdateAutoScalingGroup(t.Context(), &autoscaling.UpdateAutoScalingGroupInput{AutoScalingGroupName: name, MaxSize: aws.Int32(3)})),
		"SetDesiredCapacity":     only(c.SetDesiredCapacity(t.Context(), &autoscaling.SetDesiredCapacityInput{AutoScalingGroupName: name, DesiredCapacity: aws.Int32(0)})),
		"DeleteAutoScalingGroup": only(c.DeleteAutoScalingGroup(t.Context(), &autoscaling.DeleteAutoScalingGroupInput{AutoScalingGroupName: name})),
	} {
		if got := code(err); got != denied {
			t.Errorf("%s: %q", action, got)
		}
	}
	out, err := c.DescribeAutoScalingGroups(t.Context(), &autoscaling.DescribeAutoScalingGroupsInput{AutoScalingGroupNames: []string{*name}})
	must(t, err)
	if operator := out.AutoScalingGroups[0].Operator; operator == nil || aws.ToString(operator.Principal) != "eks.amazonaws.com" {
		t.Errorf("the group's operator is %+v", operator)
	}
}
