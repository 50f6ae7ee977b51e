package plan

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/amishare/packer-plugin-ami-share/internal/sharing"
)

// Stage orders changes: all changes of a stage are done, or have failed, before the next stage begins; within a stage
// they are free. Image permissions are the commit point: before them nobody sees an image that it can't launch.
// Whatever takes something away comes after everything that gives.
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
)

func (s Stage) String() string {
	return [...]string{
		"service-linked roles", "grants", "snapshot permissions", "image permissions", "tags", "Auto Scaling groups",
		"removal of image permissions", "removal of snapshot permissions", "removal of grants",
	}[s]
}

// Change is one write call to AWS, as a value.
type Change interface {
	// Stage tells when its turn is.
	Stage() Stage
	// Scopes are the places that the change is for. When it fails it has failed for each of them.
	Scopes() []sharing.Scope
	// Without returns the change less what it does for the scopes that drop reports, or nil when nothing is left.
	Without(drop func(sharing.Scope) bool) Change
	// String says what the change does, as in "grant the key arn:… to arn:…".
	String() string

	change()
}

// CreateServiceLinkedRole creates a service-linked role in a target. Its opposite is DeleteServiceLinkedRole.
type CreateServiceLinkedRole struct {
	Account sharing.AccountID
	Grantee sharing.Grantee
	ARN     string
}

// DeleteServiceLinkedRole undoes CreateServiceLinkedRole. No plan holds it.
type DeleteServiceLinkedRole struct {
	Account sharing.AccountID
	Grantee sharing.Grantee
}

// CreateGrant issues a grant from inside a target. Its opposite is a RetireGrant of the grant that it made.
type CreateGrant struct {
	Account    sharing.AccountID
	Region     sharing.Region
	KeyARN     string
	GranteeARN string
	Operations []string
	Name       string
	NewRole    bool // the role is made by this run, and KMS may take its time to know it
}

// RetireGrant takes back a grant of this plugin. Its opposite creates it again.
type RetireGrant struct {
	Issuer     sharing.AccountID // who issued it, and therefore may retire it
	Account    sharing.AccountID // the target that it was made for
	Region     sharing.Region
	KeyARN     string
	GrantID    string
	GranteeARN string // as ListGrants shows it
	Operations []string
	Name       string
	Why        string // for people: "its role was deleted", "no target names it"
}

// ModifySnapshotPermission adds or removes accounts; one of both is empty, and they are at most 500.
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_ModifySnapshotAttribute.html
type ModifySnapshotPermission struct {
	Image    sharing.ImageRef // that the snapshot belongs to
	Snapshot string
	Add      []sharing.AccountID
	Remove   []sharing.AccountID
}

// ModifyLaunchPermission adds or removes recipients; one of both is empty.
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_ModifyImageAttribute.html
type ModifyLaunchPermission struct {
	Image  sharing.ImageRef
	Add    []sharing.Recipient
	Remove []sharing.Recipient
}

// PutTags writes tags on an image or snapshot as a target sees it. Previous holds the values that it overwrites.
type PutTags struct {
	Account  sharing.AccountID
	Image    sharing.ImageRef
	Resource string // the image's own id or a snapshot's
	Tags     map[string]string
	Previous map[string]string
}

// RemoveTags undoes PutTags where there was no tag before. No plan holds it.
type RemoveTags struct {
	Account  sharing.AccountID
	Image    sharing.ImageRef
	Resource string
	Keys     []string
	Restore  map[string]string
}

// SetGroupRole points an Auto Scaling group at a service-linked role.
type SetGroupRole struct {
	Account  sharing.AccountID
	Region   sharing.Region
	Group    string
	RoleARN  string
	Previous string
}

func (CreateServiceLinkedRole) change()  {}
func (DeleteServiceLinkedRole) change()  {}
func (CreateGrant) change()              {}
func (RetireGrant) change()              {}
func (ModifySnapshotPermission) change() {}
func (ModifyLaunchPermission) change()   {}
func (PutTags) change()                  {}
func (RemoveTags) change()               {}
func (SetGroupRole) change()             {}

// Stage implements Change; so do the methods of the same name below.
func (CreateServiceLinkedRole) Stage() Stage { return Roles }
func (DeleteServiceLinkedRole) Stage() Stage { return Roles }
func (CreateGrant) Stage() Stage             { return Grants }
func (RetireGrant) Stage() Stage             { return GrantRemovals }
func (PutTags) Stage() Stage                 { return Tags }
func (RemoveTags) Stage() Stage              { return Tags }
func (SetGroupRole) Stage() Stage            { return Groups }

func (c ModifySnapshotPermission) Stage() Stage {
	if len(c.Remove) > 0 {
		return SnapshotRemovals
	}
	return SnapshotPermissions
}

func (c ModifyLaunchPermission) Stage() Stage {
	if len(c.Remove) > 0 {
		return ImageRemovals
	}
	return ImagePermissions
}

