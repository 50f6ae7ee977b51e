// SPDX-License-Identifier: MPL-2.0

package cloud

import (
	"slices"
	"strings"
)

// PageSize returns how much a page holds: as much as was requested, but no more than most, nor than Hostility.PageSize.
func (c *Cloud) PageSize(requested, most int) int {
	size := most
	if requested > 0 {
		size = min(requested, most)
	}
	if c.Hostility.PageSize > 0 {
		size = min(size, c.Hostility.PageSize)
	}
	return size
}

// Throttle refuses every nth write, and calls whose bucket is empty.
func (c *Call) Throttle(op Action[*Call]) error {
	if share := c.cloud.Hostility.Throttling; share != nil && c.overRate(*share) {
		c.Entry.Reason = "throttled: the bucket is empty"
		return c.API.tooMany()
	}
	nth := c.cloud.Hostility.ThrottleEveryNthWrite
	if !op.Write || nth == 0 {
		return nil
	}
	c.cloud.writes++
	if c.cloud.writes%nth != 0 {
		return nil
	}
	c.Entry.Reason = "throttled"
	return c.API.tooMany()
}

// SeesAtOnce tells whether the client finds what is new at once, where others don't.
func (c *Call) SeesAtOnce() bool {
	return slices.ContainsFunc(c.cloud.Hostility.SeenAtOnceBy, func(part string) bool { return strings.Contains(c.agent, part) })
}

// Stale is what calls still see after a change, as often as its lag says.
type Stale[T any] struct {
	before T
	lag    Lag
}

// Change remembers what was before a change. After several changes in a row calls see what was before the first.
func (s *Stale[T]) Change(before T, lag Lag) {
	if s.lag == 0 {
		s.before = before
	}
	s.lag = lag
}

// See returns what a call sees of what is there now, and counts the call.
func (s *Stale[T]) See(now T) T {
	if s.lag.Waits() {
		return s.before
	}
	return now
}

// Lag is how many more calls don't see yet what was just made, as AWS is eventually consistent. Zero is no lag. How long a lag
// is at first, a switch of world.Hostility says.
type Lag int

// Waits tells whether a call comes too early, and counts it.
func (l *Lag) Waits() bool {
	if *l == 0 {
		return false
	}
	*l--
	return true
}
