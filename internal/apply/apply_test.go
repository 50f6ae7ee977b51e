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

// Of a batch, too, each account is told for itself.
func TestWhatAnotherBuildHasMadeOfABatchIsFound(t *testing.T) {
	w := newWorld()
	w.is["image "+image(frankfurt).String()+" "+string(one)] = true
	r := apply.Run(t.Context(), w, plan.Plan{Changes: []plan.Change{shared(frankfurt, one, two)}}, apply.Options{Undoable: true})
	want := []apply.Outcome{
		{Change: shared(frankfurt, two), Status: apply.Done, Undo: reverse(shared(frankfurt, two))}, {Change: shared(frankfurt, one), Status: apply.Found},
	}
	if diff := cmp.Diff(want, r.Outcomes); diff != "" {
		t.Errorf("want only the second account made:\n%s", diff)
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
	create := plan.CreateGrant{Account: one, Region: virginia, KeyARN: "K", GranteeARN: "G", Name: "plugin:111111111111:N:digest", Operations: []string{"Decrypt"}}
	for want, change := range map[string]plan.Change{
		"aws iam delete-service-linked-role --role-name R # in account 111111111111": plan.CreateServiceLinkedRole{Account: one, Grantee: sharing.Grantee{Name: "R"}},
		`aws kms retire-grant --region us-east-1 --key-id K --grant-id "$(aws kms list-grants --region us-east-1 --key-id K --grantee-principal G --query 'Grants[?starts_with(Name,'\''plugin:111111111111:N:'\'')].GrantId' --output text)" # in account 111111111111`: create,
		"aws kms create-grant --region us-east-1 --key-id K --grantee-principal G --name N --operations Decrypt # in account 222222222222": plan.RetireGrant{
			Account: one, Issuer: two, Region: virginia, KeyARN: "K", GranteeARN: "G", Name: "N", GrantID: "I", Operations: []string{"Decrypt"},
		},
		"aws ec2 modify-image-attribute --region us-east-1 --image-id ami-a --launch-permission 'Remove=[{UserId=111111111111}]' # in the account that owns the AMI": shared(virginia, one),
		"aws ec2 modify-snapshot-attribute --region us-east-1 --snapshot-id s --attribute createVolumePermission --operation-type add --user-ids 111111111111 # in the account that owns the AMI": plan.ModifySnapshotPermission{
			Image: image(virginia), Snapshot: "s", Operation: plan.Remove, Accounts: []sharing.AccountID{one},
		},
		`aws ec2 delete-tags --region us-east-1 --resources ami-a --tags '[{"Key":"os"}]' && aws ec2 create-tags --region us-east-1 --resources ami-a --tags '[{"Key":"team","Value":""}]' # in account 111111111111`: plan.PutTags{
			Account: one, Image: image(virginia), Resource: "ami-a", Tags: map[string]string{"os": "linux", "team": "web"}, Previous: map[string]string{"team": ""},
		},
		`aws ssm label-parameter-version --region us-east-1 --name /golden --parameter-version 3 --labels live && aws ssm unlabel-parameter-version --region us-east-1 --name /golden --parameter-version "$(aws ssm get-parameter --region us-east-1 --name /golden:next --query Parameter.Version --output text)" --labels next # in account 111111111111`: plan.LabelParameter{
			Where: plan.Where{Account: one, Image: image(virginia)}, Name: "/golden", Labels: []string{"live", "next"}, Previous: map[string]int64{"live": 3},
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

func TestWhomAStageWaitsForIsNamedByWhatItIs(t *testing.T) {
	w := newWorld()
	tally := progress.New(nil)
	missing := map[string]bool{}
	w.hold = func(plan.Change) {
		for _, who := range tally.State().Missing {
			missing[who] = true
		}
	}
	options := apply.Options{Concurrency: 1, Undoable: true, Progress: tally}
	r := apply.Run(t.Context(), w, job(), options)
	apply.Undo(t.Context(), w, &r, options)
	for who := range missing {
		if !strings.HasSuffix(who, " in eu-central-1") && !strings.HasSuffix(who, " in us-east-1") || strings.Count(who, " ") != 2 {
			t.Errorf("a stage waits for %q, want an account, an AMI or a snapshot in a Region", who)
		}
	}
	if len(missing) == 0 {
		t.Error("no stage waits for anybody")
	}
}
