// SPDX-License-Identifier: MPL-2.0

package verify

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
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
	"github.com/amishare/packer-plugin-ami-share/internal/traffic"
)

const (
	// canaryTime is how long a canary has to come into service.
	canaryTime = 10 * time.Minute
	// canaryEnd is how long its deletion may take.
	canaryEnd = 5 * time.Minute
	// canaryFailures is after how many failed attempts to launch no further one is waited for. A grant that is new may not be known
	// everywhere yet when Auto Scaling makes the first one, and it tries again by itself.
	canaryFailures = 2
)

// canary is one instance that is started of an AMI, by a group of its own from a launch template of its own. Both have its name.
type canary struct {
	*clients.Clients
	scope sharing.Scope
	spec  sharing.Canary
	image string
	role  string // ARN of the service-linked role
	name  string
	until time.Time // when the run needs it no more, whatever happens
	// template and group say that they are there, or may be.
	template, group bool
	// open says that it was not started for a reason that says nothing of the AMI.
	open bool
}

// canaries starts an instance of each AMI that a target is to see or owns, one after the other, and deletes what earlier runs have left.
func (v *verification) canaries(ctx context.Context, e *expectation) {
	if e.canary == nil || len(e.launched) == 0 || ctx.Err() != nil {
		return
	}
	v.sweep(ctx, e.scope)
	for _, image := range e.launched {
		c := &canary{
			Clients: v.Clients, scope: e.scope, spec: *e.canary, image: image, role: e.canaryRole,
			name: sharing.CanaryPrefix + strings.ToLower(rand.Text()), until: time.Now().Add(canaryTime + canaryEnd),
		}
		subject := sharing.Subject{Proof: sharing.CanaryProof, Images: []string{image}}
		problem := c.fly(ctx)
		switch {
		case problem == nil:
			v.ok(e.scope, subject)
		case c.open && ctx.Err() == nil:
			v.checks.Add(sharing.Check{Scope: e.scope, Subject: subject, Problem: problem, Warning: true, Open: true})
		case ctx.Err() == nil:
			v.fail(subject, *problem)
		}
		for _, problem := range c.end(ctx) {
			v.left.Add(sharing.Check{Scope: e.scope, Subject: sharing.Subject{Setting: "what is left of the " + subject.String()}, Problem: &problem, Warning: true})
		}
	}
}

// fly makes the template and the group, and waits for the instance. What was begun is not cut off by an interrupt, so that what
// there is to delete is known.
func (c *canary) fly(ctx context.Context) *sharing.Problem {
	making := context.WithoutCancel(traffic.Interruptible(ctx))
	err := c.makeTemplate(making)
	if err != nil {
		return c.problem(err, "making the launch template "+c.name, "ec2:CreateLaunchTemplate", "*")
	}
	if err = c.makeGroup(making); err != nil {
		return c.problem(err, "making the Auto Scaling group "+c.name, "autoscaling:CreateAutoScalingGroup", c.groupARN())
	}
	var reason string
	serves := false
	err = traffic.PollFor(ctx, canaryTime, func(ctx context.Context) (finished bool, err error) {
		if serves, err = c.serves(ctx); serves || err != nil {
			return true, err
		}
		reason, finished, err = c.failure(ctx)
		return finished || err != nil, err
	})
	switch {
	case err != nil:
		return c.problem(err, "waiting for the canary "+c.name, "autoscaling:DescribeAutoScalingGroups", "*")
	case serves:
		return nil
	}
	problem := sharing.Problem{Scope: c.scope, Doing: "starting a canary of AMI " + c.image + " on " + c.spec.InstanceType + " in " + c.spec.Subnet + " under " + c.role}
	problem.Cause, problem.Remedy, c.open = diagnose.Launch(cmp.Or(reason, "no instance is in service after "+canaryTime.String()), c.role)
	return &problem
}

func (c *canary) tagValue() string { return sharing.NeededUntil(c.until) }

