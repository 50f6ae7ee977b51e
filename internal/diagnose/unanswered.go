// SPDX-License-Identifier: MPL-2.0

package diagnose

import (
	"context"
	"errors"
	"fmt"
	"io"
	"syscall"

	"github.com/aws/aws-sdk-go-v2/aws/retry"
)

// unanswered explains errors that nobody sent.
func unanswered(err error) (cause, remedy string) {
	var exhausted *retry.MaxAttemptsError
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		return "AWS did not answer in time", "Run again. If it stays so, look at the way to AWS from here: proxy, VPC endpoint, firewall."
	case errors.Is(err, context.Canceled):
		return "the run was interrupted", "Run again."
	case untrusted(err):
		return "the TLS certificate that came instead of AWS's is not trusted: " + root(err),
			"Where a proxy looks into TLS connections, name the file of its authority's certificate in AWS_CA_BUNDLE. " +
				"With insecure_skip_tls_verify = true the plugin trusts anybody."
	case Unreachable(err):
		return "AWS could not be reached: " + root(err),
			"Check the Region's name, the endpoint settings (AWS_ENDPOINT_URL) and the way to AWS from here: proxy, VPC endpoint, firewall."
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, syscall.ECONNRESET):
		return "the connection was closed before AWS had answered", "Run again. If it stays so, look at the way to AWS from here: proxy, VPC endpoint, firewall."
	case errors.As(err, &exhausted):
		return fmt.Sprintf("no answer in %d attempts: %s", exhausted.Attempt, root(err)), runAgain
	default:
		return root(err), "Run again. If it stays so, PACKER_LOG=1 shows more."
	}
}

// root returns the innermost error's words.
func root(err error) string {
	for {
		inner := errors.Unwrap(err)
		if inner == nil {
			return err.Error()
		}
		err = inner
	}
}
