// SPDX-License-Identifier: MPL-2.0

package apply

import (
	"context"
	"slices"

	"github.com/amishare/packer-plugin-ami-share/internal/plan"
	"github.com/amishare/packer-plugin-ami-share/internal/sharing"
)

// granted is a grant by what it is for.
type granted struct {
	account      sharing.AccountID
	key, grantee string
}

// Regrant makes those grants anew that verification did not find although the run had made or found them, and tells whether there were any.
// Another build with exact_grants has ended them, right before it could see that an AMI under the key is shared with the account. Now
// it sees that, and leaves them alone: whichever of the two looks last finds what the other one has done. What was kept becomes an outcome.
func Regrant(ctx context.Context, doer Doer, p *plan.Plan, result *Result, checks []sharing.Check, o Options) bool {
	gone := map[granted]bool{}
	for _, check := range checks {
		if check.Gone {
			gone[granted{check.Scope.Account, check.Subject.Key, check.Subject.Grantee}] = true
		}
	}
	isGone := func(change plan.Change) bool {
		create, ok := change.(plan.CreateGrant)
		return ok && gone[granted{create.Account, create.KeyARN, create.GranteeARN}]
	}
	var again []plan.Change
	for _, present := range slices.Concat(p.Kept, result.Made()) {
		if isGone(present.Change) {
			again = append(again, present.Change)
		}
	}
	if len(again) == 0 {
		return false
	}
	made := Run(ctx, doer, plan.Plan{Changes: again}, o)
	p.Kept = slices.DeleteFunc(slices.Clone(p.Kept), func(kept plan.Present) bool { return isGone(kept.Change) })
	others := slices.DeleteFunc(result.Outcomes, func(outcome Outcome) bool { return isGone(outcome.Change) })
	result.Outcomes = slices.Concat(made.Outcomes, others)
	result.Failures = append(result.Failures, made.Failures...)
	slices.SortStableFunc(result.Failures, sharing.CompareProblems)
	return true
}
