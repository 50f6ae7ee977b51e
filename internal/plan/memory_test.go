package plan_test

import (
	"fmt"
	"maps"
	"slices"

	"github.com/amishare/packer-plugin-ami-share/internal/plan"
	"github.com/amishare/packer-plugin-ami-share/internal/sharing"
)

// memory is an AWS in memory: facts that changes are carried out on. Do is what apply.Doer asks for.
type memory struct {
	facts  sharing.Facts
	grants int // made so far, for their ids
}

// do carries out a change and returns the one that undoes it.
func (m *memory) do(change plan.Change) plan.Change {
	switch c := change.(type) {
	case plan.CreateServiceLinkedRole:
		m.facts.Targets[c.Account].Roles[c.Grantee] = sharing.Role{Exists: true, ARN: c.ARN}
		return plan.DeleteServiceLinkedRole{Account: c.Account, Grantee: c.Grantee}
	case plan.DeleteServiceLinkedRole:
		m.facts.Targets[c.Account].Roles[c.Grantee] = sharing.Role{}
	case plan.CreateGrant:
		return m.createGrant(c)
	case plan.RetireGrant:
		return m.retireGrant(c)
	case plan.ModifySnapshotPermission:
		return m.modifySnapshot(c)
	case plan.ModifyLaunchPermission:
		return m.modifyImage(c)
	case plan.PutTags:
		return m.putTags(c)
	case plan.RemoveTags:
		m.removeTags(c)
	case plan.SetGroupRole:
		return m.setGroupRole(c)
	}
	return nil
}

func (m *memory) createGrant(c plan.CreateGrant) plan.Change {
	m.grants++
	key := m.facts.Keys[c.KeyARN]
	g := sharing.Grant{ID: fmt.Sprintf("grant-%d", m.grants), Name: c.Name, Issuer: c.Account, Grantee: c.GranteeARN, Operations: c.Operations}
	key.Grants = append(slices.Clone(key.Grants), g)
	m.facts.Keys[c.KeyARN] = key
	return plan.RetireGrant{Issuer: c.Account, Account: c.Account, Region: c.Region, KeyARN: c.KeyARN, GrantID: g.ID, GranteeARN: g.Grantee, Operations: g.Operations, Name: g.Name}
}

func (m *memory) retireGrant(c plan.RetireGrant) plan.Change {
	key := m.facts.Keys[c.KeyARN]
	key.Grants = slices.DeleteFunc(slices.Clone(key.Grants), func(g sharing.Grant) bool { return g.ID == c.GrantID })
	m.facts.Keys[c.KeyARN] = key
	return plan.CreateGrant{Account: c.Issuer, Region: c.Region, KeyARN: c.KeyARN, GranteeARN: c.GranteeARN, Operations: c.Operations, Name: c.Name}
}

func (m *memory) modifySnapshot(c plan.ModifySnapshotPermission) plan.Change {
	for i := range m.facts.Images {
		image := &m.facts.Images[i]
		if image.Ref.Region != c.Image.Region {
			continue
		}
		for j := range image.Snapshots {
			if image.Snapshots[j].ID == c.Snapshot {
				image.Snapshots[j].Recipients = modified(image.Snapshots[j].Recipients, accounts(c.Add), accounts(c.Remove))
			}
		}
	}
	c.Add, c.Remove = c.Remove, c.Add
	return c
}

func (m *memory) modifyImage(c plan.ModifyLaunchPermission) plan.Change {
	for i := range m.facts.Images {
		if m.facts.Images[i].Ref == c.Image {
			m.facts.Images[i].LaunchPermissions = modified(m.facts.Images[i].LaunchPermissions, c.Add, c.Remove)
		}
	}
	c.Add, c.Remove = c.Remove, c.Add
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
	undo := plan.RemoveTags{Account: c.Account, Image: c.Image, Resource: c.Resource, Restore: c.Previous}
	tags := m.tags(c.Account, c.Image.Region, c.Resource)
	for _, key := range slices.Sorted(maps.Keys(c.Tags)) {
		if _, ok := c.Previous[key]; !ok {
			undo.Keys = append(undo.Keys, key)
		}
		tags[key] = c.Tags[key]
	}
	return undo
}

func (m *memory) removeTags(c plan.RemoveTags) {
	tags := m.tags(c.Account, c.Image.Region, c.Resource)
	for _, key := range c.Keys {
		delete(tags, key)
	}
	maps.Copy(tags, c.Restore)
}

func (m *memory) setGroupRole(c plan.SetGroupRole) plan.Change {
	groups := m.facts.Targets[c.Account].Groups
	for i := range groups {
		if groups[i].Region == c.Region && groups[i].Name == c.Group {
			groups[i].RoleARN = c.RoleARN
		}
	}
	c.RoleARN, c.Previous = c.Previous, c.RoleARN
	return c
}

func modified(there, add, remove []sharing.Recipient) []sharing.Recipient {
	there = slices.DeleteFunc(slices.Clone(there), func(r sharing.Recipient) bool { return slices.Contains(remove, r) || slices.Contains(add, r) })
	there = append(there, add...)
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
