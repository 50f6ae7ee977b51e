// SPDX-License-Identifier: MPL-2.0

//go:generate packer-sdc struct-markdown
//go:generate packer-sdc mapstructure-to-hcl2 -type DatasourceOutput

package key

// DatasourceOutput is what a template can read. Lists and maps are never null. The policies are JSON, made for exactly
// this configuration, and contain an ARN wherever it is known.
type DatasourceOutput struct {
	// The key's ARN in `region`, for the builder's `kms_key_id`.
	ARN string `mapstructure:"arn"`
	// The key's id in `region`.
	KeyID string `mapstructure:"key_id"`
	// The account that the key belongs to.
	AccountID string `mapstructure:"account_id"`
	// The Region of `arn`: the Region of the source account's access if it is among `regions`, else the first of
	// `regions`.
	Region string `mapstructure:"region"`
	// Whether the key is a multi-Region key.
	MultiRegion bool `mapstructure:"multi_region"`
	// The key's ARN in each of `regions`. Use it as `region_kms_key_ids` in a builder that lists all of these Regions
	// in `ami_regions`, including the build's own, and has no `kms_key_id`. A plain `packer validate` accepts this
	// form. With `kms_key_id`, the builder wants to see the key, and `packer validate` needs `-evaluate-datasources`.
	KMSKeyIDs map[string]string `mapstructure:"kms_key_ids"`
	// The key's ARN in each of `regions` except `region`. Use it as `region_kms_key_ids` in a builder that has `arn`
	// as `kms_key_id` and does not list the build's own Region in `ami_regions`.
	RegionKMSKeyIDs map[string]string `mapstructure:"region_kms_key_ids"`
	// The ARNs of the roles that will get grants, sorted.
	GranteeARNs []string `mapstructure:"grantee_arns"`
	// Statements to add to the policy of each key, a JSON list.
	//
	// - `AmiShareCreateGrants` lets the targets create grants for these roles with these operations, and no others: a grant
	//   has to be issued from inside the account that is to use the key. It stands alone because its conditions
	//   would refuse everything else.
	// - `AmiShareLook` lets them see that their grants are there. To retire a grant its issuer needs no statement.
	// - `AmiShareSourceLooks`, when the key belongs to another account than the AMIs, lets the source describe the key and
	//   list its grants; `AmiShareBuild` and `AmiShareBuildGrants` let EBS encrypt the AMIs with it; with `exact_grants`,
	//   `AmiShareSourceRevokes` lets the source end grants.
	// - `AmiShareUse`, with `prove_use = true`: lets who acts in the targets use the key.
	//
	// With `key_policy_principals = "accounts"` the names of those for the targets end with `InAccounts`. When the targets are too many for a key
	// policy (32 KB), they are given by `organization_id`.
	KeyPolicyStatements string `mapstructure:"key_policy_statements"`
	// The policy of the role in the targets. It fits each target; `target_role_policies` has one for each. When the targets
	// are too many for a managed policy, it names their resources in any account: a role can change nothing outside
	// its own.
	//
	// - `AmiShareCreateGrants`: to create the grants on these keys, which takes a permission here as well as in the key's policy.
	// - `AmiShareGrants`: to find the grants, and to retire those that are out of date.
	// - `AmiShareRoles`: to tell a role that is missing from one that KMS doesn't know yet.
	// - `AmiShareVerify`, `AmiShareDefaultKeys`: to see whether the AMI is visible, and whether the roles can use
	//   the key that the volumes will be encrypted with.
	// - `AmiShareCreateRoles`, with `create_service_linked_roles`: to create them.
	// - `AmiShareFindGroups`, `AmiShareGroups`, `AmiShareGroupLaunches`, `AmiSharePassRole`, with `auto_scaling_groups`: to point the
	//   groups at the role.
	// - `AmiShareProveUse`, with `prove_use`: to ask whether the keys can be used.
	// - `AmiShareFindCanaries`, `AmiShareCanaryGroups`, `AmiShareCanaryTemplates`, `AmiShareTagCanaries`, `AmiShareLaunchCanaries`,
	//   `AmiShareCanaryRole`, `AmiShareEndCanaries`, with `canary`: to start an instance, and to delete what that took.
	// - `AmiShareParameters`, `AmiShareFindForParameters`, with `ssm_parameter`: to store the AMI's id, and to take it back.
	// - `AmiShareFindTemplates`, `AmiShareTemplates`, `AmiShareDefaultVersions`, with `launch_templates`: to make versions of them, and to
	//   take them back.
	// - `AmiShareReadTags`, `AmiShareTags`, with `copy_tags`: to write the tags that differ, and to take them back in a rollback.
	// - `AmiShareReferences`, `AmiShareFindReferences`, with `exact` and `regions`: to ask what the account uses an AMI in, before
	//   it loses it in a Region that the target leaves out.
	TargetRolePolicy string `mapstructure:"target_role_policy"`
	// The policy of the role in each target, by account.
	TargetRolePolicies map[string]string `mapstructure:"target_role_policies"`
	// The trust policy of the role in the targets: whoever runs Packer now, or `trusted_principals`, may assume it (`AmiShareSource`),
	// with the external id if there is one. A user is named by ARN, and so is a role that `assume_role` names; of any other role AWS
	// shows the name without the path, and the policy has a condition on that name. When the targets' external ids
	// differ it has all of them; `target_role_trust_policies` has one for each.
	TargetRoleTrustPolicy string `mapstructure:"target_role_trust_policy"`
	// The trust policy of the role in each target, by account.
	TargetRoleTrustPolicies map[string]string `mapstructure:"target_role_trust_policies"`
	// The policy of whoever runs Packer, as far as this plugin needs it. When the targets are too many for a managed policy,
	// it names their roles in any account.
	//
	// - `AmiShareFind`: to find the AMIs, their snapshots and the keys of these.
	// - `AmiShareImages`, `AmiShareSnapshots`: to read and change who may launch and copy them.
	// - `AmiShareKeys`: to see that the keys are fit, and which grants are there.
	// - `AmiShareSharedTags`, with `shared_tags`: to read and write them.
	// - `AmiShareWatermark`, with `watermark`: to attach it, and to detach it in a rollback.
	// - `AmiShareParameters`, with `ssm_parameter`: to store the AMI's id, and to take it back.
	// - `AmiShareExplain`: to say which statement of the key's policy is missing when a grant is refused.
	// - `AmiShareAskForUsage`, `AmiShareTagUsage`, `AmiShareReadUsage`, `AmiShareDeleteUsage`, with `exact`: to ask who uses an AMI before
	//   it is taken away.
	// - `AmiShareRevokeGrants`, with `exact_grants`: to end the grants of accounts that are no targets any more.
	// - `AmiShareFindKey`, with `tags`: to find the key by them.
	// - `AmiShareBuild`, `AmiShareBuildGrants`: what EBS does with the keys while the builder makes encrypted AMIs; what
	//   else the builder needs is in its own documentation.
	// - `AmiShareEnter`, `AmiShareTagSessions`: to assume the role in each target, with session tags if there are any (`tags` in
	//   `assume_role`, `transitive_tags`).
	SourcePolicy string `mapstructure:"source_policy"`
	// What is allowed and may surprise later: a key with imported material, a grant that could not be proved, statements
	// that don't fit into a key policy. Packer does not show warnings of data sources: they are in its log (`PACKER_LOG=1`), and
	// a `shell-local` provisioner can print this output.
	Warnings []string `mapstructure:"warnings"`
}
