// SPDX-License-Identifier: MPL-2.0

//go:generate packer-sdc struct-markdown
//go:generate packer-sdc mapstructure-to-hcl2 -type TargetConfig

package access

import "github.com/hashicorp/packer-plugin-sdk/template/config"

// TargetConfig is one or more accounts to share with, and what they get. Accounts that are treated alike go into one
// block; an account may be named only once.
//
// To share without grants, as for images whose key the account's own principals may use already, set
// `service_linked_roles = []`; no access to the account is needed then.
type TargetConfig struct {
	// The ids of the accounts, each 12 digits and quoted: a number without quotes loses its leading zeros. The
	// account that owns the images may be among them and is passed over.
	AccountIDs []string `mapstructure:"account_ids" required:"true"`
	// The role to assume in each of the accounts. A grant must be issued from inside the account that is to use the
	// key: one that the source account issues is accepted by KMS, and instances don't start all the same.
	// Unless `policy` or `policy_arns` are given, the session is narrowed to the calls of this run on its keys and
	// images, by patterns where their ARNs don't fit into the 2,048 characters that AWS allows.
	// See [assume_role](#assume_role-of-a-target).
	AssumeRole TargetRoleConfig `mapstructure:"assume_role" required:"false"`
	// A profile of the shared configuration files that gives access to the account, instead of `assume_role`. For a
	// target with one account.
	Profile string `mapstructure:"profile" required:"false"`
	// The service-linked roles that are to use the keys, each of which gets one grant on each key of the images:
	// `autoscaling` for Auto Scaling groups (also those of EKS managed node groups, AWS Batch and Elastic Beanstalk),
	// `autoscaling/<suffix>` for a group with a service-linked role of its own, `spot` for Spot Instances, `spotfleet`
	// for Spot Fleet, `ec2fleet` for EC2 Fleet, or the service principal of another service, as in
	// `eks.amazonaws.com`. Default `["autoscaling"]`; `[]` for none.
	ServiceLinkedRoles []string `mapstructure:"service_linked_roles" required:"false"`
	// Other roles that are to use the keys, by name (with the path if there is one) or by ARN: Karpenter's controller,
	// say, or a Lambda function's role. A name is looked up in each account of the target. Default `[]`.
	GranteeRoles []string `mapstructure:"grantee_roles" required:"false"`
	// Create those of the service-linked roles that an account lacks, and wait until KMS knows them, which takes
	// seconds as a rule and two minutes at most. Needs `iam:CreateServiceLinkedRole` in the account. Default
	// `false`: a missing role is an error, and its text holds the command that creates it.
	CreateServiceLinkedRoles bool `mapstructure:"create_service_linked_roles" required:"false"`
	// The names of Auto Scaling groups of the account that are to launch with the first `autoscaling` role of
	// `service_linked_roles`; each is looked for in every Region of the images. A group that exists in none of them is
	// an error. Default `[]`.
	AutoScalingGroups []string `mapstructure:"auto_scaling_groups" required:"false"`
	// Put the tags of the images and their snapshots on them as the account sees them: tags are private to each account,
	// and a shared image shows none of its owner's. Only what differs is written, nothing is removed, and tags that
	// begin with `aws:` are left out. Default `false`.
	CopyTags bool `mapstructure:"copy_tags" required:"false"`
	// The Regions in which the accounts get anything, as in `["eu-central-1"]`. Default: every Region of the images. For
	// accounts that have not enabled a Region, or must not use it.
	Regions []string `mapstructure:"regions" required:"false"`
	// Give the accounts launch permission of their own. Default `true`. With `false` they must have it as members of an
	// organization or an organizational unit, by `organization_arns` or `ou_arns`: then they get grants and permissions on
	// snapshots only, and AWS's quota of 1,000 accounts, organizations and organizational units for each image counts the
	// organization and not its accounts. Verification shows accounts that see the image in neither way. A launch permission
	// that an account has already stays, also with `exact`.
	LaunchPermission config.Trilean `mapstructure:"launch_permission" required:"false"`
}