func (c CreateServiceLinkedRole) Scopes() []sharing.Scope { return one(c.Account, "") }
func (c DeleteServiceLinkedRole) Scopes() []sharing.Scope { return one(c.Account, "") }
func (c CreateGrant) Scopes() []sharing.Scope             { return one(c.Account, c.Region) }
func (c RetireGrant) Scopes() []sharing.Scope             { return one(c.Account, c.Region) }
func (c PutTags) Scopes() []sharing.Scope                 { return one(c.Account, c.Image.Region) }
func (c RemoveTags) Scopes() []sharing.Scope              { return one(c.Account, c.Image.Region) }
func (c SetGroupRole) Scopes() []sharing.Scope            { return one(c.Account, c.Region) }

func (c ModifySnapshotPermission) Scopes() []sharing.Scope {
	var scopes []sharing.Scope
	for _, account := range slices.Concat(c.Add, c.Remove) {
		scopes = append(scopes, sharing.Scope{Account: account, Region: c.Image.Region})
	}
	return scopes
}

// Scopes holds the accounts among the recipients: organizations don't fail for themselves.
func (c ModifyLaunchPermission) Scopes() []sharing.Scope {
	var scopes []sharing.Scope
	for _, recipient := range slices.Concat(c.Add, c.Remove) {
		if recipient.Kind == sharing.ToAccount {
			scopes = append(scopes, sharing.Scope{Account: sharing.AccountID(recipient.ID), Region: c.Image.Region})
		}
	}
	return scopes
}

func one(account sharing.AccountID, region sharing.Region) []sharing.Scope {
	return []sharing.Scope{{Account: account, Region: region}}
}

func (c CreateServiceLinkedRole) Without(drop func(sharing.Scope) bool) Change {
	return unless(c, drop)
}

func (c DeleteServiceLinkedRole) Without(drop func(sharing.Scope) bool) Change {
	return unless(c, drop)
}
func (c CreateGrant) Without(drop func(sharing.Scope) bool) Change  { return unless(c, drop) }
func (c RetireGrant) Without(drop func(sharing.Scope) bool) Change  { return unless(c, drop) }
func (c PutTags) Without(drop func(sharing.Scope) bool) Change      { return unless(c, drop) }
func (c RemoveTags) Without(drop func(sharing.Scope) bool) Change   { return unless(c, drop) }
func (c SetGroupRole) Without(drop func(sharing.Scope) bool) Change { return unless(c, drop) }

func unless(c Change, drop func(sharing.Scope) bool) Change {
	if slices.ContainsFunc(c.Scopes(), drop) {
		return nil
	}
	return c
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
	dropped := func(account sharing.AccountID) bool { return drop(sharing.Account(account)) }
	c.Add = slices.DeleteFunc(slices.Clone(c.Add), dropped)
	c.Remove = slices.DeleteFunc(slices.Clone(c.Remove), dropped)
	if len(c.Add)+len(c.Remove) == 0 {
		return nil
	}
	return c
}

// less returns the change without some of its recipients, or nil when nobody is left.
func (c ModifyLaunchPermission) less(drop func(sharing.Recipient) bool) Change {
	c.Add = slices.DeleteFunc(slices.Clone(c.Add), drop)
	c.Remove = slices.DeleteFunc(slices.Clone(c.Remove), drop)
	if len(c.Add)+len(c.Remove) == 0 {
		return nil
	}
	return c
}

// Only returns the part of a change that is for the scopes that keep reports, or nil when there is none. Organizations are
// no part of it: they are no scopes.
func Only(c Change, keep func(sharing.Scope) bool) Change {
	switch c := c.(type) {
	case ModifyLaunchPermission:
		part, _ := Divide(c, within(c.Image.Region, keep))
		return part
	default:
		return c.Without(func(s sharing.Scope) bool { return !keep(s) })
	}
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

func (c CreateServiceLinkedRole) String() string { return "create the service-linked role " + c.ARN }

func (c DeleteServiceLinkedRole) String() string {
	return "delete the service-linked role " + c.Grantee.Name + " of account " + string(c.Account)
}

func (c CreateGrant) String() string { return "grant the key " + c.KeyARN + " to " + c.GranteeARN }

func (c RetireGrant) String() string {
	return fmt.Sprintf("retire the grant %s of %s on the key %s (%s)", c.GrantID, c.GranteeARN, c.KeyARN, c.Why)
}

func (c ModifySnapshotPermission) String() string {
	if len(c.Remove) > 0 {
		return fmt.Sprintf("stop sharing the snapshot %s with %s", c.Snapshot, sharing.Counted(len(c.Remove), "account"))
	}
	return fmt.Sprintf("share the snapshot %s with %s", c.Snapshot, sharing.Counted(len(c.Add), "account"))
}

func (c ModifyLaunchPermission) String() string {
	if len(c.Remove) > 0 {
		return fmt.Sprintf("stop sharing the image %s with %s", c.Image.ID, sharing.Counted(len(c.Remove), "recipient"))
	}
	return fmt.Sprintf("share the image %s with %s", c.Image.ID, sharing.Counted(len(c.Add), "recipient"))
}

func (c PutTags) String() string {
	return fmt.Sprintf("tag %s in account %s: %s", c.Resource, c.Account, strings.Join(slices.Sorted(maps.Keys(c.Tags)), ", "))
}

func (c RemoveTags) String() string {
	return fmt.Sprintf("take back the tags of %s in account %s", c.Resource, c.Account)
}

func (c SetGroupRole) String() string {
	return fmt.Sprintf("point the Auto Scaling group %s at %s", c.Group, c.RoleARN)
}
