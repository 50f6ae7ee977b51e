// SPDX-License-Identifier: MPL-2.0

package apply

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"github.com/amishare/packer-plugin-ami-share/internal/plan"
	"github.com/amishare/packer-plugin-ami-share/internal/sharing"
)

// Looks are what verification has found.
type Looks struct {
	Checks []sharing.Check
	// Looked says that the targets were looked into, as far as they can be.
	Looked bool
	// Again looks again where an AMI was hidden for want of a watermark, and returns all checks; may be nil.
	Again func() []sharing.Check
}

// Announce carries out the second act of a plan, of which result holds the first: what consumers react to. In a target that
// is made where the target passed, for an AMI as a whole where all its targets did. They pass where nothing has failed. If
// they were looked into, those that can be looked into must see the AMI besides. What is not made is skipped, and says why.
// Watermarks come first: a target that sees the AMI only with one is looked at again before the rest.
func Announce(ctx context.Context, doer Doer, p plan.Plan, result *Result, looks Looks, o Options) {
	first := slices.IndexFunc(result.Outcomes, func(outcome Outcome) bool { return outcome.Change.Stage().Announces() })
	if first < 0 {
		return
	}
	second := plan.Plan{Changes: slices.DeleteFunc(slices.Clone(p.Changes), func(c plan.Change) bool { return !c.Stage().Announces() })}
	r := newRun(doer, second, o)
	marks := func(c plan.Change) bool { return c.Stage() == plan.Watermarks }
	r.announce(ctx, newPasses(p, *result, looks), marks)
	if looks.Again != nil && slices.ContainsFunc(looks.Checks, func(check sharing.Check) bool { return check.Awaits }) {
		looks.Checks = looks.Again()
	}
	r.announce(ctx, newPasses(p, *result, looks), func(c plan.Change) bool { return !marks(c) })
	told := r.finish()
	result.Outcomes = append(result.Outcomes[:first:first], told.Outcomes...)
	result.Failures = append(result.Failures, told.Failures...)
	slices.SortStableFunc(result.Failures, sharing.CompareProblems)
	result.Cancelled = ctx.Err() != nil
}

// announce carries out those changes that which reports, where they are proved.
func (r *run) announce(ctx context.Context, passed passes, which func(plan.Change) bool) {
	for i, change := range r.plan.Changes {
		if !which(change) {
			continue
		}
		if why := passed.against(change); why != "" {
			r.note(i, Outcome{Change: change, Status: Skipped, Reason: why})
		}
	}
	r.failures = append(r.failures, passed.unseen(slices.DeleteFunc(slices.Clone(r.plan.Changes), func(c plan.Change) bool { return !which(c) }))...)
	for _, stage := range stages(r.plan.Changes) {
		stage = slices.DeleteFunc(stage, func(i int) bool { return len(r.outcomes[i]) > 0 || !which(r.plan.Changes[i]) })
		if len(stage) > 0 && !r.hopeless() {
			r.stage(ctx, stage)
		}
	}
}

// passes tell where all that was asked for is there.
type passes struct {
	targets []sharing.Target
	of      map[sharing.AccountID][]sharing.Target // by account: a plan has as many announcements as targets
	owner   map[sharing.ImageRef]sharing.AccountID
	failed  map[sharing.Scope]bool
	open    map[sharing.Scope]bool // what was to be proved there is not
	looked  bool
	seen    map[sight]bool
	awaits  map[sight]bool // the AMIs that are hidden for want of a watermark
}

// sight is an AMI that a target sees.
type sight struct {
	scope sharing.Scope
	image string
}

