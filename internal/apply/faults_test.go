// SPDX-License-Identifier: MPL-2.0

package apply_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/amishare/packer-plugin-ami-share/internal/apply"
	"github.com/amishare/packer-plugin-ami-share/internal/plan"
	"github.com/amishare/packer-plugin-ami-share/internal/sharing"
)

// TestEveryFault fails every call of a run in turn, before its effect and after it.
func TestEveryFault(t *testing.T) {
	total := len(job().Changes)
	for n := 1; n <= total; n++ {
		for _, effect := range []bool{false, true} {
			t.Run(fmt.Sprintf("call %d, effect %v", n, effect), func(t *testing.T) {
				everyFault(t, n, effect)
			})
		}
	}
}

func everyFault(t *testing.T, n int, effect bool) {
	w := newWorld()
	before := []string{ // were there before the run, though the plan doesn't know it
		grantKey(one, frankfurt), "image " + image(frankfurt).String() + " " + string(one), "snapshot snap-us-east-1 " + string(two),
	}
	for _, key := range before {
		w.is[key] = true
	}
	w.fails = func(call int, _ plan.Change) (bool, error) {
		if call == n {
			return effect, errLost
		}
		return true, nil
	}
	options := apply.Options{Concurrency: 1, Undoable: true}
	r := apply.Run(t.Context(), w, job(), options)
	apply.Undo(t.Context(), w, &r, options)
	withoutGrants := slices.DeleteFunc(w.state(), func(what string) bool { return strings.HasPrefix(what, "grant") && what != before[0] })
	if diff := cmp.Diff(before, withoutGrants); diff != "" || !r.RolledBack || len(r.NotUndone()) > 0 {
		t.Errorf("rollback does not restore the state, -before +after:\n%s\nnot undone %v", diff, r.NotUndone())
	}
	everyGrantIsLeft(t, w, r)
	w = newWorld()
	w.fails = func(call int, _ plan.Change) (bool, error) {
		if call == n {
			return effect, errLost
		}
		return true, nil
	}
	if r = apply.Run(t.Context(), w, job(), apply.Options{Concurrency: 1}); len(r.Failures) == 0 {
		t.Errorf("a failed call is no failure")
	}
	w.fails = nil
	if r = apply.Run(t.Context(), w, job(), apply.Options{}); len(r.Failures) > 0 || len(w.is) != 12 {
		t.Errorf("a second run does not make it right: %v, %v", r.Failures, w.state())
	}
}

// everyGrantIsLeft looks for each grant that the run has made, or may have made, in what its rollback left, and for no other.
func everyGrantIsLeft(t *testing.T, w *world, r apply.Result) {
	t.Helper()
	left := map[string]bool{}
	for _, leftover := range r.Left {
		create, ok := leftover.Change.(plan.CreateGrant)
		if !ok || leftover.Command == "" || leftover.Why == "" {
			t.Errorf("left: %+v", leftover)
			continue
		}
		left[grantKey(create.Account, create.Region)] = true
	}
	for _, o := range r.Outcomes {
		create, ok := o.Change.(plan.CreateGrant)
		if !ok {
			continue
		}
		key := grantKey(create.Account, create.Region)
		want := w.is[key] && o.Status != apply.Found || o.Status == apply.Unknown
		if left[key] != want || o.Status == apply.Done {
			t.Errorf("%s is %s, and left: %t, want %t", key, o.Status, left[key], want)
		}
	}
}

