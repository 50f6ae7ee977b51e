// SPDX-License-Identifier: MPL-2.0

package access

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/amishare/packer-plugin-ami-share/internal/clients"
	"github.com/amishare/packer-plugin-ami-share/internal/sharing"
)

// The shapes and limits of https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html.
const (
	shortestSession     = 15 * time.Minute
	longestSession      = 12 * time.Hour
	longestPolicy       = 2048
	mostPolicyARNs      = 10
	mostTags            = 50
	longestTagKey       = 128
	longestTagValue     = 256
	longestRoleARN      = 2048
	longestExternalID   = 1224
	longestSessionName  = 64
	sessionNameAlphabet = "letters, digits and +=,.@-_"
	externalIDAlphabet  = "letters, digits and +=,.@:/-_"
)

var (
	sessionNamePattern = regexp.MustCompile(`^[\w+=,.@-]{2,}$`)
	externalIDPattern  = regexp.MustCompile(`^[\w+=,.@:/-]{2,}$`)
)

func (r AssumeRoleConfig) empty() bool {
	return r.RoleARN == "" && r.DurationSeconds == 0 && r.ExternalID == "" && r.Policy == "" && r.PolicyARNs == nil &&
		r.SessionName == "" && r.Tags == nil && r.TransitiveTagKeys == nil
}

func (r AssumeRoleConfig) check(f findings) {
	if r.RoleARN != "" && !f.open(r.RoleARN) {
		f.add("role_arn", checkRoleARN(r.RoleARN))
	}
	if d := r.duration(); r.DurationSeconds != 0 && (d < shortestSession || d > longestSession) {
		f.addf("duration_seconds: %d is not from 900 (15 minutes) to 43200 (12 hours)", r.DurationSeconds)
	}
	f.add("external_id", checkExternalID(f, r.ExternalID))
	if r.SessionName != "" && !f.open(r.SessionName) && (!sessionNamePattern.MatchString(r.SessionName) || len(r.SessionName) > longestSessionName) {
		f.addf("session_name: %q is not 2 to %d %s", r.SessionName, longestSessionName, sessionNameAlphabet)
	}
	r.checkPolicies(f)
	r.checkTags(f)
}

// checkExternalID checks the shape of an external ID, which is not shown: some keep it secret.
func checkExternalID(f findings, id string) error {
	if id == "" || f.open(id) || len(id) <= longestExternalID && externalIDPattern.MatchString(id) {
		return nil
	}
	return fmt.Errorf("an external ID is 2 to %d %s, and this one, of %d characters, is not", longestExternalID, externalIDAlphabet, len(id))
}

func checkRoleARN(s string) error {
	arn, err := sharing.ParseARN(s)
	if err != nil {
		return err
	}
	if arn.Service != "iam" || !strings.HasPrefix(arn.Resource, "role/") || len(s) > longestRoleARN {
		return fmt.Errorf("%q is not the ARN of a role (arn:aws:iam::<account>:role/<name>)", s)
	}
	if _, err := sharing.ParseAccountID(string(arn.Account)); err != nil {
		return fmt.Errorf("%q: %w", s, err)
	}
	return nil
}

func (r AssumeRoleConfig) checkPolicies(f findings) {
	length := len(r.Policy)
	if r.Policy != "" && !f.open(r.Policy) && !json.Valid([]byte(r.Policy)) {
		f.addf("policy: it is not JSON: write it with jsonencode(), or read it with file()")
	}
	for _, arn := range r.PolicyARNs {
		length += len(arn)
		if parsed, err := sharing.ParseARN(arn); !f.open(arn) && (err != nil || parsed.Service != "iam" || !strings.HasPrefix(parsed.Resource, "policy/")) {
			f.addf("policy_arns: %q is not the ARN of a managed policy (arn:aws:iam::<account>:policy/<name>)", arn)
		}
	}
	if len(r.PolicyARNs) > mostPolicyARNs {
		f.addf("policy_arns: there are %d, and AWS takes %d", len(r.PolicyARNs), mostPolicyARNs)
	}
	if length > longestPolicy {
		f.addf("policy and policy_arns have %d characters together, and AWS takes %d", length, longestPolicy)
	}
}

