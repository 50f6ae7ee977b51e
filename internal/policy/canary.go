// SPDX-License-Identifier: MPL-2.0

package policy

import (
	"slices"

	"github.com/amishare/packer-plugin-ami-share/internal/sharing"
)

// canaryStatements start instances as proof, and delete them again: groups of their own names, and launch templates that have
// their tag. Who gives a group a launch template needs the permission to launch what is in it.
// https://docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-launch-template-permissions.html
// https://docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-tags-security.html
func (c Config) canaryStatements(targets []Target) []statement {
	if len(targets) == 0 {
		return nil
	}
	const tag = sharing.CanaryTag
	templates, groups := c.inCanaries(targets, "ec2", "launch-template/*"), c.inCanaries(targets, "autoscaling", "autoScalingGroup:*:autoScalingGroupName/"+sharing.CanaryPrefix+"*")
	find := []string{"autoscaling:DescribeScalingActivities", "ec2:DescribeLaunchTemplates"}
	pointing := func(t Target) bool { return len(t.AutoScalingGroups) > 0 } // groupStatements has the rest for them
	if !slices.ContainsFunc(c.Targets, pointing) && !slices.ContainsFunc(targets, pointing) {
		find = append(find, "autoscaling:DescribeAutoScalingGroups")
	}
	others := filter(targets, func(t Target) bool { return !pointing(t) })
	statements := []statement{
		allow("AmiShareFindCanaries", find, []string{"*"}),
		allow("AmiShareCanaryGroups", []string{"autoscaling:CreateAutoScalingGroup", "autoscaling:CreateOrUpdateTags", "autoscaling:DeleteAutoScalingGroup"}, groups),
		allow("AmiShareCanaryTemplates", []string{"ec2:CreateLaunchTemplate"}, templates),
		allow("AmiShareTagCanaries", []string{"ec2:CreateTags"}, templates).when("StringEquals", "ec2:CreateAction", "CreateLaunchTemplate"),
		allow("AmiShareEndCanaries", []string{"ec2:DeleteLaunchTemplate"}, templates).when("StringLike", "aws:ResourceTag/"+tag, "*"),
	}
	if len(others) == 0 {
		return statements
	}
	launched := slices.Concat(c.inCanaries(others, "ec2", "instance/*", "launch-template/*", "network-interface/*", "security-group/*", "volume/*"),
		c.subnets(others), c.canaryImages(others))
	return append(statements,
		allow("AmiShareLaunchCanaries", []string{"ec2:RunInstances"}, launched).when("ArnLike", "ec2:LaunchTemplate", anyTemplate(c.partition())),
		allow("AmiShareCanaryRole", []string{"iam:PassRole"}, scalingRoles(c, others)).when("StringEquals", "iam:PassedToService", sharing.AutoScalingService))
}

// inCanaries returns the ARNs of resources in the accounts and Regions of the canaries. One whose Region isn't known is in any of the target's.
func (c Config) inCanaries(targets []Target, service string, resources ...string) []string {
	return flatMap(targets, func(t Target) []string {
		var arns []string
		for _, region := range c.canaryRegions(t) {
			for _, resource := range resources {
				arns = append(arns, sharing.ARN{Partition: c.partition(), Service: service, Region: region, Account: t.Account, Resource: resource}.String())
			}
		}
		return arns
	})
}

func (c Config) canaryRegions(t Target) []sharing.Region {
	var regions []sharing.Region
	for _, canary := range t.Canaries {
		if canary.Region == "" {
			return c.regionsOf(t)
		}
		regions = append(regions, canary.Region)
	}
	return regions
}

// canaryImages are the AMIs of the canaries' Regions.
func (c Config) canaryImages(targets []Target) []string {
	regions := flatMap(targets, c.canaryRegions)
	return slices.DeleteFunc(c.resources("image"), func(arn string) bool { return !slices.Contains(regions, sharing.RegionOf(arn)) })
}

// subnets may be shared with the account by another one.
func (c Config) subnets(targets []Target) []string {
	return flatMap(targets, func(t Target) []string {
		var arns []string
		for _, canary := range t.Canaries {
			region := string(canary.Region)
			if region == "" {
				region = "*"
			}
			arns = append(arns, sharing.ARN{Partition: c.partition(), Service: "ec2", Region: sharing.Region(region), Account: "*", Resource: "subnet/" + canary.Subnet}.String())
		}
		return arns
	})
}

// scalingRoles are the roles that groups launch with: the first one of Auto Scaling in each target.
func scalingRoles(c Config, targets []Target) []string {
	return flatMap(targets, func(t Target) []string {
		i := slices.IndexFunc(t.Grantees, func(g sharing.Grantee) bool { return g.Service == sharing.AutoScalingService })
		if i < 0 {
			return nil
		}
		return []string{t.Grantees[i].ARN(c.partition(), t.Account)}
	})
}
