// SPDX-License-Identifier: MPL-2.0

// Package bootstrap writes what an administrator deploys before the first build: the role in each target as CloudFormation
// and as Terraform, the keys' whole new policies, the bare documents, and in which order they go.
//
// It is pure: files are texts by name. internal/policy writes the documents; here they are put into the forms that the
// tools take.
package bootstrap

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/amishare/packer-plugin-ami-share/internal/policy"
	"github.com/amishare/packer-plugin-ami-share/internal/sharing"
)

// Config is what the files are written for.
type Config struct {
	policy.Config
	Keys []Key
}

// Key is a key whose policy is to let the targets in.
type Key struct {
	ARN string
	// Policy that it has now, "" when it can't be read.
	Policy string
}

// Readme is the file that says in which order the others are deployed.
const Readme = "README.md"

// accountHere stands in a document for the account that it is deployed in, and externalIDHere for that account's external
// ID. No ARN and no external ID has such characters.
const (
	accountHere    = "${Account}"
	externalIDHere = "${ExternalID}"
)

// Files returns the files by name, and what AWS would refuse of them, with the way out.
func Files(c Config) (map[string]string, []sharing.Problem) {
	files, problems := map[string]string{}, []sharing.Problem(nil)
	roles := c.roles()
	for _, role := range roles {
		problems = append(problems, role.check()...)
		role.write(files)
	}
	sources := policy.SourcePolicies(c.Config)
	for i, document := range sources {
		files[numbered("packer-policy", i, len(sources))] = document
	}
	if len(sources) > policy.ManagedPolicies {
		problems = append(problems, tooLarge("packer-policy", fmt.Sprintf("it takes %d policies, and a role takes %d", len(sources), policy.ManagedPolicies),
			"Give the targets' roles the same name, which makes it short, or use fewer keys."))
	}
	policies := c.keyPolicies()
	for _, p := range policies {
		problems = append(problems, p.check()...)
		files[p.file+".json"] = p.text
	}
	if text := terraformOf(policies); text != "" {
		files["key-policy.tf"] = text
	}
	files[Readme] = c.readme(roles, policies, len(sources)) + list(files)
	return files, problems
}

// write adds the role's files.
func (r role) write(files map[string]string) {
	files[r.file()+".stack.json"] = r.stack()
	files[r.file()+".tf"] = r.terraform()
	files[r.file()+"-policy.json"] = r.document(r.policy)
	files[r.file()+"-trust-policy.json"] = r.trustOf(r.accounts[0])
	for _, account := range r.accounts[1:] {
		if r.externalIDs[account] != r.externalIDs[r.accounts[0]] {
			files[fmt.Sprintf("%s-trust-policy.%s.json", r.file(), account)] = r.trustOf(account)
		}
	}
}

// file is the name of the role's files, without what they end in.
func (r role) file() string { return "target-role" + r.suffix }

// stackName is the name of the role's stack and stack set: those of another role must not be taken for it.
func (r role) stackName() string { return "ami-share" + r.suffix }

func numbered(name string, i, of int) string {
	if of == 1 {
		return name + ".json"
	}
	return fmt.Sprintf("%s-%d.json", name, i+1)
}

func tooLarge(what, cause, remedy string) sharing.Problem {
	return sharing.Problem{Doing: "writing " + what + " for bootstrap_directory", Cause: cause, Remedy: remedy}
}

// role is the role of some targets: of all that have one of that name.
type role struct {
	path, name  string
	suffix      string // of the names of its files and its stack, where there are several roles
	accounts    []sharing.AccountID
	externalIDs map[sharing.AccountID]string
	policy      string // with accountHere
	trust       string // with externalIDHere where there are external IDs
}

// roles are the targets' roles by name, sorted.
func (c Config) roles() []role {
	byName := map[string][]policy.Target{}
	for _, t := range c.Targets {
		if arn, err := sharing.ParseARN(t.RoleARN); err == nil && t.Credentials {
			name := strings.TrimPrefix(arn.Resource, "role")
			byName[name] = append(byName[name], t)
		}
	}
	var roles []role
	named := map[string]int{}
	for _, name := range sorted(byName) {
		r := c.role(name, byName[name])
		if len(byName) > 1 {
			r.suffix = "-" + notInStackName.ReplaceAllString(r.name, "-")
		}
		if named[r.suffix]++; named[r.suffix] > 1 { // the same name below another path
			r.suffix += fmt.Sprintf("-%d", named[r.suffix])
		}
		roles = append(roles, r)
	}
	return roles
}

// notInStackName is what a role's name may have and a stack's may not.
var notInStackName = regexp.MustCompile(`[^A-Za-z0-9-]`)

