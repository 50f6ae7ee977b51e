package plan

import (
	"fmt"
	"slices"
	"strings"

	"github.com/amishare/packer-plugin-ami-share/internal/sharing"
)

// removals plans what exact takes away: whatever no target names. What a target names stays, even where the target is
// blocked or its snapshots are not to be shared any more.
func (c *computation) removals() {
	if !c.request.Exact {
		return
	}
	seen := map[sharing.ImageRef]bool{}
	for _, image := range c.plan.Images {
		c.unshareImage(image)
		for _, snapshot := range image.Snapshots {
			ref := sharing.ImageRef{Region: image.Ref.Region, ID: snapshot.ID}
			if !seen[ref] {
				seen[ref] = true
				c.unshareSnapshot(image.Ref, snapshot)
			}
		}
	}
	for _, arn := range c.plan.Keys {
		c.endGrants(arn)
	}
}

func (c *computation) foreign(format string, args ...any) {
	c.plan.Foreign = append(c.plan.Foreign, fmt.Sprintf(format, args...))
}

func (c *computation) unshareImage(image sharing.Image) {
	wanted := c.request.Named(image.Ref.Region)
	var remove []sharing.Recipient
	for _, recipient := range image.LaunchPermissions {
		switch {
		case recipient.Kind == sharing.ToGroup:
			c.foreign("the image %s (%s) is public", image.Ref.ID, image.Ref.Region)
		case !slices.Contains(wanted, recipient):
			remove = append(remove, recipient)
		}
	}
	if len(remove) > 0 {
		slices.SortFunc(remove, sharing.CompareRecipients)
		c.change(ModifyLaunchPermission{Image: image.Ref, Remove: remove})
	}
}

func (c *computation) unshareSnapshot(image sharing.ImageRef, snapshot sharing.Snapshot) {
	wanted := c.request.Named(image.Region)
	var remove []sharing.AccountID
	for _, recipient := range snapshot.Recipients {
		switch {
		case recipient.Kind == sharing.ToGroup:
			c.foreign("the snapshot %s (%s) is public", snapshot.ID, image.Region)
		case !slices.Contains(wanted, recipient):
			remove = append(remove, sharing.AccountID(recipient.ID))
		}
	}
	slices.Sort(remove)
	for batch := range slices.Chunk(remove, snapshotBatch) {
		c.change(ModifySnapshotPermission{Image: image, Snapshot: snapshot.ID, Remove: batch})
	}
}

// endGrants ends the plugin's grants on a key that no target names, and counts those of others.
func (c *computation) endGrants(keyARN string) {
	others := 0
	for _, g := range c.facts.Keys[keyARN].Grants {
		account, ours := grantAccount(g.Name)
		switch {
		case !ours:
			others++
		case !c.named(g.Name, keyARN):
			c.retire(g, keyARN, account, "no target names it")
		}
	}
	if others > 0 {
		c.foreign("%s on the key %s: not made by this plugin", sharing.Counted(others, "grant"), keyARN)
	}
}

// grantAccount returns the account that a grant of this plugin is for, by its name.
func grantAccount(name string) (sharing.AccountID, bool) {
	rest, ours := strings.CutPrefix(name, sharing.GrantNamePrefix)
	account, _, _ := strings.Cut(rest, ":")
	return sharing.AccountID(account), ours
}

// named tells whether some target asks for a grant of this name. If it is a stale one, it is dealt with there.
func (c *computation) named(name, keyARN string) bool {
	return slices.ContainsFunc(c.plan.Targets, func(target sharing.Target) bool {
		return c.grantable(keyARN, target) && slices.ContainsFunc(target.Grantees, func(g sharing.Grantee) bool { return g.GrantName(target.Account) == name })
	})
}
