// SPDX-License-Identifier: MPL-2.0

// Package verify looks from inside every target whether what a run says is there can be seen and used: that the AMIs
// are visible, that the grants exist and their roles have not been deleted, that nothing in the account's own settings
// would break a launch, and, where the user wants it, that an instance starts.
//
// It decides nothing and changes nothing but the canaries, which it deletes. What it tells is a sharing.Check each.
package verify

import (
	"cmp"
	"context"
	"iter"
	"slices"
	"sync/atomic"
	"time"

	"github.com/amishare/packer-plugin-ami-share/internal/clients"
	"github.com/amishare/packer-plugin-ami-share/internal/diagnose"
	"github.com/amishare/packer-plugin-ami-share/internal/parallel"
	"github.com/amishare/packer-plugin-ami-share/internal/plan"
	"github.com/amishare/packer-plugin-ami-share/internal/progress"
	"github.com/amishare/packer-plugin-ami-share/internal/sharing"
)

// Options of a verification. The zero value is usable.
type Options struct {
	// Timeout is how long something is looked for after the first look at it; 0 means that it is looked for once.
	Timeout time.Duration
	// Progress counts what is looked into, and names what is not done yet; may be nil.
	Progress *progress.Tally
}

// Run looks from inside every target with credentials at what the run says is there: what it made, and what the plan
// kept. AMIs must be visible, and grants listed with a living grantee. What would break launches all the same is a
// warning, and so is what the target's role may not look at. It looks again until AWS has become consistent, for
// Options.Timeout after the first look. When the context ends before, only what was found in its place is told. The
// checks are sorted by account and Region.
func Run(ctx context.Context, c *clients.Clients, p plan.Plan, made []plan.Present, o Options) []sharing.Check {
	v := &verification{Clients: c, options: o, plan: p, marks: watermarks(p)}
	return v.run(ctx, v.expectations(made))
}

func (v *verification) run(ctx context.Context, expected map[sharing.Scope]*expectation) []sharing.Check {
	var where []string
	for scope := range expected {
		where = append(where, scope.String())
	}
	v.options.Progress.Begin(progress.Verifying, where)
	parallel.AtMost(mostLooks, looksAt(expected), func(_ int, l look) { v.look(ctx, l) })
	if ctx.Err() != nil { // what was not seen in time is nobody's fault
		v.checks.Items = slices.DeleteFunc(v.checks.Items, func(check sharing.Check) bool { return !check.OK })
	}
	v.checks.Add(v.left.Items...)
	slices.SortStableFunc(v.checks.Items, func(a, b sharing.Check) int {
		if c := sharing.CompareScopes(a.Scope, b.Scope); c != 0 {
			return c
		}
		return cmp.Compare(a.Subject.String(), b.Subject.String())
	})
	return v.checks.Items
}

// verification is one look from inside all targets.
type verification struct {
	*clients.Clients
	options Options
	plan    plan.Plan
	checks  parallel.List[sharing.Check]
	left    parallel.List[sharing.Check] // of what verification itself made
	marks   map[sharing.ImageRef]string  // the keys of the watermarks that are to be attached after this look
}

// expectation is what a target is to see in a Region.
type expectation struct {
	scope  sharing.Scope
	images []string
	// kept are those of them that the account could launch before the run.
	kept   []string
	grants []expectedGrant
	// uses are the keys that are to be proved usable from inside; see sharing.Target.
	uses    []string
	mustUse bool
	// canary is the instance to start of each of the launched AMIs, nil for none, and canaryRole who starts it.
	canary     *sharing.Canary
	canaryRole string
	launched   []string
	open       atomic.Int64 // looks that have not ended
}

// expectedGrant is a grant that is to be listed. Without an id it is known by key and grantee.
type expectedGrant struct {
	id, key, grantee string
	granteeID        string // the role's unique id, "" when it is not known
}

// expectations gathers what is there for the targets that can be looked at from inside. Permissions of snapshots, tags and
// groups can't be seen from inside, or were looked at there already.
func (v *verification) expectations(made []plan.Present) map[sharing.Scope]*expectation {
	expected := map[sharing.Scope]*expectation{}
	of := func(scope sharing.Scope) *expectation {
		if !v.Enters(scope.Account) {
			return &expectation{}
		}
		if expected[scope] == nil {
			expected[scope] = &expectation{scope: scope}
		}
		return expected[scope]
	}
	for i, thing := range slices.Concat(v.plan.Kept, made) {
		switch change := thing.Change.(type) {
		case plan.ModifyLaunchPermission:
			for _, scope := range change.Scopes() {
				if e := of(scope); change.Operation == plan.Add {
					e.see(change.Image.ID, i < len(v.plan.Kept))
				}
			}
		case plan.CreateGrant:
			e := of(sharing.Scope{Account: change.Account, Region: change.Region})
			e.grants = append(e.grants, expectedGrant{thing.GrantID, change.KeyARN, change.GranteeARN, change.GranteeID})
		default:
		}
	}
	for target, image := range places(v.plan, func(t sharing.Target) bool { return t.ThroughOrganization }) {
		e := of(sharing.Scope{Account: target.Account, Region: image.Region})
		e.images = append(e.images, image.ID)
	}
	for target, image := range places(v.plan, func(t sharing.Target) bool { return t.ProveUse }) {
		e := of(sharing.Scope{Account: target.Account, Region: image.Region})
		e.uses, e.mustUse = keysIn(v.plan.Keys, image.Region), target.MustUse
	}
	v.launches(expected, of)
	return expected
}

