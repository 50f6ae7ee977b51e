// SPDX-License-Identifier: MPL-2.0

package report

import (
	"github.com/amishare/packer-plugin-ami-share/internal/sharing"
)

// identity is what one item has in common with another one that is about the same thing. Of removals there may be several for one grantee.
type identity struct {
	kind              kind
	to                sharing.Recipient
	region            sharing.Region
	resource, grantee string
	removed           string // the grant's id, of one that is to go
}

func (i item) identity() identity {
	id := identity{kind: i.Kind, to: i.Recipient, region: i.Region, resource: i.Resource, grantee: i.Grantee}
	if i.Removal {
		id.removed = "removed " + i.GrantID
	}
	return id
}

// prove marks what AWS would refuse of a dry run's plan, and what would not be begun because of that.
func (r Run) prove(items []item) {
	reasons := map[identity]string{}
	for _, p := range r.Proof {
		for _, i := range changeItems(p.Change, item{}) {
			reasons[i.identity()] = p.Problem.Reason()
		}
	}
	if len(reasons) == 0 {
		return
	}
	first := map[sharing.Scope]int{}
	for n, i := range items {
		if why, ok := reasons[i.identity()]; ok && i.Status == planned {
			items[n].Status, items[n].Reason = refused, why
			if at, seen := first[i.scope()]; !seen || i.turn() < at {
				first[i.scope()] = i.turn()
			}
		}
	}
	for n, i := range items {
		if at, ok := first[i.scope()]; ok && i.Status == planned && i.turn() > at {
			items[n].Status = skipped
		}
	}
}

func (i item) scope() sharing.Scope {
	return sharing.Scope{Account: sharing.AccountID(i.Recipient.ID), Region: i.Region}
}

// turn tells when the turn of an item is. What fails for an account in a Region is left out of the later turns there.
func (i item) turn() int {
	turn := map[kind]int{serviceLinkedRole: 0, grant: 1, snapshotPermission: 2, launchPermission: 3, tags: 4, groupRole: 5, keyUse: 6, canary: 6, parameter: 20, watermark: 20, sharedTags: 20, launchTemplate: 20, templateDefault: 30, parameterLabels: 30}[i.Kind]
	if i.Removal {
		turn += 10
	}
	return turn
}

// sight is what verification looks at: an AMI, or a grant by key and grantee.
type sight struct {
	scope               sharing.Scope
	image, key, grantee string
	told                string // of an announcement, whoever sees it
}

// verify marks what was seen from inside the targets, and what was looked for in vain: it is not there, whatever AWS said before. An AMI that
// an account has no permission of its own for, and does not see through its organization either, is an item that is added.
func (r Run) verify(items []item) []item {
	seen := map[sight]sharing.Check{}
	for _, check := range r.Checks {
		for _, s := range sights(check) {
			seen[s] = check
		}
	}
	known := map[sight]bool{}
	for n, i := range items {
		s := i.sight()
		known[s] = true
		check, ok := seen[s]
		if !ok || i.Removal || i.Status != added && i.Status != present {
			continue
		}
		switch {
		case check.OK:
			items[n].Verified = true
		case inVain(check):
			items[n].Status, items[n].Reason = failed, check.Problem.Reason()
		}
	}
	for s, check := range seen {
		if s.image != "" && inVain(check) && !known[s] {
			items = append(items, item{
				Kind: launchPermission, Recipient: sharing.Account(s.scope.Account), Region: s.scope.Region, Resource: s.image,
				Status: failed, Reason: check.Problem.Reason(),
			})
		}
	}
	return items
}

// inVain tells whether what was looked for is not there.
func inVain(check sharing.Check) bool { return !check.OK && !check.Warning && check.Problem != nil }

func sights(c sharing.Check) []sight {
	if c.Subject.Proof != "" {
		return nil
	}
	if c.Subject.Key != "" {
		return []sight{{scope: c.Scope, key: c.Subject.Key, grantee: c.Subject.Grantee}}
	}
	var all []sight
	for _, image := range c.Subject.Images {
		s := sight{scope: c.Scope, image: image, told: c.Subject.Told}
		if s.told != "" {
			s.scope.Account = ""
		}
		all = append(all, s)
	}
	return all
}

func (i item) sight() sight {
	s := sight{scope: i.scope()}
	switch i.Kind {
	case launchPermission:
		s.image = i.Resource
	case grant:
		s.key, s.grantee = i.Resource, i.Grantee
	case sharedTags, watermark:
		s = sight{scope: sharing.Scope{Region: i.Region}, image: i.Resource, told: i.Kind.String()}
	case snapshotPermission, serviceLinkedRole, tags, groupRole, parameter, parameterLabels, launchTemplate, templateDefault, canary, keyUse: // not looked at from inside
	}
	return s
}

// unplannedItems are the permissions that were asked for, of a run that was refused before there was a plan.
func (r Run) unplannedItems() []item {
	var all []item
	if len(r.Plan.Images) > 0 {
		return nil
	}
	status := skipped
	if len(r.Refused) > 0 {
		status = refused
	}
	for _, image := range r.Request.Images {
		for _, to := range r.Request.Recipients(image.Region) {
			all = append(all, item{Kind: launchPermission, Recipient: to, Region: image.Region, Resource: image.ID, Status: status})
		}
	}
	return all
}
