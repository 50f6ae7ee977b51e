// SPDX-License-Identifier: MPL-2.0

package report_test

import (
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/amishare/packer-plugin-ami-share/internal/report"
	"github.com/amishare/packer-plugin-ami-share/internal/sharing"
)

func TestReports(t *testing.T) {
	all := scenes(t)
	maps.Copy(all, crowds(t))
	for name, r := range all {
		t.Run(name, func(t *testing.T) {
			golden(t, name+".txt", report.Text(r)+"\n")
			golden(t, name+".md", report.Markdown(r))
			golden(t, name+".json", jsonText(t, r))
			if len(r.Request.Targets) < 30 {
				golden(t, name+".machine", machineText(r))
			}
		})
	}
}

// TestTablesFitATerminal holds lines of tables and of items to the width; texts of problems, commands and documents are what they are.
func TestTablesFitATerminal(t *testing.T) {
	for _, width := range []int{80, 53} {
		for name, r := range scenes(t) {
			r.Width = width
			table, _, _ := strings.Cut(report.Text(r), "\nWarnings:")
			for line := range strings.SplitSeq(table, "\n") {
				if n := len([]rune(line)); n > width && !strings.HasPrefix(line, "* ") && !strings.Contains(line, "arn:") {
					t.Errorf("%s: %d characters: %s", name, n, line)
				}
			}
		}
	}
}

func TestTheSameRunIsToldInTheSameWords(t *testing.T) {
	for range 2 {
		a, b := scenes(t), scenes(t)
		for name := range a {
			if jsonText(t, a[name])+report.Text(a[name])+report.Markdown(a[name]) != jsonText(t, b[name])+report.Text(b[name])+report.Markdown(b[name]) {
				t.Fatalf("%s: two reports of one run differ", name)
			}
		}
	}
}

