// SPDX-License-Identifier: MPL-2.0

package apply

import (
	"context"
	"errors"
	"slices"
	"sync"

	"github.com/amishare/packer-plugin-ami-share/internal/parallel"
	"github.com/amishare/packer-plugin-ami-share/internal/plan"
	"github.com/amishare/packer-plugin-ami-share/internal/sharing"
)

// run is a plan being carried out.
type run struct {
	doer    Doer
	plan    plan.Plan
	options Options

	mu       sync.Mutex
	outcomes [][]Outcome        // of each change of the plan
	granted  map[[2]string]bool // key ARNs and ids of the grants that KMS has answered with
	failures []failure
	kept     kept
}

// failure is a problem and the scopes for which nothing more is done because of it.
type failure struct {
	problem sharing.Problem
	scopes  []sharing.Scope
}

func newRun(doer Doer, p plan.Plan, o Options) *run {
	r := &run{doer: doer, plan: p, options: o, outcomes: make([][]Outcome, len(p.Changes)), granted: map[[2]string]bool{}, kept: newKept()}
	for _, problem := range p.Blocked {
		r.failures = append(r.failures, failure{problem, []sharing.Scope{problem.Scope}})
	}
	return r
}

// hopeless tells whether all is to be undone anyway, so that nothing more need be begun.
func (r *run) hopeless() bool { return r.options.Undoable && len(r.failures) > 0 }

// stage carries out changes that are free of each other. When ctx is done nothing new starts.
func (r *run) stage(ctx context.Context, indexes []int) {
	failed := r.dropped()
	r.options.Progress.Begin(r.plan.Changes[indexes[0]].Stage().String(), parties(r.plan.Changes, indexes))
	parallel.AtMost(r.options.most(len(indexes)), indexes, func(_, i int) {
		if ctx.Err() == nil {
			r.change(context.WithoutCancel(ctx), i, failed)
		}
	})
}

// dropped returns which scopes had failed before the stage began. What fails during it does not count yet: the changes
// of a stage are free of each other.
func (r *run) dropped() func(sharing.Scope) bool {
	failed := map[sharing.Scope]bool{}
	for _, f := range r.failures {
		for _, scope := range f.scopes {
			failed[scope] = true
		}
	}
	return func(scope sharing.Scope) bool {
		return failed[scope] || failed[sharing.Scope{Account: scope.Account}]
	}
}

// change carries out one change, less what failed before, and again without those because of whom AWS refuses it.
func (r *run) change(ctx context.Context, index int, failed func(sharing.Scope) bool) {
	whole := r.plan.Changes[index]
	change := whole.Without(failed)
	if skipped := plan.Only(whole, failed); skipped != nil && change != nil {
		r.note(index, Outcome{Change: skipped, Status: Skipped})
	}
	change = r.spare(ctx, index, change)
	for change != nil {
		outcome, rest := r.send(ctx, change)
		for _, part := range outcome.parts() {
			r.settle(index, part)
		}
		change = rest
	}
	r.report(index)
}

// send makes one change. It returns what became of it, or of the part of it that AWS refused, and what remains to be sent.
func (r *run) send(ctx context.Context, change plan.Change) (outcome Outcome, rest plan.Change) {
	outcome = Outcome{Change: change}
	if why := r.needed(change); why != "" {
		outcome.Reason = why
		return outcome, nil
	}
	looked := r.options.Undoable && plan.BelongingOf(change) == plan.ToImage
	if looked {
		undo, err := r.doer.Undo(ctx, change)
		outcome.Undo = undo
		if err != nil {
			problem := problemOf(err, change)
			outcome.Blind = &problem
		}
	}
	effect, err := r.doer.Do(ctx, change)
	outcome.GrantID, outcome.Reason, outcome.Status, outcome.Warning = effect.GrantID, effect.Kept, statusOf(effect, err), effect.Warning
	if err != nil {
		problem := problemOf(err, change)
		outcome.Problem = &problem
	}
	if rejection, ok := errors.AsType[*plan.Rejection](err); ok {
		outcome.Change, outcome.Undo, outcome.Blind = rejection.Refused, nil, nil
		return outcome, rejection.Rest
	}
	switch {
	case outcome.Status == Found, outcome.Status == Failed && !effect.Lost: // what another build has made is not this run's to take back
		outcome.Undo, outcome.Blind = nil, nil
	case outcome.Status == Done && looked && outcome.Undo == nil && outcome.Blind == nil && change.Stage() < plan.ImageRemovals:
		outcome.Status = Found // another build has made it since the plan was made
	}
	return outcome, nil
}

