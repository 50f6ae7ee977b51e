// SPDX-License-Identifier: MPL-2.0

package apply

import (
	"context"
	"errors"

	"github.com/amishare/packer-plugin-ami-share/internal/plan"
	"github.com/amishare/packer-plugin-ami-share/internal/sharing"
)

// kept is who keeps an AMI that was to be taken away, and so everything that goes with it.
type kept struct {
	scopes   map[sharing.Scope]bool
	many     map[sharing.Region]bool // organizations or OUs: which accounts that are nobody knows
	warnings []sharing.Problem
}

func newKept() kept {
	return kept{scopes: map[sharing.Scope]bool{}, many: map[sharing.Region]bool{}}
}

const keptWith = "the AMI stays shared"

// unknown notes what a removal that failed leaves: its accounts are noted as failed.
func (k kept) unknown(change plan.Change) {
	if removal, ok := change.(plan.ModifyLaunchPermission); ok && removal.Operation == plan.Remove {
		for _, recipient := range removal.Recipients {
			k.many[removal.Image.Region] = k.many[removal.Image.Region] || recipient.Kind != sharing.ToAccount
		}
	}
}

// spare returns the part of a change that may be made. What takes an AMI away is only made for those who don't use it;
// what comes after that only for those who have not kept one. The rest is noted as left.
func (r *run) spare(ctx context.Context, index int, change plan.Change) plan.Change {
	switch {
	case change == nil:
		return nil
	case change.Stage() == plan.ImageRemovals:
		return r.unused(ctx, index, change)
	case change.Stage() == plan.SnapshotRemovals || change.Stage() == plan.GrantRemovals:
		return r.unkept(index, change)
	default:
		return change
	}
}

func (r *run) unused(ctx context.Context, index int, change plan.Change) plan.Change {
	removal, ok := change.(plan.ModifyLaunchPermission)
	if !ok || !removal.Unused {
		return change
	}
	usage, err := r.doer.InUse(ctx, removal)
	switch {
	case errors.Is(err, context.Canceled):
		for _, recipient := range removal.Recipients {
			r.keep(removal.Image, recipient)
		}
		return nil
	case err != nil:
		problem := problemOf(err, change)
		r.settle(index, Outcome{Change: change, Status: Failed, Problem: &problem})
		return nil
	}
	r.warn(usage.Warnings...)
	for _, use := range usage.Uses {
		part, rest := plan.Divide(change, func(recipient sharing.Recipient) bool { return recipient == use.Recipient })
		if part != nil {
			r.keep(removal.Image, use.Recipient)
			r.warn(use.Problem(removal.Image))
			r.note(index, Outcome{Change: part, Status: Left, Reason: "in use: " + use.What})
		}
		if rest == nil {
			return nil
		}
		change = rest
	}
	return change
}

// keep notes that somebody keeps an AMI.
func (r *run) keep(image sharing.ImageRef, recipient sharing.Recipient) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if recipient.Kind == sharing.ToAccount {
		r.kept.scopes[sharing.Scope{Account: sharing.AccountID(recipient.ID), Region: image.Region}] = true
	} else {
		r.kept.many[image.Region] = true
	}
}

func (r *run) warn(problems ...sharing.Problem) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.kept.warnings = append(r.kept.warnings, problems...)
}

// unkept leaves the snapshots and grants of those who keep an AMI.
func (r *run) unkept(index int, change plan.Change) plan.Change {
	r.mu.Lock()
	keeps := func(s sharing.Scope) bool { return r.kept.scopes[s] }
	if retire, ok := change.(plan.RetireGrant); ok && retire.Unused && r.kept.many[retire.Region] {
		keeps = func(sharing.Scope) bool { return true }
	}
	part, rest := plan.Only(change, keeps), change.Without(keeps)
	r.mu.Unlock()
	if part != nil {
		r.note(index, Outcome{Change: part, Status: Left, Reason: keptWith})
	}
	return rest
}