func TestOutcomes(t *testing.T) {
	all := scenes(t)
	gone := newScene(1, frankfurt)
	gone.has(account(0), frankfurt)
	gone.has("555555555555", frankfurt)
	gone.request.Exact = true
	all["only removals"] = gone.run(t)
	hidden := all["3-accounts"]
	hidden.Checks = []sharing.Check{{
		Scope: sharing.Scope{Account: account(1), Region: frankfurt}, Subject: sharing.Subject{Images: []string{"ami-00000000000000000"}},
		Problem: &sharing.Problem{Scope: sharing.Scope{Account: account(1), Region: frankfurt}, Doing: "looking for the AMI", Cause: "it is hidden"},
	}}
	all["a check that fails"] = hidden
	same := newScene(1, frankfurt)
	same.has(account(0), frankfurt)
	all["all there"] = same.run(t)
	interrupted := newScene(2, frankfurt).plan(t)
	interrupted.Result.Cancelled = true
	all["interrupted"] = interrupted
	fine := newScene(2, frankfurt).plan(t)
	fine.DryRun = true
	all["a dry run"] = fine
	for name, want := range map[string]string{
		"3-accounts": "shared", "only removals": "removed", "all there": "unchanged", "a dry run": "planned", "dry-run": "failed", "refused": "refused",
		"30-accounts-mixed-failures": "failed", "rollback": "rolled_back", "a check that fails": "failed", "interrupted": "cancelled",
	} {
		if got := report.MachineRows(all[name])[1][1]; got != want {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
	}
	if text := report.Text(all["only removals"]); strings.Contains(text, "Shared:") || !strings.Contains(text, "Removed what no target names") {
		t.Errorf("of a run that only removes it is said\n%s", text)
	}
	if rows := machineText(hidden); !strings.Contains(rows, "ami-00000000000000000,"+string(account(1))+",failed") {
		t.Errorf("what verification did not find is told as there:\n%s", rows)
	}
}

// TestAnAMIThatAnAccountDoesNotSeeThroughItsOrganization is not told as shared with it: the grants alone don't let it launch.
func TestAnAMIThatAnAccountDoesNotSeeThroughItsOrganization(t *testing.T) {
	s := newScene(2, frankfurt)
	for n := range s.request.Targets {
		s.request.Targets[n].ThroughOrganization = true
	}
	run := s.run(t)
	scope := sharing.Scope{Account: account(1), Region: frankfurt}
	run.Checks = append(run.Checks, sharing.Check{
		Scope: scope, Subject: sharing.Subject{Images: []string{"ami-00000000000000000"}},
		Problem: &sharing.Problem{Scope: scope, Doing: "looking for the AMI", Cause: "it belongs to none of the organizations"},
	})
	if rows := machineText(run); !strings.Contains(rows, "launch permission,ami-00000000000000000,"+string(account(1))+",failed") || strings.Contains(rows, "launch permission,ami-00000000000000000,"+string(account(0))) {
		t.Errorf("the rows are\n%s", rows)
	}
	for line := range strings.Lines(report.Text(run)) {
		if row, ok := strings.CutPrefix(line, string(account(1))); ok && !strings.Contains(row, "!") {
			t.Errorf("the account's row is %q", line)
		}
	}
}

// TestNobodyGetsAnything where the targets' Regions have no AMI: that is not said to be shared already.
func TestNobodyGetsAnything(t *testing.T) {
	s := newScene(1, frankfurt)
	s.request.Targets[0].Regions = []sharing.Region{virginia}
	if text := report.Text(s.run(t)); strings.Contains(text, "shared already") || !strings.Contains(text, "Nobody gets anything: nothing to share, 1 AMI") {
		t.Errorf("it is said\n%s", text)
	}
}

func TestNamesOfRegions(t *testing.T) {
	r := newScene(1, "us-gov-west-1", "cn-northwest-1", "ap-northeast-3", "il-central-1", "us-isob-east-1").plan(t)
	for _, want := range []string{"usgw1 ", "cnnw1 ", "apne3 ", "ilc1 ", "usie1 "} {
		if text := report.Text(r); !strings.Contains(text, want) {
			t.Errorf("%q is missing in\n%s", want, text)
		}
	}
}

// TestTheDocumentedReportIsARealOne compares the example of docs/report.md with the report of a run.
func TestTheDocumentedReportIsARealOne(t *testing.T) {
	path := filepath.Join("..", "..", "docs", "report.md")
	page, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	s := newScene(2, frankfurt)
	s.names = map[sharing.AccountID]string{account(0): "team-web"}
	s.announces()
	for n := range s.request.Targets {
		s.request.Targets[n].Canaries = []sharing.Canary{{Region: frankfurt, Subnet: "subnet-0123456789abcdef0", InstanceType: "t3.micro"}}
	}
	before, rest, _ := strings.Cut(string(page), "```json\n")
	example, after, found := strings.Cut(rest, "```\n")
	if !found {
		t.Fatalf("%s has no example", path)
	}
	run := s.run(t)
	for n := range s.request.Targets {
		run.Checks = append(run.Checks, canaryCheck(account(n)))
	}
	want := jsonText(t, run)
	if *update && example != want {
		if err := os.WriteFile(path, []byte(before+"```json\n"+want+"```\n"+after), 0o600); err != nil {
			t.Fatal(err)
		}
		return
	}
	if diff := cmp.Diff(want, example); diff != "" {
		t.Errorf("the example of %s is no report of today (-report +page), go test ./internal/report -update writes it:\n%s", path, diff)
	}
}

func TestMarkdownIsBounded(t *testing.T) {
	r := report.Run{}
	for range 20000 {
		r.Plan.Foreign = append(r.Plan.Foreign, "a thing of *many* <b>")
	}
	text := report.Markdown(r)
	if len(text) > 300<<10 || !strings.HasSuffix(text, "see the report file or the log.\n") {
		t.Errorf("%d bytes, ends with %q", len(text), text[len(text)-40:])
	}
	if strings.Contains(text, "<b>") {
		t.Error("HTML is not escaped")
	}
}
