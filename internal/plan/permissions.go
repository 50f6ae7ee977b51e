package plan

import (
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
	seen := map[sharing.ImageRef]bool{} // Region and snapshot: images can have one in common
	for _, image := range c.plan.Images {
		for _, snapshot := range image.Snapshots {
			ref := sharing.ImageRef{Region: image.Ref.Region, ID: snapshot.ID}
			if !seen[ref] {
				seen[ref] = true
				c.snapshot(image.Ref, snapshot)
			}
		}
	}
}

func (c *computation) snapshot(image sharing.ImageRef, snapshot sharing.Snapshot) {
	var missing []sharing.AccountID
	for _, target := range c.plan.Targets {
		scope := at(target.Account, image.Region)
		switch {
		case target.Account == c.owner || !target.In(image.Region) || c.blocked(scope):
		case slices.Contains(snapshot.Recipients, sharing.Account(target.Account)):
			c.keep(Kept{Scope: scope, Kind: KeptSnapshotPermission, Resource: snapshot.ID})
		default:
			missing = append(missing, target.Account)
		}
	}
	for batch := range slices.Chunk(missing, snapshotBatch) {
		c.change(ModifySnapshotPermission{Image: image, Snapshot: snapshot.ID, Add: batch})
	}
}

// launchPermissions plans one call for each image.
func (c *computation) launchPermissions() {
	for _, image := range c.plan.Images {
		var missing []sharing.Recipient
		for _, recipient := range c.recipients(image.Ref.Region) {
			scope := sharing.Scope{Region: image.Ref.Region}
			if recipient.Kind == sharing.ToAccount {
				scope.Account = sharing.AccountID(recipient.ID)
			}
			switch {
			case scope.Account != "" && c.blocked(scope):
			case slices.Contains(image.LaunchPermissions, recipient):
				c.keep(keptPermission(scope, image.Ref.ID, recipient))
			default:
				missing = append(missing, recipient)
			}
		}
		if len(missing) > 0 {
			slices.SortFunc(missing, sharing.CompareRecipients)
			c.change(ModifyLaunchPermission{Image: image.Ref, Add: missing})
		}
	}
}

// keptPermission names an organization, which is no scope, by its ARN in On.
func keptPermission(scope sharing.Scope, image string, recipient sharing.Recipient) Kept {
	kept := Kept{Scope: scope, Kind: KeptLaunchPermission, Resource: image}
	if recipient.Kind != sharing.ToAccount {
		kept.On = recipient.ID
	}
	return kept
}
