package diagnose

import (
	"cmp"
	"fmt"
	"regexp"

	"github.com/amishare/packer-plugin-ami-share/internal/policy"
	"github.com/amishare/packer-plugin-ami-share/internal/sharing"
)

// credentialRules are for credentials that AWS doesn't take, whatever they are used for.
func credentialRules() []rule {
	wrong := []string{
		"InvalidClientTokenId", "UnrecognizedClientException", "InvalidAccessKeyId", "SignatureDoesNotMatch", "InvalidSignatureException",
		"IncompleteSignature", "MissingAuthenticationToken",
	}
	return []rule{
		{codes: []string{"ExpiredToken", "ExpiredTokenException", "RequestExpired"}, explain: func(f refusal) (string, string) {
			return f.whose() + " have expired", "get new ones and run again; with a role instead of a token, the plugin renews them itself"
		}},
		{codes: []string{"RegionDisabledException", "OptInRequired"}, explain: func(f refusal) (string, string) {
			return "the Region is not enabled there", enableRegion(f)
		}},
		{codes: []string{"SignatureDoesNotMatch", "InvalidSignatureException"}, contains: "Signature expired", explain: wrongClock},
		{codes: []string{"SignatureDoesNotMatch", "InvalidSignatureException"}, contains: "not yet current", explain: wrongClock},
		{codes: []string{"RequestTimeTooSkewed"}, explain: wrongClock},
		{codes: wrong, explain: badCredentials},
		{codes: []string{"AuthFailure"}, contains: "not able to validate", explain: badCredentials},
	}
}

func wrongClock(f refusal) (string, string) {
	return "the clock of the machine that Packer runs on is wrong: " + f.message, "set it, or let it be set (NTP)"
}

// badCredentials explains credentials that AWS does not take. Those of a target's session were just made by STS: in a Region
// that each account has to enable, it is the account that is not known there.
// https://docs.aws.amazon.com/accounts/latest/reference/manage-acct-regions.html
func badCredentials(f refusal) (string, string) {
	if f.Scope.Account != "" && sharing.OptIn(f.Scope.Region) {
		return fmt.Sprintf("the Region %s is not enabled in account %s, so that its credentials are not known there: %s", f.Scope.Region, f.Scope.Account, f.message), enableRegion(f)
	}
	return f.whose() + " are not taken: " + f.message, "the credentials are wrong or deleted, or the region is an opt-in region that account " +
		f.account() + " has not enabled; a role that was deleted and made again invalidates its sessions"
}

// enableRegion tells how to enable a Region, or to do without.
func enableRegion(f refusal) string {
	name := cmp.Or(string(f.Scope.Region), "<region>")
	return "enable it in account " + f.account() + " (aws account enable-region --region-name " + name + "), or leave it out: " +
		"a target's regions say in which of them it gets anything"
}

// whose names the credentials of a call. A role is assumed with those of the source.
func (f refusal) whose() string {
	if f.Action == "sts:AssumeRole" || f.Scope.Account == "" {
		return "the source account's credentials"
	}
	return "the credentials for account " + string(f.Scope.Account)
}

func (f refusal) account() string {
	if f.Scope.Account == "" {
		return "of the source"
	}
	return string(f.Scope.Account)
}

// deniedCodes say that a permission is missing.
func deniedCodes() []string {
	return []string{"UnauthorizedOperation", "AccessDenied", "AccessDeniedException"}
}

// AWS names the kind of policy that is in the way, and some services its ARN.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html
var (
	denyingPolicy = regexp.MustCompile(`explicit deny in (?:an?|the) ([\w -]+ (?:policy|boundary))(?:: (arn:\S+))?`)
	silentPolicy  = regexp.MustCompile(`because no ([\w -]+ (?:policy|boundary)) allows`)
)

// policyRules are for refusals in which AWS names what is in the way, whatever the service.
func policyRules() []rule {
	return []rule{
		{codes: deniedCodes(), contains: "explicit deny", explain: explicitDeny},
		{codes: deniedCodes(), contains: "because no ", explain: noAllow},
	}
}

// explicitDeny names the policy that AWS's message names.
func explicitDeny(f refusal) (string, string) {
	kind, arn := "policy", ""
	if match := denyingPolicy.FindStringSubmatch(f.message); match != nil {
		kind, arn = match[1], match[2]
	}
	cause := fmt.Sprintf("%s is denied %s by %s", f.who(), f.Action, withArticle(kind))
	if arn != "" {
		cause += ", " + arn
	}
	return cause, fmt.Sprintf("no Allow helps against a Deny: find the statement that denies %s in the %s and make an exception for %s", f.Action, kind, f.who())
}

// noAllow says which policy would have to allow what it doesn't.
func noAllow(f refusal) (string, string) {
	var kind string
	if match := silentPolicy.FindStringSubmatch(f.message); match != nil {
		kind = match[1]
	}
	switch kind {
	case "identity-based policy":
		return fmt.Sprintf("the identity policy of %s does not allow %s", f.who(), f.Action), roleSide(f)
	case "session policy":
		return "the session policy does not allow " + f.Action, "if the target's assume_role has a policy or policy_arns, they leave it out: add\n" + policy.IdentityStatement(f.Action, f.Resource)
	case "role trust policy":
		return fmt.Sprintf("the trust policy of %s does not let %s in%s", f.Resource, f.who(), withExternalID(f.ExternalID)),
			"the trust policy needs\n" + policy.TrustStatement(f.whom(), f.ExternalID)
	case "resource-based policy":
		return fmt.Sprintf("the key policy does not allow %s to %s", f.Action, f.who()), keySide(f)
	case "":
		return missingPermission(f)
	default:
		return fmt.Sprintf("no %s allows %s to %s", kind, f.Action, f.who()),
			fmt.Sprintf("the role's own policy is not enough: whoever administers the %s has to let it allow %s", kind, f.Action)
	}
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

func missingPermission(f refusal) (string, string) {
	return fmt.Sprintf("%s is not allowed %s", f.who(), f.Action), roleSide(f)
}

// throttleRules are for calls that were repeated in vain.
func throttleRules() []rule {
	return []rule{{
		codes: []string{
			"RequestLimitExceeded", "Throttling", "ThrottlingException", "ThrottledException", "RequestThrottled", "RequestThrottledException",
			"TooManyRequestsException", "PriorRequestNotComplete", "SlowDown", "EC2ThrottledException", "BandwidthLimitExceeded",
		},
		explain: func(f refusal) (string, string) {
			return "AWS throttles the call, also after all retries: " + f.message, "run again with a lower max_concurrency or a higher max_retries: what is done already costs no call"
		},
	}, {
		codes: []string{
			"InternalError", "InternalFailure", "Unavailable", "ServiceUnavailable", "ServiceFailure", "KMSInternalException",
			"DependencyTimeoutException", "KeyUnavailableException",
		},
		explain: func(f refusal) (string, string) {
			return "a fault of AWS, also after all retries: " + cmp.Or(f.message, f.code), "run again: what is done already stays done and costs no call"
		},
	}}
}
