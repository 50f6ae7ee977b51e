// SPDX-License-Identifier: MPL-2.0

// Package apply carries out a plan, one stage after the other and many changes of a stage at the same time. It stops when a
// run is interrupted, and can take back what it did.
//
// It knows nothing of AWS: a [Doer] makes a change, and tells how to undo it. If a change fails for an account in a Region,
// the later stages leave out that account there, and nothing else.
package apply

import (
	"context"

	"github.com/amishare/packer-plugin-ami-share/internal/plan"
	"github.com/amishare/packer-plugin-ami-share/internal/progress"
	"github.com/amishare/packer-plugin-ami-share/internal/sharing"
)

// Doer carries out one change.
//
// An error of Do that is or wraps a *plan.Rejection says that a batch was refused because of some of its recipients, and
// that nothing was done for anyone. Any other error says that nothing was done, unless the effect is unknown. An error that
// wraps a sharing.Problem is told to people as it is.
type Doer interface {
	Do(ctx context.Context, change plan.Change) (plan.Effect, error)
	// Undo reads what is there now, and returns the change that restores it after the change has been made: nil when there
	// will be nothing to restore. It is asked right before Do, for changes that belong to one AMI.
	Undo(ctx context.Context, change plan.Change) (plan.Change, error)
	// InUse tells who uses an AMI, of those whom a removal takes it from. An error that is context.Canceled says that the run
	// was stopped before that was known.
	InUse(ctx context.Context, removal plan.ModifyLaunchPermission) (plan.Usage, error)
}

// Options of a run.
type Options struct {
	Concurrency int // changes under way at the same time; 0 means no limit
	// Undoable is for runs that are undone when anything fails: nothing is begun when a target is blocked, and no stage
	// after one in which something failed; and what is there is read right before it is changed.
	Undoable bool
	// Progress counts the changes of each stage, and of a rollback; may be nil.
	Progress *progress.Tally
}

// most is how many of so many changes are under way at the same time.
func (o Options) most(changes int) int {
	if o.Concurrency <= 0 {
		return changes
	}
	return o.Concurrency
}

// Status is what became of a change.
type Status int

// The statuses.
const (
	// Skipped: not sent. Something before it failed for its scopes, the run was stopped, or it had become needless.
	Skipped Status = iota
	// Done: made by this run.
	Done
	// Found: sent, and AWS answered that it had been there before.
	Found
	// Failed: not made.
	Failed
	// Unknown: AWS's answer was lost, and looking afterwards told nothing.
	Unknown
	// Undone: made, and taken back by the rollback.
	Undone
	// Left: made, and there in spite of a rollback; or not taken away, because it is in use.
	Left
)

func (s Status) String() string {
	return [...]string{"skipped", "done", "found", "failed", "unknown", "undone", "left"}[s]
}

// Outcome is what became of one change, or of a part of it: a batch that went through for some accounts and not for
// others has an outcome for each group.
type Outcome struct {
	Change  plan.Change
	Status  Status
	Undo    plan.Change      // what takes back what the run did, or may have done; nil when that is nothing
	Blind   *sharing.Problem // why what was there before could not be read, so that there is no Undo
	GrantID string           // of a grant that was made or found
	Reason  string           // why a change was skipped or left, where nothing had failed
	Problem *sharing.Problem // why it failed, or is unknown
	Warning *sharing.Problem // what AWS says of a change that it has made
}

// Result is what became of a plan.
type Result struct {
	// Outcomes of all changes, in the order of the plan.
	Outcomes []Outcome
	// Failures are all problems, those that had blocked targets in the plan among them, by account and Region.
	Failures []sharing.Problem
	// Warnings tell of those who keep what was to be taken from them, and of what the run made in order to look and could not delete.
	Warnings []sharing.Problem
	// Undone are the changes that a rollback made, in that order. Left is what it left: on purpose, or because it could
	// not take it back.
	Undone []plan.Change
	Left   []Leftover
	// RolledBack says that a rollback took place, Cancelled that the run was stopped before its end.
	RolledBack bool
	Cancelled  bool
}

// Leftover is something that a run did, or may have done, and its rollback left.
type Leftover struct {
	Change  plan.Change      // that was made
	Why     string           // in a clause; "" with a problem
	Problem *sharing.Problem // why it could not be taken back; nil when it was left on purpose
	Command string           // the AWS CLI command that takes it back, with a comment that says in which account; "" for what is not the run's any more
}

// NotUndone returns what of Left is there because it could not be taken back.
func (r Result) NotUndone() []Leftover {
	var failed []Leftover
	for _, left := range r.Left {
		if left.Problem != nil {
			failed = append(failed, left)
		}
	}
	return failed
}

// Made returns what the run has made, and found, for verification.
func (r Result) Made() []plan.Present {
	var made []plan.Present
	for _, outcome := range r.Outcomes {
		if outcome.Status == Done || outcome.Status == Found {
			made = append(made, plan.Present{Change: outcome.Change, GrantID: outcome.GrantID})
		}
	}
	return made
}

// Run carries out the first act of a plan; [Announce] carries out the second, which is skipped here. [Undo] takes back what
// it has done. Calls in flight are never cancelled, since the outcome of a cancelled call is unknown: when ctx is done,
// nothing new starts, and what is under way is waited for.
func Run(ctx context.Context, doer Doer, p plan.Plan, o Options) Result {
	r := newRun(doer, p, o)
	for _, stage := range stages(p.Changes) {
		if !r.hopeless() && !p.Changes[stage[0]].Stage().Announces() {
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
