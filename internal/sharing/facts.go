// SPDX-License-Identifier: MPL-2.0

package sharing

import "time"

// Facts are what AWS said was there, as far as a Request touches it.
type Facts struct {
	Partition string
	Images    []Image        // in the order of the request; those that EC2 does not show have State ImageMissing
	Keys      map[string]Key // by ARN: every key of the AMIs' snapshots
	Targets   map[AccountID]TargetFacts
	// Parameters of the AMIs' own account.
	Parameters StoredParameters
	Warnings   []string // what could not be read and is not needed to go on
}

// ImageMissing is the state of an AMI that DescribeImages does not know. The other states are AWS's.
const ImageMissing = "missing"

// Image is an AMI as its owner sees it.
type Image struct {
	Ref               ImageRef
	Owner             AccountID
	Name              string
	State             string   // "available", …
	CopyOf            ImageRef // what CopyImage or CreateImage made it from; empty when EC2 does not say
	LaunchPermissions []Recipient
	Snapshots         []Snapshot
	Tags              map[string]string
	Watermarks        []string // keys: the account that attached it, ":" and the name
}

// Snapshot is an EBS snapshot behind an AMI.
type Snapshot struct {
	ID         string
	Encrypted  bool
	KeyARN     string      // "" unless Encrypted
	Recipients []Recipient // create-volume permissions
	Tags       map[string]string
}

// Key is a KMS key as far as the plugin may look at it. The zero value with an ARN is a key that could not be described.
type Key struct {
	ARN          string
	Described    bool // whether DescribeKey was allowed
	AWSManaged   bool
	State        string // "Enabled", …
	Grants       []Grant
	GrantsListed bool // whether ListGrants was allowed; without it Grants is empty
	// SharedWith are all with whom other AMIs of the owner under this key are shared. It is read for exact_grants only,
	// and SharingKnown says that it could be.
	SharedWith   []Recipient
	SharingKnown bool
}

// Grant is a grant on a key, as ListGrants shows it. What KMS leaves out is empty: nothing can be concluded from that.
// https://docs.aws.amazon.com/kms/latest/APIReference/API_GrantListEntry.html
type Grant struct {
	ID          string
	Name        string
	Issuer      AccountID // the account that the grant was issued from, "" when KMS does not name it
	Grantee     string    // ARN; the unique id ("AROA…") when the role is gone or not resolved yet; a service's name; ""
	Operations  []string
	Constrained bool // carries an encryption-context or source constraint
	Created     time.Time
}

// TargetFacts are what was found inside a target account. Without credentials they are empty.
type TargetFacts struct {
	// Problems stop everything in the account: its role can't be assumed, for one.
	Problems []Problem
	Roles    map[Grantee]Role
	Groups   []AutoScalingGroup
	// Tags of AMIs and snapshots as the account sees them, by Region and resource id; only what is asked for.
	Tags       map[Region]map[string]map[string]string
	Parameters StoredParameters
	Templates  StoredTemplates
}

// Role is a role that a grant names.
type Role struct {
	Exists   bool
	ARN      string
	UniqueID string // "AROA…"
}

// AutoScalingGroup is a group named in auto_scaling_groups, in a Region where it exists.
type AutoScalingGroup struct {
	Region   Region
	Name     string
	RoleARN  string // its ServiceLinkedRoleARN
	Operator string // the service that manages it, "" for none
}
