package sharing

// Request is what a run is asked to bring about. Everything in it is validated and resolved; it carries no credentials.
type Request struct {
	// Images to share, sorted, each once.
	Images []ImageRef
	// BuildRegion is the Region in which Packer built. With skip_save_build_region, its image in the artifact is an
	// intermediary one that is gone already; only there a missing image is no error. Empty when unknown.
	BuildRegion Region
	// Targets, sorted by account, each account once.
	Targets []Target
	// Organizations and OrganizationalUnits are ARNs that get launch permission only.
	Organizations       []string
	OrganizationalUnits []string

	ShareSnapshots   bool
	GrantOperations  []string // of each grant; order as the user gave it
	Exact            bool     // also remove what no target names
	AllowUnencrypted bool     // accept images without encrypted snapshots

	// SharingQuota is how many accounts, organizations and OUs an image can be shared with; 0 means [DefaultSharingQuota].
	SharingQuota int
}

// DefaultSharingQuota is AWS's quota of recipients of an image where nobody has had it raised.
// https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/ami-quotas.html
const DefaultSharingQuota = 1000

// Target is an account to share with.
type Target struct {
	Account AccountID
	// Credentials says that the run can act inside the account. Without them it gets permissions and nothing else.
	Credentials bool
	// Grantees get one grant each on every key of the images, issued from inside the account.
	Grantees []Grantee
	// CreateServiceLinkedRoles allows to create the service-linked roles among Grantees that are missing.
	CreateServiceLinkedRoles bool
	// AutoScalingGroups are names of groups to point at the first Auto Scaling service-linked role of Grantees.
	AutoScalingGroups []string
	// CopyTags puts the tags of images and snapshots on them as the account sees them.
	CopyTags bool
}

// Recipients returns all whom the images are to be launchable for, sorted by kind.
func (r Request) Recipients() []Recipient {
	recipients := make([]Recipient, 0, len(r.Targets)+len(r.Organizations)+len(r.OrganizationalUnits))
	for _, target := range r.Targets {
		recipients = append(recipients, Account(target.Account))
	}
	for _, arn := range r.Organizations {
		recipients = append(recipients, Recipient{ToOrganization, arn})
	}
	for _, arn := range r.OrganizationalUnits {
		recipients = append(recipients, Recipient{ToOrganizationalUnit, arn})
	}
	return recipients
}
