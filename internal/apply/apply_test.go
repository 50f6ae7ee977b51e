// SPDX-License-Identifier: MPL-2.0

package apply_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/amishare/packer-plugin-ami-share/internal/apply"
	"github.com/amishare/packer-plugin-ami-share/internal/plan"
	"github.com/amishare/packer-plugin-ami-share/internal/progress"
	"github.com/amishare/packer-plugin-ami-share/internal/sharing"
)

const (
	frankfurt = sharing.Region("eu-central-1")
	virginia  = sharing.Region("us-east-1")
	one       = sharing.AccountID("111111111111")
	two       = sharing.AccountID("222222222222")
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
	case plan.CreateServiceLinkedRole, plan.PutTags, plan.RestoreTags, plan.SetGroupRole,
		plan.PutParameter, plan.LabelParameter, plan.RestoreParameter, plan.RestoreLabels:
		panic(change)
	}
}

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

func TestEverythingIsDone(t *testing.T) {
	w := newWorld()
	var stages []progress.State
	r := apply.Run(t.Context(), w, job(), apply.Options{Concurrency: 3, Progress: progress.New(func(s progress.State) { stages = append(stages, s) })})
	if len(r.Failures) > 0 || r.RolledBack || r.Cancelled || len(w.is) != 12 {
		t.Errorf("failures %v, state %v", r.Failures, w.state())
	}
	for _, o := range r.Outcomes {
		if o.Status != apply.Done {
			t.Errorf("%s: %s", o.Change, o.Status)
		}
		if g, ok := o.Change.(plan.CreateGrant); ok && o.GrantID != "g-"+string(g.Account) {
			t.Errorf("%s has the grant id %q", o.Change, o.GrantID)
		}
	}
	want := []progress.State{{Step: "grants", Done: 4, Total: 4}, {Step: "snapshot permissions", Done: 2, Total: 2}, {Step: "AMI permissions", Done: 2, Total: 2}}
	if diff := cmp.Diff(want, stages); diff != "" {
		t.Errorf("progress (-want +got):\n%s", diff)
	}
}

func TestWhatFailedIsLeftOutLaterAndNothingElseIs(t *testing.T) {
	w := newWorld()
	w.fails = func(_ int, change plan.Change) (bool, error) {
		if g, ok := change.(plan.CreateGrant); ok && g.Account == one && g.Region == virginia {
			return false, sharing.Problem{Scope: sharing.Scope{Account: one, Region: virginia}, Doing: "granting", Code: "AccessDeniedException"}
		}
		return true, nil
	}
	r := apply.Run(t.Context(), w, job(), apply.Options{})
	want := []string{
		"grant 111111111111 eu-central-1", "grant 222222222222 eu-central-1", "grant 222222222222 us-east-1",
		"image eu-central-1:ami-a 111111111111", "image eu-central-1:ami-a 222222222222", "image us-east-1:ami-a 222222222222",
		"snapshot snap-eu-central-1 111111111111", "snapshot snap-eu-central-1 222222222222", "snapshot snap-us-east-1 222222222222",
	}
	if diff := cmp.Diff(want, w.state()); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if len(r.Failures) != 1 || r.Failures[0].Code != "AccessDeniedException" {
		t.Errorf("failures %v", r.Failures)
	}
	if !slices.Contains(statuses(r), "share the AMI ami-a with 1 recipient: skipped") {
		t.Errorf("what was left out is not told: %q", statuses(r))
	}
}

// reject is AWS refusing a batch because of some recipients.
func reject(change plan.Change, who ...sharing.Recipient) *plan.Rejection {
	refused, rest := plan.Divide(change, func(r sharing.Recipient) bool { return slices.Contains(who, r) })
	return &plan.Rejection{Problem: sharing.Problem{Code: "InvalidAMIAttributeItemValue"}, Refused: refused, Rest: rest}
}

