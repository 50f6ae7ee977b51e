// SPDX-License-Identifier: MPL-2.0

//go:generate packer-sdc struct-markdown
//go:generate packer-sdc mapstructure-to-hcl2 -type DatasourceOutput

package accounts

// DatasourceOutput is what a template can read. Lists and maps are never null.
type DatasourceOutput struct {
	// The ids of the accounts, sorted: for `account_ids` of a target, or `ami_users` of the amazon builders.
	AccountIDs []string `mapstructure:"account_ids"`
	// The name of each of these accounts, by its id.
	Names map[string]string `mapstructure:"names"`
	// Why each of the other accounts is left out, by its id: it is suspended or closed, excluded, the management account, or lacks
	// a tag or the name.
	Skipped map[string]string `mapstructure:"skipped"`
	// The id of the organization, as in `o-abcde12345`: for `organization_id` of `ami-share-key`.
	OrganizationID string `mapstructure:"organization_id"`
	// The ARN of the organization, for `organization_arns` of the post-processor.
	OrganizationARN string `mapstructure:"organization_arn"`
	// The ARNs of `organizational_units`, for `ou_arns` of the post-processor; with `organization` there are none. An AMI that is
	// shared with a unit is shared with all of its accounts, also with those that are left out here.
	OUARNs []string `mapstructure:"ou_arns"`
}
