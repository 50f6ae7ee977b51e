// SPDX-License-Identifier: MPL-2.0

package traffic

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/ratelimit"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/smithy-go"
	"github.com/aws/smithy-go/middleware"

	"github.com/amishare/packer-plugin-ami-share/internal/diagnose"
)

const (
	// DialAttempts is how often a host is tried that has no address or takes no connection, or that is not AWS. Trying longer
	// hides a wrong Region or endpoint, or a network that asks to log in, behind a long wait.
	DialAttempts = 3
	// longestCall is how long after its first attempt a call may be repeated that AWS throttles, while it takes others.
	longestCall = 10 * time.Minute
	// longestWait is how long the attempts of a call may take together for another one to be made: one that hangs is given up
	// after two or three.
	longestWait = time.Minute
	// longestPause is the most between two attempts of a call that meets faults.
	longestPause = 20 * time.Second
)

// call is one call, with all of its attempts.
type call struct {
	attempts  int
	faults    int           // of AWS or of the network
	began     time.Time     // with the first attempt
	spent     time.Duration // in attempts
	delay     time.Duration // before the next attempt
	throttled bool          // AWS has refused the last attempt for there being too many
	last      error
}

// attemptError is the error of an attempt, and says whether to make another one.
type attemptError struct {
	error
	repeat bool
	unsent bool
}

// Unwrap returns what went wrong.
func (e *attemptError) Unwrap() error { return e.error }

// RetryableError tells the SDK whether to make another attempt.
func (e *attemptError) RetryableError() bool { return e.repeat }

// Unsent tells whether the call never left: it had no effect.
func (e *attemptError) Unsent() bool { return e.unsent }

// unsent ends a call that can't be made, or not be made again: then its last answer is what is known of it.
func (c *call) unsent(err error) error {
	if c.last != nil {
		return &attemptError{error: c.last}
	}
	return &attemptError{error: err, unsent: true}
}

// judge decides whether a call is made again. A throttled one is, as long as AWS takes others like it: AWS will have room
// in a moment, and no number of attempts says when. Anything else that may go away counts against the retries. All
// calls of the plugin can be repeated: they say how things are to be, not what to add. When the run is interrupted
// nothing is repeated.
func (c *call) judge(ctx context.Context, err error, room bool, retries int) error {
	c.last, c.delay, c.throttled = err, 0, false
	switch {
	case err == nil:
		return nil
	case Over(ctx) || retries == 0:
		return &attemptError{error: err}
	case refusalOf(err) != nil:
		c.throttled = true
		return &attemptError{error: err, repeat: room && time.Since(c.began) < longestCall}
	case !passing(err) || c.spent >= longestWait:
		return &attemptError{error: err}
	}
	if c.faults++; diagnose.Unreachable(err) || notAWS(err) {
		retries = min(retries, DialAttempts-1)
	}
	if _, again := errors.AsType[renewed](err); !again {
		c.delay, _ = retry.NewExponentialJitterBackoff(longestPause).BackoffDelay(c.faults, err)
	}
	return &attemptError{error: err, repeat: c.faults <= retries}
}

// refusalOf returns the error of an attempt that AWS has throttled, nil for any other. KMS's LimitExceededException, which
// the SDK takes for throttling, is about a key that holds 50,000 grants.
// https://docs.aws.amazon.com/kms/latest/developerguide/resource-limits.html
func refusalOf(err error) error {
	if _, ok := retry.DefaultThrottleErrorCodes[diagnose.Code(err)]; ok && !fullKey(err) {
		return err
	}
	return nil
}

func fullKey(err error) bool { return diagnose.Has(err, "LimitExceededException") }

// passing tells whether something may have gone away at the next attempt: a fault of AWS or of the network, an answer that
// was cut off or that somebody else gave, credentials that have been renewed.
func passing(err error) bool {
	if _, ok := errors.AsType[renewed](err); ok {
		return true
	}
	if _, ok := errors.AsType[*smithy.DeserializationError](err); ok {
		return true
	}
	return notAWS(err) || !fullKey(err) && retry.IsErrorRetryables(retry.DefaultRetryables).IsErrorRetryable(err).Bool()
}

// notAWS tells whether somebody else has answered as if all were well.
func notAWS(err error) bool {
	answer, ok := errors.AsType[*diagnose.NotAWS](err)
	return ok && answer.Status < http.StatusMultipleChoices
}

// newRetryer returns the SDK's repetitions as this package wants them: without a limit of their own and without waiting,
// since traffic decides and waits. What goes wrong before a call is sent, in getting credentials say, is repeated in the
// SDK's own way.
func newRetryer(retries int) func() aws.Retryer {
	return func() aws.Retryer {
		return retryer{retries, retry.NewStandard(func(o *retry.StandardOptions) {
			o.RateLimiter = ratelimit.None
			o.Retryables = append([]retry.IsErrorRetryable{retry.RetryableError{}}, o.Retryables...)
		})}
	}
}

type retryer struct {
	retries int
	*retry.Standard
}

// MaxAttempts implements aws.Retryer: there is no most.
func (r retryer) MaxAttempts() int { return 0 }

// RetryDelay implements aws.Retryer. An error ends the attempts.
func (r retryer) RetryDelay(attempt int, err error) (time.Duration, error) {
	if judged, ok := errors.AsType[*attemptError](err); ok && judged.repeat {
		return 0, nil
	}
	if attempt > r.retries || attempt >= DialAttempts && diagnose.Unreachable(err) {
		return 0, err
	}
	return r.Standard.RetryDelay(attempt, err)
}

// renewed is the error of an attempt whose credentials had expired, and have been dropped since, so that the next
// attempt fetches others.
type renewed struct{ error }

// Unwrap returns AWS's answer.
func (r renewed) Unwrap() error { return r.error }

func isExpired(err error) bool {
	return diagnose.Has(err, "ExpiredToken", "ExpiredTokenException", "RequestExpired")
}

// renew drops an account's credentials when AWS says that they have expired before their time.
func (t *Traffic) renew(ctx context.Context, in middleware.DeserializeInput, next middleware.DeserializeHandler) (middleware.DeserializeOutput, middleware.Metadata, error) {
	out, metadata, err := next.HandleDeserialize(ctx, in)
	if isExpired(err) && t.options.Renew(accountOf(ctx)) {
		err = renewed{err}
	}
	return out, metadata, err
}
