// SPDX-License-Identifier: MPL-2.0

package policy

import "slices"

// The functions of this file return the statements that a policy lacks, as JSON for people to paste into it. They have no
// Sid, which would have to be unique in the policy.

// IdentityStatement returns what the identity-based policy of a role or user lacks that may not do action on resource; ""
// means any resource.
func IdentityStatement(action, resource string) string {
	resources := []string{resource}
	switch {
	case resource == "":
		resources = []string{"*"}
	case action == "iam:GetRole":
		resources = withoutPaths(resources)
	}
	return allow("", together(action), resources).pasted()
}

// together are the actions that go with one that is refused: a use of a key takes all of its actions.
func together(action string) []string {
	if slices.Contains(useActions(), action) {
		return useActions()
	}
	return []string{action}
}

// LaunchStatement returns what the identity-based policy of a role or user lacks that may not give a group a launch template, in a
// partition.
// https://docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-launch-template-permissions.html
func LaunchStatement(partition string) string {
	return allow("", []string{"ec2:RunInstances"}, []string{"*"}).when("ArnLike", "ec2:LaunchTemplate", anyTemplate(partition)).pasted()
}

// KeyStatement returns what a key's policy lacks that does not allow action to principal.
func KeyStatement(action, principal string) string {
	return allow("", together(action), []string{"*"}).to(principal).pasted()
}

// GrantStatement returns what a key's policy lacks that does not let principal create a grant for grantee. It allows that
// grant and no other.
func GrantStatement(principal, grantee string, operations []string) string {
	return createGrants([]string{grantee}, operations).to(principal).pasted()
}

// TrustStatement returns what a role's trust policy lacks that does not let principal assume the role; "" as external id
// means none. Actions are what is asked for along with it: sts:TagSession, sts:SetSourceIdentity.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_create_for-user_externalid.html
func TrustStatement(principal, externalID string, actions ...string) string {
	s := allow("", append([]string{"sts:AssumeRole"}, actions...), nil).to(principal)
	if externalID != "" {
		s = s.when("StringEquals", "sts:ExternalId", externalID)
	}
	return s.pasted()
}

// DefaultKeyStatements returns what the policy of an account's default EBS key lacks that does not let a role use the key
// for volumes, one statement after the other.
// https://docs.aws.amazon.com/autoscaling/ec2/userguide/key-policy-requirements-EBS-encryption.html
func DefaultKeyStatements(role string) string {
	use := []string{"kms:Encrypt", "kms:Decrypt", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:DescribeKey"}
	return allow("", use, []string{"*"}).to(role).pasted() + "\n" + grantsForEBS([]string{"*"}).to(role).pasted()
}

// pasted returns a statement without its name, indented.
func (s statement) pasted() string {
	s.Sid = ""
	return indented(s)
}
