// SPDX-License-Identifier: MPL-2.0

package plan

// Stage orders changes: all changes of a stage are done, or have failed, before the next stage begins; within a stage
// their order is free. Launch permissions come after everything that a launch needs, so that nobody sees an AMI that it
// can't launch. Whatever takes something away comes after that. Verification is next, and only then what consumers react
// to: see [Stage.Announces].
type Stage int

// The stages, in order.
const (
	Roles Stage = iota
	Grants
	SnapshotPermissions
	ImagePermissions
	Tags
	Groups
	ImageRemovals
	SnapshotRemovals
	GrantRemovals
	Watermarks    // which Allowed AMIs settings may ask for before they show an AMI
	Announcements // of which none needs another
	Sequels       // of announcements: labels
)

func (s Stage) String() string {
	return [...]string{
		"service-linked roles", "grants", "snapshot permissions", "AMI permissions", "tags", "Auto Scaling groups",
		"removal of AMI permissions", "removal of snapshot permissions", "removal of grants",
		"watermarks", "announcements", "labels of announcements",
	}[s]
}

// Announces tells whether the stage is of the second act: its changes are made after verification, where that passed.
func (s Stage) Announces() bool { return s >= Watermarks }

// Belonging tells what a change is about. It decides what a rollback may take back.
type Belonging int

// The belongings.
const (
	// ToImage is what belongs to one AMI: its permissions, its tags in a target, and what announces
	// it. A rollback takes it back.
	ToImage Belonging = iota
	// ToKey is what belongs to a key and an account, and so to every AMI under the key: grants, service-linked roles, a
	// group's role. Other builds may rely on it by now, and KMS may have handed one grant to several. A rollback leaves it
	// and lists it.
	ToKey
)

// BelongingOf returns what a change is about.
func BelongingOf(change Change) Belonging {
	if change.Stage().Announces() {
		return ToImage
	}
	switch change.(type) {
	case ModifySnapshotPermission, ModifyLaunchPermission, PutTags, RestoreTags:
		return ToImage
	default: // what is not known is left alone
		return ToKey
	}
}
