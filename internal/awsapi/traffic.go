package awsapi

import (
	"context"
	"maps"
	"strings"
	"sync"

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
}

func newTraffic(concurrency int) *traffic {
	return &traffic{slots: make(chan struct{}, concurrency), calls: map[string]int{}}
}

func (t *traffic) stats() Stats {
	t.mu.Lock()
	defer t.mu.Unlock()
	return Stats{Calls: maps.Clone(t.calls), Retries: t.retries}
}

type triesKey struct{}

// attach puts the traffic into an operation's middleware.
func (t *traffic) attach(stack *middleware.Stack) error {
	begin := middleware.InitializeMiddlewareFunc("amishare:Attempts", func(ctx context.Context, in middleware.InitializeInput, next middleware.InitializeHandler) (middleware.InitializeOutput, middleware.Metadata, error) {
		return next.HandleInitialize(middleware.WithStackValue(ctx, triesKey{}, new(int)), in)
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
	return next.HandleDeserialize(ctx, in)
}

func (t *traffic) count(ctx context.Context) {
	t.mu.Lock()
	defer t.mu.Unlock()
	attempts, ok := middleware.GetStackValue(ctx, triesKey{}).(*int)
	if ok && *attempts > 0 {
		t.retries++
		return
	}
	if ok {
		*attempts++
	}
	t.calls[shortName(awsmiddleware.GetServiceID(ctx))+":"+awsmiddleware.GetOperationName(ctx)]++
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
