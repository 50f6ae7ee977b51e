// SPDX-License-Identifier: MPL-2.0

//go:generate packer-sdc struct-markdown
//go:generate packer-sdc mapstructure-to-hcl2 -type Config

package key

import (
	"time"

	"github.com/hashicorp/packer-plugin-sdk/template/config"

	"github.com/amishare/packer-plugin-ami-share/internal/access"
)

// Config is what a template says in a `data "ami-share-key"` block.
type Config struct {
	access.Config `mapstructure:",squash"`

	// The key's id or ARN, for example `1234abcd-12ab-34cd-56ef-1234567890ab`. An ARN can name a key of another
	// account. The id of a multi-Region key (`mrk-…`), or the ARN of any of its replicas, stands for the replica in
	// each of `regions`. Any other key exists in one Region only. Set exactly one of `key_id`, `alias` and `tags`.
	KeyID string `mapstructure:"key_id" required:"false"`
	// An alias of the key, for example `alias/ami-sharing`, or the alias's ARN, which can be of another account. It is
	// looked up in each of `regions` and can stand for a different key in each. Aliases of AWS managed keys
	// (`alias/aws/…`) are refused: their keys can't be shared, and looking them up would create them.
	Alias string `mapstructure:"alias" required:"false"`
	// Tags of the key, all of which it must have, for example `{ purpose = "ami-sharing" }`. In each of `regions`,
	// exactly one key of the source account that can be shared must have them. Needs `tag:GetResources`.
	Tags map[string]string `mapstructure:"tags" required:"false"`
	// The Regions of the AMIs: the build's own and those of `ami_regions`. Each needs a key. Default: the Region of
	// the source account's access.
	Regions []string `mapstructure:"regions" required:"false"`
	// The accounts to share with, exactly as in the post-processor: see
	// [target](/packer/integrations/amishare/ami-share/latest/components/post-processor/ami-share#target). The data
	// source enters each account as the post-processor will. The block can be repeated. Packer does not expand
	// `dynamic` blocks in data sources; accounts that differ only in their external ids can share a block
	// (`external_ids`).
	Targets []access.TargetConfig `mapstructure:"target" required:"false"`
	// The parameters of the AMIs' own account, as in the post-processor: see
	// [ssm_parameter](/packer/integrations/amishare/ami-share/latest/components/post-processor/ami-share#ssm_parameter). They only
	// affect the policies: nothing is written. Repeatable.
	Parameters []access.ParameterConfig `mapstructure:"ssm_parameter" required:"false"`
	// The shared tags of the AMIs, as in the post-processor. They only affect the policies: nothing is written. Default `{}`.
	SharedTags map[string]string `mapstructure:"shared_tags" required:"false"`
	// The watermark of the AMIs, as in the post-processor. It only affects the policies. Default: none.
	Watermark string `mapstructure:"watermark" required:"false"`
	// The operations of each grant, as in the post-processor. Default: the eight that AWS documents for Auto Scaling. An empty
	// list is an error.
	GrantOperations []string `mapstructure:"grant_operations" required:"false"`
	// Set it if the post-processor has `exact`. It only affects the policies: whoever runs Packer then needs
	// `ec2:CreateImageUsageReport` with `ec2:CreateTags`, `ec2:DescribeImageUsageReports`,
	// `ec2:DescribeImageUsageReportEntries` and `ec2:DeleteImageUsageReport`, and the roles of targets with `regions` need `ec2:DescribeImageReferences`, to ask who
	// uses an AMI before it is taken away. Default `false`.
	Exact bool `mapstructure:"exact" required:"false"`
	// Set it if the post-processor has `exact_grants`. It only affects the policies: whoever runs Packer then needs
	// `kms:RevokeGrant` to end grants of accounts that are no longer targets. Default `false`.
	ExactGrants bool `mapstructure:"exact_grants" required:"false"`
	// Prove that the grants will be accepted: from inside each target, KMS is asked with `DryRun` about each grant
	// that the post-processor will make. Nothing is created. With `false`, no target is entered and the policies are
	// made from the roles' names; use it to get the policies before anybody has permissions. Default `true`.
	CheckGrants config.Trilean `mapstructure:"check_grants" required:"false"`
	// Ask KMS whether the data source's own credentials could use the key in each of `regions`: to decrypt, and to encrypt again under
	// the same key. EBS does that in the name of whoever runs the builder, and says only at the end of the build, by a copy that
	// fails without a reason, that it may not. The calls are `DryRun` calls: nothing is decrypted. A refusal is an error. Leave it
	// out if the builder has other credentials, or may use the key only through EC2 (`kms:ViaService`): a direct call is refused
	// then. With `check_grants = false` nothing is asked. Default `false`.
	ProveUse bool `mapstructure:"prove_use" required:"false"`
	// The id of the organization that all targets belong to, for example `o-abcde12345`; `aws organizations
	// describe-organization` shows it. It is used only when there are too many targets for a key policy, which holds
	// 32 KB. `key_policy_statements` then allows all accounts of the organization (`aws:PrincipalOrgID`), limited to
	// roles with the names of the targets' roles.
	OrganizationID string `mapstructure:"organization_id" required:"false"`
	// Who will run Packer: the ARNs of roles and users, for example
	// `["arn:aws:iam::111111111111:role/image-builder"]`. The trust policies of the targets' roles name them. Set it
	// when an administrator gets the policies for a pipeline's role. Default: the current caller.
	TrustedPrincipals []string `mapstructure:"trusted_principals" required:"false"`
	// A folder to write everything to that must be deployed before the first build, for exactly this configuration:
	// the targets' role as a CloudFormation template (also for StackSets) and as Terraform, the whole new policy of
	// each key, the policy of whoever runs Packer, and a `README.md` with the order and the commands. It is also
	// written when a grant is refused; the files then contain what is missing. The files are replaced, and
	// those of an earlier configuration deleted; other files in the folder are not touched. The files contain the external ids.
	BootstrapDirectory string `mapstructure:"bootstrap_directory" required:"false"`
	// Whom `key_policy_statements` names.
	//
	// - `roles`: the targets' roles. They must exist first, because KMS refuses a policy that names a role that does
	//   not exist.
	// - `accounts`: the targets' accounts, with a condition on the roles (`aws:PrincipalArn`). Such a policy can be
	//   deployed before the roles exist, and a role that is deleted and created again is allowed at once.
	//
	// Default `roles`.
	KeyPolicyPrincipals string `mapstructure:"key_policy_principals" required:"false"`
	// Set it if the sessions of whoever runs Packer have transitive session tags, as those of EKS Pod Identity do. Such tags go
	// along into the targets. It only affects the policies: the roles' trust policies and the policy of whoever runs Packer then
	// allow `sts:TagSession`, as they do for a target with `tags` in `assume_role`. Default `false`.
	TransitiveTags bool `mapstructure:"transitive_tags" required:"false"`
	// How many calls to AWS may be in flight at the same time, from 1 to 1000. Default 512.
	MaxConcurrency int `mapstructure:"max_concurrency" required:"false"`
	// How long the data source may take in all, for example `90s`. A target that has not answered after half of that
	// time is reported and not waited for. Packer can't interrupt a data source. Default `2m`.
	Timeout time.Duration `mapstructure:"timeout" required:"false"`
}

const defaultTimeout = 2 * time.Minute

func (c *Config) timeout() time.Duration {
	if c.Timeout > 0 {
		return c.Timeout
	}
	return defaultTimeout
}
