// SPDX-License-Identifier: MPL-2.0

package diagnose

import (
	"fmt"
	"strings"

	"github.com/amishare/packer-plugin-ami-share/internal/policy"
	"github.com/amishare/packer-plugin-ami-share/internal/sharing"
)

// kmsRules are for keys and grants. https://docs.aws.amazon.com/kms/latest/APIReference/API_CreateGrant.html
func kmsRules() []rule {
	return []rule{
		{codes: []string{"AccessDeniedException"}, action: "kms:", explain: bothSides},
		{codes: []string{"InvalidArnException"}, action: "kms:CreateGrant", explain: func(f refusal) (string, string) {
			return "KMS knows no role " + f.Grantee, "Check the role's name and path in the account. A role made minutes ago may need some more: run again, or create it beforehand."
		}},
		{codes: []string{"LimitExceededException"}, action: "kms:", explain: func(f refusal) (string, string) {
			return "the key holds as many grants as AWS allows (50,000)",
				"Retire grants that nothing uses (aws kms list-grants --key-id " + f.Resource + "), or ask for a higher quota \"Grants per KMS key\"."
		}},
		{codes: []string{"DisabledException", "KMSInvalidStateException"}, action: "kms:", explain: notUsable},
		{codes: []string{"ValidationException", "ValidationError"}, action: "kms:CreateGrant", explain: func(f refusal) (string, string) {
			return "KMS does not take the grant: " + f.message, "Correct grant_operations. The key has to be a symmetric encryption key, as every key is that EBS can use."
		}},
		{codes: []string{"NotFoundException"}, action: "kms:", contains: "Invalid arn", explain: func(f refusal) (string, string) {
			return "the ARN is of a key in another Region", "Name the key by its id, or by its ARN in " + string(f.Scope.Region) + "."
		}},
		{codes: []string{"NotFoundException"}, action: "kms:", explain: func(f refusal) (string, string) {
			return "there is no such key: " + f.message, "Check id or alias, account and Region: keys and aliases are of one account and Region."
		}},
	}
}

// notUsable tells by the key's state what to do. KMS's message names it in words.
func notUsable(f refusal) (cause, remedy string) {
	state := "Disabled"
	for words, is := range map[string]string{
		"pending deletion": "PendingDeletion", "pending replica deletion": "PendingReplicaDeletion", "pending import": "PendingImport",
		"unavailable": "Unavailable", "creating": "Creating", "updating": "Updating",
	} {
		if strings.Contains(f.message, words) {
			state = is
		}
	}
	cause, remedy = sharing.KeyTrouble(state, f.Resource, "")
	if f.message != "" {
		cause += ": " + f.message
	}
	return cause, remedy
}

// bothSides is said when KMS won't tell: for a caller of another account it answers in the same way whether the key
// exists or not. https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-modifying-external-accounts.html
func bothSides(f refusal) (cause, remedy string) {
	cause = fmt.Sprintf("%s is not allowed %s: across accounts the key's policy and the role's identity policy both have to allow it, "+
		"without a condition that a direct call can't meet (kms:GrantIsForAWSResource, kms:ViaService)", f.who(), f.Action)
	if strings.Contains(f.message, "does not exist in this Region") {
		cause += "; KMS answers in the same way to a Deny and when there is no such key"
	}
	return cause, f.keySide() + "\n" + f.roleSide() + "\nIf both are there: " + f.elsewhere("the key's policy, ")
}

// elsewhere says where else to look when all is there that is known to be needed.
func (f refusal) elsewhere(besides string) string {
	return fmt.Sprintf("look for what denies the call, or does not let it through, in %sthe permissions boundary of %s, "+
		"the service control policies of %s and the resource control policies of the key's account.",
		besides, f.who(), accountNamed(sharing.AccountOf(f.caller)))
}

// keySide is the remedy on the side of the key: for a grant, a statement for that very grant.
func (f refusal) keySide() string {
	statement := policy.KeyStatement(f.Action, f.whom())
	if f.Action == "kms:CreateGrant" && f.Grantee != "" {
		statement = policy.GrantStatement(f.whom(), f.Grantee, f.Operations)
	}
	return "The policy of key " + f.Resource + " needs\n" + statement
}

// OwnSide returns the remedy for a refusal that is not the key policy's: what the role's own policy needs, and where else to look.
func OwnSide(a Act) string {
	f := refusal{Act: a, caller: a.Principal.ARN}
	return f.roleSide() + "\nIf that is there: " + f.elsewhere("")
}
