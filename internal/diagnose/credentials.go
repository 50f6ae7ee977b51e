// SPDX-License-Identifier: MPL-2.0

package diagnose

import (
	"cmp"
	"fmt"

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
			return f.whose() + " have expired", "Get new ones and run again. With a role instead of a token, the plugin renews them itself."
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

func wrongClock(f refusal) (cause, remedy string) {
	return "the clock of the machine that Packer runs on is wrong: " + f.message, "Set it, or let it be set (NTP)."
}

// badCredentials explains credentials that AWS does not take. Those of a target's session were just made by STS: in a Region
// that each account has to enable, it is the account that is not known there.
// https://docs.aws.amazon.com/accounts/latest/reference/manage-acct-regions.html
func badCredentials(f refusal) (cause, remedy string) {
	if f.Scope.Account != "" && sharing.OptIn(f.Scope.Region) {
		return fmt.Sprintf("the Region %s is not enabled in account %s, so that its credentials are not known there: %s", f.Scope.Region, f.Scope.Account, f.message), enableRegion(f)
	}
	return f.whose() + " are not taken: " + f.message, "The credentials are wrong or deleted, or the Region is an opt-in Region that " +
		f.account() + " has not enabled. A role that was deleted and made again invalidates its sessions."
}

// enableRegion tells how to enable a Region, or to do without.
func enableRegion(f refusal) string {
	name := cmp.Or(string(f.Scope.Region), "<region>")
	return "Enable it in " + f.account() + " (aws account enable-region --region-name " + name + "), or leave it out: " +
		"a target's regions say in which of them it gets anything."
}

// whose names the credentials of a call. A role is assumed with those of the source.
func (f refusal) whose() string {
	if f.service() == "sts" && f.Action != "sts:GetCallerIdentity" || f.Scope.Account == "" {
		return "the source account's credentials"
	}
	return "the credentials for account " + string(f.Scope.Account)
}

func (f refusal) account() string {
	if f.Scope.Account == "" {
		return "the source account"
	}
	return "account " + string(f.Scope.Account)
}

// throttleRules are for calls that were repeated in vain.
func throttleRules() []rule {
	return []rule{{
		codes: []string{
			"RequestLimitExceeded", "Throttling", "ThrottlingException", "ThrottledException", "RequestThrottled", "RequestThrottledException",
			"TooManyRequestsException", "PriorRequestNotComplete", "SlowDown", "EC2ThrottledException", "BandwidthLimitExceeded",
		},
		explain: func(f refusal) (string, string) {
			return "AWS throttles the call, also after all retries: " + cmp.Or(f.message, f.code),
				"Look in CloudTrail what else makes this call in " + f.account() + " so often, or ask AWS for a higher rate; then run again: what is done already costs no call."
		},
	}, {
		codes: []string{
			"InternalError", "InternalFailure", "Unavailable", "ServiceUnavailable", "ServiceFailure", "KMSInternalException",
			"DependencyTimeoutException", "KeyUnavailableException",
		},
		explain: func(f refusal) (string, string) {
			return "a fault of AWS, also after all retries: " + cmp.Or(f.message, f.code), runAgain
		},
	}}
}

const runAgain = "Run again: what is done already stays done and costs no call."
