// SPDX-License-Identifier: MPL-2.0

//go:generate packer-sdc struct-markdown
//go:generate packer-sdc mapstructure-to-hcl2 -type TargetConfig

package access

import "github.com/hashicorp/packer-plugin-sdk/template/config"

// TargetConfig is one or more accounts to share with, and what they get. Put accounts that are treated alike into one
// block. An account can be named only once.
//
// To share without grants, for example because the key's policy lets the account's principals use the key, set
// `service_linked_roles = []`. The plugin then needs no access to the account.
type TargetConfig struct {
	// The ids of the accounts, each 12 digits in quotes: a number without quotes loses its leading zeros. If the list
	// contains the account that owns the AMIs, that account needs no permission and its roles get grants.
	AccountIDs []string `mapstructure:"account_ids" required:"true"`
	// The role to assume in each account. A grant must be issued from inside the account that is to use the key. KMS
	// also accepts a grant that the source account issues, but instances don't start with it. Unless you set `policy`
	// or `policy_arns`, the session can only make the calls of this run on its keys and AMIs. If their ARNs don't fit
	// into AWS's 2,048 characters, patterns stand for them. See [assume_role](#assume_role-of-a-target).
	AssumeRole TargetRoleConfig `mapstructure:"assume_role" required:"false"`
	// A profile of the shared configuration files that gives access to the account, instead of `assume_role`. Only for
	// a target with one account.
	Profile string `mapstructure:"profile" required:"false"`
	// The service-linked roles that launch instances. Each gets one grant on each key of the AMIs. Values:
	// `autoscaling` for Auto Scaling groups, including those of EKS managed node groups, AWS Batch and Elastic
	// Beanstalk; `autoscaling/<suffix>` for a group with a service-linked role of its own; `spot` for Spot Instances;
	// `spotfleet` for Spot Fleet; `ec2fleet` for EC2 Fleet; or a service principal, for example `eks.amazonaws.com`.
	// Default `["autoscaling"]`. With `[]` there are no grants for service-linked roles.
	ServiceLinkedRoles []string `mapstructure:"service_linked_roles" required:"false"`
	// Other roles that get grants, by name (with the path, if there is one) or by ARN, for example the role of
	// Karpenter's controller or of a Lambda function. A name is looked up in each account of the target. Default `[]`.
	GranteeRoles []string `mapstructure:"grantee_roles" required:"false"`
	// Create the service-linked roles that an account lacks, and wait until KMS knows them. That usually takes
	// seconds, and at most two minutes. The role in the target needs `iam:CreateServiceLinkedRole`. Default `false`: a
	// missing role is an error that prints the command to create it.
	CreateServiceLinkedRoles bool `mapstructure:"create_service_linked_roles" required:"false"`
	// The names of Auto Scaling groups to switch to the first `autoscaling` role of `service_linked_roles`. Each group
	// is looked for in every Region of the AMIs. A group that exists in none of them is an error. The role in the target needs
	// `autoscaling:UpdateAutoScalingGroup`, `iam:PassRole` and, for groups with a launch template, `ec2:RunInstances`. Default `[]`.
	AutoScalingGroups []string `mapstructure:"auto_scaling_groups" required:"false"`
	// Put the tags of the AMIs and their snapshots on them as the account sees them: tags are private to each account,
	// and a shared AMI shows none of its owner's. Only what differs is written, nothing is removed, and tags that
	// begin with `aws:` are left out. Default `false`.
	CopyTags bool `mapstructure:"copy_tags" required:"false"`
	// Store the AMI's id in parameters of these accounts, after verification: see
	// [ssm_parameter](/packer/integrations/amishare/ami-share/latest/components/post-processor/ami-share#ssm_parameter). Repeatable. An
	// account where verification did not pass keeps what it has.
	Parameters []ParameterConfig `mapstructure:"ssm_parameter" required:"false"`
	// Launch templates of these accounts that get a new version with the AMI, after verification, by name or by id, for example
	// `["web", "lt-0123456789abcdef0"]`. A name is looked for in every Region of the AMIs; one that exists in none of them is an
	// error, and a Region without it is noted. The new version is made of the default version; `"web:3"` names another one, and `"web:$Latest"` the newest. If the default
	// version, or the newest one, has the AMI already, none is made. Consumers that launch `resolve:ssm:` need no new versions: prefer
	// `ssm_parameter` where a launch template is managed by other tools. Groups with mixed instances may have AMIs of their own.
	// Default `[]`.
	LaunchTemplates []string `mapstructure:"launch_templates" required:"false"`
	// Make the new version the default of the launch template. Groups and instances that use `$Default` then start the AMI.
	// A rollback makes the old version the default again and deletes the new one. Default `false`.
	DefaultVersion bool `mapstructure:"default_version" required:"false"`
	// The Regions in which these accounts get anything, for example `["eu-central-1"]`. Use it for accounts that have
	// not enabled a Region or may not use it. A Region that has no AMI of the run is passed over with a note. Default: all
	// Regions of the AMIs.
	Regions []string `mapstructure:"regions" required:"false"`
	// Give these accounts launch permission of their own. With `false`, they must have it as members of an
	// organization or OU in `organization_arns` or `ou_arns`. They then get grants and snapshot permissions only, and
	// AWS's quota of 1,000 accounts, organizations and OUs for each AMI counts the organization instead of its
	// accounts. Verification finds accounts that see the AMI in neither way. A launch permission that an account
	// already has stays, even with `exact`. Default `true`.
	LaunchPermission config.Trilean `mapstructure:"launch_permission" required:"false"`
	// Ask KMS from inside the accounts whether the role of `assume_role` or `profile` could use the keys: to decrypt, and to
	// encrypt again under the same key. That is what EC2 does for whoever starts an instance. The calls are `DryRun` calls:
	// nothing is decrypted.
	//
	// The answer is about this role, its policies, the key's policy and a direct call. It does not cover other roles,
	// service-linked roles, statements that let an account in only through EC2 (`kms:ViaService`), or the grants that EC2 makes
	// for a volume (`kms:CreateGrant`).
	//
	// Default: if no role gets a grant, KMS is asked, and a refusal is a warning; if roles get grants, nothing is asked. With `true`,
	// a refusal is a failure, and the report has an item for each key: `proved` or `failed`. A dry run asks as well. With `false`, nothing is asked.
	ProveUse config.Trilean `mapstructure:"prove_use" required:"false"`
	// Start an instance of each AMI in the accounts to prove that it can be started: see [canary](#canary-of-a-target).
	Canaries []CanaryConfig `mapstructure:"canary" required:"false"`
}
