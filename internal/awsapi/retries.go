package awsapi

import (
	"errors"
	"net"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/ratelimit"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
)

// dialAttempts is how often a host is tried that has no address or takes no connection. Trying longer hides a wrong
// Region or endpoint behind a long wait.
const dialAttempts = 3

// newRetryer returns the SDK's standard retries with three differences: only the number of attempts bounds them, not a
// budget that many calls share; a key that is full of grants is not mistaken for a throttled call; and an unreachable
// host is given up soon.
func newRetryer(retries int) func() aws.Retryer {
	return func() aws.Retryer {
		return impatient{retry.NewStandard(func(o *retry.StandardOptions) {
			o.MaxAttempts = retries + 1
			o.RateLimiter = ratelimit.None
			o.Retryables = append([]retry.IsErrorRetryable{retry.IsErrorRetryableFunc(fullKey)}, o.Retryables...)
		})}
	}
}

// fullKey refuses to repeat what the SDK's list of throttling codes would: KMS says LimitExceededException when a key
// holds 50,000 grants. https://docs.aws.amazon.com/kms/latest/developerguide/resource-limits.html
func fullKey(err error) aws.Ternary {
	if hasCode(err, "LimitExceededException") {
		return aws.FalseTernary
	}
	return aws.UnknownTernary
}

// impatient gives up on hosts that can't be reached.
type impatient struct{ *retry.Standard }

// RetryDelay implements aws.Retryer. An error ends the attempts.
func (r impatient) RetryDelay(attempt int, err error) (time.Duration, error) {
	if attempt >= dialAttempts && unreachable(err) {
		return 0, err
	}
	return r.Standard.RetryDelay(attempt, err)
}

// unreachable tells whether no connection came about at all.
func unreachable(err error) bool {
	var op *net.OpError
	return errors.As(err, &op) && op.Op == "dial"
}
