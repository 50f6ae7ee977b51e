// SPDX-License-Identifier: MPL-2.0

package policy

import (
	"slices"
	"strings"

	"github.com/amishare/packer-plugin-ami-share/internal/sharing"
)

// TargetRolePolicy returns the policy of the role in the targets. With several targets it is one document that fits each
// of them: it names the resources of all, or, when that gets too long for a managed policy, those of any account. A role
// can change nothing outside its own account in either case.
func TargetRolePolicy(c Config) string {
	doc := whole(c.targetStatements(c.entered())...)
	if doc.fits() {
		return indented(doc)
	}
	for i := range doc.Statement {
		s := &doc.Statement[i]
		s.Resource = c.generalised(s.Resource)
		if s.Sid == "AmiShareCreateGrants" {
			*s = createGrants(anyAccount(flatMap(c.entered(), c.grantees)), c.Operations)
			s.Resource = c.keysOf(c.entered())
		}
	}
	return indented(doc)
}

// generalised replaces the accounts of what multiplies with the targets: roles, groups and their own keys.
func (c Config) generalised(resources []string) []string {
	var patterns []string
	for _, resource := range resources {
		if arn, err := sharing.ParseARN(resource); err == nil && arn.Account != "" && !slices.Contains(c.Keys, resource) {
			patterns = append(patterns, anyAccount([]string{resource})...)
			continue
		}
		patterns = append(patterns, resource)
	}
	return unique(patterns)
}

// targetStatements are the permissions inside the targets.
func (c Config) targetStatements(targets []Target) []statement {
	statements := c.grantStatements(granting(targets))
	statements = append(statements, c.roleStatements(filter(targets, func(t Target) bool { return t.CreateServiceLinkedRoles }))...)
	statements = append(statements, c.lookStatements(granting(targets))...)
	statements = append(statements, c.groupStatements(filter(targets, func(t Target) bool { return len(t.AutoScalingGroups) > 0 }))...)
	statements = append(statements, c.useStatements(filter(targets, func(t Target) bool { return t.ProveUse }))...)
	statements = append(statements, c.canaryStatements(filter(targets, func(t Target) bool { return len(t.Canaries) > 0 }))...)
	statements = append(statements, c.tagStatements(filter(targets, func(t Target) bool { return t.CopyTags }))...)
	statements = append(statements, c.announceStatements(targets)...)
	statements = append(statements, c.templateStatements(targets)...)
	statements = append(statements, c.referenceStatements(filter(targets, func(t Target) bool { return len(t.Regions) > 0 }))...)
	return statements
}

// granting are the targets that get grants.
func granting(targets []Target) []Target {
	return filter(targets, func(t Target) bool { return len(t.Grantees) > 0 })
}

// grantStatements create the grants, prove and find them, and take back those that are out of date or undone. A key of
// another account needs these permissions here as well as in its policy.
// https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-modifying-external-accounts.html
func (c Config) grantStatements(targets []Target) []statement {
	grantees := flatMap(targets, c.grantees)
	if len(grantees) == 0 {
		return nil
	}
	create := createGrants(grantees, c.Operations)
	keys := c.keysOf(targets)
	create.Resource = keys
	return []statement{
		create,
		allow("AmiShareGrants", []string{"kms:ListGrants", "kms:RetireGrant"}, keys),
		// Tells a role that is missing from one that KMS doesn't know yet, and its true path and unique id.
		allow("AmiShareRoles", []string{"iam:GetRole"}, withoutPaths(grantees)),
	}
}

// withoutPaths adds the ARNs that roles have without their paths: GetRole takes a name, and a role that does not exist has
// no path that AWS could match a policy with. Its answer would be AccessDenied instead of NoSuchEntity.
func withoutPaths(roles []string) []string {
	all := slices.Clone(roles)
	for _, role := range roles {
		all = append(all, withoutPath(role))
	}
	return unique(all)
}

// withoutPath returns the ARN that a role has without its path. What is not an ARN stays as it is.
func withoutPath(role string) string {
	arn, err := sharing.ParseARN(role)
	if err != nil {
		return role
	}
	arn.Resource = "role/" + arn.Resource[strings.LastIndexByte(arn.Resource, '/')+1:]
	return arn.String()
}

// useStatements prove that the keys can be used from inside, where no grant proves it.
// https://docs.aws.amazon.com/kms/latest/developerguide/testing-permissions.html
func (c Config) useStatements(targets []Target) []statement {
	if len(targets) == 0 {
		return nil
	}
	return []statement{allow("AmiShareProveUse", useActions(), c.keysOf(targets))}
}

// roleStatements create the service-linked roles that are missing.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/create-service-linked-role.html
func (c Config) roleStatements(targets []Target) []statement {
	var roles, services []string
	for _, t := range targets {
		for _, grantee := range t.Grantees {
			if grantee.Service != "" {
				roles = append(roles, grantee.ARN(c.partition(), t.Account))
				services = append(services, grantee.Service)
			}
		}
	}
	return []statement{
		allow("AmiShareCreateRoles", []string{"iam:CreateServiceLinkedRole"}, unique(roles)).
			matching("iam:AWSServiceName", unique(services)...),
	}
}

