// SPDX-License-Identifier: MPL-2.0

package traffic

import (
	"context"
	"fmt"
	"sync"
	"time"
)

// errInterrupted ends a call of an interrupted run that was waiting to be sent.
var errInterrupted = fmt.Errorf("the run was interrupted before the call was sent: %w", context.Canceled)

type interruptKey struct{}

// Interruptible returns a context, for contexts without ctx's cancellation to be made of: when ctx ends, calls with those
// go on as long as their one attempt takes, and none is repeated or waits for its turn any more. Changes are made with
// such a context, since the outcome of a call that is cut off is unknown.
func Interruptible(ctx context.Context) context.Context {
	return context.WithValue(ctx, interruptKey{}, ctx.Done())
}

// interrupted returns the channel that is closed when the run is interrupted, nil when nothing can interrupt it.
func interrupted(ctx context.Context) <-chan struct{} {
	done, _ := ctx.Value(interruptKey{}).(<-chan struct{})
	return done
}

// Over tells whether nothing more is to be begun.
func Over(ctx context.Context) bool {
	select {
	case <-interrupted(ctx):
		return true
	default:
		return ctx.Err() != nil
	}
}

// Pause waits, unless the context or the run end before; it tells whether they have not.
func Pause(ctx context.Context, d time.Duration) bool {
	if d <= 0 {
		return ctx.Err() == nil
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
	case <-interrupted(ctx):
	}
	return false
}

// TargetTimeout is how long the calls of a look into one target may take, so that one that hangs is reported and not waited
// for. Waiting for a turn does not count.
const TargetTimeout = 2 * time.Minute

// patience is how long AWS may take to answer for something. It runs while an attempt is under way, and stands still while
// one waits for its turn, which is nobody's fault.
type patience struct {
	cancel context.CancelCauseFunc

	mu      sync.Mutex
	left    time.Duration
	running int
	since   time.Time
	timer   *time.Timer
}

type patienceKey struct{}

// patientContext says context.DeadlineExceeded when its patience has ended.
type patientContext struct{ context.Context } //nolint:containedctx // it is one

// Err implements context.Context.
func (c patientContext) Err() error { return context.Cause(c.Context) }

// Patient returns a context that ends when attempts made with it have been under way for so long.
func Patient(ctx context.Context, limit time.Duration) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancelCause(ctx)
	p := &patience{cancel: cancel, left: limit}
	return patientContext{context.WithValue(ctx, patienceKey{}, p)}, func() { cancel(context.Canceled) }
}

// UnderWay lets the patience of a context run until the function that it returns is called.
func UnderWay(ctx context.Context) (stop func()) {
	p, ok := ctx.Value(patienceKey{}).(*patience)
	if !ok {
		return func() {}
	}
	p.start()
	return p.stop
}

func (p *patience) start() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.running++; p.running > 1 {
		return
	}
	p.since = time.Now()
	p.timer = time.AfterFunc(p.left, func() { p.cancel(context.DeadlineExceeded) })
}

func (p *patience) stop() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.running--; p.running > 0 {
		return
	}
	p.timer.Stop()
	p.left = max(0, p.left-time.Since(p.since))
}
