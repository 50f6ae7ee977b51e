// SPDX-License-Identifier: MPL-2.0

package verify

import (
	"context"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling"
	astypes "github.com/aws/aws-sdk-go-v2/service/autoscaling/types"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/amishare/packer-plugin-ami-share/internal/clients"
	"github.com/amishare/packer-plugin-ami-share/internal/diagnose"
	"github.com/amishare/packer-plugin-ami-share/internal/sharing"
)

// sweep deletes the canaries of runs that were killed. They are known by name and tag, and left alone until the time in the tag:
// another run may be at work. What can't be deleted is a warning.
func (v *verification) sweep(ctx context.Context, scope sharing.Scope) {
	now := time.Now()
	subject := sharing.Subject{Setting: "canaries of earlier runs"}
	for _, group := range v.oldGroups(ctx, scope, now) {
		if problem := deleteGroup(ctx, v.Clients, scope, group); problem != nil {
			v.warn(subject, *problem)
		}
	}
	for _, template := range v.oldTemplates(ctx, scope, now) {
		if problem := deleteTemplate(ctx, v.Clients, scope, template); problem != nil {
			v.warn(subject, *problem)
		}
	}
}

// abandoned tells whether something is a canary that nobody needs any more.
func abandoned(name, key, value string, now time.Time) bool {
	until, err := time.Parse(time.RFC3339, value)
	return strings.HasPrefix(name, sharing.CanaryPrefix) && key == sharing.CanaryTag && err == nil && now.After(until)
}

func (v *verification) oldGroups(ctx context.Context, scope sharing.Scope, now time.Time) []string {
	in := &autoscaling.DescribeAutoScalingGroupsInput{Filters: []astypes.Filter{{Name: aws.String("tag-key"), Values: []string{sharing.CanaryTag}}}}
	groups, err := v.DescribeGroups(ctx, clients.At(scope), in)
	if err != nil {
		v.blindToCanaries(scope, err, "Auto Scaling groups", "autoscaling:DescribeAutoScalingGroups")
	}
	var names []string
	for _, group := range groups {
		for _, tag := range group.Tags {
			if abandoned(aws.ToString(group.AutoScalingGroupName), aws.ToString(tag.Key), aws.ToString(tag.Value), now) {
				names = append(names, *group.AutoScalingGroupName)
			}
		}
	}
	return names
}

func (v *verification) oldTemplates(ctx context.Context, scope sharing.Scope, now time.Time) []string {
	in := &ec2.DescribeLaunchTemplatesInput{Filters: []types.Filter{{Name: aws.String("tag-key"), Values: []string{sharing.CanaryTag}}}}
	templates, err := clients.Pages("ec2:DescribeLaunchTemplates", func(token *string) (*ec2.DescribeLaunchTemplatesOutput, error) {
		in.NextToken = token
		return v.EC2(clients.At(scope)).DescribeLaunchTemplates(ctx, in)
	}, func(out *ec2.DescribeLaunchTemplatesOutput) ([]types.LaunchTemplate, *string) {
		return out.LaunchTemplates, out.NextToken
	})
	if err != nil {
		v.blindToCanaries(scope, err, "launch templates", "ec2:DescribeLaunchTemplates")
	}
	var names []string
	for _, template := range templates {
		for _, tag := range template.Tags {
			if abandoned(aws.ToString(template.LaunchTemplateName), aws.ToString(tag.Key), aws.ToString(tag.Value), now) {
				names = append(names, *template.LaunchTemplateName)
			}
		}
	}
	return names
}

func (v *verification) blindToCanaries(scope sharing.Scope, err error, what, action string) {
	v.blind(sharing.Subject{Setting: "canaries of earlier runs"}, err, diagnose.Act{
		Scope: scope, Doing: "looking for " + what + " of canaries that earlier runs left", Action: action, Resource: "*",
	})
}