func TestARefusedBatchIsSentAgainWithoutTheRefusedAccounts(t *testing.T) {
	w := newWorld()
	w.fails = func(_ int, change plan.Change) (bool, error) {
		for _, scope := range change.Scopes() {
			if _, ok := change.(plan.ModifyLaunchPermission); ok && scope.Account == two {
				return false, reject(change, sharing.Account(two))
			}
		}
		return true, nil
	}
	r := apply.Run(t.Context(), w, plan.Plan{Changes: []plan.Change{shared(frankfurt, one, two)}}, apply.Options{})
	if diff := cmp.Diff([]string{"image eu-central-1:ami-a 111111111111"}, w.state()); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if len(r.Failures) != 1 || r.Failures[0].Scope != (sharing.Scope{Account: two, Region: frankfurt}) {
		t.Errorf("failures %v", r.Failures)
	}
}

func TestOrganizationsAndAccountsFailOnTheirOwn(t *testing.T) {
	organization := sharing.Recipient{Kind: sharing.ToOrganization, ID: "arn:aws:organizations::999999999999:organization/o-abcde12345"}
	change := shared(frankfurt, one, two)
	change.Recipients = append(change.Recipients, organization)
	for name, test := range map[string]struct {
		plan    plan.Plan
		refuses sharing.Recipient
		want    []string
	}{
		"nothing fails": {
			plan: plan.Plan{Changes: []plan.Change{change}},
			want: []string{"share the AMI ami-a with 3 recipients: done"},
		},
		"an account has failed before": {
			plan: plan.Plan{Changes: []plan.Change{change}, Blocked: []sharing.Problem{{Scope: sharing.Scope{Account: two}}}},
			want: []string{"share the AMI ami-a with 1 recipient: skipped", "share the AMI ami-a with 2 recipients: done"},
		},
		"AWS refuses an account": {
			plan: plan.Plan{Changes: []plan.Change{change}}, refuses: sharing.Account(two),
			want: []string{"share the AMI ami-a with 1 recipient: failed", "share the AMI ami-a with 2 recipients: done"},
		},
		"AWS refuses the organization": {
			plan: plan.Plan{Changes: []plan.Change{change}}, refuses: organization,
			want: []string{"share the AMI ami-a with 1 recipient: failed", "share the AMI ami-a with 2 recipients: done"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld()
			w.fails = func(_ int, change plan.Change) (bool, error) {
				if permission, ok := change.(plan.ModifyLaunchPermission); ok && slices.Contains(permission.Recipients, test.refuses) {
					return false, reject(change, test.refuses)
				}
				return true, nil
			}
			if diff := cmp.Diff(test.want, statuses(apply.Run(t.Context(), w, test.plan, apply.Options{}))); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

func TestARefusalThatNamesNobodyOfTheBatchFailsIt(t *testing.T) {
	w := newWorld()
	w.fails = func(int, plan.Change) (bool, error) { return false, errors.New("InvalidAMIAttributeItemValue") }
	r := apply.Run(t.Context(), w, plan.Plan{Changes: []plan.Change{shared(frankfurt, one, two)}}, apply.Options{})
	if len(w.calls) != 1 || len(r.Failures) != 2 || len(w.is) > 0 {
		t.Errorf("calls %v, failures %v", w.calls, r.Failures)
	}
}

func TestStagesAreBarriers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		w.hold = func(change plan.Change) {
			if change.Stage() == plan.Grants {
				time.Sleep(time.Duration(len(change.String())) * time.Millisecond)
			}
		}
		apply.Run(t.Context(), w, job(), apply.Options{})
		var grants bool
		for _, call := range slices.Backward(w.calls) {
			grants = grants || strings.HasPrefix(call, "grant")
			if grants && !strings.HasPrefix(call, "grant") {
				t.Errorf("%q came before the last grant: %q", call, w.calls)
			}
		}
	})
}

func TestNoMoreThanSoManyAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		var mu sync.Mutex
		var now, most int
		w.hold = func(plan.Change) {
			mu.Lock()
			now++
			most = max(most, now)
			mu.Unlock()
			time.Sleep(time.Second)
			mu.Lock()
			now--
			mu.Unlock()
		}
		apply.Run(t.Context(), w, job(), apply.Options{Concurrency: 3})
		if most != 3 {
			t.Errorf("%d calls at once, want 3", most)
		}
	})
}

func TestCancelledRunStartsNothingNewAndWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		w := newWorld()
		w.hold = func(change plan.Change) {
			if permission, ok := change.(plan.ModifySnapshotPermission); ok && permission.Operation == plan.Add {
				cancel()
				time.Sleep(time.Minute) // the call goes on
			}
		}
		options := apply.Options{Concurrency: 1, Undoable: true}
		r := apply.Run(ctx, w, job(), options)
		if !r.Cancelled || len(w.is) != 6 || r.RolledBack {
			t.Errorf("cancelled %v, state %v", r.Cancelled, w.state())
		}
		if apply.Undo(ctx, w, &r, options); len(w.is) != 4 || !r.RolledBack || len(r.Left) != 4 {
			t.Errorf("a cancelled run is not undone: %v", w.state())
		}
	})
}

func TestAnUndoableRunBeginsNothingWhenATargetIsBlocked(t *testing.T) {
	p := job()
	p.Blocked = []sharing.Problem{{Scope: sharing.Scope{Account: "333333333333"}, Doing: "assuming a role"}}
	w := newWorld()
	r := apply.Run(t.Context(), w, p, apply.Options{Undoable: true})
	if len(w.calls) > 0 || len(r.Failures) != 1 {
		t.Errorf("calls %v, failures %v", w.calls, r.Failures)
	}
	if r = apply.Run(t.Context(), w, p, apply.Options{}); len(w.is) != 12 || len(r.Failures) != 1 {
		t.Errorf("otherwise the others are not finished: %v", w.state())
	}
}

func TestWhatAnotherBuildHasMadeMeanwhileIsFound(t *testing.T) {
	w := newWorld()
	w.is["image "+image(frankfurt).String()+" "+string(one)] = true
	r := apply.Run(t.Context(), w, plan.Plan{Changes: []plan.Change{shared(frankfurt, one), shared(frankfurt, two)}}, apply.Options{Undoable: true})
	if len(r.Outcomes) != 2 || r.Outcomes[0].Status != apply.Found || r.Outcomes[1].Status != apply.Done {
		t.Errorf("want the first one found and the second one done: %v", statuses(r))
	}
}

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
		if _, ok := o.Change.(plan.ModifySnapshotPermission); ok && o.Status != apply.Left {
			t.Errorf("%s is %s", o.Change, o.Status)
		}
	}
}

func TestCommands(t *testing.T) {
	tests := map[string]plan.Change{
		"aws iam create-service-linked-role --aws-service-name autoscaling.amazonaws.com --custom-suffix blue # in account 111111111111": plan.CreateServiceLinkedRole{Account: one, Grantee: sharing.Grantee{Service: "autoscaling.amazonaws.com", Suffix: "blue"}},
		"aws kms create-grant --region us-east-1 --key-id K --grantee-principal G --name N --operations Decrypt DescribeKey # in account 111111111111": plan.CreateGrant{
			Account: one, Region: virginia, KeyARN: "K", GranteeARN: "G", Name: "N", Operations: []string{"Decrypt", "DescribeKey"},
		},
		"aws kms retire-grant --region us-east-1 --key-id K --grant-id I # in account 222222222222": plan.RetireGrant{
			Account: one, Issuer: two, Region: virginia, KeyARN: "K", GranteeARN: "G", Name: "N", GrantID: "I",
		},
		"aws ec2 modify-image-attribute --region us-east-1 --image-id ami-a --launch-permission 'Remove=[{UserId=111111111111},{Group=all}]' # in the account that owns the AMI": plan.ModifyLaunchPermission{
			Image: image(virginia), Operation: plan.Remove, Recipients: []sharing.Recipient{sharing.Account(one), {Kind: sharing.ToGroup, ID: "all"}},
		},
		"aws ec2 modify-snapshot-attribute --region us-east-1 --snapshot-id s --attribute createVolumePermission --operation-type add --user-ids 111111111111 # in the account that owns the AMI": plan.ModifySnapshotPermission{
			Image: image(virginia), Snapshot: "s", Accounts: []sharing.AccountID{one},
		},
		`aws ec2 create-tags --region us-east-1 --resources ami-a --tags '[{"Key":"os","Value":"Joe'\''s, \"the\" linux"}]' # in account 111111111111`: plan.PutTags{
			Account: one, Image: image(virginia), Resource: "ami-a", Tags: map[string]string{"os": `Joe's, "the" linux`},
		},
		`aws ec2 delete-tags --region us-east-1 --resources ami-a --tags '[{"Key":"a"}]' && aws ec2 create-tags --region us-east-1 --resources ami-a --tags '[{"Key":"b","Value":""}]' # in account 111111111111`: plan.RestoreTags{
			Account: one, Image: image(virginia), Resource: "ami-a", Delete: []string{"a"}, Restore: map[string]string{"b": ""},
		},
		"aws autoscaling update-auto-scaling-group --region us-east-1 --auto-scaling-group-name 'web of $HOME' --service-linked-role-arn R # in account 111111111111": plan.SetGroupRole{
			Account: one, Region: virginia, Group: "web of $HOME", RoleARN: "R",
		},
	}
	for want, change := range tests {
		if got := apply.Command(change); got != want {
			t.Errorf("%T:\n%s\nwant\n%s", change, got, want)
		}
	}
}

