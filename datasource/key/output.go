//go:generate packer-sdc struct-markdown
//go:generate packer-sdc mapstructure-to-hcl2 -type DatasourceOutput

package key

// DatasourceOutput is what a template can read. Lists and maps are never null. The documents are JSON, made for exactly
// this configuration: no wildcard stands where an ARN is known.
type DatasourceOutput struct {
	// The key's ARN in `region`, for `kms_key_id` of the builder.
	ARN string `mapstructure:"arn"`
	// The key's id in `region`.
	KeyID string `mapstructure:"key_id"`
	// The account that the key belongs to.
	AccountID string `mapstructure:"account_id"`
	// The Region of `arn`: that of the source account's access when it is among `regions`, else the first of these.
	Region string `mapstructure:"region"`
	// Whether the key is a multi-Region key.
	MultiRegion bool `mapstructure:"multi_region"`
	// The key's ARN in each of `regions` but `region`, for `region_kms_key_ids` of the builder, which takes the Regions in
	// `ami_regions` and no others. The build's own Region is served by `kms_key_id`: leave it out of `ami_regions`.
	RegionKMSKeyIDs map[string]string `mapstructure:"region_kms_key_ids"`
	// The ARNs of the roles that will get grants, sorted.
	GranteeARNs []string `mapstructure:"grantee_arns"`
	// Statements to add to the policy of each key, a JSON list. `AmiShareCreateGrants` lets the targets create grants for
	// these roles with these operations, and no others; it stands alone because its conditions would refuse
	// everything else. `AmiShareLook` lets them see that their grants are there. To retire a grant its issuer needs no
	// statement. When the key belongs to another account than the images, `AmiShareSourceLooks` lets the source describe
	// the key and list its grants, and `AmiShareBuild` and `AmiShareBuildGrants` let EBS encrypt the images with it. When
	// the targets are too many for a key policy (32 KB), they are given by `organization_id`.
	KeyPolicyStatements string `mapstructure:"key_policy_statements"`
	// The policy of the role in the targets: to create the grants on these keys (`AmiShareCreateGrants`), to find them and
	// to retire what is out of date (`AmiShareGrants`), to look up the roles (`AmiShareRoles`), and what verification
	// looks at (`AmiShareVerify`, `AmiShareDefaultKeys`); further statements as the targets' options need them. It fits
	// each target; `target_role_policies` has one for each.
	TargetRolePolicy string `mapstructure:"target_role_policy"`
	// The policy of the role in each target, by account.
	TargetRolePolicies map[string]string `mapstructure:"target_role_policies"`
	// The trust policy of the role in the targets: whoever runs Packer may assume it, with the external id if there is one.
	// When the targets' external ids differ it has all of them; `target_role_trust_policies` has one for each.
	TargetRoleTrustPolicy string `mapstructure:"target_role_trust_policy"`
	// The trust policy of the role in each target, by account.
	TargetRoleTrustPolicies map[string]string `mapstructure:"target_role_trust_policies"`
	// The policy of whoever runs Packer, as far as this plugin needs it: to find the images (`AmiShareFind`), to read and
	// change who may launch and copy them (`AmiShareImages`, `AmiShareSnapshots`), to look at the keys (`AmiShareKeys`),
	// to explain a refusal (`AmiShareExplain`), to find a key by tags (`AmiShareFindKey`), and to enter the targets
	// (`AmiShareEnter`, `AmiShareTagSessions`). `AmiShareBuild` and `AmiShareBuildGrants` are what EBS does with the
	// keys while the builder makes encrypted images; what else the builder needs is in its own documentation.
	SourcePolicy string `mapstructure:"source_policy"`
	// What is allowed and may surprise later: a key with imported material, a grant that could not be proved, statements
	// that don't fit into a key policy.
	Warnings []string `mapstructure:"warnings"`
}
