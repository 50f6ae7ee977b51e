// SPDX-License-Identifier: MPL-2.0

// Package progress knows how far a run is and whom it waits for. Whoever does the steps of a run counts here, and whoever
// tells people looks: now and then while a step goes on, and when one has ended. It prints nothing and decides nothing.
package progress

import (
	"slices"
	"sync"
)

// The steps of a run besides its stages of changes, which have their names from the plan.
const (
	Entering   = "credentials"
	Reading    = "read in the source account"
	Looking    = "looked into"
	Verifying  = "verified"
	TakingBack = "taken back"
)

// Tally is the count of the step that is under way. It is safe for use by many goroutines; a nil Tally counts nothing.
type Tally struct {
	ended func(State)

	mu    sync.Mutex
	state State
	left  map[string]int // parts of the step that are not done, by whom they are for
}

// State is how far a step is.
type State struct {
	Step                string
	Done, Total, Failed int      // parts; Done counts the failed ones too
	Missing             []string // whom the step waits for, sorted
}

// Changing tells whether the step is a stage of changes.
func (s State) Changing() bool {
	return !slices.Contains([]string{Entering, Reading, Looking, Verifying, TakingBack}, s.Step)
}

// New returns a tally that calls ended, which may be nil, whenever a step has ended: never twice at the same time.
func New(ended func(State)) *Tally { return &Tally{ended: ended} }

// Begin starts the count of a step, which has a part for each of who; one that is there twice has two parts.
func (t *Tally) Begin(step string, who []string) {
	if t == nil {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.left = map[string]int{}
	for _, one := range who {
		t.left[one]++
	}
	t.state = State{Step: step, Total: len(who)}
}

// Done ends one part of the step.
func (t *Tally) Done(who string, failed bool) {
	if t == nil {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if failed {
		t.state.Failed++
	}
	if t.left[who]--; t.left[who] <= 0 {
		delete(t.left, who)
	}
	if t.state.Done++; t.state.Done == t.state.Total && t.ended != nil {
		t.ended(t.state)
	}
}

// State returns how far the step is that is under way.
func (t *Tally) State() State {
	t.mu.Lock()
	defer t.mu.Unlock()
	state := t.state
	for one := range t.left {
		state.Missing = append(state.Missing, one)
	}
	slices.Sort(state.Missing)
	return state
}
