// SPDX-License-Identifier: MPL-2.0

package plan

import (
	"iter"
	"slices"

	"github.com/amishare/packer-plugin-ami-share/internal/sharing"
)

// snapshotBatch is how many accounts one ModifySnapshotAttribute takes.
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_ModifySnapshotAttribute.html
const snapshotBatch = 500

// snapshots plans the create-volume permissions.
func (c *computation) snapshots() {
	if !c.request.ShareSnapshots {
		return
	}
	for image, snapshot := range c.eachSnapshot() {
		c.snapshot(image, snapshot)
	}
}

// eachSnapshot yields the snapshots of the AMIs with the first AMI that has it: AMIs can have one in common.
func (c *computation) eachSnapshot() iter.Seq2[sharing.ImageRef, sharing.Snapshot] {
	return func(yield func(sharing.ImageRef, sharing.Snapshot) bool) {
		seen := map[sharing.ImageRef]bool{} // Region and snapshot
		for _, image := range c.plan.Images {
			for _, snapshot := range image.Snapshots {
				ref := sharing.ImageRef{Region: image.Ref.Region, ID: snapshot.ID}
				if seen[ref] {
					continue
				}
				seen[ref] = true
				if !yield(image.Ref, snapshot) {
					return
				}
			}
		}
	}
}

func (c *computation) snapshot(image sharing.ImageRef, snapshot sharing.Snapshot) {
	there := setOf(snapshot.Recipients)
	var missing, kept []sharing.AccountID
	for _, target := range c.plan.Targets {
		switch {
		case target.Account == c.owner || !target.In(image.Region) || c.blocked(at(target.Account, image.Region)):
		case there[sharing.Account(target.Account)]:
			kept = append(kept, target.Account)
		default:
			missing = append(missing, target.Account)
		}
	}
	if len(kept) > 0 {
		c.keep(Present{Change: ModifySnapshotPermission{Image: image, Snapshot: snapshot.ID, Accounts: kept}})
	}
	for batch := range slices.Chunk(missing, snapshotBatch) {
		c.change(ModifySnapshotPermission{Image: image, Snapshot: snapshot.ID, Accounts: batch})
	}
}

// launchPermissions plans one call for each AMI.
func (c *computation) launchPermissions() {
	for _, image := range c.plan.Images {
		wanted := c.recipients(image.Ref.Region)
		slices.SortStableFunc(wanted, sharing.CompareRecipients)
		there := setOf(image.LaunchPermissions)
		var missing, kept []sharing.Recipient
		for _, recipient := range wanted {
			switch {
			case recipient.Kind == sharing.ToAccount && c.blocked(at(sharing.AccountID(recipient.ID), image.Ref.Region)):
			case there[recipient]:
				kept = append(kept, recipient)
			default:
				missing = append(missing, recipient)
			}
		}
		if len(kept) > 0 {
			c.keep(Present{Change: ModifyLaunchPermission{Image: image.Ref, Recipients: kept}})
		}
		if len(missing) > 0 {
			c.change(ModifyLaunchPermission{Image: image.Ref, Recipients: missing})
		}
	}
}