// see expects an AMI to be seen, and one whose permission was there before the run at once.
func (e *expectation) see(image string, kept bool) {
	e.images = append(e.images, image)
	if kept {
		e.kept = append(e.kept, image)
	}
}

// launches adds what canaries are to be started of: the AMIs that a target is to see, and its own, which it needs no permission for.
func (v *verification) launches(expected map[sharing.Scope]*expectation, of func(sharing.Scope) *expectation) {
	own := map[sharing.Scope][]string{}
	for target, image := range places(v.plan, func(t sharing.Target) bool { return len(t.Canaries) > 0 }) {
		if v.owns(target.Account, image) {
			scope := of(sharing.Scope{Account: target.Account, Region: image.Region}).scope
			own[scope] = append(own[scope], image.ID)
		}
	}
	targets := map[sharing.AccountID]sharing.Target{}
	for _, target := range v.plan.Targets {
		targets[target.Account] = target
	}
	for scope, e := range expected {
		e.canary, e.canaryRole = v.canaryOf(targets[scope.Account], scope.Region)
		e.images = unique(e.images)
		e.launched = e.images
		if v.granted(e) {
			e.launched = unique(slices.Concat(e.images, own[scope]))
		}
	}
}

// unique returns ids sorted, each once.
func unique(ids []string) []string { return slices.Compact(slices.Sorted(slices.Values(ids))) }

func (v *verification) owns(account sharing.AccountID, image sharing.ImageRef) bool {
	return slices.ContainsFunc(v.plan.Images, func(i sharing.Image) bool { return i.Ref == image && i.Owner == account })
}

// granted tells whether the role of a canary has the grants that there are to be in the Region.
func (v *verification) granted(e *expectation) bool {
	return len(keysIn(v.plan.Keys, e.scope.Region)) == 0 || slices.ContainsFunc(e.grants, func(g expectedGrant) bool { return g.grantee == e.canaryRole })
}

// places yields where the plan's targets of a kind are to see an AMI or use its key: each with the AMI's id.
func places(p plan.Plan, wanted func(sharing.Target) bool) iter.Seq2[sharing.Target, sharing.ImageRef] {
	return func(yield func(sharing.Target, sharing.ImageRef) bool) {
		barred := p.Barred()
		for _, target := range p.Targets {
			if !wanted(target) {
				continue
			}
			for _, image := range p.Images {
				_, blocked := barred.From(sharing.Scope{Account: target.Account, Region: image.Ref.Region})
				if target.In(image.Ref.Region) && !blocked && !yield(target, image.Ref) {
					return
				}
			}
		}
	}
}

// canaryOf returns the canary of a target in a Region, and the ARN of the role that starts it.
func (v *verification) canaryOf(target sharing.Target, region sharing.Region) (*sharing.Canary, string) {
	role := slices.IndexFunc(target.Grantees, func(g sharing.Grantee) bool { return g.Service == sharing.AutoScalingService })
	canary := slices.IndexFunc(target.Canaries, func(canary sharing.Canary) bool { return canary.Region == region })
	if role < 0 || canary < 0 {
		return nil, ""
	}
	return &target.Canaries[canary], target.Grantees[role].ARN(v.Partition(), target.Account)
}

func keysIn(keys []string, region sharing.Region) []string {
	return slices.DeleteFunc(slices.Clone(keys), func(key string) bool { return sharing.RegionOf(key) != region })
}

func (v *verification) ok(scope sharing.Scope, subject sharing.Subject) {
	v.checks.Add(sharing.Check{Scope: scope, Subject: subject, OK: true})
}

func (v *verification) fail(subject sharing.Subject, problem sharing.Problem) {
	v.checks.Add(sharing.Check{Scope: problem.Scope, Subject: subject, Problem: &problem})
}

func (v *verification) warn(subject sharing.Subject, problem sharing.Problem) {
	v.checks.Add(sharing.Check{Scope: problem.Scope, Subject: subject, Problem: &problem, Warning: true})
}

// blind notes that a look was refused: that says nothing about what there is to see.
func (v *verification) blind(subject sharing.Subject, err error, a diagnose.Act) {
	a.Principal = v.Principal(a.Scope.Account)
	v.warn(subject, diagnose.Error(err, a))
}
