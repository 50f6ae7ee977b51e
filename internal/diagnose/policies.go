// SPDX-License-Identifier: MPL-2.0

package diagnose

import (
	"fmt"
	"strings"

	"github.com/amishare/packer-plugin-ami-share/internal/policy"
	"github.com/amishare/packer-plugin-ami-share/internal/sharing"
)

// deniedCodes say that a permission is missing.
func deniedCodes() []string {
	return []string{"UnauthorizedOperation", "AccessDenied", "AccessDeniedException"}
}

// policyRules are for refusals in which AWS names the policy that is in the way, whatever the service.
func policyRules() []rule {
	return []rule{
		{codes: deniedCodes(), contains: "explicit deny", explain: explicitDeny},
		{codes: deniedCodes(), contains: "because no ", explain: noAllow},
	}
}

// explicitDeny names the policy that denies, and where it is found.
func explicitDeny(f refusal) (cause, remedy string) {
	switch f.blames.policy {
	case "":
		return fmt.Sprintf("%s is denied %s by a policy that AWS doesn't name", f.who(), f.Action),
			fmt.Sprintf("No Allow helps against a Deny. Find the statement that denies %s in the policies of %s, in those of the organization or in the resource's, "+
				"and make an exception for %s.", f.Action, f.who(), f.who())
	case "session policy":
		if f.Principal.Narrowed {
			return ownPolicy(f)
		}
	}
	cause = fmt.Sprintf("%s is denied %s by %s", f.who(), f.Action, f.denier())
	if f.blames.arn != "" {
		cause += ", " + f.blames.arn
	}
	return cause, fmt.Sprintf("No Allow helps against a Deny. Find the statement that denies %s in %s, and make an exception for %s.", f.Action, f.where(), f.who())
}

// denier names the policy in a word, the resource's by the resource.
func (f refusal) denier() string {
	switch f.blames.policy {
	case "role trust policy", "resource-based policy":
		return f.resourcePolicy()
	default:
		return withArticle(f.blames.policy)
	}
}

// noAllow says which policy would have to allow what it doesn't.
func noAllow(f refusal) (cause, remedy string) {
	switch f.blames.policy {
	case "":
		return missingPermission(f)
	case "identity-based policy":
		return fmt.Sprintf("the identity policy of %s does not allow %s", f.who(), f.Action), f.roleSide()
	case "session policy":
		return sessionPolicy(f)
	case "role trust policy", "resource-based policy":
		return fmt.Sprintf("%s does not allow %s to %s%s", f.where(), f.Action, f.who(), f.with()), f.resourceSide()
	case "permissions boundary":
		return fmt.Sprintf("the permissions boundary of %s does not allow %s", f.who(), f.Action),
			fmt.Sprintf("The identity policy is not enough: %s needs\n%s", f.where(), policy.IdentityStatement(f.Action, f.Resource))
	default:
		return fmt.Sprintf("no %s allows %s to %s", f.blames.policy, f.Action, f.who()),
			fmt.Sprintf("The identity policy is not enough: let %s allow %s to %s.", f.where(), f.Action, f.who())
	}
}

// sessionPolicy is for the policy that was passed when the session was made.
func sessionPolicy(f refusal) (cause, remedy string) {
	if f.Principal.Narrowed {
		return ownPolicy(f)
	}
	return "the session policy of " + f.who() + " does not allow " + f.Action,
		"A session may do what the role's policy and the session policy both allow: add to " + f.where() + "\n" + policy.IdentityStatement(f.Action, f.Resource)
}

// ownPolicy is for the policy that the plugin narrows its own sessions with.
func ownPolicy(f refusal) (cause, remedy string) {
	return "the plugin has narrowed its own session to what the run was to need, and left out " + f.Action,
		"This is a mistake of the plugin, and no policy of yours is at fault: please report it with this message. " +
			"Until it is mended, a policy in the target's assume_role takes the place of the plugin's."
}

// where says in which policy to look that AWS blames.
func (f refusal) where() string {
	switch f.blames.policy {
	case "identity-based policy":
		return "the identity policies of " + f.who()
	case "session policy":
		return "the session policy of " + f.who() + " (policy and policy_arns of its assume_role block, or those of whoever handed out the session)"
	case "permissions boundary":
		return "the permissions boundary of " + f.who()
	case "role trust policy", "resource-based policy":
		return f.resourcePolicy()
	case "service control policy":
		return "the service control policies of the organization of " + accountNamed(sharing.AccountOf(f.caller))
	case "resource control policy":
		return "the resource control policies of the organization of " + accountNamed(sharing.AccountOf(f.Resource))
	case "VPC endpoint policy":
		return "the policy of the VPC endpoint for " + strings.ToUpper(f.service()) + " that the call went through"
	default:
		return "the " + f.blames.policy
	}
}

func (f refusal) service() string {
	service, _, _ := strings.Cut(f.Action, ":")
	return service
}

// with says with which external id the role was to be assumed.
func (f refusal) with() string {
	if f.service() != "sts" {
		return ""
	}
	return withExternalID(f.ExternalID)
}

// resourcePolicy names the policy of what was acted on.
func (f refusal) resourcePolicy() string {
	switch f.service() {
	case "sts":
		return "the trust policy of " + f.Resource
	case "kms":
		return "the policy of key " + f.Resource
	default:
		return "the policy of " + f.Resource
	}
}

func accountNamed(account sharing.AccountID) string {
	if account == "" {
		return "the account"
	}
	return "account " + string(account)
}

// resourceSide is the remedy on the side of what was acted on.
func (f refusal) resourceSide() string {
	switch f.service() {
	case "sts":
		return f.trustSide()
	case "kms":
		return f.keySide()
	default:
		return "Let " + f.resourcePolicy() + " allow " + f.Action + " to " + f.who() + "."
	}
}

// roleSide is the remedy on the side of whoever acted.
func (f refusal) roleSide() string {
	remedy := "The identity policy of " + f.who() + " needs\n" + policy.IdentityStatement(f.Action, f.Resource)
	if f.Action == "iam:GetRole" {
		remedy += "\nThe role's path counts: if the role has another one, name it with that."
	}
	return remedy
}

func withArticle(kind string) string {
	switch kind[0] {
	case 'a', 'e', 'i', 'o':
		return "an " + kind
	default:
		return "a " + kind
	}
}

// accessRules are for refusals that say no more than that they are one.
func accessRules() []rule {
	return []rule{{codes: deniedCodes(), explain: missingPermission}}
}

func missingPermission(f refusal) (cause, remedy string) {
	return fmt.Sprintf("%s is not allowed %s", f.who(), f.Action), f.roleSide()
}
