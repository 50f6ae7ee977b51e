// Package apply carries out a plan: stage by stage, many changes at once, with a stop and a way back.
//
// It knows nothing of AWS: a [Doer] does one change and says what undoes it. What failed for an account in a Region is
// left out of the later stages there; nothing else is.
package apply

import (
	"context"

	"github.com/amishare/packer-plugin-ami-share/internal/plan"
	"github.com/amishare/packer-plugin-ami-share/internal/sharing"
)

// Doer carries out one change. It returns the change that undoes it, or nil when there is nothing to undo, as when what
// was asked for had been there before. A call whose outcome is unknown can return both an error and the change that
// undoes what it may have done.
//
// An error that is or wraps a [Rejection] says that a batch was refused because of some of its recipients, and that
// nothing was done for anyone. An error that wraps a sharing.Problem is told to people as it is.
type Doer interface {
	Do(ctx context.Context, change plan.Change) (undo plan.Change, err error)
}

// Rejection is an error that tells because of which part of a batch the whole was refused, and what is left without it: nil
// when that is nothing.
type Rejection interface {
	error
	Parts() (refused, rest plan.Change)
}

// Options of a run.
type Options struct {
	Concurrency int // changes under way at the same time; 0 means 512
	// AllOrNothing is for runs that are undone when anything fails: nothing is begun when a target is blocked, and no stage
	// after one in which something failed.
	AllOrNothing bool
	// Progress is told after every change. It is never called twice at the same time. May be nil.
	Progress func(Progress)
}

func (o Options) concurrency() int {
	if o.Concurrency <= 0 {
		return 512
	}
	return o.Concurrency
}

// Progress is how far a stage has come.
type Progress struct {
	Stage               plan.Stage
	Done, Total, Failed int // changes of the stage; Done counts the failed ones too
}

// Status is what became of a change.
type Status int

// The statuses. A skipped change was not sent: something before it failed for its scopes, or the run was stopped.
const (
	Skipped Status = iota
	Done
	Failed
	Undone
)

func (s Status) String() string { return [...]string{"skipped", "done", "failed", "undone"}[s] }

// Outcome is what became of one change, or of a part of it: a batch that went through for some accounts and not for
// others has an outcome for each group.
type Outcome struct {
	Change  plan.Change
	Status  Status
	Undo    plan.Change      // what takes back what the run did; nil when it did nothing
	GrantID string           // of a grant that was made
	Problem *sharing.Problem // why it failed
}

// Result is what became of a plan.
type Result struct {
	// Outcomes of all changes, in the order of the plan.
	Outcomes []Outcome
	// Failures are all problems, those that had blocked targets in the plan among them, by account and Region.
	Failures []sharing.Problem
	// Undone are the changes that a rollback made, in that order, and NotUndone those that it could not make.
	Undone    []plan.Change
	NotUndone []NotUndone
	// RolledBack says that a rollback took place, Cancelled that the run was stopped before its end.
	RolledBack bool
	Cancelled  bool
}

// NotUndone is a change that a rollback could not make, with the AWS CLI command that makes it.
type NotUndone struct {
	Change  plan.Change
	Problem sharing.Problem
	Command string
}

// Run carries out a plan. [Undo] takes back what it has done. Calls in flight are never cancelled, since the outcome of a
// cancelled call is unknown: when ctx is done, nothing new starts, and what is under way is waited for.
func Run(ctx context.Context, doer Doer, p plan.Plan, o Options) Result {
	r := newRun(doer, p, o)
	for _, stage := range stages(p.Changes) {
		if !r.hopeless() {
			r.stage(ctx, stage)
		}
	}
	result := r.finish()
	result.Cancelled = ctx.Err() != nil
	return result
}

// stages cuts changes, which are in the order of their stages, at the barriers.
func stages(changes []plan.Change) [][]int {
	var cut [][]int
	for i, change := range changes {
		if i == 0 || changes[i-1].Stage() != change.Stage() {
			cut = append(cut, nil)
		}
		cut[len(cut)-1] = append(cut[len(cut)-1], i)
	}
	return cut
}
