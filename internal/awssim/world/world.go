// SPDX-License-Identifier: MPL-2.0

// Package world says what exists when the local AWS starts: the format of world files, in JSON or in Go.
package world

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// World is everything that exists when the server starts. Policies are given inline, as JSON documents.
type World struct {
	// Schema is where the JSON Schema of world files is, for editors. Nothing here reads it.
	Schema string `json:"$schema,omitempty"`
	// Partition of all accounts: "aws" unless given.
	Partition string `json:"partition,omitempty"`
	// Accounts, each with what it owns.
	Accounts []Account `json:"accounts"`
	// Organizations and their trees of organizational units.
	Organizations []Organization `json:"organizations,omitempty"`
	// Hostility switches on what makes AWS hard to work with.
	Hostility Hostility `json:"hostility,omitzero"`
	// Faults happen to the calls they match.
	Faults []Fault `json:"faults,omitempty"`
	// LatencyMillis is how long every call takes at least.
	LatencyMillis int `json:"latency_millis,omitempty"`
}

// Account is one AWS account.
type Account struct {
	// ID of 12 digits.
	ID string `json:"id"`
	// Name for people, and for AMIs that are looked up by owner alias, as in "amazon".
	Name string `json:"name,omitempty"`
	// State of the account in its organization: "ACTIVE" (the default), "SUSPENDED", "PENDING_CLOSURE", "CLOSED", "PENDING_ACTIVATION".
	State string `json:"state,omitempty"`
	// Tags of the account in its organization.
	Tags map[string]string `json:"tags,omitempty"`
	// Users with access keys.
	Users []User `json:"users,omitempty"`
	// Roles to assume.
	Roles []Role `json:"roles,omitempty"`
	// OpenIDProviders are identity providers of OpenID Connect, whose users can get sessions of the account's roles.
	OpenIDProviders []OpenIDProvider `json:"open_id_providers,omitempty"`
	// ManagedPolicies that roles and sessions can name by ARN.
	ManagedPolicies []Policy `json:"managed_policies,omitempty"`
	// ServiceLinkedRoles are service principals, with "/suffix" where the role has one.
	ServiceLinkedRoles []string `json:"service_linked_roles,omitempty"`
	// TrustPolicyQuota is how many characters a trust policy can have: 2,048 unless AWS has raised it, to 4,096 at most.
	TrustPolicyQuota int `json:"trust_policy_quota,omitempty"`
	// DisabledRegions are opt-in Regions that the account has not enabled.
	DisabledRegions []string `json:"disabled_regions,omitempty"`
	// Keys of KMS.
	Keys []Key `json:"keys,omitempty"`
	// Regions holds EC2 and Auto Scaling by Region.
	Regions map[string]Region `json:"regions,omitempty"`
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
