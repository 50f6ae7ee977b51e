// SPDX-License-Identifier: MPL-2.0

package plan

import (
	"maps"
	"slices"
	"strings"

	"github.com/amishare/packer-plugin-ami-share/internal/sharing"
)

// tags plans the tags of AMIs and snapshots as the targets see them: tags never travel with what is shared.
// https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/Using_Tags.html
func (c *computation) tags() {
	for _, target := range c.plan.Targets {
		for _, image := range c.plan.Images {
			scope := at(target.Account, image.Ref.Region)
			if !target.CopyTags || target.Account == c.owner || !target.In(image.Ref.Region) || c.blocked(scope) {
				continue
			}
			there := c.facts.Targets[target.Account].Tags[image.Ref.Region]
			c.tag(scope, image.Ref, image.Ref.ID, image.Tags, there)
			for _, snapshot := range image.Snapshots {
				if c.sees(target.Account, snapshot) {
					c.tag(scope, image.Ref, snapshot.ID, snapshot.Tags, there)
				}
			}
		}
	}
}

// sees tells whether a target can see a snapshot, and so tag it.
func (c *computation) sees(account sharing.AccountID, snapshot sharing.Snapshot) bool {
	return c.request.ShareSnapshots || slices.Contains(snapshot.Recipients, sharing.Account(account))
}

// Copied returns the tags that can be copied: not those that are AWS's own, those that the targets see anyway and only the
// owner can write, and the plugin's note of the latter.
func Copied(tags map[string]string) map[string]string {
	copied := maps.Clone(tags)
	maps.DeleteFunc(copied, func(key, _ string) bool {
		return strings.HasPrefix(key, "aws:") || strings.HasPrefix(key, sharing.SharedTag) || strings.HasPrefix(key, sharing.SharedTagsTag)
	})
	return copied
}

func (c *computation) tag(scope sharing.Scope, image sharing.ImageRef, resource string, wanted map[string]string, there map[string]map[string]string) {
	put := PutTags{Account: scope.Account, Image: image, Resource: resource, Tags: map[string]string{}, Previous: map[string]string{}}
	same := map[string]string{}
	for key, value := range Copied(wanted) {
		switch old, ok := there[resource][key]; {
		case ok && old == value:
			same[key] = value
			continue
		case ok:
			put.Previous[key] = old
		}
		put.Tags[key] = value
	}
	switch {
	case len(put.Tags) > 0:
		c.change(put)
	case len(same) > 0:
		put.Tags, put.Previous = same, nil
		c.keep(Present{Change: put})
	}
}

// autoScaling is the service whose roles groups launch with.
const autoScaling = "autoscaling.amazonaws.com"

// groupGrantee returns the role that a target's groups are to launch with: its first Auto Scaling one.
func groupGrantee(target sharing.Target) (sharing.Grantee, bool) {
	i := slices.IndexFunc(target.Grantees, func(g sharing.Grantee) bool { return g.Service == autoScaling })
	if i < 0 {
		return sharing.Grantee{}, false
	}
	return target.Grantees[i], true
}

// groups plans the service-linked roles of Auto Scaling groups.
func (c *computation) groups() {
	regions := c.regions()
	for _, target := range c.plan.Targets {
		grantee, ok := groupGrantee(target)
		if !ok {
			continue
		}
		role := c.role(target, grantee).ARN
		for _, group := range c.facts.Targets[target.Account].Groups {
			change := SetGroupRole{Account: target.Account, Region: group.Region, Group: group.Name, RoleARN: role, Previous: group.RoleARN}
			switch {
			case c.blocked(at(target.Account, group.Region)) || !slices.Contains(regions, group.Region) || !target.In(group.Region) || !slices.Contains(target.AutoScalingGroups, group.Name):
			case group.RoleARN == role:
				c.keep(Present{Change: change})
			default:
				c.change(change)
			}
		}
	}
}
