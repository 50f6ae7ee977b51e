package amishare

import (
	"context"
	"reflect"
	"slices"
	"sync"
	"time"

	"github.com/amishare/packer-plugin-ami-share/internal/apply"
	"github.com/amishare/packer-plugin-ami-share/internal/plan"
)

// rollbackTime bounds a rollback. It has a time of its own: the run may have been interrupted.
const rollbackTime = 5 * time.Minute

// history does changes, and remembers what undoes them.
type history struct {
	apply.Doer

	mu    sync.Mutex
	steps []step // oldest first
}

type step struct{ change, undo plan.Change }

// Do does a change.
func (h *history) Do(ctx context.Context, change plan.Change) (plan.Change, error) {
	undo, err := h.Doer.Do(ctx, change)
	if undo != nil {
		h.mu.Lock()
		defer h.mu.Unlock()
		h.steps = append(h.steps, step{change, undo})
	}
	return undo, err
}

// takeBack undoes, newest first, what this run added, when it was all done and verification failed: whatever failed
// before that apply.Run has undone itself.
func (r *run) takeBack(ctx context.Context) {
	result := &r.told.Result
	if r.config.onFailure() != onFailureRollback || len(result.Failures) > 0 || len(r.failures()) == 0 {
		return
	}
	r.ui.Say("Taking back what this run has added...")
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), rollbackTime)
	defer cancel()
	result.RolledBack = true
	for steps := slices.Clone(r.done.steps); len(steps) > 0; {
		last := len(steps) - 1
		stage := steps[last].change.Stage()
		for last > 0 && steps[last-1].change.Stage() == stage {
			last--
		}
		r.undo(ctx, steps[last:])
		steps = steps[:last]
	}
}

// undo takes back the changes of one stage.
func (r *run) undo(ctx context.Context, steps []step) {
	var undos plan.Plan
	for _, step := range slices.Backward(steps) {
		undos.Changes = append(undos.Changes, step.undo)
	}
	result := &r.told.Result
	for _, outcome := range apply.Run(ctx, r.client, undos, apply.Options{Concurrency: r.config.maxConcurrency()}).Outcomes {
		if outcome.Status == apply.Done {
			result.Undone = append(result.Undone, outcome.Change)
			undone(result.Outcomes, steps, outcome.Change)
			continue
		}
		left := apply.NotUndone{Change: outcome.Change, Command: apply.Command(outcome.Change)}
		if outcome.Problem != nil {
			left.Problem = *outcome.Problem
		}
		result.NotUndone = append(result.NotUndone, left)
	}
}

// undone notes which change was taken back by undo.
func undone(outcomes []apply.Outcome, steps []step, undo plan.Change) {
	at := slices.IndexFunc(steps, func(s step) bool { return reflect.DeepEqual(s.undo, undo) })
	for i := range outcomes {
		if at >= 0 && outcomes[i].Status == apply.Done && reflect.DeepEqual(outcomes[i].Change, steps[at].change) {
			outcomes[i].Status = apply.Undone
		}
	}
}
