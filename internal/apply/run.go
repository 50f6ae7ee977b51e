package apply

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/amishare/packer-plugin-ami-share/internal/plan"
	"github.com/amishare/packer-plugin-ami-share/internal/sharing"
)

// run is a plan being carried out.
type run struct {
	doer    Doer
	plan    plan.Plan
	options Options

	mu       sync.Mutex
	outcomes [][]Outcome // of each change of the plan
	failures []failure
	progress Progress
}

// failure is a problem and the scopes for which nothing more is done because of it.
type failure struct {
	problem sharing.Problem
	scopes  []sharing.Scope
}

func newRun(doer Doer, p plan.Plan, o Options) *run {
	r := &run{doer: doer, plan: p, options: o, outcomes: make([][]Outcome, len(p.Changes))}
	for _, problem := range p.Blocked {
		r.failures = append(r.failures, failure{problem, []sharing.Scope{problem.Scope}})
	}
	return r
}

// hopeless tells whether all is to be undone anyway, so that nothing more need be begun.
func (r *run) hopeless() bool { return r.options.AllOrNothing && len(r.failures) > 0 }

// stage carries out changes that are free of each other. When ctx is done nothing new starts.
func (r *run) stage(ctx context.Context, indexes []int) {
	failed := r.dropped()
	r.progress = Progress{Stage: r.plan.Changes[indexes[0]].Stage(), Total: len(indexes)}
	workers := errgroup.Group{}
	workers.SetLimit(r.options.concurrency())
	for _, i := range indexes {
		workers.Go(func() error {
			if ctx.Err() == nil {
				r.change(context.WithoutCancel(ctx), i, failed)
			}
			return nil
		})
	}
	_ = workers.Wait() // workers return no error
}

// dropped returns which scopes had failed before the stage began. What fails during it does not count yet: the changes
// of a stage are free of each other.
func (r *run) dropped() func(sharing.Scope) bool {
	var failed []sharing.Scope
	for _, f := range r.failures {
		failed = append(failed, f.scopes...)
	}
	return func(scope sharing.Scope) bool {
		return slices.ContainsFunc(failed, func(s sharing.Scope) bool { return s.Covers(scope) })
	}
}

// change carries out one change, less what failed before, and again without those because of whom AWS refuses it.
func (r *run) change(ctx context.Context, index int, failed func(sharing.Scope) bool) {
	whole := r.plan.Changes[index]
	change := whole.Without(failed)
	if skipped := plan.Only(whole, failed); skipped != nil && change != nil {
		r.note(index, Outcome{Change: skipped, Status: Skipped})
	}
	for change != nil {
		reverse, err := r.doer.Do(ctx, change)
		rejection, ok := errors.AsType[Rejection](err)
		if !ok {
			r.settle(index, change, reverse, err)
			break
		}
		refused, rest := rejection.Parts()
		r.settle(index, refused, nil, err)
		change = rest
	}
	r.report(index)
}

// settle notes what became of a change that was sent.
func (r *run) settle(index int, change, reverse plan.Change, err error) {
	outcome := Outcome{Change: change, Status: Done, Undo: reverse}
	if retire, ok := reverse.(plan.RetireGrant); ok {
		outcome.GrantID = retire.GrantID
	}
	if err != nil {
		problem := problemOf(err, change)
		outcome.Status, outcome.Problem = Failed, &problem
		r.mu.Lock()
		r.failures = append(r.failures, failure{problem, change.Scopes()})
		r.mu.Unlock()
	}
	r.note(index, outcome)
}

// note adds an outcome of a change.
func (r *run) note(index int, outcome Outcome) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.outcomes[index] = append(r.outcomes[index], outcome)
}

// problemOf tells an error to people. One that is not a problem yet is about the change.
func problemOf(err error, change plan.Change) sharing.Problem {
	var problem sharing.Problem
	if errors.As(err, &problem) {
		return problem
	}
	problem = sharing.Problem{Doing: change.String(), Cause: err.Error()}
	if scopes := change.Scopes(); len(scopes) == 1 {
		problem.Scope = scopes[0]
	}
	return problem
}

func (r *run) report(index int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.progress.Done++
	if slices.ContainsFunc(r.outcomes[index], func(o Outcome) bool { return o.Status == Failed }) {
		r.progress.Failed++
	}
	if r.options.Progress != nil {
		r.options.Progress(r.progress)
	}
}

// finish puts the result together.
func (r *run) finish() Result {
	var result Result
	for i, outcomes := range r.outcomes {
		if len(outcomes) == 0 {
			outcomes = []Outcome{{Change: r.plan.Changes[i], Status: Skipped}}
		}
		result.Outcomes = append(result.Outcomes, outcomes...)
	}
	for _, f := range r.failures {
		result.Failures = append(result.Failures, f.told()...)
	}
	slices.SortStableFunc(result.Failures, func(a, b sharing.Problem) int {
		if c := sharing.CompareScopes(a.Scope, b.Scope); c != 0 {
			return c
		}
		return strings.Compare(a.Doing, b.Doing)
	})
	return result
}

// told returns the problem once for each account that it hit, unless it says itself which one that is.
func (f failure) told() []sharing.Problem {
	if f.problem.Scope.Account != "" || len(f.scopes) == 0 {
		return []sharing.Problem{f.problem}
	}
	problems := make([]sharing.Problem, len(f.scopes))
	for i, scope := range f.scopes {
		problems[i] = f.problem
		problems[i].Scope = scope
	}
	return problems
}
