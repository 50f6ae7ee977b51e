// SPDX-License-Identifier: MPL-2.0

package report

import (
	"github.com/amishare/packer-plugin-ami-share/internal/plan"
	"github.com/amishare/packer-plugin-ami-share/internal/sharing"
)

// blockedItems are what the targets would have got that the plan passes over because they can't be entered.
func (r Run) blockedItems() []item {
	var all []item
	barred := r.Plan.Barred()
	for _, target := range r.Plan.Targets {
		for _, image := range r.Plan.Images {
			if image.Owner != target.Account && target.In(image.Ref.Region) {
				all = append(all, r.withheld(barred, target, image)...)
			}
		}
		for _, key := range r.Plan.Keys {
			all = append(all, r.withheldGrants(barred, target, key)...)
		}
	}
	return unique(all)
}

// withheld are the permissions that a blocked target does not get. What it has already is there all the same.
func (r Run) withheld(barred plan.Barred, target sharing.Target, image sharing.Image) []item {
	p, blocked := barred.From(sharing.Scope{Account: target.Account, Region: image.Ref.Region})
	if !blocked {
		return nil
	}
	to, why := sharing.Account(target.Account), p.Reason()
	one := func(k kind, resource string, has []sharing.Recipient) item {
		i := item{Kind: k, Recipient: to, Region: image.Ref.Region, Resource: resource, Status: refused, Reason: why}
		for _, recipient := range has {
			if recipient == to {
				i.Status, i.Reason = present, ""
			}
		}
		return i
	}
	var items []item
	if !target.ThroughOrganization {
		items = append(items, one(launchPermission, image.Ref.ID, image.LaunchPermissions))
	}
	if r.Request.ShareSnapshots {
		for _, snapshot := range image.Snapshots {
			items = append(items, one(snapshotPermission, snapshot.ID, snapshot.Recipients))
		}
	}
	for _, change := range r.withheldChanges(target, image) {
		items = append(items, changeItems(change, item{Status: refused, Reason: why})...)
	}
	return items
}

// withheldChanges are the tags and announcements that a blocked target does not get. Which of its roles and groups are there
// is not known.
func (r Run) withheldChanges(target sharing.Target, image sharing.Image) []plan.Change {
	var changes []plan.Change
	tag := func(resource string, tags map[string]string) {
		if tags = plan.Copied(tags); target.CopyTags && len(tags) > 0 {
			changes = append(changes, plan.PutTags{Account: target.Account, Image: image.Ref, Resource: resource, Tags: tags})
		}
	}
	tag(image.Ref.ID, image.Tags)
	for _, snapshot := range image.Snapshots {
		if r.Request.ShareSnapshots {
			tag(snapshot.ID, snapshot.Tags)
		}
	}
	where := plan.Where{Account: target.Account, Image: image.Ref}
	for _, parameter := range target.Announcements.Parameters {
		changes = append(changes, plan.PutParameter{Where: where, Parameter: parameter})
		if len(parameter.Labels) > 0 {
			changes = append(changes, plan.LabelParameter{Where: where, Name: parameter.Name, Labels: parameter.Labels})
		}
	}
	for _, template := range target.Announcements.Templates {
		changes = append(changes, plan.AddTemplateVersion{Where: where, Template: template})
		if template.Default {
			changes = append(changes, plan.SetDefaultVersion{Where: where, Template: template})
		}
	}
	return changes
}

func (r Run) withheldGrants(barred plan.Barred, target sharing.Target, key string) []item {
	arn, err := sharing.ParseARN(key)
	p, blocked := barred.From(sharing.Scope{Account: target.Account, Region: arn.Region})
	if err != nil || !blocked || arn.Account == target.Account || !target.In(arn.Region) {
		return nil
	}
	var items []item
	for _, grantee := range target.Grantees {
		items = append(items, item{
			Kind: grant, Recipient: sharing.Account(target.Account), Region: arn.Region, Resource: key,
			Grantee: grantee.ARN(arn.Partition, target.Account), Status: refused, Reason: p.Reason(),
		})
	}
	return items
}

// unique leaves out what is there already: AMIs can have a snapshot in common.
func unique(items []item) []item {
	seen := map[identity]bool{}
	var all []item
	for _, i := range items {
		if id := i.identity(); !seen[id] {
			seen[id] = true
			all = append(all, i)
		}
	}
	return all
}
