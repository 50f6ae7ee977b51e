// SPDX-License-Identifier: MPL-2.0

package plan

import (
	"fmt"
	"slices"
	"strings"

	"github.com/amishare/packer-plugin-ami-share/internal/sharing"
)

// removals plans what exact takes away: the permissions that no target names. What a target names stays, even where the
// target is blocked, is the AMIs' own account, or its snapshots are not to be shared any more.
func (c *computation) removals() {
	if c.request.Exact {
		c.noteBlindness()
		for _, image := range c.plan.Images {
			c.unshareImage(image)
		}
		for image, snapshot := range c.eachSnapshot() {
			c.unshareSnapshot(image, snapshot, c.named(image.Region))
		}
	}
	if c.request.ExactGrants {
		for _, arn := range c.plan.Keys {
			c.endGrants(arn)
		}
	}
}

// named returns all whom the request names for a Region.
func (c *computation) named(region sharing.Region) map[sharing.Recipient]bool {
	if c.namedIn[region] == nil {
		c.namedIn[region] = setOf(c.request.Named(region))
	}
	return c.namedIn[region]
}

func (c *computation) foreign(format string, args ...any) {
	c.plan.Foreign = append(c.plan.Foreign, fmt.Sprintf(format, args...))
}

func (c *computation) unshareImage(image sharing.Image) {
	if slices.ContainsFunc(image.LaunchPermissions, func(r sharing.Recipient) bool { return r.Kind == sharing.ToGroup }) {
		c.foreign("the AMI %s (%s) is public", image.Ref.ID, image.Ref.Region)
	}
	if leaving := c.request.Leaving(image); len(leaving) > 0 {
		change := ModifyLaunchPermission{Image: image.Ref, Operation: Remove, Recipients: leaving, Unused: !c.request.ForceRemoval}
		if change.Unused {
			change.Own = c.ownLaunchers(image)
		}
		c.change(change)
	}
}

func (c *computation) unshareSnapshot(image sharing.ImageRef, snapshot sharing.Snapshot, named map[sharing.Recipient]bool) {
	var remove []sharing.AccountID
	for _, recipient := range snapshot.Recipients {
		switch {
		case recipient.Kind == sharing.ToGroup:
			c.foreign("the snapshot %s (%s) is public", snapshot.ID, image.Region)
		case !named[recipient]:
			remove = append(remove, sharing.AccountID(recipient.ID))
		}
	}
	slices.Sort(remove)
	for batch := range slices.Chunk(remove, snapshotBatch) {
		c.change(ModifySnapshotPermission{Image: image, Snapshot: snapshot.ID, Operation: Remove, Accounts: batch})
	}
}

// endGrants ends the plugin's grants on a key that no target names and that no other AMI under the key needs, and counts
// those that stay.
func (c *computation) endGrants(keyARN string) {
	key := c.facts.Keys[keyARN]
	shared := setOf(key.SharedWith)
	names := c.grantNames(keyARN)
	others, needed := 0, 0
	for _, g := range key.Grants {
		account, ours := grantAccount(g.Name)
		switch {
		case !ours:
			others++
		case names[g.Name]: // a stale one is dealt with where it is named
		case g.Issuer == "" || !key.SharingKnown || c.sharedWithMany(key) || shared[sharing.Account(account)]:
			needed++
		default:
			c.retireUnused(g, keyARN, account)
		}
	}
	if others > 0 {
		c.foreign("%s on the key %s: not made by this plugin", sharing.Counted(others, "grant"), keyARN)
	}
	if needed > 0 {
		c.foreign("%s on the key %s that no target names: AMIs under the key are shared with their accounts, or may be", sharing.Counted(needed, "grant"), keyARN)
	}
}

// grantNames returns the names of the grants that targets ask for on a key, those of blocked targets too.
func (c *computation) grantNames(keyARN string) map[string]bool {
	names := map[string]bool{}
	for _, target := range c.plan.Targets {
		if !target.In(sharing.RegionOf(keyARN)) {
			continue
		}
		for _, grantee := range target.Grantees {
			names[sharing.GrantName(target.Account, c.role(target, grantee).ARN)] = true
		}
	}
	return names
}

// sharedWithMany tells whether an AMI under a key is shared with organizations, OUs or everybody: who is meant by that
// can't be known here.
func (c *computation) sharedWithMany(key sharing.Key) bool {
	return len(c.request.Organizations)+len(c.request.OrganizationalUnits) > 0 ||
		slices.ContainsFunc(key.SharedWith, func(r sharing.Recipient) bool { return r.Kind != sharing.ToAccount })
}

// retireUnused plans the end of a grant that nobody needs, which is looked at once more before it goes.
func (c *computation) retireUnused(g sharing.Grant, keyARN string, account sharing.AccountID) {
	change := retirement(g, keyARN, account, "no target names it")
	change.Unused = true
	for _, image := range c.plan.Images {
		change.Besides = append(change.Besides, image.Ref)
	}
	c.retire(change)
}

// grantAccount returns the account that a grant of this plugin is for, by its name.
func grantAccount(name string) (sharing.AccountID, bool) {
	rest, ours := strings.CutPrefix(name, sharing.GrantNamePrefix)
	account, _, _ := strings.Cut(rest, ":")
	return sharing.AccountID(account), ours
}
