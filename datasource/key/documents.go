// SPDX-License-Identifier: MPL-2.0

package key

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/amishare/packer-plugin-ami-share/internal/access"
	"github.com/amishare/packer-plugin-ami-share/internal/policy"
	"github.com/amishare/packer-plugin-ami-share/internal/sharing"
)

// documents is what the policies are written for.
func (s *search) documents() policy.Config {
	c := policy.Config{
		Partition: s.source.partition, SourceAccount: s.source.account, SourcePrincipal: s.source.principal, SourceRole: s.source.role,
		Operations: access.GrantOperations(s.config.GrantOperations), OrganizationID: s.config.OrganizationID,
		TrustedPrincipals: s.config.TrustedPrincipals, AccountsInKeyPolicies: s.config.KeyPolicyPrincipals == accountsInKeyPolicies,
		Announcements: s.config.announcements(), ShareSnapshots: true, Verify: true, Explain: true, Build: true, FindByTags: len(s.config.Tags) > 0, EndGrants: s.config.ExactGrants,
		Exact: s.config.Exact || s.config.ExactGrants,
	}
	for _, key := range s.keys {
		c.Keys = append(c.Keys, key.ARN)
	}
	for _, target := range s.targets.Accounts {
		c.Targets = append(c.Targets, s.target(target))
	}
	return c
}

// announcements are those in the AMIs' own account. They have been checked.
func (c *Config) announcements() sharing.Announcements {
	parameters, _ := access.ParseParameters(c.Parameters, true)
	return sharing.Announcements{Parameters: parameters, SharedTags: sharing.SharedTags(c.SharedTags), Watermark: c.Watermark}
}

// target is a target as the documents name it, its grantees as IAM knows them.
func (s *search) target(t sharing.Target) policy.Target {
	t.Grantees = slices.Clone(t.Grantees)
	for i, grantee := range t.Grantees {
		for _, proven := range s.grantees {
			if proven.Account == t.Account && proven.Grantee == grantee {
				t.Grantees[i] = located(grantee, proven.ARN)
			}
		}
	}
	target := policy.Target{Target: t, RoleARN: s.principal(t.Account)}
	if role := s.targets.Sources[t.Account].Role; role != nil {
		target.ExternalID, target.SessionTags = role.ExternalID, len(role.Tags) > 0 || s.config.TransitiveTags
	}
	return target
}

// located puts the path and the account of a role's ARN into a grantee.
func located(grantee sharing.Grantee, roleARN string) sharing.Grantee {
	arn, err := sharing.ParseARN(roleARN)
	if err != nil {
		return grantee
	}
	path := strings.TrimPrefix(arn.Resource, "role")
	grantee.Account, grantee.Path = arn.Account, path[:strings.LastIndexByte(path, '/')+1]
	return grantee
}

// output puts everything together.
func (s *search) output() DatasourceOutput {
	documents, main := s.documents(), s.main()
	output := DatasourceOutput{
		ARN: main.ARN, KeyID: main.ID, AccountID: string(main.Account), Region: string(main.Region), MultiRegion: main.MultiRegion,
		KMSKeyIDs: map[string]string{}, RegionKMSKeyIDs: map[string]string{}, GranteeARNs: s.granteeARNs(),
		KeyPolicyStatements:   policy.KeyPolicyStatements(documents),
		TargetRolePolicy:      policy.TargetRolePolicy(documents),
		TargetRoleTrustPolicy: policy.TargetRoleTrustPolicy(documents),
		SourcePolicy:          policy.SourcePolicy(documents),
		TargetRolePolicies:    map[string]string{}, TargetRoleTrustPolicies: map[string]string{},
		Warnings: append([]string{}, s.warnings...),
	}
	for _, key := range s.keys {
		output.KMSKeyIDs[string(key.Region)] = key.ARN
		if key.Region != main.Region {
			output.RegionKMSKeyIDs[string(key.Region)] = key.ARN
		}
	}
	for _, target := range documents.Targets {
		if target.RoleARN == "" {
			continue
		}
		alone := documents
		alone.Targets = []policy.Target{target}
		output.TargetRolePolicies[string(target.Account)] = policy.TargetRolePolicy(alone)
		output.TargetRoleTrustPolicies[string(target.Account)] = policy.TargetRoleTrustPolicy(alone)
	}
	output.Warnings = append(output.Warnings, append(s.tooLong(output.KeyPolicyStatements), tooLarge(output)...)...)
	return output
}

// tooLarge warns of documents that AWS would refuse for their size.
func tooLarge(output DatasourceOutput) []string {
	var warnings []string
	for _, document := range []struct {
		name, text string
		limit      int
		remedy     string
	}{
		{"source_policy", output.SourcePolicy, policy.ManagedPolicyLimit, "attach it as several policies, with some of the statements each"},
		{"target_role_policy", output.TargetRolePolicy, policy.ManagedPolicyLimit, "take the account's own of target_role_policies"},
		{"target_role_trust_policy", output.TargetRoleTrustPolicy, policy.TrustPolicyLimit, "take the account's own of target_role_trust_policies"},
	} {
		if n := policy.Length(document.text); n > document.limit {
			warnings = append(warnings, fmt.Sprintf("%s has %d characters, and AWS takes %d: %s", document.name, n, document.limit, document.remedy))
		}
	}
	for _, account := range slices.Sorted(maps.Keys(output.TargetRolePolicies)) {
		if n := policy.Length(output.TargetRolePolicies[account]); n > policy.ManagedPolicyLimit {
			warnings = append(warnings, fmt.Sprintf("the policy of the role in account %s has %d characters, and AWS takes %d: attach it as several policies, with some of the statements each",
				account, n, policy.ManagedPolicyLimit))
		}
	}
	return warnings
}

// tooLong warns when statements don't fit into a key policy.
func (s *search) tooLong(statements string) []string {
	if !policy.TooLong(statements) {
		return nil
	}
	remedy := "set organization_id to let in the organization's accounts instead of naming each"
	if s.config.OrganizationID != "" {
		remedy = "give the roles of the targets fewer different names"
	}
	return []string{fmt.Sprintf("key_policy_statements has %d bytes, and a key policy holds %d with those that it has already: %s",
		len(statements), policy.KeyPolicyLimit, remedy)}
}

// granteeARNs are the roles that were found, or, without the proof, those that are named.
func (s *search) granteeARNs() []string {
	arns := []string{}
	for _, target := range s.targets.Accounts {
		for _, grantee := range s.target(target).Grantees {
			if target.Credentials {
				arns = append(arns, grantee.ARN(s.source.partition, target.Account))
			}
		}
	}
	slices.Sort(arns)
	return slices.Compact(arns)
}
