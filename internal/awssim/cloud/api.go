// SPDX-License-Identifier: MPL-2.0

package cloud

import (
	"cmp"
	"net/http"

	"github.com/amishare/packer-plugin-ami-share/internal/awssim/wire"
)

// API is one AWS API: how its calls are told from those of others, and its actions.
type API struct {
	// Name in credential scopes, as in "kms".
	Name string
	// Prefix of its actions in policies, where that is not the name.
	Prefix string
	// Protocol in which its calls and answers are written.
	Protocol wire.Protocol
	// Version and Namespace of the query protocols.
	Version, Namespace string
	// Target is what X-Amz-Target has before the action, in the JSON protocol.
	Target string
	// Scope is the Region that calls are signed for, by partition, where it is one for all Regions; nil for the Region of the call.
	Scope map[string]string
	// Actions by name.
	Actions map[string]Action[*Call]
	// ConditionKeys are the condition keys of its own, separated by white space. One that ends in "/" or ":" stands for all that
	// begin so. A policy with a condition key that no API knows is refused.
	ConditionKeys string
	// Context returns condition keys that every call of the API has. May be nil.
	Context func(*Call) map[string][]string
	// ResourceTags returns the tags of a resource of the API, as the caller's account sees them. May be nil.
	ResourceTags func(c *Call, arn string) map[string]string
	// Throttled is the answer to too many calls, where it is not the one of the protocol.
	Throttled *wire.Error
}

// Permission is the name of an action in policies, as in "kms:CreateGrant".
func (a *API) Permission(action string) string { return cmp.Or(a.Prefix, a.Name) + ":" + action }

// commonErrors are the errors that every action of a service can return, by protocol.
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html
// https://docs.aws.amazon.com/IAM/latest/APIReference/CommonErrors.html
// https://docs.aws.amazon.com/kms/latest/APIReference/CommonErrors.html
var commonErrors = map[wire.Protocol]struct{ denied, badToken, badSignature, tooOld, expired, throttled wire.Error }{
	wire.EC2Query: {
		denied:       wire.Error{Status: http.StatusForbidden, Code: "UnauthorizedOperation", Message: "You are not authorized to perform this operation. "},
		badToken:     wire.Error{Status: http.StatusUnauthorized, Code: "AuthFailure", Message: "AWS was not able to validate the provided access credentials"},
		badSignature: wire.Error{Status: http.StatusUnauthorized, Code: "AuthFailure", Message: "AWS was not able to validate the provided access credentials"},
		tooOld:       wire.Error{Status: http.StatusBadRequest, Code: "RequestExpired", Message: "Request has expired."},
		expired:      wire.Error{Status: http.StatusBadRequest, Code: "RequestExpired", Message: "Request has expired."},
		throttled:    wire.Error{Status: http.StatusServiceUnavailable, Code: "RequestLimitExceeded", Message: "Request limit exceeded."},
	},
	wire.Query: {
		denied:       wire.Error{Status: http.StatusForbidden, Code: "AccessDenied"},
		badToken:     wire.Error{Status: http.StatusForbidden, Code: "InvalidClientTokenId", Message: invalidToken},
		badSignature: wire.Error{Status: http.StatusForbidden, Code: "SignatureDoesNotMatch", Message: wrongSignature},
		tooOld:       wire.Error{Status: http.StatusForbidden, Code: "SignatureDoesNotMatch", Message: oldSignature},
		expired:      wire.Error{Status: http.StatusForbidden, Code: "ExpiredToken", Message: expiredToken},
		throttled:    wire.Error{Status: http.StatusBadRequest, Code: "Throttling", Message: "Rate exceeded"},
	},
	wire.JSON: {
		denied:       wire.Error{Status: http.StatusBadRequest, Code: "AccessDeniedException"},
		badToken:     wire.Error{Status: http.StatusBadRequest, Code: "UnrecognizedClientException", Message: invalidToken},
		badSignature: wire.Error{Status: http.StatusBadRequest, Code: "InvalidSignatureException", Message: wrongSignature},
		tooOld:       wire.Error{Status: http.StatusBadRequest, Code: "InvalidSignatureException", Message: oldSignature},
		expired:      wire.Error{Status: http.StatusBadRequest, Code: "ExpiredTokenException", Message: expiredToken},
		throttled:    wire.Error{Status: http.StatusBadRequest, Code: "ThrottlingException", Message: "Rate exceeded"},
	},
}

const (
	invalidToken   = "The security token included in the request is invalid."
	expiredToken   = "The security token included in the request is expired"
	oldSignature   = "Signature expired: the request was signed more than 15 minutes ago, or more than 15 minutes ahead"
	wrongSignature = "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method."
)

// denied is the refusal of a call for want of permission.
func (a *API) denied(why string) *wire.Error {
	refusal := commonErrors[a.Protocol].denied
	refusal.Message += why
	if a.Protocol == wire.EC2Query {
		refusal.Message += ". Encoded authorization failure message: none"
	}
	return &refusal
}

// badToken is the refusal of an access key that nobody has, and of a Region that the account has not enabled.
// https://docs.aws.amazon.com/accounts/latest/reference/manage-acct-regions.html
func (a *API) badToken() *wire.Error {
	refusal := commonErrors[a.Protocol].badToken
	return &refusal
}

func (a *API) badSignature() *wire.Error {
	refusal := commonErrors[a.Protocol].badSignature
	return &refusal
}

// OutOfScope is the refusal of a call that is signed for another Region than the API's one of the partition, nil for none.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
func (a *API) OutOfScope(partition, region string) error {
	one := a.Scope[partition]
	if one == "" || region == one {
		return nil
	}
	refusal := a.badSignature()
	refusal.Message = "Credential should be scoped to a valid region, not '" + region + "'. "
	return refusal
}

// tooOld is the refusal of a request that was signed at another time.
func (a *API) tooOld() *wire.Error {
	refusal := commonErrors[a.Protocol].tooOld
	return &refusal
}

func (a *API) expired() *wire.Error {
	refusal := commonErrors[a.Protocol].expired
	return &refusal
}

func (a *API) tooMany() *wire.Error {
	refusal := commonErrors[a.Protocol].throttled
	return cmp.Or(a.Throttled, &refusal)
}
