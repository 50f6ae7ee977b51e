// SPDX-License-Identifier: MPL-2.0

package plan

import (
	"maps"
	"slices"

	"github.com/amishare/packer-plugin-ami-share/internal/sharing"
)

// targets sorts out who takes part.
func (c *computation) targets() {
	for _, target := range c.request.Targets {
		if target.Account == c.owner {
			c.ownAccount(target)
			continue
		}
		c.plan.Targets = append(c.plan.Targets, target)
	}
	for _, target := range c.plan.Targets {
		for _, problem := range c.facts.Targets[target.Account].Problems {
			c.block(problem)
		}
		c.missingRoles(target)
		c.missingGroups(target)
		c.missingTemplates(target)
		c.templatesTwice(target)
		c.parametersTwice(target)
		c.managedGroups(target)
	}
	c.regionsWithoutAMI()
	c.regionsWithoutTemplate()
	if orgs := len(c.request.Organizations) + len(c.request.OrganizationalUnits); orgs > 0 {
		c.note("organizations and OUs get launch permission only: snapshots and grants go to accounts that a target names")
	}
}

// regionsWithoutAMI notes the Regions that targets name and no AMI of the run is in, once for all their accounts.
func (c *computation) regionsWithoutAMI() {
	beyond := sharing.RegionsBeyond(c.request.Targets, c.regions())
	for _, region := range slices.Sorted(maps.Keys(beyond)) {
		c.note("nothing is shared in %s, which the regions of %s name: no AMI of this run is there", region, sharing.SomeAccounts(beyond[region]))
	}
}

// ownAccount drops the AMIs' own account where it has no roles: it can launch them anyway. Its roles need grants like
// those of any other account. In the key's own account too a service-linked role has only what the key's policy or a
// grant gives it. https://docs.aws.amazon.com/autoscaling/ec2/userguide/key-policy-requirements-EBS-encryption.html
func (c *computation) ownAccount(target sharing.Target) {
	if target.Credentials && len(target.Grantees) > 0 && len(c.plan.Keys) > 0 {
		c.note("account %s owns the AMIs and needs no permission; its roles get grants", target.Account)
		c.plan.Targets = append(c.plan.Targets, target)
		return
	}
	if !target.Announcements.None() {
		c.note("account %s owns the AMIs and needs no permission; the AMIs are announced in it", target.Account)
		c.plan.Targets = append(c.plan.Targets, target)
		return
	}
	c.note("account %s is left out: it owns the AMIs", target.Account)
}

// role returns what is known of a target's grantee.
func (c *computation) role(target sharing.Target, grantee sharing.Grantee) sharing.Role {
	role := c.facts.Targets[target.Account].Roles[grantee]
	if role.ARN == "" {
		role.ARN = grantee.ARN(c.facts.Partition, target.Account)
	}
	return role
}

// needed tells whether a target's grantee is needed at all: for grants, or for groups.
func (c *computation) needed(target sharing.Target, grantee sharing.Grantee) bool {
	first, ok := groupGrantee(target)
	granted := slices.ContainsFunc(c.plan.Keys, func(arn string) bool { return target.In(sharing.RegionOf(arn)) })
	return granted || len(target.AutoScalingGroups) > 0 && ok && first == grantee
}

// missingRoles blocks a target in which a role is missing that is not to be created.
func (c *computation) missingRoles(target sharing.Target) {
	if c.blocked(at(target.Account, "")) {
		return
	}
	for _, grantee := range target.Grantees {
		role := c.role(target, grantee)
		if role.Exists || !c.needed(target, grantee) || grantee.Service != "" && target.CreateServiceLinkedRoles {
			continue
		}
		c.block(MissingRole(target.Account, grantee, role.ARN))
	}
}

// MissingRole says that a grantee's role does not exist, and how it is made.
// https://docs.aws.amazon.com/autoscaling/ec2/userguide/autoscaling-service-linked-role.html
func MissingRole(account sharing.AccountID, grantee sharing.Grantee, arn string) sharing.Problem {
	p := sharing.Problem{
		Scope: at(account, ""), Doing: "looking for the role " + arn, Cause: "it does not exist",
		Remedy: "Create it, or correct its name in grantee_roles.",
	}
	if grantee.Service != "" {
		p.Cause = "the service-linked role does not exist in this account"
		p.Remedy = "Set create_service_linked_roles = true in the target, or create the role in account " + string(account) + ":\n" + grantee.CreateCommand()
	}
	return p
}

// missingGroups blocks a target with a group that exists in no Region of the AMIs.
func (c *computation) missingGroups(target sharing.Target) {
	if c.blocked(at(target.Account, "")) {
		return
	}
	found := c.facts.Targets[target.Account].Groups
	for _, name := range target.AutoScalingGroups {
		if !slices.ContainsFunc(found, func(g sharing.AutoScalingGroup) bool { return g.Name == name }) {
			c.block(sharing.Problem{
				Scope: at(target.Account, ""), Doing: "looking up the Auto Scaling group " + name,
				Cause: "it exists in none of " + joined(c.regionsOf(target)), Remedy: "Correct auto_scaling_groups, or create the group first.",
			})
		}
	}
}

// managedGroups blocks a target with a group that only a service may point at another role.
// https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_CreateAutoScalingGroup.html
func (c *computation) managedGroups(target sharing.Target) {
	grantee, ok := groupGrantee(target)
	if !ok {
		return
	}
	for _, group := range c.facts.Targets[target.Account].Groups {
		if group.Operator != "" && slices.Contains(target.AutoScalingGroups, group.Name) && target.In(group.Region) && group.RoleARN != c.role(target, grantee).ARN {
			c.block(sharing.Problem{
				Scope: at(target.Account, group.Region), Doing: "looking up the Auto Scaling group " + group.Name,
				Cause:  group.Operator + " manages it, and AWS lets nobody else change it",
				Remedy: "Take it out of auto_scaling_groups, and let it launch with " + group.RoleARN + ": name that role in service_linked_roles.",
			})
		}
	}
}

// regionsOf are those of the AMIs in which a target gets anything, in order.
func (c *computation) regionsOf(target sharing.Target) []sharing.Region {
	return slices.DeleteFunc(c.regions(), func(region sharing.Region) bool { return !target.In(region) })
}

// regions are those of the AMIs, in order.
func (c *computation) regions() []sharing.Region {
	var regions []sharing.Region
	for _, image := range c.plan.Images {
		regions = append(regions, image.Ref.Region)
	}
	slices.Sort(regions)
	return slices.Compact(regions)
}

// roles plans the service-linked roles that are missing.
func (c *computation) roles() {
	for _, target := range c.plan.Targets {
		for _, grantee := range target.Grantees {
			role := c.role(target, grantee)
			if !role.Exists && c.needed(target, grantee) && !c.blocked(at(target.Account, "")) {
				c.change(CreateServiceLinkedRole{Account: target.Account, Grantee: grantee, ARN: role.ARN})
			}
		}
	}
}