// makeTemplate makes the launch template. An attempt whose answer was lost may have made it: its name is nobody else's.
func (c *canary) makeTemplate(ctx context.Context) error {
	ctx, tries := clients.Watched(ctx)
	_, err := c.EC2(clients.At(c.scope)).CreateLaunchTemplate(ctx, &ec2.CreateLaunchTemplateInput{
		LaunchTemplateName: &c.name, ClientToken: &c.name,
		LaunchTemplateData: &types.RequestLaunchTemplateData{ImageId: &c.image, InstanceType: types.InstanceType(c.spec.InstanceType)},
		TagSpecifications: []types.TagSpecification{{
			ResourceType: types.ResourceTypeLaunchTemplate, Tags: []types.Tag{{Key: aws.String(sharing.CanaryTag), Value: aws.String(c.tagValue())}},
		}},
	})
	if diagnose.Has(err, "InvalidLaunchTemplateName.AlreadyExistsException") {
		err = nil
	}
	c.template = err == nil || tries.Lost()
	return err
}

// makeGroup makes the group. An attempt whose answer was lost may have made it: its name is nobody else's.
func (c *canary) makeGroup(ctx context.Context) error {
	ctx, tries := clients.Watched(ctx)
	_, err := c.AutoScaling(clients.At(c.scope)).CreateAutoScalingGroup(ctx, &autoscaling.CreateAutoScalingGroupInput{
		AutoScalingGroupName: &c.name, MinSize: aws.Int32(0), MaxSize: aws.Int32(1), DesiredCapacity: aws.Int32(1),
		VPCZoneIdentifier: &c.spec.Subnet, ServiceLinkedRoleARN: &c.role,
		LaunchTemplate: &astypes.LaunchTemplateSpecification{LaunchTemplateName: &c.name, Version: aws.String("1")},
		Tags:           []astypes.Tag{{Key: aws.String(sharing.CanaryTag), Value: aws.String(c.tagValue()), PropagateAtLaunch: aws.Bool(true)}},
	})
	if diagnose.Has(err, "AlreadyExists", "AlreadyExistsFault") {
		err = nil
	}
	c.group = err == nil || tries.Lost()
	return err
}

func (c *canary) serves(ctx context.Context) (bool, error) {
	groups, err := c.DescribeGroups(ctx, clients.At(c.scope), &autoscaling.DescribeAutoScalingGroupsInput{AutoScalingGroupNames: []string{c.name}})
	if err != nil {
		return false, err
	}
	for _, group := range groups {
		for _, instance := range group.Instances {
			if instance.LifecycleState == astypes.LifecycleStateInService {
				return true, nil
			}
		}
	}
	return false, nil
}

// failure returns the reason of the latest attempt to launch that failed, and whether there were enough of them.
func (c *canary) failure(ctx context.Context) (reason string, enough bool, err error) {
	activities, err := clients.Pages("autoscaling:DescribeScalingActivities", func(token *string) (*autoscaling.DescribeScalingActivitiesOutput, error) {
		in := &autoscaling.DescribeScalingActivitiesInput{AutoScalingGroupName: &c.name, NextToken: token}
		return c.AutoScaling(clients.At(c.scope)).DescribeScalingActivities(ctx, in)
	}, func(out *autoscaling.DescribeScalingActivitiesOutput) ([]astypes.Activity, *string) {
		return out.Activities, out.NextToken
	})
	if err != nil {
		return "", false, err
	}
	failures := 0
	for _, activity := range activities {
		switch activity.StatusCode {
		case astypes.ScalingActivityStatusCodeFailed, astypes.ScalingActivityStatusCodeCancelled:
			failures++
			reason = cmp.Or(reason, aws.ToString(activity.StatusMessage))
		default:
		}
	}
	return reason, failures >= canaryFailures, nil
}

// end deletes the group with its instance, and the template, also when the run was interrupted or they were only perhaps made. It
// returns what is left.
func (c *canary) end(ctx context.Context) []sharing.Problem {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), canaryEnd)
	defer cancel()
	var left []sharing.Problem
	if c.group {
		if problem := deleteGroup(ctx, c.Clients, c.scope, c.name); problem != nil {
			left = append(left, *problem)
		}
	}
	if c.template {
		if problem := deleteTemplate(ctx, c.Clients, c.scope, c.name); problem != nil {
			left = append(left, *problem)
		}
	}
	return left
}

