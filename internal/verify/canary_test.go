// SPDX-License-Identifier: MPL-2.0

package verify_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling"
	astypes "github.com/aws/aws-sdk-go-v2/service/autoscaling/types"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/google/go-cmp/cmp"

	"github.com/amishare/packer-plugin-ami-share/internal/awsapi"
	"github.com/amishare/packer-plugin-ami-share/internal/awssim"
	"github.com/amishare/packer-plugin-ami-share/internal/plan"
	"github.com/amishare/packer-plugin-ami-share/internal/sharing"
	"github.com/amishare/packer-plugin-ami-share/internal/simtest"
	"github.com/amishare/packer-plugin-ami-share/internal/verify"
)

// makeGroup makes, as the target's owner, a group without instances and its launch template, both with a tag.
func makeGroup(t *testing.T, s *simtest.Sim, name, key, value string) {
	t.Helper()
	config := s.As(target)
	config.Region = string(virginia)
	_, err := ec2.NewFromConfig(config).CreateLaunchTemplate(t.Context(), &ec2.CreateLaunchTemplateInput{
		LaunchTemplateName: &name, LaunchTemplateData: &types.RequestLaunchTemplateData{ImageId: aws.String(simtest.ImageVirginia().ID)},
		TagSpecifications: []types.TagSpecification{{ResourceType: types.ResourceTypeLaunchTemplate, Tags: []types.Tag{{Key: &key, Value: &value}}}},
	})
	if err != nil {
		t.Fatal(err)
	}
	_, err = autoscaling.NewFromConfig(config).CreateAutoScalingGroup(t.Context(), &autoscaling.CreateAutoScalingGroupInput{
		AutoScalingGroupName: &name, MinSize: aws.Int32(0), MaxSize: aws.Int32(0), AvailabilityZones: []string{"us-east-1a"},
		LaunchTemplate: &astypes.LaunchTemplateSpecification{LaunchTemplateName: &name}, Tags: []astypes.Tag{{Key: &key, Value: &value}},
	})
	if err != nil {
		t.Fatal(err)
	}
}

// left returns the names of the target's groups and launch templates.
func left(t *testing.T, s *simtest.Sim) []string {
	t.Helper()
	config := s.As(target)
	config.Region = string(virginia)
	groups, err := autoscaling.NewFromConfig(config).DescribeAutoScalingGroups(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	templates, err := ec2.NewFromConfig(config).DescribeLaunchTemplates(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, group := range groups.AutoScalingGroups {
		names = append(names, "group "+*group.AutoScalingGroupName)
	}
	for _, template := range templates.LaunchTemplates {
		names = append(names, "template "+*template.LaunchTemplateName)
	}
	slices.Sort(names)
	return names
}

// withCanary shares with a target, and has a canary to be started there.
func withCanary(t *testing.T, c *awsapi.Client) (plan.Plan, []plan.Present) {
	t.Helper()
	request := withRoles()
	for i := range request.Targets {
		request.Targets[i].Canaries = []sharing.Canary{{Region: virginia, Subnet: "subnet-0default00000000", InstanceType: "t3.micro"}}
	}
	facts, err := c.Observe(t.Context(), request)
	if err != nil {
		t.Fatal(err)
	}
	made := doAll(t, c, grantIn(target, keyVirginia), share(target))
	return plan.Plan{Images: facts.Images, Keys: []string{keyFrankfurt, keyVirginia}, Targets: request.Targets}, made
}

// TestACanaryWhoseSecondDeletionIsRefusedIsGone is about answers that are lost. Who may delete what has a tag is refused what is gone.
func TestACanaryWhoseSecondDeletionIsRefusedIsGone(t *testing.T) {
	s := simtest.Start(t)
	c := client(s)
	p, made := withCanary(t, c)
	for action, code := range map[string]string{"ec2:DeleteLaunchTemplate": "UnauthorizedOperation", "autoscaling:DeleteAutoScalingGroup": "AccessDenied"} {
		s.Fail(awssim.Fault{Action: action, Nth: 1, Drop: true, AfterEffect: true})
		s.Fail(awssim.Fault{Action: action, From: 2, Code: code, Status: 403, Message: "You are not authorized to perform this operation."})
	}
	for _, check := range verify.Run(t.Context(), c.Clients, p, made, verify.Options{}) {
		if !check.OK {
			t.Errorf("%v", check.Problem)
		}
	}
	if got := left(t, s); len(got) > 0 {
		t.Errorf("left: %q", got)
	}
}

func TestACanaryOfAKilledRunIsDeletedAndNothingElse(t *testing.T) {
	s := simtest.Start(t)
	c := client(s)
	p, made := withCanary(t, c)
	past, future := time.Now().Add(-time.Minute).UTC().Format(time.RFC3339), time.Now().Add(time.Hour).UTC().Format(time.RFC3339)
	makeGroup(t, s, sharing.CanaryPrefix+"killed", sharing.CanaryTag, past)
	makeGroup(t, s, sharing.CanaryPrefix+"busy", sharing.CanaryTag, future)
	makeGroup(t, s, sharing.CanaryPrefix+"untagged", "other", past)
	makeGroup(t, s, sharing.CanaryPrefix+"unread", sharing.CanaryTag, "yes")
	makeGroup(t, s, "web", sharing.CanaryTag, past)
	var told []string
	for _, check := range verify.Run(t.Context(), c.Clients, p, made, verify.Options{}) {
		if !check.OK {
			t.Errorf("%v", check.Problem)
		}
		if strings.Contains(check.Subject.String(), "canary") {
			told = append(told, check.Subject.String())
		}
	}
	if diff := cmp.Diff([]string{"canary of " + ofImage}, told); diff != "" {
		t.Errorf("checks (-want +got):\n%s", diff)
	}
	want := []string{
		"group packer-plugin-ami-share-canary-busy", "group packer-plugin-ami-share-canary-unread", "group packer-plugin-ami-share-canary-untagged", "group web",
		"template packer-plugin-ami-share-canary-busy", "template packer-plugin-ami-share-canary-unread", "template packer-plugin-ami-share-canary-untagged", "template web",
	}
	if diff := cmp.Diff(want, left(t, s)); diff != "" {
		t.Errorf("left (-want +got):\n%s", diff)
	}
}
