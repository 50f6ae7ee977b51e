// SPDX-License-Identifier: MPL-2.0

package apply_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/amishare/packer-plugin-ami-share/internal/apply"
	"github.com/amishare/packer-plugin-ami-share/internal/plan"
	"github.com/amishare/packer-plugin-ami-share/internal/sharing"
)

// world is an AWS in memory: what is set is what changes have set. It is a Doer whose calls can be made to fail.
type world struct {
	mu    sync.Mutex
	is    map[string]bool // "grant 1111… eu-central-1", …
	calls []string
	// fails tells what happens to the nth call, counted from 1: whether it has its effect, and its error.
	fails func(n int, change plan.Change) (effect bool, err error)
	// blind is why nothing can be read.
	blind error
	// uses are who uses every AMI.
	uses []plan.Use
	// theirs tells why an undo finds nothing of the run's any more, "" when it does.
	theirs func(undo plan.Change) string
	// hold is called inside every call, before its effect.
	hold func(change plan.Change)
}

func newWorld() *world { return &world{is: map[string]bool{}} }

func (w *world) Do(ctx context.Context, change plan.Change) (plan.Effect, error) {
	if w.hold != nil {
		w.hold(change)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.calls = append(w.calls, change.String())
	does, err := true, ctx.Err()
	if w.fails != nil {
		does, err = w.fails(len(w.calls), change)
	}
	if w.theirs != nil {
		if why := w.theirs(change); why != "" {
			return plan.Effect{Kept: why}, nil
		}
	}
	effect := plan.Effect{Unknown: errors.Is(err, errLost)}
	if create, ok := change.(plan.CreateGrant); ok && err == nil {
		effect.GrantID = "g-" + string(create.Account)
		effect.Found = w.is[grantKey(create.Account, create.Region)]
	}
	if does {
		w.effect(change)
	}
	return effect, err
}

// Undo is what apply.Doer asks for.
func (w *world) Undo(_ context.Context, change plan.Change) (plan.Change, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.blind != nil {
		return nil, w.blind
	}
	undo, _ := plan.Divide(reverse(change), func(r sharing.Recipient) bool { return !w.is[permissionKey(change, r.ID)] })
	return undo, nil
}

// InUse is what apply.Doer asks for.
func (w *world) InUse(_ context.Context, removal plan.ModifyLaunchPermission) (plan.Usage, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.calls = append(w.calls, "who uses "+removal.Image.ID+" in "+string(removal.Image.Region))
	return plan.Usage{Uses: w.uses}, w.blind
}

// errLost is an error after which nobody knows whether the call had its effect.
var errLost = errors.New("the connection broke")

func (w *world) effect(change plan.Change) {
	switch c := change.(type) {
	case plan.CreateGrant:
		w.is[grantKey(c.Account, c.Region)] = true
	case plan.RetireGrant:
		delete(w.is, grantKey(c.Account, c.Region))
	case plan.ModifyLaunchPermission:
		for _, r := range c.Recipients {
			w.set(permissionKey(c, r.ID), c.Operation)
		}
	case plan.ModifySnapshotPermission:
		for _, account := range c.Accounts {
			w.set(permissionKey(c, string(account)), c.Operation)
		}
	default:
		w.unknown(change)
	}
}

func (*world) unknown(change plan.Change) { panic(change) }

func (w *world) set(key string, operation plan.Operation) {
	if operation == plan.Add {
		w.is[key] = true
	} else {
		delete(w.is, key)
	}
}

func grantKey(account sharing.AccountID, region sharing.Region) string {
	return "grant " + string(account) + " " + string(region)
}

func permissionKey(change plan.Change, recipient string) string {
	if c, ok := change.(plan.ModifySnapshotPermission); ok {
		return "snapshot " + c.Snapshot + " " + recipient
	}
	return "image " + change.(plan.ModifyLaunchPermission).Image.String() + " " + recipient
}

func reverse(change plan.Change) plan.Change {
	if c, ok := change.(plan.ModifySnapshotPermission); ok {
		c.Operation = c.Operation.Opposite()
		return c
	}
	c := change.(plan.ModifyLaunchPermission)
	c.Operation = c.Operation.Opposite()
	return c
}

func (w *world) state() []string {
	var all []string
	for what := range w.is {
		all = append(all, what)
	}
	slices.Sort(all)
	return all
}

func image(region sharing.Region) sharing.ImageRef {
	return sharing.ImageRef{Region: region, ID: "ami-a"}
}

func grant(account sharing.AccountID, region sharing.Region) plan.CreateGrant {
	return plan.CreateGrant{Account: account, Region: region, KeyARN: "arn:aws:kms:" + string(region) + ":999999999999:key/k", GranteeARN: "arn:aws:iam::" + string(account) + ":role/r"}
}

func shared(region sharing.Region, accounts ...sharing.AccountID) plan.ModifyLaunchPermission {
	change := plan.ModifyLaunchPermission{Image: image(region)}
	for _, account := range accounts {
		change.Recipients = append(change.Recipients, sharing.Account(account))
	}
	return change
}

// job shares an AMI in two Regions with two accounts.
func job() plan.Plan {
	p := plan.Plan{}
	for _, account := range []sharing.AccountID{one, two} {
		for _, region := range []sharing.Region{frankfurt, virginia} {
			p.Changes = append(p.Changes, grant(account, region))
		}
	}
	for _, region := range []sharing.Region{frankfurt, virginia} {
		p.Changes = append(p.Changes, plan.ModifySnapshotPermission{Image: image(region), Snapshot: "snap-" + string(region), Accounts: []sharing.AccountID{one, two}})
	}
	p.Changes = append(p.Changes, shared(frankfurt, one, two), shared(virginia, one, two))
	return p
}

func statuses(r apply.Result) []string {
	var all []string
	for _, o := range r.Outcomes {
		all = append(all, fmt.Sprintf("%s: %s", o.Change, o.Status))
	}
	return all
}
