// SPDX-License-Identifier: MPL-2.0

// Package policy writes the least-privilege documents of a configuration: statements for the keys' policy, the policy
// and the trust policy of the role in each target, the policy of whoever runs Packer, and the inline policy that narrows
// a session to one run.
//
// It is pure, and it evaluates nothing: whether AWS agrees is asked with DryRun. Each statement says in its comment what
// it is for; what no call of the plugin needs is not in it.
package policy

import (
	"slices"
	"strings"

	"github.com/amishare/packer-plugin-ami-share/internal/sharing"
)

// Config is what the documents are to allow.
type Config struct {
	// Partition of all ARNs; "" means "aws".
	Partition string
	// SourceAccount owns the AMIs. SourcePrincipal is the ARN of the role or user of it that runs Packer. Of a role that
	// was assumed elsewhere only the name is known: then SourceRole is set instead. With neither the whole account is let
	// in, and decides by its own policies.
	SourceAccount   sharing.AccountID
	SourcePrincipal string
	SourceRole      string
	// TrustedPrincipals are the ARNs of those who will run Packer, where that is not SourcePrincipal.
	TrustedPrincipals []string
	// AccountsInKeyPolicies lets the keys' policies name the targets' accounts as principals, with a condition on their
	// roles: KMS refuses a policy that names a role which does not exist yet.
	// https://docs.aws.amazon.com/kms/latest/APIReference/API_PutKeyPolicy.html
	AccountsInKeyPolicies bool
	// Keys are the ARNs of the keys, one or more in each Region.
	Keys []string
	// Regions of the AMIs; none means those of the keys.
	Regions []sharing.Region
	// Resources are the ARNs of the AMIs and snapshots. They are not known before the build: then every AMI and
	// snapshot of the Regions is meant.
	Resources []string
	// Targets with and without credentials. Those without need no permission in their account.
	Targets []Target
	// Operations of each grant.
	Operations []string
	// OrganizationID ("o-…") that all targets belong to. It is used when the targets are too many for a key policy.
	OrganizationID string

	// Announcements of the AMIs' own account; those of the targets are theirs.
	Announcements sharing.Announcements

	// ShareSnapshots adds what create-volume permissions take.
	ShareSnapshots bool
	// Verify adds what looking from inside the targets takes.
	Verify bool
	// Exact adds asking who uses an AMI before it is taken away.
	Exact bool
	// EndGrants adds ending grants that no target names, also those of accounts that can't be entered any more.
	EndGrants bool
	// FindByTags adds the search for a key by its tags.
	FindByTags bool
	// Explain adds reading the key policies, so that a refusal can be explained.
	Explain bool
	// Build adds what EBS does with the keys for whoever runs Packer while it makes and copies an encrypted AMI.
	Build bool
	// Nameless leaves out the names of the statements for keys: a policy that has some of them already can't have them twice.
	Nameless bool
}

// SidPrefix begins the names of all statements.
const SidPrefix = "AmiShare"

// Target is a target account, and how the run gets into it.
type Target struct {
	sharing.Target
	// RoleARN is the role that the run assumes; "" means other credentials of the account.
	RoleARN    string
	ExternalID string
	// SessionTags says that the role is assumed with session tags.
	SessionTags bool
}

func (c Config) partition() string {
	if c.Partition == "" {
		return "aws"
	}
	return c.Partition
}

// root is an account as a principal: whoever its own policies allow.
func (c Config) root(account sharing.AccountID) string {
	return sharing.ARN{Partition: c.partition(), Service: "iam", Account: account, Resource: "root"}.String()
}

// toSource lets in whoever runs Packer. A principal must be named whole, and a session's ARN lacks its role's path.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html
func (c Config) toSource(s statement) statement {
	switch {
	case len(c.TrustedPrincipals) > 0:
		return s.to(unique(c.TrustedPrincipals)...)
	case c.SourcePrincipal != "":
		return s.to(c.SourcePrincipal)
	case c.SourceRole != "":
		role := sharing.Grantee{Path: "/", Name: c.SourceRole}
		nested := sharing.Grantee{Path: "/*/", Name: c.SourceRole}
		return s.to(c.root(c.SourceAccount)).
			matching("aws:PrincipalArn", role.ARN(c.partition(), c.SourceAccount), nested.ARN(c.partition(), c.SourceAccount))
	default:
		return s.to(c.root(c.SourceAccount))
	}
}

// principal is who acts inside a target.
func (c Config) principal(t Target) string {
	if t.RoleARN != "" {
		return t.RoleARN
	}
	return c.root(t.Account)
}

// entered are the targets that the run acts in.
func (c Config) entered() []Target {
	return slices.DeleteFunc(slices.Clone(c.Targets), func(t Target) bool { return !t.Credentials })
}

// grantees returns the ARNs of a target's grantees. A role named without its path can have any, unless its account is
// set, as it is when IAM has been asked.
func (c Config) grantees(t Target) []string {
	var arns []string
	for _, grantee := range t.Grantees {
		arns = append(arns, grantee.ARN(c.partition(), t.Account))
		if grantee.Path == "/" && grantee.Account == "" {
			grantee.Path = "/*/"
			arns = append(arns, grantee.ARN(c.partition(), t.Account))
		}
	}
	return unique(arns)
}

// regions returns the Regions of the AMIs, sorted.
func (c Config) regions() []sharing.Region {
	regions := slices.Clone(c.Regions)
	if len(regions) == 0 {
		for _, key := range c.Keys {
			if arn, err := sharing.ParseARN(key); err == nil {
				regions = append(regions, arn.Region)
			}
		}
	}
	return unique(regions)
}

// regionsOf returns the Regions in which a target gets anything.
func (c Config) regionsOf(t Target) []sharing.Region {
	return slices.DeleteFunc(c.regions(), func(region sharing.Region) bool { return !t.In(region) })
}

// keysOf returns the keys that some of the targets use.
func (c Config) keysOf(targets []Target) []string {
	return slices.DeleteFunc(unique(c.Keys), func(key string) bool { return !inSome(targets, sharing.RegionOf(key)) })
}

func inSome(targets []Target, region sharing.Region) bool {
	return slices.ContainsFunc(targets, func(t Target) bool { return t.In(region) })
}

// foreign returns the keys that are not the source account's.
func (c Config) foreign() []string {
	return slices.DeleteFunc(unique(c.Keys), func(key string) bool {
		arn, err := sharing.ParseARN(key)
		return err != nil || arn.Account == c.SourceAccount
	})
}

// resources returns the ARNs of the AMIs ("image") or snapshots ("snapshot").
// https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonec2.html
func (c Config) resources(kind string) []string {
	var arns []string
	for _, arn := range c.Resources {
		if strings.Contains(arn, ":"+kind+"/") {
			arns = append(arns, arn)
		}
	}
	if len(c.Resources) > 0 {
		return unique(arns)
	}
	for _, region := range c.regions() {
		arns = append(arns, sharing.ARN{Partition: c.partition(), Service: "ec2", Region: region, Resource: kind + "/*"}.String())
	}
	return arns
}

// flatMap collects f's results, sorted and each once.
func flatMap[T any, S ~string](all []T, f func(T) []S) []S {
	var collected []S
	for _, one := range all {
		collected = append(collected, f(one)...)
	}
	return unique(collected)
}

func unique[S ~string](all []S) []S {
	sorted := slices.Clone(all)
	slices.Sort(sorted)
	return slices.Compact(sorted)
}