func TestARollbackLeavesWhatBelongsToKeysAndAccounts(t *testing.T) {
	w := newWorld()
	w.is[grantKey(one, virginia)] = true // it was there before
	w.fails = func(_ int, change plan.Change) (bool, error) {
		if permission, ok := change.(plan.ModifyLaunchPermission); ok && permission.Image.Region == virginia && permission.Operation == plan.Add {
			return false, errors.New("InvalidParameterValue")
		}
		return true, nil
	}
	options := apply.Options{Concurrency: 1, Undoable: true}
	r := apply.Run(t.Context(), w, job(), options)
	apply.Undo(t.Context(), w, &r, options)
	if slices.ContainsFunc(w.calls, func(call string) bool { return strings.HasPrefix(call, "retire") }) || len(r.Left) != 3 {
		t.Fatalf("left %v; calls %q", r.Left, w.calls)
	}
	want := "aws kms retire-grant --region us-east-1 --key-id arn:aws:kms:us-east-1:999999999999:key/k --grant-id g-222222222222 # in account 222222222222"
	if got := r.Left[2].Command; got != want {
		t.Errorf("command %q, want %q", got, want)
	}
	if diff := cmp.Diff([]string{grantKey(one, frankfurt), grantKey(one, virginia), grantKey(two, frankfurt), grantKey(two, virginia)}, w.state()); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

// TestAGrantThatIsGoneIsMadeAnew, one that was kept and one that was made, and no other.
func TestAGrantThatIsGoneIsMadeAnew(t *testing.T) {
	kept, made, stays := grant(one, frankfurt), grant(one, virginia), grant(two, frankfurt)
	w := newWorld()
	p := plan.Plan{Changes: []plan.Change{made, stays}, Kept: []plan.Present{{Change: kept, GrantID: "g-old"}}}
	r := apply.Run(t.Context(), w, p, apply.Options{})
	check := func(g plan.CreateGrant, gone bool) sharing.Check {
		return sharing.Check{Scope: g.Scopes()[0], Subject: sharing.Subject{Key: g.KeyARN, Grantee: g.GranteeARN}, Gone: gone, OK: !gone}
	}
	w.calls, w.is = nil, map[string]bool{}
	if !apply.Regrant(t.Context(), w, &p, &r, []sharing.Check{check(kept, true), check(made, true), check(stays, false)}, apply.Options{}) {
		t.Fatal("nothing is made anew")
	}
	if len(w.calls) != 2 || len(p.Kept) != 0 || len(r.Outcomes) != 3 || len(r.Made()) != 3 {
		t.Errorf("calls %q, kept %v, outcomes %+v", w.calls, p.Kept, r.Outcomes)
	}
	if w.calls = nil; apply.Regrant(t.Context(), w, &p, &r, []sharing.Check{check(kept, false)}, apply.Options{}) || len(w.calls) > 0 {
		t.Errorf("made anew without need: %q", w.calls)
	}
}

func TestWhatCouldNotBeReadBeforeIsLeft(t *testing.T) {
	w := newWorld()
	w.blind = errors.New("InternalError")
	r := apply.Run(t.Context(), w, plan.Plan{Changes: []plan.Change{shared(frankfurt, one)}}, apply.Options{Undoable: true})
	apply.Undo(t.Context(), w, &r, apply.Options{})
	want := "aws ec2 modify-image-attribute --region eu-central-1 --image-id ami-a --launch-permission 'Remove=[{UserId=111111111111}]' # in the account that owns the AMI"
	if left := r.NotUndone(); len(left) != 1 || left[0].Command != want || r.Outcomes[0].Status != apply.Left || len(w.is) != 1 {
		t.Errorf("left %+v, outcomes %+v", left, r.Outcomes)
	}
}

func TestAGrantThatKMSNamesIsNotRetired(t *testing.T) {
	create := grant(one, frankfurt)
	retire := plan.RetireGrant{Issuer: one, Account: one, Region: frankfurt, KeyARN: create.KeyARN, GrantID: "g-" + string(one), Why: "its operations are others"}
	w := newWorld()
	r := apply.Run(t.Context(), w, plan.Plan{Changes: []plan.Change{create, retire}}, apply.Options{})
	if o := r.Outcomes[1]; len(w.calls) != 1 || o.Status != apply.Skipped || o.Reason == "" || len(r.Failures) > 0 {
		t.Errorf("calls %q, outcome %+v", w.calls, o)
	}
}

func TestWhatOthersHaveChangedSinceIsListedWithoutACommand(t *testing.T) {
	const why = "somebody else has shared it since"
	w := newWorld()
	w.theirs = func(undo plan.Change) string {
		if c, ok := undo.(plan.ModifyLaunchPermission); ok && c.Operation == plan.Remove {
			return why
		}
		return ""
	}
	r := apply.Run(t.Context(), w, plan.Plan{Changes: []plan.Change{shared(frankfurt, one)}}, apply.Options{Undoable: true})
	apply.Undo(t.Context(), w, &r, apply.Options{})
	want := []apply.Leftover{{Change: shared(frankfurt, one), Why: why}}
	if diff := cmp.Diff(want, r.Left); diff != "" || r.Outcomes[0].Status != apply.Left || r.Outcomes[0].Reason != why || len(r.Undone) > 0 {
		t.Errorf("outcome %+v, undone %v, left (-want +got):\n%s", r.Outcomes[0], r.Undone, diff)
	}
}

func TestWhatCouldNotBeUndoneIsListedWithItsCommand(t *testing.T) {
	w := newWorld()
	w.fails = func(call int, change plan.Change) (bool, error) {
		if snapshot, ok := change.(plan.ModifySnapshotPermission); ok && snapshot.Operation == plan.Remove || call == 7 {
			return false, errors.New("AccessDeniedException")
		}
		return true, nil
	}
	options := apply.Options{Concurrency: 1, Undoable: true}
	r := apply.Run(t.Context(), w, job(), options)
	apply.Undo(t.Context(), w, &r, options)
	if len(r.NotUndone()) != 2 {
		t.Fatalf("not undone: %v", r.NotUndone())
	}
	want := "aws ec2 modify-snapshot-attribute --region us-east-1 --snapshot-id snap-us-east-1 --attribute createVolumePermission " +
		"--operation-type remove --user-ids 111111111111 222222222222 # in the account that owns the AMI"
	if got := r.NotUndone()[0].Command; got != want {
		t.Errorf("command %q, want %q", got, want)
	}
	for _, o := range r.Outcomes {
		if _, ok := o.Change.(plan.ModifySnapshotPermission); ok && (o.Status != apply.Left || o.Reason != "it could not be taken back: AccessDeniedException") {
			t.Errorf("%s is %s: %s", o.Change, o.Status, o.Reason)
		}
	}
}

func TestAnUndoWhoseAnswerIsLostHasItsReason(t *testing.T) {
	w := newWorld()
	w.fails = func(_ int, change plan.Change) (bool, error) {
		if snapshot, ok := change.(plan.ModifySnapshotPermission); ok && snapshot.Operation == plan.Remove {
			return true, errLost
		}
		return true, nil
	}
	options := apply.Options{Concurrency: 1, Undoable: true}
	r := apply.Run(t.Context(), w, job(), options)
	apply.Undo(t.Context(), w, &r, options)
	seen := 0
	for _, o := range r.Outcomes {
		if _, ok := o.Change.(plan.ModifySnapshotPermission); ok {
			seen++
			if o.Status != apply.Unknown || o.Reason != "nobody knows whether it was taken back: "+errLost.Error() {
				t.Errorf("%s is %s: %s", o.Change, o.Status, o.Reason)
			}
		}
	}
	if seen == 0 {
		t.Error("the job has no such change")
	}
}
