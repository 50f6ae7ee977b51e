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

// abandoned returns the names of the canaries among some things that nobody needs any more.
func abandoned[Thing, Tag any](things []Thing, now time.Time, named func(Thing) (*string, []Tag), read func(Tag) (key, value *string)) []string {
	var names []string
	for _, thing := range things {
		name, tags := named(thing)
		for _, tag := range tags {
			key, value := read(tag)
			if aws.ToString(key) == sharing.CanaryTag && strings.HasPrefix(aws.ToString(name), sharing.CanaryPrefix) && sharing.Abandoned(aws.ToString(value), now) {
				names = append(names, *name)
			}
		}
	}
	return names
}

func (v *verification) oldGroups(ctx context.Context, scope sharing.Scope, now time.Time) []string {
	in := &autoscaling.DescribeAutoScalingGroupsInput{Filters: []astypes.Filter{{Name: aws.String("tag-key"), Values: []string{sharing.CanaryTag}}}}
	groups, err := v.DescribeGroups(ctx, clients.At(scope), in)
	if err != nil {
		v.blindToCanaries(scope, err, "Auto Scaling groups", "autoscaling:DescribeAutoScalingGroups")
	}
	return abandoned(groups, now,
		func(g astypes.AutoScalingGroup) (*string, []astypes.TagDescription) {
			return g.AutoScalingGroupName, g.Tags
		},
		func(tag astypes.TagDescription) (key, value *string) { return tag.Key, tag.Value })
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
	return abandoned(templates, now,
		func(t types.LaunchTemplate) (*string, []types.Tag) { return t.LaunchTemplateName, t.Tags },
		func(tag types.Tag) (key, value *string) { return tag.Key, tag.Value })
}

func (v *verification) blindToCanaries(scope sharing.Scope, err error, what, action string) {
	v.blind(sharing.Subject{Setting: "canaries of earlier runs"}, err, diagnose.Act{
		Scope: scope, Doing: "looking for " + what + " of canaries that earlier runs left", Action: action, Resource: "*",
	})
}