// deleteGroup deletes a canary's group with its instance, which Auto Scaling terminates.
func deleteGroup(ctx context.Context, c *clients.Clients, scope sharing.Scope, name string) *sharing.Problem {
	var last error
	err := traffic.Poll(ctx, func(ctx context.Context) (bool, error) {
		_, last = c.AutoScaling(clients.At(scope)).DeleteAutoScalingGroup(ctx, &autoscaling.DeleteAutoScalingGroupInput{AutoScalingGroupName: &name, ForceDelete: aws.Bool(true)})
		return !diagnose.Has(last, "ScalingActivityInProgress", "ResourceContention"), last
	})
	if err == nil || diagnose.Has(err, "ValidationError") && strings.Contains(diagnose.Message(err), "not found") {
		return nil
	}
	groups, unseen := c.DescribeGroups(ctx, clients.At(scope), &autoscaling.DescribeAutoScalingGroupsInput{AutoScalingGroupNames: []string{name}})
	if unseen == nil && len(groups) == 0 {
		return nil // an attempt whose answer was lost has deleted it, or another run
	}
	problem := diagnose.Error(err, diagnose.Act{
		Scope: scope, Doing: "deleting the canary's Auto Scaling group " + name, Action: "autoscaling:DeleteAutoScalingGroup",
		Resource: canaryGroup(c, scope, name), Principal: c.Principal(scope.Account),
	})
	problem.Remedy += "\nIt goes on costing what an instance costs until it is deleted, in the account:\n" +
		"aws autoscaling delete-auto-scaling-group --force-delete --region " + string(scope.Region) + " --auto-scaling-group-name " + name
	return &problem
}

// deleteTemplate deletes a canary's launch template. Who may delete those with a tag only is refused one that is gone, and with it the tag: so is
// the repetition of an attempt whose answer was lost, and whoever comes after another run.
func deleteTemplate(ctx context.Context, c *clients.Clients, scope sharing.Scope, name string) *sharing.Problem {
	_, err := c.EC2(clients.At(scope)).DeleteLaunchTemplate(ctx, &ec2.DeleteLaunchTemplateInput{LaunchTemplateName: &name})
	if err == nil || diagnose.Has(err, "InvalidLaunchTemplateName.NotFoundException") {
		return nil
	}
	found, unseen := c.EC2(clients.At(scope)).DescribeLaunchTemplates(ctx, &ec2.DescribeLaunchTemplatesInput{
		Filters: []types.Filter{{Name: aws.String("launch-template-name"), Values: []string{name}}},
	})
	if unseen == nil && len(found.LaunchTemplates) == 0 {
		return nil
	}
	problem := diagnose.Error(err, diagnose.Act{
		Scope: scope, Doing: "deleting the canary's launch template " + name, Action: "ec2:DeleteLaunchTemplate", Resource: "*", Principal: c.Principal(scope.Account),
	})
	problem.Remedy += "\nIt costs nothing. To delete it, in the account:\naws ec2 delete-launch-template --region " + string(scope.Region) + " --launch-template-name " + name
	return &problem
}

func (c *canary) problem(err error, doing, action, resource string) *sharing.Problem {
	if errors.Is(err, context.Canceled) {
		return &sharing.Problem{Scope: c.scope, Doing: doing, Cause: "the run was interrupted"}
	}
	problem := diagnose.Error(err, diagnose.Act{
		Scope: c.scope, Doing: doing + " for a canary of AMI " + c.image, Action: action, Resource: resource, Principal: c.Principal(c.scope.Account), Grantee: c.role,
	})
	return &problem
}

func (c *canary) groupARN() string { return canaryGroup(c.Clients, c.scope, c.name) }

func canaryGroup(c *clients.Clients, scope sharing.Scope, name string) string {
	return sharing.ARN{
		Partition: c.Partition(), Service: "autoscaling", Region: scope.Region, Account: scope.Account, Resource: "autoScalingGroup:*:autoScalingGroupName/" + name,
	}.String()
}
