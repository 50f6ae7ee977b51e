package awssim

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// World is everything that exists when the server starts. Policies are given inline, as JSON documents.
type World struct {
	// Partition of all accounts: "aws" unless given.
	Partition string `json:"partition,omitempty"`
	// Accounts, each with what it owns.
	Accounts []WorldAccount `json:"accounts"`
	// Organizations and their trees of organizational units.
	Organizations []WorldOrganization `json:"organizations,omitempty"`
	// Hostility switches on what makes AWS hard to work with.
	Hostility Hostility `json:"hostility,omitzero"`
	// Faults happen to the calls they match.
	Faults []Fault `json:"faults,omitempty"`
	// LatencyMillis is how long every call takes at least.
	LatencyMillis int `json:"latency_millis,omitempty"`
}

// WorldAccount is one AWS account.
type WorldAccount struct {
	// ID of 12 digits.
	ID string `json:"id"`
	// Name for people, and for images that are looked up by owner alias, as in "amazon".
	Name string `json:"name,omitempty"`
	// Users with access keys.
	Users []WorldUser `json:"users,omitempty"`
	// Roles to assume.
	Roles []WorldRole `json:"roles,omitempty"`
	// ManagedPolicies that roles and sessions can name by ARN.
	ManagedPolicies []WorldPolicy `json:"managed_policies,omitempty"`
	// ServiceLinkedRoles are service principals, with "/suffix" where the role has one.
	ServiceLinkedRoles []string `json:"service_linked_roles,omitempty"`
	// DisabledRegions are opt-in Regions that the account has not enabled.
	DisabledRegions []string `json:"disabled_regions,omitempty"`
	// Keys of KMS.
	Keys []WorldKey `json:"keys,omitempty"`
	// Regions holds EC2 and Auto Scaling by Region.
	Regions map[string]WorldRegion `json:"regions,omitempty"`
}

// WorldUser is an IAM user with one access key.
type WorldUser struct {
	// Name of the user.
	Name string `json:"name"`
	// AccessKeyID and SecretAccessKey sign its calls.
	AccessKeyID     string `json:"access_key_id"`
	SecretAccessKey string `json:"secret_access_key"`
	// Policies are inline identity policies.
	Policies []json.RawMessage `json:"policies,omitempty"`
	// Tags of the user, as aws:PrincipalTag shows them.
	Tags map[string]string `json:"tags,omitempty"`
}

// WorldRole is an IAM role.
type WorldRole struct {
	// Name without path.
	Name string `json:"name"`
	// Path begins and ends with "/"; "/" unless given.
	Path string `json:"path,omitempty"`
	// TrustPolicy says who may assume it.
	TrustPolicy json.RawMessage `json:"trust_policy"`
	// Policies are inline identity policies.
	Policies []json.RawMessage `json:"policies,omitempty"`
	// ManagedPolicies are ARNs of the account's managed policies that are attached to the role.
	ManagedPolicies []string `json:"managed_policies,omitempty"`
	// MaxSessionDuration in seconds; 3600 unless given.
	MaxSessionDuration int `json:"max_session_duration,omitempty"`
	// Tags of the role, as aws:PrincipalTag shows them.
	Tags map[string]string `json:"tags,omitempty"`
}

// WorldPolicy is a managed policy.
type WorldPolicy struct {
	// Name without path.
	Name string `json:"name"`
	// Document of the policy.
	Document json.RawMessage `json:"document"`
}

// WorldKey is a KMS key.
type WorldKey struct {
	// Region that the key is in.
	Region string `json:"region"`
	// ID is a UUID, or "mrk-" and 32 hexadecimal digits for a multi-Region key; made up unless given.
	ID string `json:"id,omitempty"`
	// Aliases with their "alias/".
	Aliases []string `json:"aliases,omitempty"`
	// Policy of the key; the default one, which delegates to the account, unless given.
	Policy json.RawMessage `json:"policy,omitempty"`
	// State is "Enabled" (the default), "Disabled", "PendingDeletion", "PendingImport", "Unavailable", "Creating" or "Updating".
	State string `json:"state,omitempty"`
	// Spec is "SYMMETRIC_DEFAULT" unless given.
	Spec string `json:"spec,omitempty"`
	// Usage is "ENCRYPT_DECRYPT" unless given.
	Usage string `json:"usage,omitempty"`
	// Origin is "AWS_KMS" (the default), "EXTERNAL", "AWS_CLOUDHSM" or "EXTERNAL_KEY_STORE".
	Origin string `json:"origin,omitempty"`
	// MultiRegion is "PRIMARY" or "REPLICA"; replicas share the primary's id. Empty means a single-Region key.
	MultiRegion string `json:"multi_region,omitempty"`
	// AWSManaged makes it a key of an AWS service, whose policy nobody can change.
	AWSManaged bool `json:"aws_managed,omitempty"`
	// GrantLimit is how many grants the key takes; AWS's 50,000 unless given.
	GrantLimit int `json:"grant_limit,omitempty"`
	// Tags of the key.
	Tags map[string]string `json:"tags,omitempty"`
}

// WorldOrganization is an organization.
type WorldOrganization struct {
	// ID begins with "o-".
	ID string `json:"id"`
	// ManagementAccount is the account id in the organization's ARNs.
	ManagementAccount string `json:"management_account"`
	// Root id, as in "r-abcd".
	Root string `json:"root,omitempty"`
	// Accounts directly below the root.
	Accounts []string `json:"accounts,omitempty"`
	// Units below the root.
	Units []WorldUnit `json:"units,omitempty"`
}

// WorldUnit is an organizational unit.
type WorldUnit struct {
	// ID begins with "ou-".
	ID string `json:"id"`
	// Accounts directly below the unit.
	Accounts []string `json:"accounts,omitempty"`
	// Units below the unit.
	Units []WorldUnit `json:"units,omitempty"`
}

// Load reads a world as JSON. A field that it does not know is an error.
func Load(r io.Reader) (World, error) {
	var world World
	decoder := json.NewDecoder(r)
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&world); err != nil {
		return World{}, fmt.Errorf("reading the world: %w", err)
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return World{}, errors.New("reading the world: there is more after it")
	}
	return world, nil
}
