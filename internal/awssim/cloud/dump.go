// SPDX-License-Identifier: MPL-2.0

package cloud

import (
	"strings"
)

// Dump collects the state of all services.
type Dump struct {
	// State is a tree of everything that sharing can change. Ids and times of what comes and goes are left out.
	State map[string]any
	// Counts are the numbers of everything that the state leaves out.
	Counts map[string]int
}

// NewDump returns an empty dump.
func NewDump() *Dump { return &Dump{State: map[string]any{}, Counts: map[string]int{}} }

// Put sets a value of the tree.
func (d *Dump) Put(value any, path ...string) {
	at := d.State
	for _, name := range path[:len(path)-1] {
		below, ok := at[name].(map[string]any)
		if !ok {
			below = map[string]any{}
			at[name] = below
		}
		at = below
	}
	at[path[len(path)-1]] = value
}

// Count notes how many there are of something that the state leaves out.
func (d *Dump) Count(n int, what ...string) {
	if n > 0 {
		d.Counts[strings.Join(what, " ")] = n
	}
}
