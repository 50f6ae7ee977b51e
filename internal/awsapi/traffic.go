package awsapi

import (
	"context"
	"maps"
	"strings"
	"sync"
	"time"

	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/smithy-go/middleware"
)

// traffic bounds the calls in flight and counts them. It sits around the sending of each attempt, inside the SDK's
// retries and after credentials are there: a call that waits for its turn to be repeated, or for a role to be assumed,
// takes nobody's place.
type traffic struct {
	slots chan struct{}

	mu      sync.Mutex
	calls   map[string]int
	retries int
	started time.Time // by the clock of the server that answered first
}

func newTraffic(concurrency int) *traffic {
	return &traffic{slots: make(chan struct{}, concurrency), calls: map[string]int{}}
}

func (t *traffic) stats() Stats {
	t.mu.Lock()
	defer t.mu.Unlock()
	return Stats{Calls: maps.Clone(t.calls), Retries: t.retries}
}

// start returns when the run began, by AWS's clock; the zero time when nothing was answered yet.
func (t *traffic) start() time.Time {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.started
}

type attemptsKey struct{}

// report tells whoever made a call how many attempts it took: after a lost answer, the second attempt finds done what
// the first one did.
type report struct {
	mu       sync.Mutex
	attempts map[string]int // by operation
}

type reportKey struct{}

// reporting returns a context in which the attempts of calls are reported.
func reporting(ctx context.Context) (context.Context, *report) {
	r := &report{attempts: map[string]int{}}
	return context.WithValue(ctx, reportKey{}, r), r
}

func (r *report) of(operation string) int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.attempts[operation]
}

func (r *report) add(operation string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.attempts[operation]++
}

// attach puts the traffic into an operation's middleware.
func (t *traffic) attach(stack *middleware.Stack) error {
	begin := middleware.InitializeMiddlewareFunc("amishare:Attempts", func(ctx context.Context, in middleware.InitializeInput, next middleware.InitializeHandler) (middleware.InitializeOutput, middleware.Metadata, error) {
		return next.HandleInitialize(middleware.WithStackValue(ctx, attemptsKey{}, new(int)), in)
	})
	if err := stack.Initialize.Add(begin, middleware.Before); err != nil {
		return err
	}
	return stack.Deserialize.Add(middleware.DeserializeMiddlewareFunc("amishare:Traffic", t.attempt), middleware.Before)
}

func (t *traffic) attempt(ctx context.Context, in middleware.DeserializeInput, next middleware.DeserializeHandler) (middleware.DeserializeOutput, middleware.Metadata, error) {
	select {
	case t.slots <- struct{}{}:
	case <-ctx.Done():
		return middleware.DeserializeOutput{}, middleware.Metadata{}, ctx.Err()
	}
	defer func() { <-t.slots }()
	t.count(ctx)
	out, metadata, err := next.HandleDeserialize(ctx, in)
	if at, ok := awsmiddleware.GetServerTime(metadata); ok {
		t.answered(at)
	}
	return out, metadata, err
}

func (t *traffic) count(ctx context.Context) {
	if r, ok := ctx.Value(reportKey{}).(*report); ok {
		r.add(awsmiddleware.GetOperationName(ctx))
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	attempts, ok := middleware.GetStackValue(ctx, attemptsKey{}).(*int)
	if ok && *attempts > 0 {
		t.retries++
		return
	}
	if ok {
		*attempts++
	}
	t.calls[shortName(awsmiddleware.GetServiceID(ctx))+":"+awsmiddleware.GetOperationName(ctx)]++
}

func (t *traffic) answered(at time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.started.IsZero() {
		t.started = at
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