// parts tells what a batch has made from what another build had made since the plan was made.
func (o Outcome) parts() []Outcome {
	if o.Status != Done || o.Undo == nil {
		return []Outcome{o}
	}
	made, before := plan.Changed(o.Change, o.Undo)
	if made == nil || before == nil {
		return []Outcome{o}
	}
	found := Outcome{Change: before, Status: Found}
	o.Change = made
	return []Outcome{o, found}
}

func statusOf(effect plan.Effect, err error) Status {
	switch {
	case err != nil && effect.Unknown:
		return Unknown
	case err != nil:
		return Failed
	case effect.Kept != "":
		return Skipped
	case effect.Found:
		return Found
	default:
		return Done
	}
}

// needed tells why a grant is not to be retired after all: KMS has just named it as the one that was asked for.
func (r *run) needed(change plan.Change) string {
	retire, ok := change.(plan.RetireGrant)
	if !ok {
		return ""
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.granted[[2]string{retire.KeyARN, retire.GrantID}] {
		return "KMS names it as the grant that was asked for"
	}
	return ""
}

// settle notes what became of a change that was sent.
func (r *run) settle(index int, outcome Outcome) {
	r.mu.Lock()
	if outcome.Problem != nil {
		r.failures = append(r.failures, failure{*outcome.Problem, outcome.Change.Scopes()})
		r.kept.unknown(outcome.Change)
	}
	if create, ok := outcome.Change.(plan.CreateGrant); ok && outcome.GrantID != "" {
		r.granted[[2]string{create.KeyARN, outcome.GrantID}] = true
	}
	r.mu.Unlock()
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

// report counts a change.
func (r *run) report(index int) {
	r.mu.Lock()
	failed := slices.ContainsFunc(r.outcomes[index], func(o Outcome) bool { return o.Problem != nil })
	r.mu.Unlock()
	r.options.Progress.Done(party(r.plan.Changes[index]), failed)
}

// parties names whom changes are for.
func parties(changes []plan.Change, indexes []int) []string {
	var all []string
	for _, i := range indexes {
		all = append(all, party(changes[i]))
	}
	return all
}

// party names whom a change is for: an account in a Region, or what all of its accounts get.
func party(change plan.Change) string {
	if scopes := change.Scopes(); len(scopes) == 1 {
		return scopes[0].String()
	}
	switch change := change.(type) {
	case plan.ModifySnapshotPermission:
		return change.Snapshot + " in " + string(change.Image.Region)
	case plan.ModifyLaunchPermission:
		return change.Image.ID + " in " + string(change.Image.Region)
	default:
		return change.String()
	}
}

// finish puts the result together.
func (r *run) finish() Result {
	result := Result{Warnings: r.kept.warnings}
	for i, outcomes := range r.outcomes {
		if len(outcomes) == 0 {
			outcomes = []Outcome{{Change: r.plan.Changes[i], Status: Skipped}}
		}
		result.Outcomes = append(result.Outcomes, outcomes...)
	}
	for _, f := range r.failures {
		result.Failures = append(result.Failures, f.told()...)
	}
	slices.SortStableFunc(result.Failures, sharing.CompareProblems)
	slices.SortStableFunc(result.Warnings, sharing.CompareProblems)
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
