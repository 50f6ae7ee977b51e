package apply

import (
	"context"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/amishare/packer-plugin-ami-share/internal/plan"
)

// rollbackTime is how long a rollback may take. It is not the run's: that one may have been cancelled.
const rollbackTime = 5 * time.Minute

// rollback undoes what this run did, newest first: one stage after the other, the changes of a stage at once.
func (r *run) rollback(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), rollbackTime)
	defer cancel()
	r.result.RolledBack = true
	slices.Reverse(r.undo)
	for len(r.undo) > 0 {
		stage := r.stageOf(r.undo[0])
		n := slices.IndexFunc(r.undo, func(u undo) bool { return r.stageOf(u) != stage })
		if n < 0 {
			n = len(r.undo)
		}
		r.undoStage(ctx, r.undo[:n])
		r.undo = r.undo[n:]
	}
}

func (r *run) stageOf(u undo) plan.Stage { return r.plan.Changes[u.index].Stage() }

func (r *run) undoStage(ctx context.Context, undos []undo) {
	errs := make([]error, len(undos))
	workers := errgroup.Group{}
	workers.SetLimit(r.options.Concurrency)
	for i, u := range undos {
		workers.Go(func() error {
			_, errs[i] = r.doer.Do(ctx, u.change)
			return nil
		})
	}
	_ = workers.Wait() // errs has each one's error
	for i, u := range undos {
		r.undid(u, errs[i])
	}
}

func (r *run) undid(u undo, err error) {
	if err != nil {
		problem := problemOf(err, u.change)
		if problem.Remedy == "" {
			problem.Remedy = "Undo it by hand: " + Command(u.change)
		}
		r.result.NotUndone = append(r.result.NotUndone, NotUndone{Change: u.change, Problem: problem, Command: Command(u.change)})
		return
	}
	r.result.Undone = append(r.result.Undone, u.change)
	if outcome := &r.outcomes[u.index][u.part]; outcome.Status == Done {
		outcome.Status = Undone
	}
}
