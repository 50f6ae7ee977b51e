// SPDX-License-Identifier: MPL-2.0

package plan_test

import (
	"fmt"
	"maps"
	"slices"

	"github.com/amishare/packer-plugin-ami-share/internal/plan"
	"github.com/amishare/packer-plugin-ami-share/internal/sharing"
)

// memory is an AWS in memory: facts that changes are carried out on.
type memory struct {
	facts  sharing.Facts
	grants int // made so far, for their ids
}

// do carries out a change and returns the one that undoes it, nil for what belongs to a key.
func (m *memory) do(change plan.Change) plan.Change {
	switch c := change.(type) {
	case plan.CreateServiceLinkedRole:
		m.facts.Targets[c.Account].Roles[c.Grantee] = sharing.Role{Exists: true, ARN: c.ARN}
	case plan.CreateGrant:
		m.createGrant(c)
	case plan.RetireGrant:
		m.retireGrant(c)
	case plan.ModifySnapshotPermission:
		return m.modifySnapshot(c)
	case plan.ModifyLaunchPermission:
		return m.modifyImage(c)
	case plan.PutTags:
		return m.putTags(c)
	case plan.RestoreTags:
		m.restoreTags(c)
	case plan.SetGroupRole:
		m.setGroupRole(c)
	default:
		m.unknown(change)
	}
	return nil
}

func (*memory) unknown(change plan.Change) {
	panic(fmt.Sprintf("%T is no change of the first act", change))
}

func (m *memory) createGrant(c plan.CreateGrant) {
	m.grants++
	key := m.facts.Keys[c.KeyARN]
	g := sharing.Grant{ID: fmt.Sprintf("grant-%d", m.grants), Name: c.Name, Issuer: c.Account, Grantee: c.GranteeARN, Operations: c.Operations}
	key.Grants = append(slices.Clone(key.Grants), g)
	m.facts.Keys[c.KeyARN] = key
}

func (m *memory) retireGrant(c plan.RetireGrant) {
	key := m.facts.Keys[c.KeyARN]
	key.Grants = slices.DeleteFunc(slices.Clone(key.Grants), func(g sharing.Grant) bool { return g.ID == c.GrantID })
	m.facts.Keys[c.KeyARN] = key
}

func (m *memory) modifySnapshot(c plan.ModifySnapshotPermission) plan.Change {
	for i := range m.facts.Images {
		image := &m.facts.Images[i]
		if image.Ref.Region != c.Image.Region {
			continue
		}
		for j := range image.Snapshots {
			if image.Snapshots[j].ID == c.Snapshot {
				image.Snapshots[j].Recipients = modified(image.Snapshots[j].Recipients, accounts(c.Accounts), c.Operation)
			}
		}
	}
	c.Operation = c.Operation.Opposite()
	return c
}

func (m *memory) modifyImage(c plan.ModifyLaunchPermission) plan.Change {
	for i := range m.facts.Images {
		if m.facts.Images[i].Ref == c.Image {
			m.facts.Images[i].LaunchPermissions = modified(m.facts.Images[i].LaunchPermissions, c.Recipients, c.Operation)
		}
	}
	c.Operation = c.Operation.Opposite()
	return c
}

func (m *memory) tags(account sharing.AccountID, region sharing.Region, resource string) map[string]string {
	there := m.facts.Targets[account].Tags[region]
	if there[resource] == nil {
		there[resource] = map[string]string{}
	}
	return there[resource]
}

func (m *memory) putTags(c plan.PutTags) plan.Change {
	undo := plan.RestoreTags{Account: c.Account, Image: c.Image, Resource: c.Resource, Restore: map[string]string{}}
	tags := m.tags(c.Account, c.Image.Region, c.Resource)
	for _, key := range slices.Sorted(maps.Keys(c.Tags)) {
		if old, ok := tags[key]; ok {
			undo.Restore[key] = old
		} else {
			undo.Delete = append(undo.Delete, key)
		}
		tags[key] = c.Tags[key]
	}
	return undo
}

func (m *memory) restoreTags(c plan.RestoreTags) {
	tags := m.tags(c.Account, c.Image.Region, c.Resource)
	for _, key := range c.Delete {
		delete(tags, key)
	}
	maps.Copy(tags, c.Restore)
}

func (m *memory) setGroupRole(c plan.SetGroupRole) {
	groups := m.facts.Targets[c.Account].Groups
	for i := range groups {
		if groups[i].Region == c.Region && groups[i].Name == c.Group {
			groups[i].RoleARN = c.RoleARN
		}
	}
}

func modified(there, some []sharing.Recipient, operation plan.Operation) []sharing.Recipient {
	there = slices.DeleteFunc(slices.Clone(there), func(r sharing.Recipient) bool { return slices.Contains(some, r) })
	if operation == plan.Add {
		there = append(there, some...)
	}
	slices.SortFunc(there, sharing.CompareRecipients)
	return there
}

func accounts(ids []sharing.AccountID) []sharing.Recipient {
	var recipients []sharing.Recipient
	for _, id := range ids {
		recipients = append(recipients, sharing.Account(id))
	}
	return recipients
}