// role is written for an account that stands for all: whatever names a target's account, names the one that the role is in.
func (c Config) role(resource string, targets []policy.Target) role {
	i := strings.LastIndexByte(resource, '/') + 1
	r := role{path: resource[:i], name: resource[i:], externalIDs: map[sharing.AccountID]string{}}
	anywhere := c.Config
	anywhere.Targets = nil
	for _, t := range targets {
		r.accounts = append(r.accounts, t.Account)
		r.externalIDs[t.Account] = t.ExternalID
		anywhere.Targets = append(anywhere.Targets, relocated(t))
	}
	slices.Sort(r.accounts)
	r.policy, r.trust = policy.TargetRolePolicy(anywhere), policy.TargetRoleTrustPolicy(anywhere)
	return r
}

// relocated is a target in accountHere.
func relocated(t policy.Target) policy.Target {
	arn, _ := sharing.ParseARN(t.RoleARN) // it was parsed before
	arn.Account = accountHere
	grantees := slices.Clone(t.Grantees)
	for i := range grantees {
		if grantees[i].Account == t.Account {
			grantees[i].Account = accountHere
		}
	}
	t.RoleARN, t.Grantees, t.Account = arn.String(), grantees, accountHere
	if t.ExternalID != "" {
		t.ExternalID = externalIDHere
	}
	return t
}

// same returns the external ID of all accounts, and whether it is the same one.
func (r role) same() (string, bool) {
	first := r.externalIDs[r.accounts[0]]
	for _, account := range r.accounts {
		if r.externalIDs[account] != first {
			return "", false
		}
	}
	return first, true
}

// check finds what AWS or CloudFormation would refuse.
func (r role) check() []sharing.Problem {
	var problems []sharing.Problem
	if n := policy.Length(r.policy); n > policy.InlinePolicyLimit {
		problems = append(problems, tooLarge(r.file(), fmt.Sprintf("the role's policy has %d characters, and AWS takes %d", n, policy.InlinePolicyLimit),
			"Give targets that differ a data source each, with a directory each: the role of one gets no permissions of the others then."))
	}
	if n := r.longestTrust(); n > policy.TrustPolicyLimit {
		problems = append(problems, tooLarge(r.file(), fmt.Sprintf("the trust policy has %d characters, and AWS takes %d", n, policy.TrustPolicyLimit), "Name fewer principals in trusted_principals."))
	}
	if n := len(r.stack()); n > templateLimit {
		problems = append(problems, tooLarge(r.file()+".stack.json", fmt.Sprintf("it has %d bytes, and CloudFormation takes %d", n, templateLimit), apart))
	}
	return append(problems, r.checkExternalIDs()...)
}

// What a template of CloudFormation can hold that is not fetched from S3: bytes, and accounts in its mapping.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html
const (
	templateLimit = 51200
	mappingLimit  = 200
)

const apart = "Name fewer accounts in this data source, and the others in another one with a directory of its own."

// checkExternalIDs finds external IDs that can't be written where they differ.
func (r role) checkExternalIDs() []sharing.Problem {
	if _, same := r.same(); same {
		return nil
	}
	var problems []sharing.Problem
	if n := len(r.accounts); n > mappingLimit {
		problems = append(problems, tooLarge(r.file()+".stack.json",
			fmt.Sprintf("the external IDs of %d accounts differ, and a mapping of CloudFormation holds %d", n, mappingLimit), apart))
	}
	for _, account := range r.accounts {
		if r.externalIDs[account] == "" {
			problems = append(problems, sharing.Problem{
				Doing: "writing " + r.file() + " for bootstrap_directory", Cause: fmt.Sprintf("account %s has no external ID, and other accounts have one", account),
				Remedy: "Give it one too, or give its target a data source and a directory of its own.",
			})
		}
	}
	return problems
}

// longestTrust is how many characters of the trust policy count where the external ID is the longest.
func (r role) longestTrust() int {
	longest := 0
	for _, id := range r.externalIDs {
		longest = max(longest, len(id))
	}
	return policy.Length(strings.ReplaceAll(r.trust, externalIDHere, strings.Repeat("x", longest)))
}

// trustOf is the trust policy in an account.
func (r role) trustOf(account sharing.AccountID) string {
	return strings.ReplaceAll(r.trust, externalIDHere, r.externalIDs[account])
}

// document is a document in a file of its own: with the account if there is one, else with any.
func (r role) document(text string) string {
	account := sharing.AccountID("*")
	if len(r.accounts) == 1 {
		account = r.accounts[0]
	}
	return strings.ReplaceAll(text, accountHere, string(account))
}
