// SPDX-License-Identifier: MPL-2.0

package traffic

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/amishare/packer-plugin-ami-share/internal/sharing"
)

const (
	// throttledTime is how long a bucket may refuse all attempts before its calls are given up.
	throttledTime = 2 * time.Minute
	// leastPace is how many attempts a second are made of a bucket that refuses nearly all of them.
	leastPace = 0.2
)

// queue lets attempts pass. All together they are bounded, because sockets are; those of one bucket are bounded, and paced
// once AWS has refused some of them, because AWS counts them by account, Region and action.
type queue struct {
	slots chan struct{}

	mu      sync.Mutex
	buckets map[bucketKey]*bucket
}

func newQueue(slots int) *queue {
	return &queue{slots: make(chan struct{}, slots), buckets: map[bucketKey]*bucket{}}
}

// bucketKey is what AWS counts calls by: cross-account calls count for the account that makes them.
type bucketKey struct {
	account sharing.AccountID // "" for the source
	region  sharing.Region
	action  string
}

// bucket are the attempts of one account, Region and action. It is as large as AWS publishes until AWS refuses an attempt:
// then it is empty, and attempts follow each other at a pace, which grows with each one that AWS takes and drops with each
// refusal. So it finds out what is left of a bucket that others use too, or that is larger or smaller than published.
type bucket struct {
	key      bucketKey
	busy     int       // attempts under way
	width    int       // how many may be
	waiting  []*waiter // for their turn; those that AWS has refused before come first
	pace     float64   // attempts a second; 0 before the first refusal
	measured bool      // the pace is that of what the bucket is refilled with
	next     time.Time // before which no attempt is made
	slowed   time.Time // when the pace was set last
	since    int       // attempts that AWS has taken since then
	taken    time.Time // when AWS took an attempt last, or refused the first
	timer    *time.Timer
}

// waiter waits for its turn. It is told nil, or the refusal that ends its call.
type waiter struct {
	turn    chan error
	again   bool // AWS has refused it before
	granted bool // it was told nil
}

// enter waits until an attempt may be made. Whoever waits for AWS to take it again goes before those that have not been
// refused yet. The error is the context's, errInterrupted, or AWS's refusal when it takes none of these calls any more.
func (q *queue) enter(ctx context.Context, key bucketKey, again bool) error {
	w := &waiter{turn: make(chan error, 1), again: again}
	q.join(key, w)
	err := wait(ctx, w.turn)
	if err == nil {
		if err = occupy(ctx, q.slots); err == nil {
			return nil
		}
	}
	q.leave(key, w)
	return err
}

// wait waits for a turn, unless the context or the run end before. Of an interrupted run, only what need not wait goes on.
func wait(ctx context.Context, turn <-chan error) error {
	select {
	case err := <-turn:
		return err
	default:
	}
	select {
	case err := <-turn:
		return err
	case <-ctx.Done():
		return ctx.Err()
	case <-interrupted(ctx):
		return errInterrupted
	}
}

// occupy takes a slot, unless the context or the run end before.
func occupy(ctx context.Context, slots chan<- struct{}) error {
	select {
	case slots <- struct{}{}:
		return nil
	default:
	}
	select {
	case slots <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	case <-interrupted(ctx):
		return errInterrupted
	}
}

func (q *queue) join(key bucketKey, w *waiter) {
	q.mu.Lock()
	defer q.mu.Unlock()
	b := q.buckets[key]
	if b == nil {
		b = &bucket{key: key, width: width(key.action)}
		q.buckets[key] = b
	}
	at := len(b.waiting)
	if w.again {
		at = slices.IndexFunc(b.waiting, func(other *waiter) bool { return !other.again })
		if at < 0 {
			at = len(b.waiting)
		}
	}
	b.waiting = slices.Insert(b.waiting, at, w)
	q.advance(b)
}

// leave ends the waiting of somebody who does not make the attempt, having had the turn or not.
func (q *queue) leave(key bucketKey, w *waiter) {
	q.mu.Lock()
	defer q.mu.Unlock()
	b := q.buckets[key]
	if b == nil { // it was given up, and has been forgotten since
		return
	}
	if at := slices.Index(b.waiting, w); at >= 0 {
		b.waiting = slices.Delete(b.waiting, at, at+1)
	}
	if w.granted {
		b.busy--
	}
	q.advance(b)
}

