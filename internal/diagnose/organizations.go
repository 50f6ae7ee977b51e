// SPDX-License-Identifier: MPL-2.0

package diagnose

import "github.com/amishare/packer-plugin-ami-share/internal/policy"

// delegating tells who may list accounts, and how to become one of them.
// https://docs.aws.amazon.com/organizations/latest/userguide/orgs_delegate_policies.html
const delegating = "Set assume_role to a role of the management account or of a delegated administrator. The management account makes an account one, " +
	"or lets it read by a resource-based delegation policy (aws organizations put-resource-policy):\n" +
	"aws organizations register-delegated-administrator --service-principal account.amazonaws.com --account-id <account>"

// organizationsRules are for lists of accounts.
// https://docs.aws.amazon.com/organizations/latest/APIReference/API_ListAccounts.html
func organizationsRules() []rule {
	const service = "organizations:"
	return []rule{
		{codes: []string{"AWSOrganizationsNotInUseException"}, action: service, explain: func(refusal) (string, string) {
			return "the account belongs to no organization", "Set assume_role to a role of an account that does, or name the accounts in account_ids of the targets."
		}},
		{codes: deniedCodes(), action: service, contains: "is not authorized to perform", explain: func(f refusal) (string, string) {
			return f.who() + " is not allowed " + f.Action, "Its identity policy needs\n" + policy.IdentityStatement(f.Action, "")
		}},
		{codes: deniedCodes(), action: service, explain: func(refusal) (string, string) {
			return "only the management account of an organization and its delegated administrators may list accounts, and this account is neither", delegating
		}},
		{codes: []string{"ParentNotFoundException", "OrganizationalUnitNotFoundException"}, action: service, explain: func(refusal) (string, string) {
			return "the organization has no such unit", "Correct its id. This lists the units below the root:\naws organizations list-organizational-units-for-parent --parent-id <root>"
		}},
		{codes: []string{"TargetNotFoundException"}, action: service, explain: func(refusal) (string, string) {
			return "the account has left the organization in the meantime", "Run again."
		}},
	}
}
