package awsapi

import (
	"context"
	"errors"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/ratelimit"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/smithy-go/middleware"

	"github.com/amishare/packer-plugin-ami-share/internal/diagnose"
)

// dialAttempts is how often a host is tried that has no address or takes no connection. Trying longer hides a wrong
// Region or endpoint behind a long wait.
const dialAttempts = 3

// newRetryer returns the SDK's standard retries with some differences: only the number of attempts bounds them, not a
// budget that many calls share; a key that is full of grants is not mistaken for a throttled call; expired credentials
// that can be had anew are no end; and an unreachable host is given up soon.
func newRetryer(retries int) func() aws.Retryer {
	return func() aws.Retryer {
		return impatient{retry.NewStandard(func(o *retry.StandardOptions) {
			o.MaxAttempts = retries + 1
			o.RateLimiter = ratelimit.None
			o.Retryables = append([]retry.IsErrorRetryable{retry.IsErrorRetryableFunc(fullKey), retry.IsErrorRetryableFunc(isRenewed)}, o.Retryables...)
		})}
	}
}

// fullKey refuses to repeat what the SDK's list of throttling codes would: KMS says LimitExceededException when a key
// holds 50,000 grants. https://docs.aws.amazon.com/kms/latest/developerguide/resource-limits.html
func fullKey(err error) aws.Ternary {
	if diagnose.Has(err, "LimitExceededException") {
		return aws.FalseTernary
	}
	return aws.UnknownTernary
}

// renewed is the error of an attempt whose credentials had expired, and have been dropped since, so that the next
// attempt fetches others.
type renewed struct{ error }

// Unwrap returns AWS's answer.
func (r renewed) Unwrap() error { return r.error }

func isRenewed(err error) aws.Ternary {
	if _, ok := errors.AsType[renewed](err); ok {
		return aws.TrueTernary
	}
	return aws.UnknownTernary
}

func isExpired(err error) bool {
	return diagnose.Has(err, "ExpiredToken", "ExpiredTokenException", "RequestExpired")
}

// renew drops a session's credentials when AWS says that they have expired before their time. Those of the source, with
// which a role is assumed, are not its to renew.
func (c *Client) renew(stack *middleware.Stack) error {
	return stack.Deserialize.Add(middleware.DeserializeMiddlewareFunc("amishare:Renew",
		func(ctx context.Context, in middleware.DeserializeInput, next middleware.DeserializeHandler) (middleware.DeserializeOutput, middleware.Metadata, error) {
			out, metadata, err := next.HandleDeserialize(ctx, in)
			if s := c.sessions[placeOf(ctx).account]; isExpired(err) && s != nil && s.renewable != nil {
				s.renewable.Invalidate()
				err = renewed{err}
			}
			return out, metadata, err
		}), middleware.Before)
}

// impatient gives up on hosts that can't be reached.
type impatient struct{ *retry.Standard }

// RetryDelay implements aws.Retryer. An error ends the attempts.
func (r impatient) RetryDelay(attempt int, err error) (time.Duration, error) {
	if attempt >= dialAttempts && diagnose.Unreachable(err) {
		return 0, err
	}
	return r.Standard.RetryDelay(attempt, err)
}
