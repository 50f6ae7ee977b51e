// SPDX-License-Identifier: MPL-2.0

package policy

import (
	"strings"

	"github.com/amishare/packer-plugin-ami-share/internal/sharing"
)

// KeyPolicyLimit is how long a key policy can be, in bytes; it can't be raised.
// https://docs.aws.amazon.com/kms/latest/developerguide/resource-limits.html
const KeyPolicyLimit = 32 << 10

// ownStatements is the room that is left in a key policy for the statements that the key has already.
const ownStatements = 2 << 10

// KeyPolicyStatements returns the statements to add to the policy of each key, as a JSON array: whoever acts in a target
// may create the grants of this configuration and no others, and look at the key; and the source account may use the key
// where it belongs to another account. While they fit, they name each role and each grantee; else they name the
// organization, or grantees by pattern where the organization isn't known.
func KeyPolicyStatements(c Config) string {
	targets := c.entered()
	grantees := flatMap(targets, c.grantees)
	text := indented(c.keyStatements(targets, grantees))
	switch {
	case !TooLong(text):
		return text
	case c.OrganizationID != "":
		return indented(c.organizationStatements(targets, anyAccount(grantees)))
	default:
		return indented(c.keyStatements(targets, anyAccount(grantees)))
	}
}

// TooLong tells whether statements don't fit into a key policy together with those that a key has by default.
func TooLong(statements string) bool { return len(statements) > KeyPolicyLimit-ownStatements }

func (c Config) keyStatements(targets []Target, grantees []string) []statement {
	statements := []statement{}
	if len(grantees) > 0 {
		statements = c.open(granting(targets), createGrants(grantees, c.Operations), c.look())
	}
	statements = append(statements, c.letUse(targets)...)
	return c.named(append(statements, c.foreignKeyStatements()...))
}

// letUse lets who acts in the targets use the key, where the configuration demands that they can.
func (c Config) letUse(targets []Target) []statement {
	return c.open(filter(targets, func(t Target) bool { return t.MustUse }), allow("AmiShareUse", useActions(), []string{"*"}))
}

// open gives what the statements allow to who acts in the targets: to roles by their names, or by their accounts.
func (c Config) open(targets []Target, allowed ...statement) []statement {
	statements := []statement{}
	give := func(some []Target, principal func(Target) string, within func(statement) statement) {
		if len(some) == 0 {
			return
		}
		principals := flatMap(some, func(t Target) []string { return []string{principal(t)} })
		for _, s := range allowed {
			statements = append(statements, within(s.to(principals...)))
		}
	}
	if c.AccountsInKeyPolicies {
		roles := filter(targets, func(t Target) bool { return t.RoleARN != "" })
		targets = filter(targets, func(t Target) bool { return t.RoleARN == "" })
		give(roles, func(t Target) string { return c.root(t.Account) }, func(s statement) statement {
			s.Sid += "InAccounts"
			return s.matching("aws:PrincipalArn", flatMap(roles, func(t Target) []string { return []string{t.RoleARN} })...)
		})
	}
	give(targets, c.principal, func(s statement) statement { return s })
	return statements
}

// useActions are what is proved of the use of a key.
func useActions() []string { return []string{"kms:Decrypt", "kms:ReEncryptFrom", "kms:ReEncryptTo"} }

// named returns statements with or without their names.
func (c Config) named(statements []statement) []statement {
	if c.Nameless {
		for i := range statements {
			statements[i].Sid = ""
		}
	}
	return statements
}

// organizationStatements open the key to the organization's roles of the names that the targets have. The accounts that
// can use it are bounded by the organization instead of by a list.
// https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/share-amis-with-organizations-and-OUs.html
func (c Config) organizationStatements(targets []Target, grantees []string) []statement {
	roles := flatMap(granting(targets), func(t Target) []string { return anyAccount([]string{c.principal(t)}) })
	within := func(s statement) statement {
		return s.to("*").when("StringEquals", "aws:PrincipalOrgID", c.OrganizationID).matching("aws:PrincipalArn", roles...)
	}
	statements := append([]statement{within(createGrants(grantees, c.Operations)), within(c.look())}, c.letUse(targets)...)
	return c.named(append(statements, c.foreignKeyStatements()...))
}

// createGrants allows the grants, and nothing else: these grantees, at most these operations. It stands alone because
// kms:GranteePrincipal exists in CreateGrant only; on any other action the condition would never hold. There is no
// kms:GrantIsForAWSResource in it: the plugin calls KMS itself. ForAllValues holds also where there are no values, and
// there always are some: CreateGrant requires operations.
// https://docs.aws.amazon.com/kms/latest/developerguide/conditions-kms.html
func createGrants(grantees, operations []string) statement {
	return allow("AmiShareCreateGrants", []string{"kms:CreateGrant"}, []string{"*"}).
		matching("kms:GranteePrincipal", grantees...).
		when("ForAllValues:StringEquals", "kms:GrantOperations", operations...)
}

// look allows a target to see that its grants are there, and to find those that are out of date when the source may not
// list them. Retiring them needs no statement: kms:RetireGrant has no effect
// in a key policy, the account that issued a grant may always retire it.
// https://docs.aws.amazon.com/kms/latest/developerguide/grant-manage.html
func (c Config) look() statement {
	return allow("AmiShareLook", []string{"kms:ListGrants"}, []string{"*"})
}

// foreignKeyStatements let the source account use a key of another account: it looks at the key, and EBS encrypts the
// AMI under it. The grants that EBS makes for that are made by an AWS service, hence the condition.
// https://docs.aws.amazon.com/ebs/latest/userguide/ebs-encryption.html
func (c Config) foreignKeyStatements() []statement {
	if len(c.foreign()) == 0 {
		return nil
	}
	statements := []statement{c.toSource(allow("AmiShareSourceLooks", c.sourceKeyActions(), []string{"*"}))}
	if c.EndGrants {
		statements = append(statements, c.toSource(allow("AmiShareSourceRevokes", []string{"kms:RevokeGrant"}, []string{"*"})))
	}
	if !c.Build {
		return statements
	}
	for _, s := range c.build([]string{"*"}) {
		statements = append(statements, c.toSource(s))
	}
	return statements
}

// anyAccount replaces the accounts of ARNs by a wildcard.
func anyAccount(arns []string) []string {
	patterns := make([]string, len(arns))
	for i, s := range arns {
		patterns[i] = s
		if arn, err := sharing.ParseARN(s); err == nil {
			arn.Account = "*"
			patterns[i] = strings.Replace(arn.String(), ":*:root", ":*:*", 1)
		}
	}
	return unique(patterns)
}