func TestEndCommands(t *testing.T) {
	create := plan.CreateGrant{Account: one, Region: virginia, KeyARN: "K", GranteeARN: "G", Name: "N", Operations: []string{"Decrypt"}}
	for want, change := range map[string]plan.Change{
		"aws iam delete-service-linked-role --role-name R # in account 111111111111": plan.CreateServiceLinkedRole{Account: one, Grantee: sharing.Grantee{Name: "R"}},
		`aws kms retire-grant --region us-east-1 --key-id K --grant-id "$(aws kms list-grants --region us-east-1 --key-id K --grantee-principal G --query 'Grants[?Name=='\''N'\''].GrantId' --output text)" # in account 111111111111`: create,
		"aws kms create-grant --region us-east-1 --key-id K --grantee-principal G --name N --operations Decrypt # in account 222222222222": plan.RetireGrant{
			Account: one, Issuer: two, Region: virginia, KeyARN: "K", GranteeARN: "G", Name: "N", GrantID: "I", Operations: []string{"Decrypt"},
		},
		"aws ec2 modify-image-attribute --region us-east-1 --image-id ami-a --launch-permission 'Remove=[{UserId=111111111111}]' # in the account that owns the AMI": shared(virginia, one),
		"aws ec2 modify-snapshot-attribute --region us-east-1 --snapshot-id s --attribute createVolumePermission --operation-type add --user-ids 111111111111 # in the account that owns the AMI": plan.ModifySnapshotPermission{
			Image: image(virginia), Snapshot: "s", Operation: plan.Remove, Accounts: []sharing.AccountID{one},
		},
		`aws ec2 delete-tags --region us-east-1 --resources ami-a --tags '[{"Key":"os"}]' # in account 111111111111`: plan.PutTags{
			Account: one, Image: image(virginia), Resource: "ami-a", Tags: map[string]string{"os": "linux"},
		},
		"aws autoscaling update-auto-scaling-group --region us-east-1 --auto-scaling-group-name web --service-linked-role-arn R # in account 111111111111": plan.SetGroupRole{
			Account: one, Region: virginia, Group: "web", RoleARN: "new", Previous: "R",
		},
	} {
		if got := apply.EndCommand(change, ""); got != want {
			t.Errorf("%T:\n%s\nwant\n%s", change, got, want)
		}
	}
	want := "aws kms retire-grant --region us-east-1 --key-id K --grant-id g1 # in account 111111111111"
	if got := apply.EndCommand(create, "g1"); got != want {
		t.Errorf("%s\nwant\n%s", got, want)
	}
}

func ExampleRun() {
	p := plan.Plan{Changes: []plan.Change{shared(frankfurt, one, two)}}
	for _, outcome := range apply.Run(context.Background(), newWorld(), p, apply.Options{}).Outcomes {
		fmt.Println(outcome.Change, "-", outcome.Status)
	}
	// Output: share the AMI ami-a with 2 recipients - done
}

func BenchmarkRun(b *testing.B) {
	var p plan.Plan
	for n := range 400 {
		p.Changes = append(p.Changes, grant(sharing.AccountID(fmt.Sprintf("%012d", n)), frankfurt))
	}
	for b.Loop() {
		apply.Run(b.Context(), newWorld(), p, apply.Options{})
	}
}