func newPasses(p plan.Plan, result Result, looks Looks) passes {
	passed := passes{
		targets: p.Targets, of: map[sharing.AccountID][]sharing.Target{}, looked: looks.Looked, owner: map[sharing.ImageRef]sharing.AccountID{}, failed: map[sharing.Scope]bool{}, open: map[sharing.Scope]bool{}, seen: map[sight]bool{},
		awaits: map[sight]bool{},
	}
	for _, target := range p.Targets {
		passed.of[target.Account] = append(passed.of[target.Account], target)
	}
	for _, image := range p.Images {
		passed.owner[image.Ref] = image.Owner
	}
	for _, problem := range result.Failures {
		passed.failed[problem.Scope] = true
	}
	for _, check := range looks.Checks {
		if !check.OK && !check.Warning && !check.Awaits {
			passed.failed[check.Scope] = true
		}
		if check.Open {
			passed.open[check.Scope] = true
		}
		for _, image := range check.Subject.Images {
			at := sight{check.Scope, image}
			passed.seen[at] = check.Sees(image) || passed.seen[at]
			passed.awaits[at] = check.Awaits || passed.awaits[at]
		}
	}
	return passed
}

// against says why something is not to be announced, "" when nothing stands against it.
func (p passes) against(change plan.Change) string {
	short := p.short(change)
	var words []string
	for _, scope := range short {
		words = append(words, cmp.Or(string(scope.Account), "the AMI itself"))
	}
	announced, _ := change.(plan.Announcement)
	switch {
	case len(words) == 0:
		return ""
	case len(words) == 1 && short[0].Account != "" && !announced.Announced().Source:
		return "the AMI is not proved in the account"
	}
	const few = 3
	if more := len(words) - few; more > 0 {
		words = append(words[:few], "and "+sharing.Counted(more, "other"))
	}
	return "not proved for " + strings.Join(words, ", ")
}

// short returns where that is not proved which an announcement waits for. No account stands for the AMI itself.
func (p passes) short(change plan.Change) []sharing.Scope {
	announcement, ok := change.(plan.Announcement)
	if !ok {
		return nil
	}
	where := announcement.Announced()
	var short []sharing.Scope
	if p.failed[sharing.Scope{}] || p.failed[sharing.Scope{Region: where.Image.Region}] {
		short = append(short, sharing.Scope{Region: where.Image.Region})
	}
	targets := p.of[where.Account]
	if where.Source {
		targets = p.targets
	}
	for _, target := range targets {
		if target.In(where.Image.Region) && !p.passed(target, where.Image, change) {
			short = append(short, sharing.Scope{Account: target.Account, Region: where.Image.Region})
		}
	}
	return short
}

// unseen are the failures of announcements that nothing stands against but that a target could not be looked at: else the run
// would say that all is there.
func (p passes) unseen(changes []plan.Change) []failure {
	told := map[sharing.Scope]bool{}
	var all []failure
	for _, change := range changes {
		for _, scope := range p.short(change) {
			if told[scope] || p.failed[scope] || p.failed[sharing.Scope{Account: scope.Account}] {
				continue
			}
			told[scope] = true
			all = append(all, failure{problem: p.unannounced(scope)})
		}
	}
	return all
}

func (p passes) unannounced(scope sharing.Scope) sharing.Problem {
	if p.open[scope] {
		return sharing.Problem{
			Scope: scope, Doing: "announcing an AMI that no canary was started of", Cause: "AWS did not start one for a reason that says nothing of the AMI",
			Remedy: "The warnings have AWS's words. Run again, or give the canary another instance_type or subnet_id; without the canary nothing waits for it.",
		}
	}
	return sharing.Problem{
		Scope: scope, Doing: "announcing an AMI that the account was not seen to see", Cause: "verification could not look into the account",
		Remedy: "The warnings say what refused the look: let the role in the account do it. With verify = false nothing is looked at, and all is announced.",
	}
}

func (p passes) passed(target sharing.Target, image sharing.ImageRef, change plan.Change) bool {
	scope := sharing.Scope{Account: target.Account, Region: image.Region}
	if p.failed[scope] || p.failed[sharing.Scope{Account: target.Account}] || p.open[scope] {
		return false
	}
	at := sight{scope, image.ID}
	return !p.looked || !target.Credentials || target.Account == p.owner[image] || p.seen[at] || change.Stage() == plan.Watermarks && p.awaits[at]
}
