// SPDX-License-Identifier: MPL-2.0

package apply

import (
	"context"
	"slices"
	"time"

	"github.com/amishare/packer-plugin-ami-share/internal/parallel"
	"github.com/amishare/packer-plugin-ami-share/internal/plan"
	"github.com/amishare/packer-plugin-ami-share/internal/progress"
)

// rollbackTime is how long a rollback may take. It is not the run's: that one may have been cancelled.
const rollbackTime = 5 * time.Minute

// Undo takes back what a run has done to its AMIs, newest first: one stage after the other, the changes of a stage at once.
// Grants, roles and groups stay, since other builds may rely on them by now. It goes on when ctx is done, and notes in the
// result what became of each change.
func Undo(ctx context.Context, doer Doer, result *Result, o Options) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), rollbackTime)
	defer cancel()
	result.RolledBack = true
	covered := result.covered()
	for _, stage := range slices.Backward(stages(changes(result.Outcomes))) {
		slices.Reverse(stage)
		result.undo(ctx, doer, slices.DeleteFunc(stage, func(i int) bool { _, ok := covered[i]; return ok }), o)
	}
	result.undoCovered(ctx, doer, covered, o)
	for i := range result.Outcomes {
		result.leave(&result.Outcomes[i])
	}
}

// covered returns which outcomes need no undo of their own once that of another one is made, and of which.
func (r *Result) covered() map[int]int {
	deleted, by := map[plan.StoredAt]int{}, map[int]int{}
	for i, outcome := range r.Outcomes {
		if whole, ok := plan.Deleted(outcome.Undo); ok {
			deleted[whole] = i
		}
	}
	for i, outcome := range r.Outcomes {
		if whole, ok := plan.PartOf(outcome.Undo); ok {
			if n, ok := deleted[whole]; ok {
				by[i] = n
			}
		}
	}
	return by
}

// undoCovered takes back what the undo of something else was to take along, where that failed.
func (r *Result) undoCovered(ctx context.Context, doer Doer, covered map[int]int, o Options) {
	var rest []int
	for i, by := range covered {
		if r.Outcomes[by].Status == Undone {
			r.undid(&r.Outcomes[i], plan.Effect{}, nil)
		} else {
			rest = append(rest, i)
		}
	}
	if len(rest) > 0 {
		slices.Sort(rest)
		r.undo(ctx, doer, rest, o)
	}
}

func changes(outcomes []Outcome) []plan.Change {
	all := make([]plan.Change, len(outcomes))
	for i, outcome := range outcomes {
		all[i] = outcome.Change
	}
	return all
}

// undo takes back the outcomes of one stage, given by their positions.
func (r *Result) undo(ctx context.Context, doer Doer, stage []int, o Options) {
	stage = slices.DeleteFunc(stage, func(i int) bool { return r.Outcomes[i].Undo == nil })
	o.Progress.Begin(progress.TakingBack, parties(changes(r.Outcomes), stage))
	effects, errs := make([]plan.Effect, len(stage)), make([]error, len(stage))
	parallel.AtMost(o.most(len(stage)), stage, func(n, i int) {
		effects[n], errs[n] = doer.Do(ctx, r.Outcomes[i].Undo)
		o.Progress.Done(party(r.Outcomes[i].Change), errs[n] != nil)
	})
	for n, i := range stage {
		r.undid(&r.Outcomes[i], effects[n], errs[n])
	}
}

// undid notes what became of an undo. A change that failed stays failed: its undo only made sure.
func (r *Result) undid(outcome *Outcome, effect plan.Effect, err error) {
	if err == nil && effect.Kept != "" {
		outcome.Reason = effect.Kept
		if outcome.Status == Done || outcome.Status == Unknown {
			outcome.Status = Left
			r.Left = append(r.Left, Leftover{Change: outcome.Change, Why: effect.Kept})
		}
		return
	}
	if err == nil {
		r.Undone = append(r.Undone, outcome.Undo)
		if outcome.Status == Done || outcome.Status == Unknown {
			outcome.Status = Undone
		}
		return
	}
	problem := problemOf(err, outcome.Undo)
	outcome.Reason = "it could not be taken back: " + problem.Reason()
	switch {
	case effect.Unknown:
		outcome.Status, outcome.Reason = Unknown, "nobody knows whether it was taken back: "+problem.Reason()
	case outcome.Status == Done:
		outcome.Status = Left
	}
	r.Left = append(r.Left, Leftover{Change: outcome.Change, Problem: &problem, Command: Command(outcome.Undo)})
}

// leave lists what the run did, or may have done, and has no undo.
func (r *Result) leave(outcome *Outcome) {
	if outcome.Status != Done && outcome.Status != Unknown || outcome.Undo != nil {
		return
	}
	left := Leftover{Change: outcome.Change, Problem: outcome.Blind, Command: EndCommand(outcome.Change, outcome.GrantID)}
	switch {
	case plan.BelongingOf(outcome.Change) == plan.ToKey:
		left.Why = "other builds may rely on it by now"
	case outcome.Blind == nil:
		return // it was there before
	}
	if outcome.Status == Done {
		outcome.Status = Left
	}
	r.Left = append(r.Left, left)
}
