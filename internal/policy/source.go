// SPDX-License-Identifier: MPL-2.0

package policy

import (
	"slices"
	"strconv"
)

// SourcePolicy returns the policy of whoever runs Packer, as far as this plugin needs it. What Packer's builder needs to
// run instances and make AMIs is the builder's to say; of that only the use of the keys is in it, with Build. When it
// gets too long for a managed policy, the roles of the targets are named in any account: each lets in whom it trusts.
func SourcePolicy(c Config) string {
	doc := whole(append(c.sourceStatements(), assume(c.enteredRoles())...)...)
	if !doc.fits() {
		doc = whole(append(c.sourceStatements(), assume(c.enteredRoles().anywhere())...)...)
	}
	return indented(doc)
}

func (c Config) sourceStatements() []statement {
	statements := []statement{
		// Finds the AMIs, their snapshots and the keys of these. AWS knows no resources for them.
		allow("AmiShareFind", []string{"ec2:DescribeImages", "ec2:DescribeSnapshots"}, []string{"*"}),
		// Reads the launch permissions, so that only what is missing is added, and changes them.
		allow("AmiShareImages", []string{"ec2:DescribeImageAttribute", "ec2:ModifyImageAttribute"}, c.resources("image")),
	}
	if c.ShareSnapshots {
		// The same for the create-volume permissions of the snapshots.
		statements = append(statements, allow("AmiShareSnapshots",
			[]string{"ec2:DescribeSnapshotAttribute", "ec2:ModifySnapshotAttribute"}, c.resources("snapshot")))
	}
	statements = append(statements, allow("AmiShareKeys", c.sourceKeyActions(), unique(c.Keys)))
	statements = append(statements, c.sharedTagStatements()...)
	statements = append(statements, c.watermarkStatements()...)
	statements = append(statements, c.parameterStatements(c.parameterARNs(c.SourceAccount, c.regions(), c.Announcements), c.Announcements)...)
	if c.Explain {
		// Reads the key's policy to say which statement is missing when a grant is refused. Only the account that owns the
		// key can.
		statements = append(statements, allow("AmiShareExplain", []string{"kms:GetKeyPolicy"}, c.own()))
	}
	statements = append(statements, c.usageStatements()...)
	if c.EndGrants {
		// Ends the grants of an account that is no target any more, and so can't be entered to retire them.
		statements = append(statements, allow("AmiShareRevokeGrants", []string{"kms:RevokeGrant"}, unique(c.Keys)))
	}
	if c.FindByTags {
		// Finds a key by its tags. AWS knows no resources for it.
		statements = append(statements, allow("AmiShareFindKey", []string{"tag:GetResources"}, []string{"*"}))
	}
	if c.Build {
		statements = append(statements, c.build(unique(c.Keys))...)
	}
	return statements
}

// sourceKeyActions describe the key, which proves that it is fit, and list its grants, so that only what is missing is
// created and what belongs to a deleted role is found.
func (c Config) sourceKeyActions() []string { return []string{"kms:DescribeKey", "kms:ListGrants"} }

// own are the keys of the source account.
func (c Config) own() []string {
	foreign := c.foreign()
	return slices.DeleteFunc(unique(c.Keys), func(key string) bool { return slices.Contains(foreign, key) })
}

// build allows what EBS does with a key for whoever makes and copies an encrypted AMI, beyond describing it.
// https://docs.aws.amazon.com/ebs/latest/userguide/ebs-encryption-requirements.html
func (c Config) build(resources []string) []statement {
	return []statement{
		allow("AmiShareBuild", []string{
			"kms:Decrypt", "kms:GenerateDataKeyWithoutPlaintext", "kms:ReEncryptFrom", "kms:ReEncryptTo",
		}, resources),
		grantsForEBS(resources),
	}
}

// grantsForEBS allows the grants that EBS makes on behalf of whoever has it use a key, and no others.
// https://docs.aws.amazon.com/kms/latest/developerguide/conditions-kms.html#conditions-kms-grant-is-for-aws-resource
func grantsForEBS(resources []string) statement {
	return allow("AmiShareBuildGrants", []string{"kms:CreateGrant"}, resources).when("Bool", "kms:GrantIsForAWSResource", "true")
}

// enteredRoles are the roles that are assumed in the targets, and those of them that get session tags.
type enteredRoles struct{ all, tagged []string }

func (c Config) enteredRoles() enteredRoles {
	var roles enteredRoles
	for _, t := range c.entered() {
		if t.RoleARN == "" {
			continue
		}
		roles.all = append(roles.all, t.RoleARN)
		if t.SessionTags {
			roles.tagged = append(roles.tagged, t.RoleARN)
		}
	}
	return roles
}

func (r enteredRoles) anywhere() enteredRoles {
	return enteredRoles{anyAccount(r.all), anyAccount(r.tagged)}
}

// assume allows to enter the targets. Session tags are a permission of their own.
func assume(roles enteredRoles) []statement {
	return []statement{
		allow("AmiShareEnter", []string{"sts:AssumeRole"}, unique(roles.all)),
		allow("AmiShareTagSessions", []string{"sts:TagSession"}, unique(roles.tagged)),
	}
}

// SourcePolicies returns SourcePolicy in parts that fit into a managed policy each. A statement that does not fit by itself
// is cut into several by its resources.
func SourcePolicies(c Config) []string {
	var documents []string
	names := map[string]int{}
	doc := whole()
	add := func() {
		if len(doc.Statement) > 0 {
			documents = append(documents, indented(doc)+"\n")
		}
	}
	for _, s := range fitting(whole(append(c.sourceStatements(), assume(c.enteredRoles())...)...).Statement) {
		if names[s.Sid]++; names[s.Sid] > 1 { // a name stands once in a policy
			s.Sid += strconv.Itoa(names[s.Sid])
		}
		larger := doc
		larger.Statement = append(slices.Clone(doc.Statement), s)
		if !larger.fits() {
			add()
			larger = whole(s)
		}
		doc = larger
	}
	add()
	return documents
}

// fitting cuts statements in halves until each fits into a policy by itself.
func fitting(statements []statement) []statement {
	var parts []statement
	for _, s := range statements {
		if whole(s).fits() || len(s.Resource) < 2 {
			parts = append(parts, s)
			continue
		}
		first, second := s, s
		half := len(s.Resource) / 2
		first.Resource, second.Resource = s.Resource[:half], s.Resource[half:]
		parts = append(parts, fitting([]statement{first, second})...)
	}
	return parts
}
