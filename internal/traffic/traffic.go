// SPDX-License-Identifier: MPL-2.0

// Package traffic carries the calls to AWS: they are bounded, paced as AWS has room, repeated, checked for being AWS's
// whole answer, counted and logged. It knows no operation: what an answer must have and whose credentials can be renewed
// is handed in.
package traffic

import (
	"cmp"
	"context"
	"errors"
	"log"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/smithy-go/middleware"

	"github.com/amishare/packer-plugin-ami-share/internal/diagnose"
	"github.com/amishare/packer-plugin-ami-share/internal/sharing"
)

// Options of a Traffic.
type Options struct {
	// Calls is how many attempts may be under way at the same time; Affordable says how many the process has sockets for.
	Calls int
	// Retries is how often a call is repeated that met a fault of AWS or of the network. Throttled calls are repeated without
	// counting. With 0 nothing is repeated.
	Retries int
	// Log gets a line for every attempt; nil for none.
	Log *log.Logger
	// Complete tells whether the output of an operation has what its callers rely on. An answer that lacks it is a failed
	// attempt. nil says that any output is complete.
	Complete func(output any) bool
	// Renew drops an account's credentials, which AWS says have expired, and tells whether the next attempt gets others. nil
	// says that there are never others.
	Renew func(sharing.AccountID) bool
}

// Traffic lets attempts pass, counts and logs them. It sits inside the SDK's repetitions and after credentials are there:
// a call that waits to be repeated, or for a role to be assumed, takes nobody's place. And it sits before the signature,
// which is good for some minutes: waiting makes none stale. It is safe for use by many goroutines.
type Traffic struct {
	options Options
	queue   *queue

	mu       sync.Mutex
	calls    map[string]int
	repeated int
}

// New makes a Traffic, to be attached to all configurations whose calls share its bounds.
func New(o Options) *Traffic {
	if o.Complete == nil {
		o.Complete = func(any) bool { return true }
	}
	if o.Renew == nil {
		o.Renew = func(sharing.AccountID) bool { return false }
	}
	return &Traffic{options: o, queue: newQueue(o.Calls), calls: map[string]int{}}
}

// Stats are the calls that were made so far.
type Stats struct {
	Calls   map[string]int // by "kms:CreateGrant"; a call counts once, however often it was repeated
	Retries int            // attempts after the first ones
}

// Stats returns the calls that were made so far.
func (t *Traffic) Stats() Stats {
	t.mu.Lock()
	defer t.mu.Unlock()
	return Stats{Calls: maps.Clone(t.calls), Retries: t.repeated}
}

// Attach returns a configuration whose calls go through this traffic, over the connections of an HTTP client: see
// Connections. A number of attempts in the configuration, as AWS_MAX_ATTEMPTS sets it, would go before the retryer's, and
// is dropped.
func (t *Traffic) Attach(config aws.Config, connections aws.HTTPClient) aws.Config {
	config = config.Copy()
	config.Retryer, config.RetryMaxAttempts = newRetryer(t.options.Retries), 0
	config.APIOptions = append(slices.Clone(config.APIOptions), t.attach)
	config.HTTPClient = connections
	return config
}

type accountKey struct{}

// By returns the context of a call that an account makes. The source account's calls need none.
func By(ctx context.Context, account sharing.AccountID) context.Context {
	return context.WithValue(ctx, accountKey{}, account)
}

// accountOf returns the account that makes a call, "" for the source.
func accountOf(ctx context.Context) sharing.AccountID {
	account, _ := ctx.Value(accountKey{}).(sharing.AccountID)
	return account
}

type callKey struct{}

// attach puts the traffic into an operation's middleware.
func (t *Traffic) attach(stack *middleware.Stack) error {
	begin := middleware.InitializeMiddlewareFunc("amishare:Call", func(ctx context.Context, in middleware.InitializeInput, next middleware.InitializeHandler) (middleware.InitializeOutput, middleware.Metadata, error) {
		return next.HandleInitialize(middleware.WithStackValue(ctx, callKey{}, new(call)), in)
	})
	return errors.Join(
		stack.Initialize.Add(begin, middleware.Before),
		stack.Finalize.Insert(middleware.FinalizeMiddlewareFunc("amishare:Traffic", t.attempt), "Signing", middleware.Before),
		stack.Deserialize.Add(middleware.DeserializeMiddlewareFunc("amishare:Members", t.members), middleware.Before),
		stack.Deserialize.Add(middleware.DeserializeMiddlewareFunc("amishare:Renew", t.renew), middleware.Before),
		stack.Deserialize.Add(middleware.DeserializeMiddlewareFunc("amishare:Answer", checked), middleware.After),
	)
}

// attempt makes one attempt of a call when its turn has come.
func (t *Traffic) attempt(ctx context.Context, in middleware.FinalizeInput, next middleware.FinalizeHandler) (out middleware.FinalizeOutput, metadata middleware.Metadata, err error) {
	c, ok := middleware.GetStackValue(ctx, callKey{}).(*call)
	if !ok {
		return out, metadata, errors.New("a call without its beginning")
	}
	key := bucketKey{accountOf(ctx), sharing.Region(awsmiddleware.GetRegion(ctx)), shortName(awsmiddleware.GetServiceID(ctx)) + ":" + awsmiddleware.GetOperationName(ctx)}
	if !Pause(ctx, c.delay) {
		return out, metadata, c.unsent(cmp.Or(ctx.Err(), errInterrupted))
	}
	if err := t.queue.enter(ctx, key, c.throttled); err != nil {
		return out, metadata, c.unsent(err)
	}
	began := time.Now()
	t.begin(c, key)
	again := false
	func() {
		defer UnderWay(ctx)()
		defer func() { again = t.queue.pass(key, began, refusalOf(err)) }()
		out, metadata, err = next.HandleFinalize(ctx, in)
	}()
	c.spent += time.Since(began)
	t.end(key, c, began, metadata, err)
	return out, metadata, c.judge(ctx, err, again, t.options.Retries)
}

// begin counts an attempt: the first as a call.
func (t *Traffic) begin(c *call, key bucketKey) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if c.attempts++; c.attempts > 1 {
		t.repeated++
		return
	}
	c.began = time.Now()
	t.calls[key.action]++
}

// end logs an attempt.
func (t *Traffic) end(key bucketKey, c *call, began time.Time, metadata middleware.Metadata, err error) {
	if t.options.Log == nil {
		return
	}
	id, _ := awsmiddleware.GetRequestIDMetadata(metadata)
	t.options.Log.Printf("[DEBUG] aws: %s account=%s region=%s attempt=%d ms=%d request=%s %s", key.action, cmp.Or(string(key.account), "source"), key.region,
		c.attempts, time.Since(began).Milliseconds(), cmp.Or(id, diagnose.RequestID(err), "-"), outcome(err))
}

// outcome is the end of a line in the log: nothing of a request, which may hold secrets.
func outcome(err error) string {
	switch {
	case err == nil:
		return "ok"
	case diagnose.Code(err) != "":
		return diagnose.Code(err)
	default:
		return strconv.Quote(err.Error())
	}
}

// shortName turns the SDK's name of a service into the one that IAM actions begin with.
func shortName(serviceID string) string {
	switch serviceID {
	case "Auto Scaling":
		return "autoscaling"
	case "Resource Groups Tagging API":
		return "tag"
	default:
		return strings.ToLower(serviceID)
	}
}
