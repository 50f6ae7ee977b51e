// SPDX-License-Identifier: MPL-2.0

package traffic

import (
	"context"
	"time"
)

// Poll calls done until it reports true, at growing intervals from 250 ms to 15 s, or until the context or the run end. It
// returns done's last error; one that only says that the context ended in the middle of a repetition does not count.
func Poll(ctx context.Context, done func(context.Context) (bool, error)) error {
	const first, longest = 250 * time.Millisecond, 15 * time.Second
	var last error
	for wait := first; ; wait = min(2*wait, longest) {
		finished, err := done(ctx)
		if ctx.Err() != nil && wait > first && err != nil {
			return last
		}
		if last = err; finished || !Pause(ctx, wait) {
			return last
		}
	}
}

// PollFor is Poll, for some time after the first look: waiting for its turn is no part of that.
func PollFor(ctx context.Context, limit time.Duration, done func(context.Context) (bool, error)) error {
	var first time.Time
	return Poll(ctx, func(ctx context.Context) (bool, error) {
		finished, err := done(ctx)
		if first.IsZero() {
			first = time.Now()
		}
		return finished || time.Since(first) >= limit, err
	})
}