// advance gives turns to those who may have one now, and forgets a bucket that nobody uses and nothing is known of.
func (q *queue) advance(b *bucket) {
	for len(b.waiting) > 0 && b.busy < b.room() {
		if left := time.Until(b.next); left > 0 {
			q.wake(b, left)
			return
		}
		if b.pace > 0 {
			b.next = time.Now().Add(time.Duration(float64(time.Second) / b.pace))
		}
		w := b.waiting[0]
		b.waiting = b.waiting[1:]
		b.busy++
		w.granted = true
		w.turn <- nil
	}
	if b.busy == 0 && len(b.waiting) == 0 && b.pace == 0 {
		delete(q.buckets, b.key)
	}
}

// room is how many attempts may be under way now. A bucket that has refused none yet may do so any time, and then all that are under way:
// with many that wait, these are half as many, since a tenth of a second more or less matters little then.
func (b *bucket) room() int {
	if b.pace == 0 && len(b.waiting) > 2*b.width {
		return (b.width + 1) / 2
	}
	return b.width
}

func (q *queue) wake(b *bucket, after time.Duration) {
	if b.timer != nil {
		return
	}
	b.timer = time.AfterFunc(after, func() {
		q.mu.Lock()
		defer q.mu.Unlock()
		b.timer = nil
		q.advance(b)
	})
}

// pass ends an attempt that began at a time. A refusal is AWS's when it has throttled the attempt. It returns whether there
// is any sense in making it again.
func (q *queue) pass(key bucketKey, began time.Time, refusal error) (again bool) {
	<-q.slots
	q.mu.Lock()
	defer q.mu.Unlock()
	b := q.buckets[key]
	b.busy--
	again = true
	if refusal == nil {
		b.take(began)
	} else {
		b.slow(began)
		if again = time.Since(b.taken) < throttledTime; !again {
			b.giveUp(refusal)
		}
	}
	q.advance(b)
	return again
}

// take notes that AWS took an attempt. From five a second the pace grows by a quarter in ten seconds, or in fifty where it is known what the
// bucket is refilled with: others that use it may stop. That an attempt was taken
// which was under way when the bucket turned out to be empty says nothing of what it has now.
func (b *bucket) take(began time.Time) {
	b.taken = time.Now()
	if began.Before(b.slowed) {
		return
	}
	b.since++
	if b.measured {
		b.pace += min(1.0/200, b.pace/1000)
	} else {
		b.pace += min(1.0/40, b.pace/100)
	}
	b.width = min(b.width+1, width(b.key.action))
}

// fewTaken is how few attempts say nothing yet of the rate at which a bucket is refilled.
const fewTaken = 10

// slow notes a refusal: the bucket is empty. The next attempt is a single one, after the time in which there should be room
// for it: the first time as published. What AWS has taken between two refusals came in meanwhile, because the bucket was empty at
// both: so much a second is what it is refilled with, and the pace just below that. With few taken it is a guess, lower than the last
// pace. Attempts that were under way when the pace was set say nothing new.
func (b *bucket) slow(began time.Time) {
	now := time.Now()
	if b.taken.IsZero() {
		b.taken = now
	}
	if !b.slowed.IsZero() && began.Before(b.slowed) {
		return
	}
	b.measured = b.pace > 0 && b.since >= fewTaken
	refill := float64(b.since+1) / max(now.Sub(b.slowed), time.Millisecond).Seconds()
	switch {
	case b.pace == 0:
		b.pace = 0.8 * rate(b.key.action)
	case b.since == 0:
		b.pace = max(leastPace, 0.5*b.pace)
	case b.since < fewTaken:
		b.pace = max(leastPace, min(0.7*b.pace, 1.5*refill))
	default:
		b.pace = max(leastPace, min(b.pace, 0.97*refill))
	}
	b.slowed, b.since, b.width = now, 0, 1
	b.next = now.Add(time.Duration(float64(time.Second) / b.pace))
}

// giveUp ends all calls that wait for a bucket.
func (b *bucket) giveUp(refusal error) {
	for _, w := range b.waiting {
		w.turn <- refusal
	}
	b.waiting = nil
}
