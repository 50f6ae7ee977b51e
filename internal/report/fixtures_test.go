package report_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/amishare/packer-plugin-ami-share/internal/apply"
	"github.com/amishare/packer-plugin-ami-share/internal/plan"
	"github.com/amishare/packer-plugin-ami-share/internal/report"
	"github.com/amishare/packer-plugin-ami-share/internal/sharing"
)

var update = flag.Bool("update", false, "write the golden files of testdata")

const (
	frankfurt = sharing.Region("eu-central-1")
	virginia  = sharing.Region("us-east-1")
)

func keyARN(region sharing.Region) string {
	return fmt.Sprintf("arn:aws:kms:%s:111111111111:key/1234abcd-12ab-34cd-56ef-1234567890ab", region)
}

func roleARN(account sharing.AccountID) string {
	return fmt.Sprintf("arn:aws:iam::%s:role/aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling", account)
}

func image(region sharing.Region, n int) sharing.Image {
	return sharing.Image{
		Ref: sharing.ImageRef{Region: region, ID: fmt.Sprintf("ami-%017d", n)}, Owner: "111111111111", Name: "golden 2026-11-23", State: "available",
		Snapshots: []sharing.Snapshot{{ID: fmt.Sprintf("snap-%017d", n), Encrypted: true, KeyARN: keyARN(region)}},
	}
}

func createGrant(account sharing.AccountID, region sharing.Region) plan.CreateGrant {
	return plan.CreateGrant{
		Account: account, Region: region, KeyARN: keyARN(region), GranteeARN: roleARN(account),
		Operations: sharing.DefaultGrantOperations(), Name: sharing.GrantNamePrefix + string(account),
	}
}

var notAssumable = sharing.Problem{
	Scope: sharing.Scope{Account: "444444444444"}, Doing: "assuming the role arn:aws:iam::444444444444:role/ami-share", Code: "AccessDenied",
	Cause: "its trust policy does not let arn:aws:iam::111111111111:role/packer in", Remedy: "its trust policy needs\n{\n  \"Effect\": \"Allow\"\n}",
}

var grantRefused = sharing.Problem{
	Scope: sharing.Scope{Account: "333333333333", Region: virginia},
	Doing: "creating a grant on key " + keyARN(virginia) + " for role " + roleARN("333333333333"), Code: "AccessDeniedException",
	Cause: "the key policy does not allow it", Remedy: "add a statement",
}

const organization = "arn:aws:organizations::999999999999:organization/o-abcde12345"

// thePlan is for two Regions and three accounts: one has something already, one gets everything, one can't be entered.
func thePlan() plan.Plan {
	first, second := image(frankfurt, 1), image(virginia, 2)
	return plan.Plan{
		Images: []sharing.Image{first, second}, Keys: []string{keyARN(frankfurt), keyARN(virginia)},
		Targets: []sharing.Target{{Account: "222222222222"}, {Account: "333333333333"}, {Account: "444444444444", Grantees: []sharing.Grantee{{Name: "x"}}}},
		Changes: []plan.Change{
			plan.CreateServiceLinkedRole{Account: "333333333333", ARN: roleARN("333333333333")},
			createGrant("333333333333", frankfurt), createGrant("333333333333", virginia),
			plan.ModifySnapshotPermission{Image: first.Ref, Snapshot: first.Snapshots[0].ID, Accounts: []sharing.AccountID{"333333333333"}},
			plan.ModifySnapshotPermission{Image: second.Ref, Snapshot: second.Snapshots[0].ID, Accounts: []sharing.AccountID{"222222222222", "333333333333"}},
			plan.ModifyLaunchPermission{Image: first.Ref, Recipients: []sharing.Recipient{sharing.Account("333333333333"), {Kind: sharing.ToOrganization, ID: organization}}},
			plan.ModifyLaunchPermission{Image: second.Ref, Recipients: []sharing.Recipient{sharing.Account("222222222222"), sharing.Account("333333333333")}},
			plan.PutTags{Account: "333333333333", Image: first.Ref, Resource: first.Ref.ID, Tags: map[string]string{"os": "linux"}},
			plan.ModifyLaunchPermission{Image: first.Ref, Operation: plan.Remove, Recipients: []sharing.Recipient{sharing.Account("555555555555")}},
			plan.RetireGrant{
				Issuer: "222222222222", Account: "222222222222", Region: frankfurt, KeyARN: keyARN(frankfurt), GrantID: "old",
				GranteeARN: "AROAEXAMPLE", Why: "its role was deleted",
			},
		},
		Kept: []plan.Present{
			{Change: plan.ModifyLaunchPermission{Image: first.Ref, Recipients: []sharing.Recipient{sharing.Account("222222222222")}}},
			{Change: plan.ModifySnapshotPermission{Image: first.Ref, Snapshot: first.Snapshots[0].ID, Accounts: []sharing.AccountID{"222222222222"}}},
			{Change: createGrant("222222222222", frankfurt), GrantID: "kept-1"},
			{Change: createGrant("222222222222", virginia), GrantID: "kept-2"},
		},
		Blocked: []sharing.Problem{notAssumable},
		Foreign: []string{"the image " + first.Ref.ID + " is public"},
		Notes:   []string{"account 111111111111 owns the images and is passed over"},
	}
}