func (r AssumeRoleConfig) checkTags(f findings) {
	if len(r.Tags) > mostTags {
		f.addf("tags: there are %d, and AWS takes %d session tags", len(r.Tags), mostTags)
	}
	for _, key := range slices.Sorted(maps.Keys(r.Tags)) {
		if key == "" || len([]rune(key)) > longestTagKey || len([]rune(r.Tags[key])) > longestTagValue {
			f.addf("tags: %q: a key has 1 to %d characters and a value at most %d", key, longestTagKey, longestTagValue)
		}
	}
	openTags := !f.known && r.Tags != nil && len(r.Tags) == 0
	for _, key := range r.TransitiveTagKeys {
		if _, ok := r.Tags[key]; !ok && !openTags && !f.open(key) {
			f.addf("transitive_tag_keys: %q is none of the keys in tags", key)
		}
	}
}

func (r AssumeRoleConfig) duration() time.Duration {
	return time.Duration(r.DurationSeconds) * time.Second
}

// role returns what awsapi is to assume.
func (r AssumeRoleConfig) role() *clients.AssumeRole {
	return &clients.AssumeRole{
		RoleARN: r.RoleARN, ExternalID: r.ExternalID,
		SessionName: cmp.Or(r.SessionName, clients.DefaultSessionName), Duration: cmp.Or(r.duration(), clients.DefaultSession),
		Policy: r.Policy, PolicyARNs: r.PolicyARNs, Tags: r.Tags, TransitiveTagKeys: r.TransitiveTagKeys,
	}
}

func (r TargetRoleConfig) empty() bool {
	return r.RoleName == "" && r.ExternalIDs == nil && r.AssumeRoleConfig.empty()
}

// externalID returns the external ID for an account, and whether there is one or none is to be sent.
func (r TargetRoleConfig) externalID(account sharing.AccountID) (string, bool) {
	if id, ok := r.ExternalIDs[string(account)]; ok {
		return id, true
	}
	return r.ExternalID, r.ExternalID != "" || len(r.ExternalIDs) == 0
}

// everyExternalID returns all external IDs of the target.
func (r TargetRoleConfig) everyExternalID() []string {
	return append(slices.Collect(maps.Values(r.ExternalIDs)), r.ExternalID)
}

// roleIn returns what awsapi is to assume in an account.
func (r TargetRoleConfig) roleIn(account sharing.AccountID) *clients.AssumeRole {
	role := r.role()
	role.RoleName = r.RoleName
	role.ExternalID, _ = r.externalID(account)
	return role
}

// check finds what is wrong with the role of a target that has these accounts.
func (r TargetRoleConfig) check(f findings, accounts []sharing.AccountID) {
	r.AssumeRoleConfig.check(f)
	r.checkExternalIDs(f, accounts)
	switch {
	case r.RoleName == "" && r.RoleARN == "":
		f.addf("it names no role: give role_name, or role_arn for a single account")
	case r.RoleName != "" && r.RoleARN != "":
		f.addf("it has both role_name and role_arn: give one of them")
	case strings.HasPrefix(r.RoleName, "arn:"):
		f.addf("role_name: %q is an ARN: put it into role_arn, or give the name alone", r.RoleName)
	case r.RoleName != "" && !f.open(r.RoleName):
		_, err := sharing.ParseGranteeRole(r.RoleName)
		f.add("role_name", err)
	case r.RoleARN != "" && !f.open(r.RoleARN):
		r.checkAccount(f, accounts)
	}
}

// checkExternalIDs checks the map, and that no account goes without.
func (r TargetRoleConfig) checkExternalIDs(f findings, accounts []sharing.AccountID) {
	for _, key := range slices.Sorted(maps.Keys(r.ExternalIDs)) {
		if f.open(key) {
			continue
		}
		_, err := sharing.ParseAccountID(key)
		f.add("external_ids", err)
		f.add(fmt.Sprintf("external_ids: account %s", key), checkExternalID(f, r.ExternalIDs[key]))
	}
	if r.ExternalIDs == nil || len(r.ExternalIDs) == 0 && !f.known {
		return // a map that Packer doesn't know yet is shown as an empty one
	}
	for _, account := range accounts {
		if _, ok := r.externalID(account); !ok {
			f.addf("external_ids: account %s is missing: add it, with \"\" if its role asks for no external ID, or give external_id for those that are not named", account)
		}
	}
}

// checkAccount finds out whether role_arn is in the target's one account.
func (r TargetRoleConfig) checkAccount(f findings, accounts []sharing.AccountID) {
	if len(accounts) > 1 {
		f.addf("role_arn: one role can't be in %d accounts: give role_name, which makes the ARN in each, or a target of its own to each account", len(accounts))
		return
	}
	arn, err := sharing.ParseARN(r.RoleARN)
	if err == nil && len(accounts) == 1 && arn.Account != accounts[0] {
		f.addf("role_arn: %q is a role of account %s and the target is account %s: a grant must be issued from inside the target", r.RoleARN, arn.Account, accounts[0])
	}
}
