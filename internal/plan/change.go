// SPDX-License-Identifier: MPL-2.0

package plan

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/amishare/packer-plugin-ami-share/internal/sharing"
)

// Change is one write call to AWS, as a value.
//
//sumtype:decl
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

// CreateServiceLinkedRole creates a service-linked role in a target.
// https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateServiceLinkedRole.html
type CreateServiceLinkedRole struct {
	Account sharing.AccountID
	Grantee sharing.Grantee
	ARN     string
}

// CreateGrant issues a grant from inside a target.
// https://docs.aws.amazon.com/kms/latest/APIReference/API_CreateGrant.html
type CreateGrant struct {
	Account    sharing.AccountID
	Region     sharing.Region
	KeyARN     string
	GranteeARN string
	GranteeID  string // the role's unique id ("AROA…"), "" when it is not known
	Operations []string
	Name       string
	NewRole    bool // the role is made by this run, and KMS may take its time to know it
	// Maybe are the ids of grants of this name that may be this very grant. KMS tells: its answer to a CreateGrant of a
	// name and content that is there is the id of the grant that is there.
	Maybe []string
}

// RetireGrant ends a grant of this plugin.
// https://docs.aws.amazon.com/kms/latest/APIReference/API_RetireGrant.html
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
	// Unused says that the grant must only be retired if no AMI of the owner under the key is shared with the account but
	// those in Besides. That is looked at right before.
	Unused  bool
	Besides []sharing.ImageRef
}

// PutTags writes tags on an AMI or snapshot as a target sees it.
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateTags.html
type PutTags struct {
	Account  sharing.AccountID
	Image    sharing.ImageRef
	Resource string // the AMI's own id or a snapshot's
	Tags     map[string]string
	Previous map[string]string // what there is of them
}

// RestoreTags undoes a PutTags. No plan holds it.
type RestoreTags struct {
	Account  sharing.AccountID
	Image    sharing.ImageRef
	Resource string
	Delete   []string          // keys that were not there before
	Restore  map[string]string // what the others were
}

// SetGroupRole points an Auto Scaling group at a service-linked role.
// https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_UpdateAutoScalingGroup.html
type SetGroupRole struct {
	Account  sharing.AccountID
	Region   sharing.Region
	Group    string
	RoleARN  string
	Previous string
}

func (CreateServiceLinkedRole) change()  {}
func (CreateGrant) change()              {}
func (RetireGrant) change()              {}
func (ModifySnapshotPermission) change() {}
func (ModifyLaunchPermission) change()   {}
func (PutTags) change()                  {}
func (RestoreTags) change()              {}
func (SetGroupRole) change()             {}

// Stage implements Change; so do the methods of the same name below.
func (CreateServiceLinkedRole) Stage() Stage { return Roles }
func (CreateGrant) Stage() Stage             { return Grants }
func (RetireGrant) Stage() Stage             { return GrantRemovals }
func (PutTags) Stage() Stage                 { return Tags }
func (RestoreTags) Stage() Stage             { return Tags }
func (SetGroupRole) Stage() Stage            { return Groups }

func (c CreateServiceLinkedRole) Scopes() []sharing.Scope { return one(c.Account, "") }
func (c CreateGrant) Scopes() []sharing.Scope             { return one(c.Account, c.Region) }
func (c RetireGrant) Scopes() []sharing.Scope             { return one(c.Account, c.Region) }
func (c PutTags) Scopes() []sharing.Scope                 { return one(c.Account, c.Image.Region) }
func (c RestoreTags) Scopes() []sharing.Scope             { return one(c.Account, c.Image.Region) }
func (c SetGroupRole) Scopes() []sharing.Scope            { return one(c.Account, c.Region) }

func one(account sharing.AccountID, region sharing.Region) []sharing.Scope {
	return []sharing.Scope{{Account: account, Region: region}}
}

func (c CreateServiceLinkedRole) Without(drop func(sharing.Scope) bool) Change {
	return unless(c, drop)
}
func (c CreateGrant) Without(drop func(sharing.Scope) bool) Change  { return unless(c, drop) }
func (c RetireGrant) Without(drop func(sharing.Scope) bool) Change  { return unless(c, drop) }
func (c PutTags) Without(drop func(sharing.Scope) bool) Change      { return unless(c, drop) }
func (c RestoreTags) Without(drop func(sharing.Scope) bool) Change  { return unless(c, drop) }
func (c SetGroupRole) Without(drop func(sharing.Scope) bool) Change { return unless(c, drop) }

func unless(c Change, drop func(sharing.Scope) bool) Change {
	if slices.ContainsFunc(c.Scopes(), drop) {
		return nil
	}
	return c
}

func (c CreateServiceLinkedRole) String() string { return "create the service-linked role " + c.ARN }

func (c CreateGrant) String() string { return "grant the key " + c.KeyARN + " to " + c.GranteeARN }

func (c RetireGrant) String() string {
	return fmt.Sprintf("retire the grant %s of %s on the key %s (%s)", c.GrantID, c.GranteeARN, c.KeyARN, c.Why)
}

func (c PutTags) String() string {
	return fmt.Sprintf("tag %s in account %s: %s", c.Resource, c.Account, strings.Join(slices.Sorted(maps.Keys(c.Tags)), ", "))
}

func (c RestoreTags) String() string {
	return fmt.Sprintf("take back the tags of %s in account %s", c.Resource, c.Account)
}

func (c SetGroupRole) String() string {
	return fmt.Sprintf("point the Auto Scaling group %s at %s", c.Group, c.RoleARN)
}