// theRun carries the plan out; the grant in Virginia is refused, and what hangs on it left out.
func theRun() report.Run {
	p := thePlan()
	r := report.Run{
		Plan: p, Started: time.Date(2026, 11, 23, 20, 0, 0, 0, time.UTC), Elapsed: 2345 * time.Millisecond, PluginVersion: "0.1.0",
		Stats: report.Stats{Calls: map[string]int{"kms:CreateGrant": 2, "ec2:ModifyImageAttribute": 3}, Retries: 1},
		Checks: []sharing.Check{
			{Scope: sharing.Scope{Account: "222222222222", Region: frankfurt}, Subject: "image " + p.Images[0].Ref.ID, OK: true},
			{Scope: sharing.Scope{Account: "222222222222", Region: virginia}, Subject: "default EBS key", Warning: true, Problem: &sharing.Problem{
				Scope: sharing.Scope{Account: "222222222222", Region: virginia}, Doing: "looking at the account's default EBS key", Cause: "it is a customer key",
			}},
		},
	}
	for i, change := range p.Changes {
		outcome := apply.Outcome{Change: change, Status: apply.Done}
		switch c := change.(type) {
		case plan.CreateGrant:
			outcome.GrantID = fmt.Sprintf("grant-%d", i)
			if c.Region == virginia {
				outcome = apply.Outcome{Change: c, Status: apply.Failed, Problem: &grantRefused}
			}
		default:
			if left := change.Without(grantRefused.Scope.Covers); left != nil {
				outcome.Change = left
			}
		}
		r.Result.Outcomes = append(r.Result.Outcomes, outcome)
	}
	r.Result.Failures = []sharing.Problem{grantRefused, notAssumable}
	return r
}

// theRollback is the run with everything it added taken back, but for one grant.
func theRollback() report.Run {
	r := theRun()
	r.Result.RolledBack = true
	for i := range r.Result.Outcomes {
		if r.Result.Outcomes[i].Status == apply.Done {
			r.Result.Outcomes[i].Status = apply.Undone
		}
	}
	r.Result.Left = []apply.Leftover{{
		Change:  createGrant("333333333333", frankfurt),
		Problem: &sharing.Problem{Scope: sharing.Scope{Account: "333333333333", Region: frankfurt}, Doing: "retiring grant grant-1", Code: "KMSInternalException"},
		Command: "aws kms retire-grant --region eu-central-1 --key-id " + keyARN(frankfurt) + " --grant-id grant-1",
	}}
	r.Checks = nil
	return r
}

// theCrowd is one image in each of four Regions for 200 accounts, three of which can't be entered.
func theCrowd() report.Run {
	var r report.Run
	for n, region := range []sharing.Region{"ap-southeast-2", frankfurt, virginia, "us-west-2"} {
		img := image(region, n)
		r.Plan.Images = append(r.Plan.Images, img)
		var ids []sharing.AccountID
		var recipients []sharing.Recipient
		for i := range 197 {
			account := sharing.AccountID(fmt.Sprintf("2%011d", i))
			ids, recipients = append(ids, account), append(recipients, sharing.Account(account))
			r.Plan.Changes = append(r.Plan.Changes, createGrant(account, region))
		}
		r.Plan.Changes = append(r.Plan.Changes, plan.ModifySnapshotPermission{Image: img.Ref, Snapshot: img.Snapshots[0].ID, Accounts: ids},
			plan.ModifyLaunchPermission{Image: img.Ref, Recipients: recipients})
	}
	for i := range 3 {
		problem := notAssumable
		problem.Scope.Account = sharing.AccountID(fmt.Sprintf("3%011d", i))
		r.Plan.Targets = append(r.Plan.Targets, sharing.Target{Account: problem.Scope.Account})
		r.Plan.Blocked = append(r.Plan.Blocked, problem)
	}
	for _, change := range r.Plan.Changes {
		r.Result.Outcomes = append(r.Result.Outcomes, apply.Outcome{Change: change, Status: apply.Done})
	}
	r.Result.Failures = r.Plan.Blocked
	return r
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-file +now), go test ./internal/report -update writes it:\n%s", path, diff)
	}
}
