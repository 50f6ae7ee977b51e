// SPDX-License-Identifier: MPL-2.0

package sharing

import "slices"

// Request is what a run is asked to bring about. Everything in it is validated and resolved; it carries no credentials.
type Request struct {
	// AMIs to share, sorted, each once.
	Images []ImageRef
	// BuildRegion is the Region in which Packer built, "" when the artifact does not say. With skip_save_build_region the
	// artifact names an AMI of that Region that Packer has deregistered after it had copied it.
	BuildRegion Region
	// Targets, sorted by account, each account once.
	Targets []Target
	// Organizations and OrganizationalUnits are ARNs that get launch permission only.
	Organizations       []string
	OrganizationalUnits []string

	ShareSnapshots   bool
	GrantOperations  []string // of each grant; order as the user gave it
	Exact            bool     // also remove the permissions that no target names
	ExactGrants      bool     // also end the grants that no target names and no other AMI under the key needs
	ForceRemoval     bool     // remove also from those who use an AMI, and from most of its recipients
	AllowUnencrypted bool     // accept AMIs without encrypted snapshots

	// Announcements are for the AMIs' own account.
	Announcements Announcements

	// Run is what no other run has: by it a run knows again what it has made where AWS has no name for that.
	Run string

	// SharingQuota is how many accounts, organizations and OUs an AMI can be shared with; 0 means [DefaultSharingQuota].
	SharingQuota int
}

// DefaultSharingQuota is AWS's quota of recipients of an AMI where nobody has had it raised.
// https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/ami-quotas.html
const DefaultSharingQuota = 1000

// Target is an account to share with.
type Target struct {
	Account AccountID
	// Credentials says that the run can act inside the account. Without them it gets permissions and nothing else.
	Credentials bool
	// Grantees get one grant each on every key of the AMIs, issued from inside the account.
	Grantees []Grantee
	// CreateServiceLinkedRoles allows to create the service-linked roles among Grantees that are missing.
	CreateServiceLinkedRoles bool
	// AutoScalingGroups are names of groups to point at the first Auto Scaling service-linked role of Grantees.
	AutoScalingGroups []string
	// CopyTags puts the tags of AMIs and snapshots on them as the account sees them.
	CopyTags bool
	// Regions in which the account gets anything; none means all of the AMIs'.
	Regions []Region
	// Announcements are made in the account after verification.
	Announcements Announcements
	// ThroughOrganization says that the account has launch permission as a member of an organization or organizational
	// unit: it gets none of its own.
	ThroughOrganization bool
	// ProveUse asks KMS from inside the account whether whoever acts there could use the keys. What KMS refuses is a failure
	// with MustUse, and else a warning.
	ProveUse, MustUse bool
	// Canaries are instances that verification starts, by the first Auto Scaling service-linked role of Grantees.
	Canaries []Canary
}

// In tells whether the target gets anything in a Region.
func (t Target) In(region Region) bool {
	return len(t.Regions) == 0 || slices.Contains(t.Regions, region)
}

// RegionsBeyond returns the Regions that targets name and that are none of the given ones, with the accounts that name them.
func RegionsBeyond(targets []Target, regions []Region) map[Region][]AccountID {
	beyond := map[Region][]AccountID{}
	for _, target := range targets {
		for _, region := range target.Regions {
			if !slices.Contains(regions, region) {
				beyond[region] = append(beyond[region], target.Account)
			}
		}
	}
	return beyond
}

// Recipients returns all who are to get launch permission of their own for the AMIs of a Region, sorted by kind.
func (r Request) Recipients(region Region) []Recipient {
	return r.recipients(func(t Target) bool { return t.In(region) && !t.ThroughOrganization })
}

// Named returns all whom the request names for a Region, sorted by kind: those who keep the permissions that they have.
func (r Request) Named(region Region) []Recipient {
	return r.recipients(func(t Target) bool { return t.In(region) })
}

func (r Request) recipients(wanted func(Target) bool) []Recipient {
	recipients := make([]Recipient, 0, len(r.Targets)+len(r.Organizations)+len(r.OrganizationalUnits))
	for _, target := range r.Targets {
		if wanted(target) {
			recipients = append(recipients, Account(target.Account))
		}
	}
	for _, arn := range r.Organizations {
		recipients = append(recipients, Recipient{ToOrganization, arn})
	}
	for _, arn := range r.OrganizationalUnits {
		recipients = append(recipients, Recipient{ToOrganizationalUnit, arn})
	}
	return recipients
}