// lookStatements are what verification asks: whether the AMI is visible, and whether the account's own settings hide it;
// AWS knows no resources for that. The volumes of a shared AMI are encrypted under the account's default EBS key:
// when that is a customer key, its grants and its policy tell whether the grantees can use it.
// https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/AMIEncryption.html
func (c Config) lookStatements(granting []Target) []statement {
	if !c.Verify {
		return nil
	}
	actions := []string{"ec2:DescribeImages", "ec2:GetAllowedImagesSettings"}
	if len(granting) == 0 {
		return []statement{allow("AmiShareVerify", actions, []string{"*"})}
	}
	ownKeys := flatMap(granting, func(t Target) []string {
		var patterns []string
		for _, region := range c.regionsOf(t) {
			patterns = append(patterns, sharing.ARN{Partition: c.partition(), Service: "kms", Region: region, Account: t.Account, Resource: "key/*"}.String())
		}
		return patterns
	})
	return []statement{
		allow("AmiShareVerify", append(actions, "ec2:GetEbsDefaultKmsKeyId"), []string{"*"}),
		allow("AmiShareDefaultKeys", []string{"kms:DescribeKey", "kms:GetKeyPolicy", "kms:ListGrants"}, ownKeys),
	}
}

// groupStatements point Auto Scaling groups at the role, which takes the permission to pass it, and where the group has a launch
// template the permission to launch from it.
// https://docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-api-permissions.html
// https://docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-launch-template-permissions.html
func (c Config) groupStatements(targets []Target) []statement {
	var groups, roles, launched []string
	for _, t := range targets {
		for _, region := range c.regionsOf(t) {
			launched = append(launched, sharing.ARN{Partition: c.partition(), Service: "ec2", Region: region, Account: "*", Resource: "*"}.String())
		}
		for _, name := range t.AutoScalingGroups {
			for _, region := range c.regionsOf(t) {
				groups = append(groups, sharing.ARN{
					Partition: c.partition(), Service: "autoscaling", Region: region, Account: t.Account,
					Resource: "autoScalingGroup:*:autoScalingGroupName/" + name,
				}.String())
			}
		}
		for _, grantee := range t.Grantees {
			if grantee.Service == "autoscaling.amazonaws.com" {
				roles = append(roles, grantee.ARN(c.partition(), t.Account))
				break
			}
		}
	}
	if len(groups) == 0 {
		return nil
	}
	return []statement{
		allow("AmiShareFindGroups", []string{"autoscaling:DescribeAutoScalingGroups"}, []string{"*"}),
		allow("AmiShareGroups", []string{"autoscaling:UpdateAutoScalingGroup"}, unique(groups)),
		allow("AmiShareGroupLaunches", []string{"ec2:RunInstances"}, unique(launched)).when("ArnLike", "ec2:LaunchTemplate", anyTemplate(c.partition())),
		allow("AmiSharePassRole", []string{"iam:PassRole"}, unique(roles)).when("StringEquals", "iam:PassedToService", "autoscaling.amazonaws.com"),
	}
}

// anyTemplate is the pattern of all launch templates of a partition. An account launches from its own alone.
func anyTemplate(partition string) string {
	return sharing.ARN{Partition: partition, Service: "ec2", Region: "*", Account: "*", Resource: "launch-template/*"}.String()
}

// tagStatements copy tags: they are read first, so that only differences are written, and taken back by a rollback.
func (c Config) tagStatements(targets []Target) []statement {
	if len(targets) == 0 {
		return nil
	}
	resources := slices.DeleteFunc(append(c.resources("image"), c.resources("snapshot")...), func(arn string) bool {
		return !inSome(targets, sharing.RegionOf(arn))
	})
	return []statement{
		allow("AmiShareReadTags", []string{"ec2:DescribeTags"}, []string{"*"}),
		allow("AmiShareTags", []string{"ec2:CreateTags", "ec2:DeleteTags"}, resources),
	}
}

// TargetRoleTrustPolicy returns the trust policy of the role in the targets: whoever runs Packer may assume it, and only
// with the external id. Session tags are a permission of their own, in a statement of its own: TagSession has no external
// id to compare.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_common-scenarios_third-party.html
// https://docs.aws.amazon.com/IAM/latest/UserGuide/id_session-tags.html#id_session-tags_permissions-required
func TargetRoleTrustPolicy(c Config) string {
	var externalIDs []string
	for _, t := range c.entered() {
		if t.ExternalID != "" {
			externalIDs = append(externalIDs, t.ExternalID)
		}
	}
	trust := allow("AmiShareSource", []string{"sts:AssumeRole"}, nil).when("StringEquals", "sts:ExternalId", unique(externalIDs)...)
	statements := []statement{c.toSource(trust)}
	if slices.ContainsFunc(c.entered(), func(t Target) bool { return t.SessionTags }) {
		statements = append(statements, c.toSource(allow("AmiShareTagSessions", []string{"sts:TagSession"}, nil)))
	}
	return indented(whole(statements...))
}

func filter(targets []Target, keep func(Target) bool) []Target {
	return slices.DeleteFunc(slices.Clone(targets), func(t Target) bool { return !keep(t) })
}
