// SPDX-License-Identifier: MPL-2.0

//go:generate packer-sdc struct-markdown
//go:generate packer-sdc mapstructure-to-hcl2 -type AssumeRoleConfig,TargetRoleConfig

package access

// AssumeRoleConfig is a role to assume, as in the amazon builders.
//
// ```hcl
//
//	assume_role {
//	  role_arn    = "arn:aws:iam::111111111111:role/image-builder"
//	  external_id = var.external_id
//	}
//
// ```
type AssumeRoleConfig struct {
	// The ARN of the role to assume, as in `arn:aws:iam::111111111111:role/image-builder`.
	RoleARN string `mapstructure:"role_arn" required:"false"`
	// How long the session lasts, in seconds, from 900 (15 minutes) to 43200 (12 hours), and no longer than the
	// role's maximum session duration. Default 3600, which is also the most that AWS allows when the credentials that
	// assume the role are a role's themselves. Sharing takes seconds: there is seldom a reason to change it.
	DurationSeconds int `mapstructure:"duration_seconds" required:"false"`
	// The external ID that the role's trust policy asks for, 2 to 1224 letters, digits and `+=,.@:/-_`. Without it
	// none is sent, and a role that asks for one refuses.
	ExternalID string `mapstructure:"external_id" required:"false"`
	// An IAM policy, a JSON document, that narrows the session further. It and `policy_arns` together may hold
	// at most 2048 characters.
	Policy string `mapstructure:"policy" required:"false"`
	// The ARNs of managed IAM policies that narrow the session further, at most ten.
	PolicyARNs []string `mapstructure:"policy_arns" required:"false"`
	// The session's name, as CloudTrail shows it: 2 to 64 letters, digits and `+=,.@-_`. Default
	// `packer-plugin-ami-share`.
	SessionName string `mapstructure:"session_name" required:"false"`
	// Session tags, at most 50. The role's trust policy must allow `sts:TagSession`.
	Tags map[string]string `mapstructure:"tags" required:"false"`
	// The keys of those session tags that go on to further sessions when roles are chained.
	TransitiveTagKeys []string `mapstructure:"transitive_tag_keys" required:"false"`
}

// TargetRoleConfig is a role to assume in a target account, with the credentials of the source account. It has the options
// of the source account's `assume_role` block, and `role_name`.
//
// Unless you set `policy` or `policy_arns`, an inline session policy limits the session to the calls of this run on its keys
// and AMIs, even if the role allows more. If AWS can't pack the shortest such policy together with the session tags, the
// session has no session policy, and a warning says so.
//
// ```hcl
//
//	assume_role {
//	  role_name   = "sharing/ami-share"
//	  external_id = var.external_id
//	}
//
// ```
type TargetRoleConfig struct {
	AssumeRoleConfig `mapstructure:",squash"`
	// The name of the role, with its path if it has one, as in `ami-share` or `sharing/ami-share`. Its ARN is made
	// from it in each account of the target, in the partition of the source account. Give either this or `role_arn`;
	// `role_arn` is for a target with one account.
	RoleName string `mapstructure:"role_name" required:"false"`
	// The external IDs by account, where they differ, as in `{ "222222222222" = "team-a", "333333333333" = "team-b" }`.
	// The keys are account ids, quoted. An account that is missing here gets `external_id`; without that it is an error. `""`
	// stands for a role that asks for none. Accounts that the target does not name are passed over, so that several targets
	// can share a map.
	ExternalIDs map[string]string `mapstructure:"external_ids" required:"false"`
}
