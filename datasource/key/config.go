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

	// The key by its id or its ARN, as in `1234abcd-12ab-34cd-56ef-1234567890ab`. With an ARN the key may be of another
	// account. The id of a multi-Region key (`mrk-…`), or the ARN of any of its replicas, stands for the replica in each
	// of `regions`; any other key is in one Region only. Give exactly one of `key_id`, `alias` and `tags`.
	KeyID string `mapstructure:"key_id" required:"false"`
	// The key by an alias, as in `alias/ami-sharing`, or by an alias's ARN, also of another account. The alias of that name
	// is looked up in each of `regions`, where it may stand for a different key each time. The aliases of AWS managed keys
	// (`alias/aws/…`) are refused without a look: their keys can't be shared, and looking would create them.
	Alias string `mapstructure:"alias" required:"false"`
	// The key by its tags, all of which it must have, as in `{ purpose = "ami-sharing" }`. In each of `regions` exactly
	// one key of the source account that is fit for sharing must have them. Needs `tag:GetResources`.
	Tags map[string]string `mapstructure:"tags" required:"false"`
	// The Regions in which images will be: the one of the build and those of `ami_regions`. A key is needed in each.
	// Default: the Region of the source account's access alone.
	Regions []string `mapstructure:"regions" required:"false"`
	// The accounts to share with, exactly as in the post-processor: see
	// [target](/packer/integrations/amishare/ami-share/latest/components/post-processor/ami-share#target). For the
	// proof the data source enters each account as the post-processor will. Repeatable. Packer expands
	// no `dynamic` block in a data source: accounts that are alike but for their external IDs share a block (`external_ids`).
	Targets []access.TargetConfig `mapstructure:"target" required:"false"`
	// The operations of each grant, as in the post-processor. Default: the eight that AWS documents for Auto Scaling. An empty
	// list is an error.
	GrantOperations []string `mapstructure:"grant_operations" required:"false"`
	// Whether the post-processor has `exact_grants`, for the documents: to end the grants of accounts that are no targets any more,
	// whoever runs Packer needs `kms:RevokeGrant`. Default `false`.
	ExactGrants bool `mapstructure:"exact_grants" required:"false"`
	// Prove that the grants will be accepted: from inside each target, for each Region and role, KMS is asked with
	// `DryRun` about the very grant that the post-processor will make. Nothing is created. Default `true`; with `false` no
	// target is entered, and the documents are made from the roles' names: that is how to get them before anybody may
	// do anything.
	CheckGrants config.Trilean `mapstructure:"check_grants" required:"false"`
	// The id of the organization that all targets belong to, as in `o-abcde12345` (`aws organizations
	// describe-organization` tells it). It is only used when the targets are so many that `key_policy_statements` would
	// not fit into a key policy, which holds 32 KB: they then let in all accounts of the organization
	// (`aws:PrincipalOrgID`) instead of naming each, and in them the roles of the names that the targets' roles have.
	OrganizationID string `mapstructure:"organization_id" required:"false"`
	// Who will run Packer, for the documents: the ARNs of roles and users, as in
	// `["arn:aws:iam::111111111111:role/image-builder"]`. The targets' roles trust them. Default: whoever asks now. Set it when an
	// administrator fetches the documents for a pipeline's role.
	TrustedPrincipals []string `mapstructure:"trusted_principals" required:"false"`
	// A folder to write everything to that has to be deployed before the first build, for exactly this configuration: the role of
	// the targets as a CloudFormation template, fit for StackSets, and as Terraform; each key's whole new policy; the policy of
	// whoever runs Packer; and `README.md` with the order and the commands. It is written also when a grant is refused: then the
	// files hold what is missing. Its files are replaced, and no others touched. They hold the external IDs.
	BootstrapDirectory string `mapstructure:"bootstrap_directory" required:"false"`
	// Whom the keys' policies name in `key_policy_statements`.
	//
	// - `roles`: the targets' roles. They must exist by then, because KMS refuses a policy that names a role which doesn't.
	// - `accounts`: the targets' accounts, with a condition on the roles (`aws:PrincipalArn`). Such a policy can be put before there
	//   are any roles, and one that is deleted and made again gets in at once.
	//
	// Default `roles`.
	KeyPolicyPrincipals string `mapstructure:"key_policy_principals" required:"false"`
	// How many calls to AWS may be in flight at the same time, from 1 to 1000. Default 512: they are spread over the
	// targets, each of which has limits of its own.
	MaxConcurrency int `mapstructure:"max_concurrency" required:"false"`
	// How long everything together may take, as in `90s`; a target that has not answered in half of that is reported and
	// not waited for. Packer can't interrupt a data source. Default `2m`.
	Timeout time.Duration `mapstructure:"timeout" required:"false"`
}

const defaultTimeout = 2 * time.Minute

func (c *Config) timeout() time.Duration {
	if c.Timeout > 0 {
		return c.Timeout
	}
	return defaultTimeout
}
