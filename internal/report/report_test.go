package report_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/amishare/packer-plugin-ami-share/internal/apply"
	"github.com/amishare/packer-plugin-ami-share/internal/plan"
	"github.com/amishare/packer-plugin-ami-share/internal/report"
	"github.com/amishare/packer-plugin-ami-share/internal/sharing"
)

func machineText(r report.Run) string {
	var b strings.Builder
	for _, line := range report.MachineRows(r) {
		b.WriteString(strings.Join(line, ",") + "\n")
	}
	return b.String()
}

func jsonText(t *testing.T, r report.Run) string {
	t.Helper()
	text, err := report.JSON(r)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestReports(t *testing.T) {
	dry := report.Run{Plan: thePlan(), DryRun: true, PluginVersion: "0.1.0"}
	refused := report.Run{
		Request: sharing.Request{Images: []sharing.ImageRef{{Region: frankfurt, ID: "ami-1"}}},
		Refused: []sharing.Problem{{Scope: sharing.Scope{Region: frankfurt}, Doing: "sharing ami-1", Cause: "it is encrypted with an AWS managed key"}},
	}
	for name, r := range map[string]report.Run{"run": theRun(), "rollback": theRollback(), "dry-run": dry, "refused": refused} {
		t.Run(name, func(t *testing.T) {
			golden(t, name+".txt", report.Text(r)+"\n")
			golden(t, name+".json", jsonText(t, r))
			golden(t, name+".md", report.Markdown(r))
			golden(t, name+".machine", machineText(r))
		})
	}
}

func TestPlanIsADiff(t *testing.T) {
	golden(t, "plan.diff", report.Plan(thePlan())+"\n")
	golden(t, "crowd.diff", report.Plan(theCrowd().Plan)+"\n")
}

func TestTheSameRunIsToldInTheSameWords(t *testing.T) {
	for range 5 {
		if a, b := jsonText(t, theRun())+report.Text(theRun()), jsonText(t, theRun())+report.Text(theRun()); a != b {
			t.Fatal("two reports of one run differ")
		}
	}
}

func TestAnEmptyReportHasNoNull(t *testing.T) {
	if text := jsonText(t, report.Run{}); strings.Contains(text, "null") {
		t.Error(text)
	}
}

func TestOutcomes(t *testing.T) {
	nothing := thePlan()
	nothing.Changes, nothing.Blocked = nil, nil
	failedCheck := report.Run{Plan: thePlan(), Checks: []sharing.Check{{Problem: &notAssumable}}}
	for want, r := range map[string]report.Run{
		"shared":      {Plan: thePlan()},
		"unchanged":   {Plan: nothing},
		"planned":     {Plan: nothing, DryRun: true},
		"refused":     {Refused: []sharing.Problem{notAssumable}},
		"failed":      theRun(),
		"rolled_back": theRollback(),
		"cancelled":   {Plan: thePlan(), DryRun: true, Result: apply.Result{Cancelled: true}, Proof: []sharing.Problem{grantRefused}},
	} {
		if got := report.MachineRows(r)[0][1]; got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
	if got := report.MachineRows(failedCheck)[0][1]; got != "failed" {
		t.Errorf("a check that fails: %s", got)
	}
	if got := report.MachineRows(report.Run{Plan: thePlan(), DryRun: true, Proof: []sharing.Problem{grantRefused}})[0][1]; got != "failed" {
		t.Errorf("a proof that fails: %s", got)
	}
}

func TestTwoHundredAccountsStayReadable(t *testing.T) {
	r := theCrowd()
	lines := strings.Split(report.Table(r), "\n")
	if len(lines) != 1+4*(1+3) {
		t.Errorf("%d lines:\n%s", len(lines), strings.Join(lines, "\n"))
	}
	for i := range 3 {
		account := fmt.Sprintf("3%011d", i)
		if n := len(slices.DeleteFunc(slices.Clone(lines), func(l string) bool { return !strings.Contains(l, account) })); n != 4 {
			t.Errorf("account %s, for which everything failed, has %d lines", account, n)
		}
	}
	var all struct {
		Images []struct {
			Recipients []struct{ ID string }
		}
	}
	if err := json.Unmarshal([]byte(jsonText(t, r)), &all); err != nil {
		t.Fatal(err)
	}
	for _, image := range all.Images {
		if len(image.Recipients) != 200 {
			t.Errorf("the JSON report has %d recipients", len(image.Recipients))
		}
	}
	diff := report.Plan(r.Plan)
	for i := range 197 {
		if account := fmt.Sprintf("2%011d", i); strings.Count(diff, account) != 3*4 {
			t.Fatalf("the diff has account %s %d times", account, strings.Count(diff, account))
		}
	}
}

func TestTheSameProblemOfManyAccountsIsToldOnce(t *testing.T) {
	var problems []sharing.Problem
	for i := range 200 {
		p := notAssumable
		p.Scope.Account = sharing.AccountID(fmt.Sprintf("3%011d", i))
		p.Doing = strings.ReplaceAll(p.Doing, "444444444444", string(p.Scope.Account))
		problems = append(problems, p)
	}
	problems = append(problems, grantRefused)
	told := report.Problems(problems)
	if len(told) != 2 || !strings.Contains(told[0], "for 199 more: 300000000001, ") || told[1] != grantRefused.Error() {
		t.Errorf("told:\n%s", strings.Join(told, "\n"))
	}
	for _, p := range problems {
		if n := strings.Count(told[0], string(p.Scope.Account)); n == 0 && p.Scope != grantRefused.Scope {
			t.Errorf("account %s is not named", p.Scope.Account)
		}
	}
	if told := report.Problems(problems[:3]); len(told) != 3 {
		t.Errorf("a few are not each told in full: %q", told)
	}
}

func TestTagsOfManyAccountsShareALine(t *testing.T) {
	var r report.Run
	for i := range 200 {
		r.Plan.Changes = append(r.Plan.Changes, plan.PutTags{Account: sharing.AccountID(fmt.Sprintf("2%011d", i)), Image: image(frankfurt, 1).Ref, Resource: "ami-1"})
	}
	if text := report.Text(r); strings.Count(text, "Tags ami-1 in eu-central-1: skipped in accounts 200000000000 and 199 more") != 1 || strings.Count(text, "ami-1") != 1 {
		t.Error(text)
	}
}

func TestMarkdownIsBounded(t *testing.T) {
	r := report.Run{}
	for i := range 20000 {
		r.Plan.Notes = append(r.Plan.Notes, fmt.Sprintf("note %d of *many* <b>", i))
	}
	text := report.Markdown(r)
	if len(text) > 300<<10 || !strings.HasSuffix(text, "see the report file or the log.\n") {
		t.Errorf("%d bytes, ends with %q", len(text), text[len(text)-40:])
	}
	if strings.Contains(text, "<b>") {
		t.Error("HTML is not escaped")
	}
}

func TestEveryChangeIsReported(t *testing.T) {
	img := image(frankfurt, 1)
	for want, change := range map[string]plan.Change{
		"service-linked role": plan.CreateServiceLinkedRole{Account: "2"}, "grant": createGrant("2", frankfurt),
		"snapshot permission": plan.ModifySnapshotPermission{Image: img.Ref, Snapshot: img.Snapshots[0].ID, Accounts: []sharing.AccountID{"2"}},
		"launch permission":   plan.ModifyLaunchPermission{Image: img.Ref, Recipients: []sharing.Recipient{sharing.Account("2")}},
		"tags":                plan.PutTags{Account: "2", Image: img.Ref, Resource: img.Ref.ID},
		"Auto Scaling group":  plan.SetGroupRole{Account: "2", Region: frankfurt, Group: "web"},
	} {
		p := plan.Plan{Images: []sharing.Image{img}, Changes: []plan.Change{change}}
		if text := machineText(report.Run{Plan: p, DryRun: true}); !strings.Contains(text, ","+want+",") {
			t.Errorf("%s is missing: %s", want, text)
		}
		if text := report.Plan(p); !strings.HasPrefix(text, "Plan: 1 to add") || strings.Count(text, "\n+ ") != 1 {
			t.Errorf("%s is not in the diff: %s", want, text)
		}
	}
}
