package awsapi

import (
	"fmt"
	"strings"
)

// credentialRules are for credentials that AWS doesn't take, whatever they are used for.
func credentialRules() []rule {
	return []rule{
		{codes: []string{"ExpiredToken", "ExpiredTokenException", "RequestExpired"}, explain: func(refusal) (string, string) {
			return "the credentials have expired", "get new ones and run again; with a role instead of a token, the plugin renews them itself"
		}},
		{codes: []string{"RegionDisabledException", "OptInRequired"}, explain: func(f refusal) (string, string) {
			return "the region is not enabled in the account",
				"enable the region in account " + f.account() + " (an opt-in region is enabled in each account by itself), or leave it out"
		}},
		{codes: []string{"InvalidClientTokenId", "UnrecognizedClientException", "InvalidAccessKeyId", "SignatureDoesNotMatch"}, explain: badCredentials},
		{codes: []string{"AuthFailure"}, contains: "not able to validate", explain: badCredentials},
	}
}

func badCredentials(f refusal) (string, string) {
	return f.message, "the credentials are wrong or deleted, or the region is an opt-in region that account " + f.account() +
		" has not enabled; a role that was deleted and made again invalidates its sessions"
}

func (f refusal) account() string {
	if f.scope.Account == "" {
		return "of the source"
	}
	return string(f.scope.Account)
}

// accessRules are for refusals for want of permission outside KMS and STS.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html
func accessRules() []rule {
	codes := []string{"UnauthorizedOperation", "AccessDenied", "AccessDeniedException"}
	return []rule{
		{codes: codes, contains: "explicit deny", explain: explicitDeny},
		{codes: codes, contains: "no session policy allows", explain: func(f refusal) (string, string) {
			return "the session policy does not allow " + f.action, "if the target's assume_role has a policy or policy_arns, they leave it out: add\n" + identityStatement(f.act).String()
		}},
		{codes: codes, explain: func(f refusal) (string, string) {
			return fmt.Sprintf("%s is not allowed %s", f.who(), f.action), "add to the identity policy of " + f.who() + ":\n" + identityStatement(f.act).String()
		}},
	}
}

// explicitDeny names the kind of policy that AWS's message names.
func explicitDeny(f refusal) (string, string) {
	kind := "a policy"
	for _, known := range []string{
		"a service control policy", "a resource control policy", "a permissions boundary", "a session policy",
		"a VPC endpoint policy", "an identity-based policy", "a resource-based policy",
	} {
		if strings.Contains(f.message, "explicit deny in "+known) {
			kind = known
		}
	}
	return fmt.Sprintf("%s is denied %s by %s", f.who(), f.action, kind),
		"no Allow helps against a Deny: find the statement that denies " + f.action + " in " + kind + " and make an exception for " + f.who()
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
		codes: []string{"InternalError", "InternalFailure", "Unavailable", "ServiceUnavailable", "ServiceFailure", "KMSInternalException", "DependencyTimeoutException"},
		explain: func(f refusal) (string, string) {
			return "a fault of AWS, also after all retries: " + f.message, "run again: what is done already stays done and costs no call"
		},
	}}
}
