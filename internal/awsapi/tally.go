package awsapi

import (
	"sync"

	"github.com/amishare/packer-plugin-ami-share/internal/sharing"
)

// tally counts the targets that a look is done with, so that somebody who waits can be told how far it is.
type tally struct {
	mu          sync.Mutex
	left        map[sharing.AccountID]int // parts of the look into a target that are not done yet
	done, total int
}

// begin starts the count of a look that has a part for each of these accounts; one that is there twice has two.
func (t *tally) begin(accounts []sharing.AccountID) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.left = map[sharing.AccountID]int{}
	for _, account := range accounts {
		t.left[account]++
	}
	t.done, t.total = 0, len(t.left)
}

// part is called when one part of the look into a target is done.
func (t *tally) part(account sharing.AccountID) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.left[account]--; t.left[account] == 0 {
		t.done++
	}
}

// Looked returns how many targets the look that is under way is done with, and how many it looks into: while observing, and
// again while verifying. It may be called at any time.
func (c *Client) Looked() (done, total int) {
	c.looked.mu.Lock()
	defer c.looked.mu.Unlock()
	return c.looked.done, c.looked.total
}
