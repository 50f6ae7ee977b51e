// SPDX-License-Identifier: MPL-2.0

package awsapi

import (
	"cmp"
	"context"
	"errors"
	"log"
	"maps"
	"strconv"
	"strings"
	"sync"
	"time"

	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/smithy-go/middleware"

	"github.com/amishare/packer-plugin-ami-share/internal/diagnose"
	"github.com/amishare/packer-plugin-ami-share/internal/sharing"
)

// traffic lets attempts pass, counts and logs them. It sits inside the SDK's repetitions and after credentials are there:
// a call that waits to be repeated, or for a role to be assumed, takes nobody's place. And it sits before the signature,
// which is good for some minutes: waiting makes none stale.
type traffic struct {
	queue   *queue
	retries int         // that the user allows
	log     *log.Logger // nil for none

	mu       sync.Mutex
	calls    map[string]int
	repeated int
}

func newTraffic(o Options) *traffic {
	return &traffic{queue: newQueue(o.MaxConcurrency), retries: o.MaxRetries, log: o.Log, calls: map[string]int{}}
}

func (t *traffic) stats() Stats {
	t.mu.Lock()
	defer t.mu.Unlock()
	return Stats{Calls: maps.Clone(t.calls), Retries: t.repeated}
}

type callKey struct{}

// attach puts the traffic into an operation's middleware.
func (t *traffic) attach(stack *middleware.Stack) error {
	begin := middleware.InitializeMiddlewareFunc("amishare:Call", func(ctx context.Context, in middleware.InitializeInput, next middleware.InitializeHandler) (middleware.InitializeOutput, middleware.Metadata, error) {
		return next.HandleInitialize(middleware.WithStackValue(ctx, callKey{}, new(call)), in)
	})
	return errors.Join(
		stack.Initialize.Add(begin, middleware.Before),
		stack.Finalize.Insert(middleware.FinalizeMiddlewareFunc("amishare:Traffic", t.attempt), "Signing", middleware.Before),
		stack.Deserialize.Add(middleware.DeserializeMiddlewareFunc("amishare:Whole", whole), middleware.After),
		stack.Deserialize.Add(middleware.DeserializeMiddlewareFunc("amishare:Members", members), middleware.Before),
	)
}

// attempt makes one attempt of a call when its turn has come.
func (t *traffic) attempt(ctx context.Context, in middleware.FinalizeInput, next middleware.FinalizeHandler) (out middleware.FinalizeOutput, metadata middleware.Metadata, err error) {
	c, ok := middleware.GetStackValue(ctx, callKey{}).(*call)
	if !ok {
		return out, metadata, errors.New("a call without its beginning")
	}
	key := bucketKey{placeOf(ctx).account, sharing.Region(awsmiddleware.GetRegion(ctx)), shortName(awsmiddleware.GetServiceID(ctx)) + ":" + awsmiddleware.GetOperationName(ctx)}
	if !pause(ctx, c.delay) {
		return out, metadata, c.unsent(cmp.Or(ctx.Err(), errInterrupted))
	}
	if err := t.queue.enter(ctx, key, c.throttled); err != nil {
		return out, metadata, c.unsent(err)
	}
	began := time.Now()
	t.begin(c, key)
	again := false
	func() {
		defer underWay(ctx)()
		defer func() { again = t.queue.pass(key, began, refusalOf(err)) }()
		out, metadata, err = next.HandleFinalize(ctx, in)
	}()
	c.spent += time.Since(began)
	t.end(key, c, began, metadata, err)
	return out, metadata, c.judge(ctx, err, again, t.retries)
}

// begin counts an attempt: the first as a call.
func (t *traffic) begin(c *call, key bucketKey) {
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
func (t *traffic) end(key bucketKey, c *call, began time.Time, metadata middleware.Metadata, err error) {
	if t.log == nil {
		return
	}
	id, _ := awsmiddleware.GetRequestIDMetadata(metadata)
	t.log.Printf("[DEBUG] aws: %s account=%s region=%s attempt=%d ms=%d request=%s %s", key.action, cmp.Or(string(key.account), "source"), key.region,
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
