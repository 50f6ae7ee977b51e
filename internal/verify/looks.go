// SPDX-License-Identifier: MPL-2.0

package verify

import (
	"context"

	"github.com/amishare/packer-plugin-ami-share/internal/parallel"
	"github.com/amishare/packer-plugin-ami-share/internal/sharing"
	"github.com/amishare/packer-plugin-ami-share/internal/traffic"
)

// mostLooks is how many looks are taken at the same time: some more than calls may be in flight unless the user says otherwise.
const mostLooks = 540

// look is one of the looks at what a target is to see in a Region.
type look struct {
	*expectation
	at kind
	n  int // which of the grants or keys
}

// kind is what is looked at.
type kind int

const (
	images kind = iota
	defaultKey
	grant
	use
)

// looksAt returns the looks at all that is expected, those of a target in a Region next to each other.
func looksAt(expected map[sharing.Scope]*expectation) []look {
	var looks []look
	for _, e := range expected {
		begin := len(looks)
		looks = append(looks, look{e, images, 0}, look{e, defaultKey, 0})
		for n := range e.grants {
			looks = append(looks, look{e, grant, n})
		}
		for n := range e.uses {
			looks = append(looks, look{e, use, n})
		}
		e.open.Store(int64(len(looks) - begin))
	}
	return looks
}

// look takes a look. After the last one in a target and Region it starts the canaries there, unless one of them has failed.
func (v *verification) look(ctx context.Context, l look) {
	e := l.expectation
	v.guard(e, func() { v.take(ctx, l) })
	if e.open.Add(-1) > 0 {
		return
	}
	if e.canary != nil && !v.failed(e.scope) {
		v.guard(e, func() { v.canaries(ctx, e) })
	}
	v.options.Progress.Done(e.scope.String(), false)
}

// guard makes a failure in a target of a panic.
func (v *verification) guard(e *expectation, do func()) {
	if problem := parallel.Guard(e.scope, "looking from inside the account", do); problem != nil {
		v.fail(sharing.Subject{Images: e.images}, *problem)
	}
}

func (v *verification) take(ctx context.Context, l look) {
	ctx, cancel := traffic.Patient(ctx, traffic.TargetTimeout)
	defer cancel()
	switch e := l.expectation; l.at {
	case images:
		v.images(ctx, e)
	case defaultKey:
		v.defaultKey(ctx, e)
	case grant:
		v.grant(ctx, e.scope, e.grants[l.n])
	case use:
		v.use(ctx, e.scope, e.uses[l.n], e.mustUse)
	}
}

// failed tells whether something is not as it has to be in a scope.
func (v *verification) failed(scope sharing.Scope) bool {
	return v.checks.Any(func(check sharing.Check) bool { return check.Scope == scope && !check.OK && !check.Warning })
}
