package diagnose

import (
	"fmt"
	"strings"

	"github.com/amishare/packer-plugin-ami-share/internal/policy"
)

// kmsRules are for keys and grants. https://docs.aws.amazon.com/kms/latest/APIReference/API_CreateGrant.html
func kmsRules() []rule {
	return []rule{
		{codes: []string{"AccessDeniedException"}, action: "kms:", explain: bothSides},
		{codes: []string{"InvalidArnException"}, action: "kms:CreateGrant", explain: func(f refusal) (string, string) {
			return "KMS knows no role " + f.Grantee, "check the role's name and path in the account; a role made minutes ago may need some more: run again, or create it beforehand"
		}},
		{codes: []string{"LimitExceededException"}, action: "kms:", explain: func(f refusal) (string, string) {
			return "the key holds as many grants as AWS allows (50,000)",
				"retire grants that nothing uses (aws kms list-grants --key-id " + f.Resource + "), or ask for a higher quota \"Grants per KMS key\""
		}},
		{codes: []string{"DisabledException", "KMSInvalidStateException"}, action: "kms:", explain: notUsable},
		{codes: []string{"ValidationException", "ValidationError"}, action: "kms:CreateGrant", explain: func(f refusal) (string, string) {
			return "KMS does not take the grant: " + f.message, "correct grant_operations; the key has to be a symmetric encryption key, as every key is that EBS can use"
		}},
		{codes: []string{"NotFoundException"}, action: "kms:", contains: "Invalid arn", explain: func(f refusal) (string, string) {
			return "the ARN is of a key in another region", "name the key by its id, or by its ARN in " + string(f.Scope.Region)
		}},
		{codes: []string{"NotFoundException"}, action: "kms:", explain: func(f refusal) (string, string) {
			return "there is no such key: " + f.message, "check id or alias, account and region: keys and aliases are of one account and region"
		}},
	}
}

// notUsable tells by the key's state what to do. https://docs.aws.amazon.com/kms/latest/developerguide/key-state.html
func notUsable(f refusal) (string, string) {
	enable := "aws kms enable-key --region " + string(f.Scope.Region) + " --key-id " + f.Resource
	remedy := "enable the key: " + enable
	switch {
	case strings.Contains(f.message, "pending deletion"):
		remedy = "cancel its deletion, and then enable it: " + strings.Replace(enable, "enable-key", "cancel-key-deletion", 1) + "; " + enable
	case strings.Contains(f.message, "pending import"):
		remedy = "import its key material (aws kms import-key-material)"
	case strings.Contains(f.message, "unavailable"):
		remedy = "connect its custom key store (aws kms connect-custom-key-store)"
	case strings.Contains(f.message, "creating"), strings.Contains(f.message, "updating"):
		remedy = "run again in a minute"
	}
	return "the key is not usable: " + f.message, remedy + ", in the key's own account"
}

// bothSides is said when KMS won't tell: for a caller of another account it answers in the same way whether the key
// exists or not. https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-modifying-external-accounts.html
func bothSides(f refusal) (string, string) {
	cause := fmt.Sprintf("%s is not allowed %s: across accounts the key policy and the role's own policy both have to allow it, "+
		"without a condition that a direct call can't meet (kms:GrantIsForAWSResource, kms:ViaService)", f.who(), f.Action)
	if strings.Contains(f.message, "does not exist in this Region") {
		cause += "; KMS answers in the same way when there is no such key"
	}
	return cause, keySide(f) + "\n" + roleSide(f)
}

func keySide(f refusal) string {
	return "the policy of key " + f.Resource + " needs\n" + f.keyStatement()
}

func roleSide(f refusal) string {
	return "the identity policy of " + f.who() + " needs\n" + policy.IdentityStatement(f.Action, f.Resource)
}

// keyStatement is what the key's policy lacks: for a grant, that very grant.
func (f refusal) keyStatement() string {
	if f.Action == "kms:CreateGrant" && f.Grantee != "" {
		return policy.GrantStatement(f.whom(), f.Grantee, f.Operations)
	}
	return policy.KeyStatement(f.Action, f.whom())
}

// OwnSide returns the remedy for a refusal that is not the key policy's: what the role's own policy needs.
func OwnSide(a Act) string { return roleSide(refusal{Act: a, caller: a.Principal}) }

// BlamesAnother tells whether AWS puts a refusal down to a policy that is not the key's.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html
func BlamesAnother(err error) bool {
	_, reason, _ := strings.Cut(Message(err), " because ")
	if reason == "" {
		_, reason, _ = strings.Cut(Message(err), " with an explicit deny in ")
	}
	return reason != "" && !strings.Contains(reason, "resource-based polic")
}
