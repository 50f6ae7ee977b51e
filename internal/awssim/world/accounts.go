// SPDX-License-Identifier: MPL-2.0

package world

import "encoding/json"

// User is an IAM user with one access key.
type User struct {
	// Name of the user.
	Name string `json:"name"`
	// AccessKeyID and SecretAccessKey sign its calls.
	AccessKeyID     string `json:"access_key_id"`
	SecretAccessKey string `json:"secret_access_key"`
	// Policies are inline identity policies.
	Policies []json.RawMessage `json:"policies,omitempty"`
	// ManagedPolicies are ARNs of the account's managed policies that are attached to the user.
	ManagedPolicies []string `json:"managed_policies,omitempty"`
	// PermissionsBoundary is the ARN of a managed policy of the account that bounds what the user may do; empty for none.
	PermissionsBoundary string `json:"permissions_boundary,omitempty"`
	// Tags of the user, as aws:PrincipalTag shows them.
	Tags map[string]string `json:"tags,omitempty"`
}

// Role is an IAM role.
type Role struct {
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
	// PermissionsBoundary is the ARN of a managed policy of the account that bounds what the role may do; empty for none.
	PermissionsBoundary string `json:"permissions_boundary,omitempty"`
	// MaxSessionDuration in seconds; 3600 unless given.
	MaxSessionDuration int `json:"max_session_duration,omitempty"`
	// Tags of the role, as aws:PrincipalTag shows them.
	Tags map[string]string `json:"tags,omitempty"`
}

// OpenIDProvider is an identity provider of OpenID Connect.
type OpenIDProvider struct {
	// URL of the provider, as in "https://token.actions.githubusercontent.com".
	URL string `json:"url"`
	// ClientIDs are the audiences that its tokens may be for.
	ClientIDs []string `json:"client_ids"`
	// PublicKey of the provider in PEM, as in RSA or ECDSA: it verifies the tokens.
	PublicKey string `json:"public_key"`
}

// Policy is a managed policy.
type Policy struct {
	// Name without path.
	Name string `json:"name"`
	// Document of the policy.
	Document json.RawMessage `json:"document"`
}

// Key is a KMS key.
type Key struct {
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
	// VolumeGrants is how many grants it has for volumes that are attached to the account's instances: each volume has one.
	VolumeGrants int `json:"volume_grants,omitempty"`
	// Tags of the key.
	Tags map[string]string `json:"tags,omitempty"`
}

// Organization is an organization.
type Organization struct {
	// ID begins with "o-".
	ID string `json:"id"`
	// ManagementAccount is the account id in the organization's ARNs.
	ManagementAccount string `json:"management_account"`
	// Root id, as in "r-abcd".
	Root string `json:"root,omitempty"`
	// DelegatedAdministrators are accounts that may list the organization's accounts, besides the management account.
	DelegatedAdministrators []string `json:"delegated_administrators,omitempty"`
	// Accounts directly below the root.
	Accounts []string `json:"accounts,omitempty"`
	// Units below the root.
	Units []Unit `json:"units,omitempty"`
	// ServiceControlPolicies say what principals of the accounts may do at most.
	ServiceControlPolicies []ControlPolicy `json:"service_control_policies,omitempty"`
	// WithoutFullAccess are the root, units and accounts that AWS's policy FullAWSAccess was detached from.
	WithoutFullAccess []string `json:"without_full_access,omitempty"`
	// ResourceControlPolicies say what may be done with resources of the accounts at most.
	ResourceControlPolicies []ControlPolicy `json:"resource_control_policies,omitempty"`
}

// ControlPolicy is a service control policy or a resource control policy.
type ControlPolicy struct {
	// ID begins with "p-".
	ID string `json:"id"`
	// Targets are ids of the root, of units and of accounts that the policy is attached to.
	Targets []string `json:"targets"`
	// Document of the policy.
	Document json.RawMessage `json:"document"`
}

// Unit is an organizational unit.
type Unit struct {
	// ID begins with "ou-".
	ID string `json:"id"`
	// Accounts directly below the unit.
	Accounts []string `json:"accounts,omitempty"`
	// Units below the unit.
	Units []Unit `json:"units,omitempty"`
}
