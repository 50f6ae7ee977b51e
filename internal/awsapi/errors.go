package awsapi

import (
	"errors"
	"slices"
	"strings"

	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/smithy-go"

	"github.com/amishare/packer-plugin-ami-share/internal/sharing"
)

// code returns AWS's error code, "" when AWS did not answer.
func code(err error) string {
	if api, ok := errors.AsType[smithy.APIError](err); ok {
		return api.ErrorCode()
	}
	return ""
}

// message returns AWS's own words without the SDK's around them.
func message(err error) string {
	if api, ok := errors.AsType[smithy.APIError](err); ok {
		return api.ErrorMessage()
	}
	return err.Error()
}

// requestID returns the id that AWS's support asks for.
func requestID(err error) string {
	if response, ok := errors.AsType[*awshttp.ResponseError](err); ok {
		return response.ServiceRequestID()
	}
	return ""
}

// hasCode tells whether AWS answered with one of the codes.
func hasCode(err error, codes ...string) bool {
	got := code(err)
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

// denied tells whether AWS refused for want of permission.
func denied(err error) bool {
	return hasCode(err, "AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "AuthFailure")
}

// proven tells whether a DryRun call was answered with: it would have worked.
// https://docs.aws.amazon.com/kms/latest/developerguide/testing-permissions.html
func proven(err error) bool { return hasCode(err, "DryRunOperation", "DryRunOperationException") }

// unknown tells whether a call may have had its effect in spite of the error: the connection broke, or a fault of AWS
// came in between.
func unknown(err error) bool {
	var unsent *smithy.InvalidParamsError
	if err == nil || unreachable(err) || errors.As(err, &unsent) {
		return false
	}
	if _, ok := errors.AsType[smithy.APIError](err); !ok {
		return true
	}
	var response *awshttp.ResponseError
	return errors.As(err, &response) && response.HTTPStatusCode() >= 500
}

func joinProblems(problems []sharing.Problem) string {
	lines := make([]string, len(problems))
	for i, problem := range problems {
		lines[i] = problem.Error()
	}
	return strings.Join(lines, "\n")
}
