package awsapi

import (
	"fmt"
	"strings"
)

// kmsRules are for keys and grants. https://docs.aws.amazon.com/kms/latest/APIReference/API_CreateGrant.html
func kmsRules() []rule {
	const denied = "AccessDeniedException"
	return []rule{
		{codes: []string{denied}, action: "kms:", contains: "explicit deny", explain: explicitDeny},
		{codes: []string{denied}, action: "kms:", contains: "no identity-based policy allows", explain: func(f refusal) (string, string) {
			return fmt.Sprintf("the identity policy of %s does not allow %s on the key", f.who(), f.action), roleSide(f)
		}},
		{codes: []string{denied}, action: "kms:", contains: "no session policy allows", explain: func(f refusal) (string, string) {
			return "the session policy does not allow " + f.action, "if the target's assume_role has a policy or policy_arns, they leave it out: add\n" + identityStatement(f.act).String()
		}},
		{codes: []string{denied}, action: "kms:", contains: "because no resource-based policy allows", explain: func(f refusal) (string, string) {
			return fmt.Sprintf("the key policy does not allow %s to %s", f.who(), f.action), keySide(f)
		}},
		{codes: []string{denied}, action: "kms:", explain: bothSides},
		{codes: []string{"InvalidArnException"}, action: "kms:CreateGrant", explain: func(f refusal) (string, string) {
			return "KMS knows no role " + f.grantee, "check the role's name and path in the account; a role made minutes ago may need some more: run again, or create it beforehand"
		}},
		{codes: []string{"LimitExceededException"}, action: "kms:", explain: func(f refusal) (string, string) {
			return "the key holds as many grants as AWS allows (50,000)",
				"retire grants that nothing uses (aws kms list-grants --key-id " + f.resource + "), or ask for a higher quota \"Grants per KMS key\""
		}},
		{codes: []string{"DisabledException", "KMSInvalidStateException"}, action: "kms:", explain: func(f refusal) (string, string) {
			return "the key is not usable: " + f.message, "enable the key (aws kms enable-key), or cancel its deletion (aws kms cancel-key-deletion), in the key's own account"
		}},
		{codes: []string{"NotFoundException"}, action: "kms:", contains: "Invalid arn", explain: func(f refusal) (string, string) {
			return "the ARN is of a key in another region", "name the key by its id, or by its ARN in " + string(f.scope.Region)
		}},
		{codes: []string{"NotFoundException"}, action: "kms:", explain: func(f refusal) (string, string) {
			return "there is no such key: " + f.message, "check id or alias, account and region: keys and aliases are of one account and region"
		}},
	}
}

// bothSides is said when KMS won't tell: for a caller of another account it answers in the same way whether the key
// exists or not. https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-modifying-external-accounts.html
func bothSides(f refusal) (string, string) {
	cause := fmt.Sprintf("%s is not allowed %s: across accounts the key policy and the role's own policy both have to allow it, "+
		"without a condition that a direct call can't meet (kms:GrantIsForAWSResource, kms:ViaService)", f.who(), f.action)
	if strings.Contains(f.message, "does not exist in this Region") {
		cause += "; KMS answers in the same way when there is no such key"
	}
	return cause, keySide(f) + "\n" + roleSide(f)
}

func keySide(f refusal) string {
	return "the policy of key " + f.resource + " needs\n" + keyStatement(f.act, f.whom()).String()
}

func roleSide(f refusal) string {
	return "the identity policy of " + f.who() + " needs\n" + identityStatement(f.act).String()
}
