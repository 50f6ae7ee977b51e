// SPDX-License-Identifier: MPL-2.0

package plan

import (
	"fmt"
	"slices"

	"github.com/amishare/packer-plugin-ami-share/internal/sharing"
)

// Operation is what a change does with permissions, in EC2's own words.
type Operation int

// The operations.
const (
	Add Operation = iota
	Remove
)

func (o Operation) String() string { return [...]string{"add", "remove"}[o] }

// Opposite returns the operation that takes this one back.
func (o Operation) Opposite() Operation { return Remove - o }

// ModifySnapshotPermission adds accounts to the create-volume permissions of a snapshot or removes them, at most 500.
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_ModifySnapshotAttribute.html
type ModifySnapshotPermission struct {
	Image     sharing.ImageRef // that the snapshot belongs to
	Snapshot  string
	Operation Operation
	Accounts  []sharing.AccountID
}

// ModifyLaunchPermission adds recipients to the launch permissions of an AMI or removes them.
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_ModifyImageAttribute.html
type ModifyLaunchPermission struct {
	Image      sharing.ImageRef
	Operation  Operation
	Recipients []sharing.Recipient
	// Unused says that the AMI must only be taken from those who don't use it. That is looked at right before. Own are then the
	// accounts that can launch it without any organization or OU.
	Unused bool
	Own    []sharing.AccountID
}

func (c ModifySnapshotPermission) Stage() Stage {
	if c.Operation == Remove {
		return SnapshotRemovals
	}
	return SnapshotPermissions
}

func (c ModifyLaunchPermission) Stage() Stage {
	if c.Operation == Remove {
		return ImageRemovals
	}
	return ImagePermissions
}

func (c ModifySnapshotPermission) Scopes() []sharing.Scope {
	scopes := make([]sharing.Scope, len(c.Accounts))
	for i, account := range c.Accounts {
		scopes[i] = sharing.Scope{Account: account, Region: c.Image.Region}
	}
	return scopes
}

// Scopes holds the accounts among the recipients: organizations don't fail for themselves.
func (c ModifyLaunchPermission) Scopes() []sharing.Scope {
	var scopes []sharing.Scope
	for _, recipient := range c.Recipients {
		if recipient.Kind == sharing.ToAccount {
			scopes = append(scopes, sharing.Scope{Account: sharing.AccountID(recipient.ID), Region: c.Image.Region})
		}
	}
	return scopes
}

func (c ModifySnapshotPermission) Without(drop func(sharing.Scope) bool) Change {
	return c.less(within(c.Image.Region, drop))
}

func (c ModifyLaunchPermission) Without(drop func(sharing.Scope) bool) Change {
	return c.less(within(c.Image.Region, drop))
}

// within makes of a question about scopes one about recipients. Organizations are no scopes.
func within(region sharing.Region, drop func(sharing.Scope) bool) func(sharing.Recipient) bool {
	return func(r sharing.Recipient) bool {
		return r.Kind == sharing.ToAccount && drop(sharing.Scope{Account: sharing.AccountID(r.ID), Region: region})
	}
}

// less returns the change without some of its recipients, or nil when nobody is left.
func (c ModifySnapshotPermission) less(drop func(sharing.Recipient) bool) Change {
	c.Accounts = slices.DeleteFunc(slices.Clone(c.Accounts), func(account sharing.AccountID) bool { return drop(sharing.Account(account)) })
	if len(c.Accounts) == 0 {
		return nil
	}
	return c
}

// less returns the change without some of its recipients, or nil when nobody is left.
func (c ModifyLaunchPermission) less(drop func(sharing.Recipient) bool) Change {
	c.Recipients = slices.DeleteFunc(slices.Clone(c.Recipients), drop)
	if len(c.Recipients) == 0 {
		return nil
	}
	return c
}

// Only returns the part of a change that is for the scopes that keep reports, or nil when there is none. Organizations are
// no part of it: they are no scopes.
func Only(c Change, keep func(sharing.Scope) bool) Change {
	if permission, ok := c.(ModifyLaunchPermission); ok {
		part, _ := Divide(permission, within(permission.Image.Region, keep))
		return part
	}
	return c.Without(func(s sharing.Scope) bool { return !keep(s) })
}

// Divide cuts a change of permissions into the part for the recipients that pick reports, and the rest; either is nil when
// there is nothing in it. Any other change is for one account and can't be divided: all of it is the rest.
func Divide(c Change, pick func(sharing.Recipient) bool) (part, rest Change) {
	leave := func(r sharing.Recipient) bool { return !pick(r) }
	switch c := c.(type) {
	case ModifyLaunchPermission:
		return c.less(leave), c.less(pick)
	case ModifySnapshotPermission:
		return c.less(leave), c.less(pick)
	default:
		return nil, c
	}
}

// Changed cuts a change of permissions into the part that its undo takes back, because the change has made it, and the part that
// somebody else had made before; either is nil when there is nothing in it. Any other change is made as a whole.
func Changed(c, undo Change) (made, before Change) {
	names := map[sharing.Recipient]bool{}
	switch undo := undo.(type) {
	case ModifyLaunchPermission:
		for _, recipient := range undo.Recipients {
			names[recipient] = true
		}
	case ModifySnapshotPermission:
		for _, account := range undo.Accounts {
			names[sharing.Account(account)] = true
		}
	default:
		return c, nil
	}
	return Divide(c, func(r sharing.Recipient) bool { return names[r] })
}

func (c ModifySnapshotPermission) String() string {
	if c.Operation == Remove {
		return fmt.Sprintf("stop sharing the snapshot %s with %s", c.Snapshot, sharing.Counted(len(c.Accounts), "account"))
	}
	return fmt.Sprintf("share the snapshot %s with %s", c.Snapshot, sharing.Counted(len(c.Accounts), "account"))
}

func (c ModifyLaunchPermission) String() string {
	if c.Operation == Remove {
		return fmt.Sprintf("stop sharing the AMI %s with %s", c.Image.ID, sharing.Counted(len(c.Recipients), "recipient"))
	}
	return fmt.Sprintf("share the AMI %s with %s", c.Image.ID, sharing.Counted(len(c.Recipients), "recipient"))
}
