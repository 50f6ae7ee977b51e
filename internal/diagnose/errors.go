// SPDX-License-Identifier: MPL-2.0

package diagnose

import (
	"crypto/tls"
	"errors"
	"net"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws/retry"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/smithy-go"

	"github.com/amishare/packer-plugin-ami-share/internal/sharing"
)

// Code returns AWS's error code, "" when AWS did not answer.
func Code(err error) string {
	if api, ok := errors.AsType[smithy.APIError](err); ok {
		return api.ErrorCode()
	}
	return ""
}

// Message returns AWS's own words without the SDK's around them.
func Message(err error) string {
	if api, ok := errors.AsType[smithy.APIError](err); ok {
		return api.ErrorMessage()
	}
	return err.Error()
}

// RequestID returns the id that AWS's support asks for.
func RequestID(err error) string {
	if response, ok := errors.AsType[*awshttp.ResponseError](err); ok {
		return response.ServiceRequestID()
	}
	return ""
}

// Has tells whether AWS answered with one of the codes.
func Has(err error, codes ...string) bool {
	got := Code(err)
	return got != "" && slices.Contains(codes, got)
}

// assuming tells whether an error came up while the role of a session was assumed again, in the middle of another call.
func assuming(err error) bool {
	outer, ok := errors.AsType[*smithy.OperationError](err)
	if !ok {
		return false
	}
	inner, ok := errors.AsType[*smithy.OperationError](outer.Err)
	return ok && inner.OperationName == "AssumeRole"
}

// Denied tells whether AWS refused for want of permission.
func Denied(err error) bool {
	if _, ok := asCredentials(err); ok {
		return false // it is about credentials, and not about the call
	}
	return Has(err, "AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "AuthFailure")
}

// Proven tells whether a DryRun call was answered with: it would have worked.
// https://docs.aws.amazon.com/kms/latest/developerguide/testing-permissions.html
func Proven(err error) bool { return Has(err, "DryRunOperation", "DryRunOperationException") }

// Unknown tells whether a call may have had its effect in spite of the error: the connection broke, the answer can't be
// read, or a fault of AWS came in between. A throttled call had none.
func Unknown(err error) bool {
	var invalid *smithy.InvalidParamsError
	if err == nil || Unreachable(err) || errors.As(err, &invalid) || unsent(err) || throttled(err) {
		return false
	}
	if _, ok := errors.AsType[smithy.APIError](err); !ok {
		return true
	}
	var response *awshttp.ResponseError
	return errors.As(err, &response) && response.HTTPStatusCode() >= 500
}

// throttled tells whether AWS refused a call because there were too many, with whatever status.
func throttled(err error) bool {
	_, throttled := retry.DefaultThrottleErrorCodes[Code(err)]
	return throttled
}

// unsent tells whether a call was given up before it was sent, because the run was interrupted.
func unsent(err error) bool {
	waiting, ok := errors.AsType[interface {
		error
		Unsent() bool
	}](err)
	return ok && waiting.Unsent()
}

// Unreachable tells whether no connection came about at all, with AWS or with the proxy before it.
func Unreachable(err error) bool {
	op, ok := errors.AsType[*net.OpError](err)
	return ok && (op.Op == "dial" || op.Op == "proxyconnect") || untrusted(err)
}

// untrusted tells whether the other side has shown a certificate that nothing here vouches for.
func untrusted(err error) bool {
	_, ok := errors.AsType[*tls.CertificateVerificationError](err)
	return ok
}

// roleOf turns the ARN of a role's session into that of the role. A path can't be told from it.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html
func roleOf(caller string) string {
	arn, err := sharing.ParseARN(caller)
	if err != nil || arn.Service != "sts" {
		return caller
	}
	parts := strings.Split(arn.Resource, "/")
	if len(parts) != 3 || parts[0] != "assumed-role" {
		return caller
	}
	arn.Service, arn.Resource = "iam", "role/"+parts[1]
	return arn.String()
}
