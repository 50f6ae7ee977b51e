// SPDX-License-Identifier: MPL-2.0

package report

import (
	"github.com/amishare/packer-plugin-ami-share/internal/plan"
	"github.com/amishare/packer-plugin-ami-share/internal/sharing"
)

// proof tells whether an item is something that verification is asked to prove.
func (i item) proof() bool { return i.Kind == canary || i.Kind == keyUse }

// proofItems are what verification was asked to prove: that an instance starts, and that a key can be used.
func (r Run) proofItems() []item {
	found := map[identity]sharing.Check{}
	for _, check := range r.Checks {
		if i, ok := proofOf(check); ok {
			found[i.identity()] = check
		}
	}
	barred := r.Plan.Barred()
	var all []item
	for _, i := range r.wantedProofs() {
		all = append(all, r.judged(i, found, barred))
	}
	return unique(all)
}

// wantedProofs are the proofs that the targets ask for.
func (r Run) wantedProofs() []item {
	var all []item
	for _, target := range r.Plan.Targets {
		for _, image := range r.Plan.Images {
			if !target.In(image.Ref.Region) {
				continue
			}
			all = append(all, r.proofsAt(target, image.Ref)...)
		}
	}
	return all
}

// proofsAt are the proofs that a target asks for in the Region of an AMI.
func (r Run) proofsAt(target sharing.Target, image sharing.ImageRef) []item {
	var all []item
	for _, c := range target.Canaries {
		if c.Region == image.Region {
			all = append(all, item{
				Kind: canary, Resource: image.ID, Recipient: sharing.Account(target.Account), Region: image.Region, Value: c.InstanceType + " in " + c.Subnet,
			})
		}
	}
	for _, key := range r.Plan.Keys {
		if target.MustUse && sharing.RegionOf(key) == image.Region {
			all = append(all, item{Kind: keyUse, Resource: key, Recipient: sharing.Account(target.Account), Region: image.Region})
		}
	}
	return all
}

// proofOf is the item that a check is about, if that is a proof.
func proofOf(check sharing.Check) (item, bool) {
	i := item{Recipient: sharing.Account(check.Scope.Account), Region: check.Scope.Region}
	switch check.Subject.Proof {
	case sharing.CanaryProof:
		i.Kind, i.Resource = canary, check.Subject.Images[0]
	case sharing.UseProof:
		i.Kind, i.Resource = keyUse, check.Subject.Key
	default:
		return item{}, false
	}
	return i, true
}

// judged is a proof with what came of it. One that did not come about is skipped: something before it failed, the run was interrupted,
// or AWS started no canary for a reason that says nothing of the AMI. A dry run starts none.
func (r Run) judged(i item, found map[identity]sharing.Check, barred plan.Barred) item {
	check, looked := found[i.identity()]
	p, blocked := barred.From(i.scope())
	switch {
	case looked && check.OK:
		i.Status, i.Verified = proved, true
	case looked && inVain(check):
		i.Status, i.Reason = r.disproved(), check.Problem.Reason()
	case looked && check.Problem != nil:
		i.Status, i.Reason = skipped, check.Problem.Reason()
	case blocked:
		i.Status, i.Reason = refused, p.Reason()
	case r.DryRun && i.Kind == canary:
		i.Status = planned
	default:
		i.Status = skipped
	}
	return i
}

// disproved is the status of a proof that failed: in a dry run AWS was only asked.
func (r Run) disproved() status {
	if r.DryRun {
		return refused
	}
	return failed
}
