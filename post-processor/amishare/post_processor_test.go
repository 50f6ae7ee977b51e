// SPDX-License-Identifier: MPL-2.0

package amishare

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	packersdk "github.com/hashicorp/packer-plugin-sdk/packer"

	"github.com/amishare/packer-plugin-ami-share/internal/apply"
	"github.com/amishare/packer-plugin-ami-share/internal/awssim"
)

func TestSharing(t *testing.T) {
	aws := start(t, world())
	ui, err := share(t.Context(), t, targets(first, second))
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]int{"kms:CreateGrant": 4, "ec2:ModifySnapshotAttribute": 2, "ec2:ModifyImageAttribute": 2}
	if _, writes := aws.calls(); !cmp.Equal(want, writes) {
		t.Errorf("writes (-want +got):\n%s", cmp.Diff(want, writes))
	}
	for _, part := range []string{"Looking at 2 AMIs", "2 target accounts", "ACCOUNT       euc1  use1", first + "  +✓", "ami-0123456789abcdef0", first, second, "Verif"} {
		if !strings.Contains(ui.text.String(), part) {
			t.Errorf("what is said lacks %q:\n%s", part, ui.text.String())
		}
	}
	if len(ui.rows) == 0 || !strings.HasPrefix(ui.rows[0], "ami-share,build,x,") || ui.rows[1] != "ami-share,outcome,shared" {
		t.Errorf("machine-readable rows: %q", ui.rows)
	}

	t.Run("again changes nothing", func(t *testing.T) {
		before := len(aws.Journal())
		ui, err := share(t.Context(), t, targets(first, second))
		if err != nil {
			t.Fatal(err)
		}
		for _, entry := range aws.Journal()[before:] {
			if entry.Write && entry.Service != "sts" {
				t.Errorf("there is a write: %s on %s", entry.Action, entry.Resource)
			}
		}
		if !strings.Contains(ui.text.String(), "Everything is shared already") {
			t.Errorf("it doesn't say that there was nothing to do:\n%s", ui.text.String())
		}
	})
}

func TestATargetThatFails(t *testing.T) {
	wrong := strings.Replace(targets(second), "id-of-"+second, "wrong", 1)
	for name, test := range map[string]struct {
		onFailure string
		fails     bool
		says      []string
		same      bool // whether AWS is afterwards as it was before
	}{
		"fails the build after the others are done": {
			onFailure: "fail", fails: true,
			says: []string{"failed for 1 of 2 target accounts", second, "external", "Packer discards the AMIs", `post-processor "manifest" {}`},
		},
		"is a warning": {onFailure: "continue", says: []string{"Warning: ", "failed for 1 of 2 target accounts", second, "The build goes on"}},
		"is known before anything is done that would have to be undone": {
			onFailure: "rollback", fails: true, same: true,
			says: []string{"Changing nothing", "failed for 1 of 2 target accounts", second, "Nothing was changed, because on_failure"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			aws := start(t, world())
			before := string(aws.State())
			ui, err := share(t.Context(), t, targets(first)+wrong+"on_failure = \""+test.onFailure+"\"\n")
			said := ui.text.String()
			if err != nil {
				said += err.Error()
			}
			if (err != nil) != test.fails {
				t.Errorf("the error is %v", err)
			}
			for _, part := range test.says {
				if !strings.Contains(said, part) {
					t.Errorf("it does not say %q:\n%s", part, said)
				}
			}
			if same := string(aws.State()) == before; same != test.same {
				t.Errorf("AWS is as before: %t, want %t", same, test.same)
			}
			if _, writes := aws.calls(); !test.same && (writes["kms:CreateGrant"] != 2 || writes["ec2:ModifyImageAttribute"] != 2) {
				t.Errorf("the other target was not finished: %v", writes)
			}
		})
	}
}

func TestRollbackOfAGrantThatFails(t *testing.T) {
	aws := start(t, world())
	before := string(aws.State())
	aws.Fail(awssim.Fault{Action: "kms:CreateGrant", Account: second, Region: "us-east-1", Code: "AccessDeniedException", Message: "no"})
	_, err := share(t.Context(), t, targets(first, second)+"on_failure = \"rollback\"\n")
	holds(t, err, []string{second, "AccessDeniedException", "taken back"})
	holds(t, err, []string{"Grants, service-linked roles and groups' roles stay", "aws kms retire-grant"})
	if diff := cmp.Diff(withoutGrants(t, before), withoutGrants(t, string(aws.State()))); diff != "" {
		t.Errorf("the AMIs are not as they were (-before +after):\n%s", diff)
	}
}

// withoutGrants leaves out of a state what belongs to keys and accounts.
func withoutGrants(t *testing.T, state string) string {
	t.Helper()
	var dump struct {
		Accounts map[string]struct {
			Regions map[string]any `json:"regions"`
		} `json:"accounts"`
	}
	if err := json.Unmarshal([]byte(state), &dump); err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("%v", dump)
}

func TestRollbackOfWhatFailsItsVerification(t *testing.T) {
	hidden := world()
	hidden.Accounts[2].Regions = map[string]awssim.WorldRegion{"us-east-1": {
		AllowedImages: &awssim.WorldAllowedImages{State: "enabled", Criteria: []awssim.WorldImageCriterion{{ImageProviders: []string{"amazon"}}}},
	}}
	for name, test := range map[string]struct {
		faults []awssim.Fault
		says   []string
		undone map[apply.Status]int
	}{
		"all of it": {
			says:   []string{"failed for 1 of 2 target accounts", "Allowed AMIs", "What this run had done to its AMIs was taken back"},
			undone: map[apply.Status]int{apply.Undone: 4, apply.Left: 4},
		},
		"what can't be taken back is listed, and the rest is": {
			faults: []awssim.Fault{{Action: "ec2:ModifySnapshotAttribute", Nth: 3, Code: "InvalidSnapshot.InUse", Message: "no"}},
			says:   []string{"Allowed AMIs", "Not everything that this run had done to its AMIs could be taken back", "aws ec2 modify-snapshot-attribute"},
			undone: map[apply.Status]int{apply.Undone: 3, apply.Left: 5},
		},
	} {
		t.Run(name, func(t *testing.T) {
			aws := start(t, hidden)
			before := string(aws.State())
			for _, fault := range test.faults {
				aws.Fail(fault)
			}
			p, err := configured(t, targets(first, second)+"on_failure = \"rollback\"\n")
			if err != nil {
				t.Fatal(err)
			}
			r := newRun(&p.config, newRecorder())
			holds(t, r.share(t.Context(), golden), test.says)
			if same := withoutGrants(t, string(aws.State())) == withoutGrants(t, before); same != (len(test.faults) == 0) {
				t.Errorf("the AMIs are as they were: %t", same)
			}
			undone := map[apply.Status]int{}
			for _, outcome := range r.told.Result.Outcomes {
				undone[outcome.Status]++
			}
			if diff := cmp.Diff(test.undone, undone); diff != "" {
				t.Errorf("statuses (-want +got):\n%s", diff)
			}
		})
	}
}

func TestNothingIsDiscardedOfABuildThatMakesNothing(t *testing.T) {
	start(t, world())
	p, err := configured(t, targets(first))
	if err != nil {
		t.Fatal(err)
	}
	_, _, _, err = p.PostProcess(t.Context(), newRecorder(), artifactOf("fnoeding.null", "Null"))
	if err == nil || !strings.Contains(err.Error(), "name the AMIs to share in images") || strings.Contains(err.Error(), "discards") {
		t.Errorf("the error is %v", err)
	}
}

func TestAnAWSManagedKeyIsRefused(t *testing.T) {
	w := world()
	region := w.Accounts[0].Regions["us-east-1"]
	region.Snapshots[0].KMSKey, region.Snapshots[0].Encrypted = "", true
	aws := start(t, w)
	report := filepath.Join(t.TempDir(), "report.json")
	_, err := share(t.Context(), t, targets(first)+option("report_file", report))
	holds(t, err, []string{"managed by AWS", "Packer discards the AMIs"})
	if _, writes := aws.calls(); len(writes) > 0 {
		t.Errorf("there are writes: %v", writes)
	}
	if content, err := os.ReadFile(report); err != nil || !strings.Contains(string(content), "refused") {
		t.Errorf("the report says %q (%v)", content, err)
	}
}

func TestDryRun(t *testing.T) {
	aws := start(t, world())
	before := string(aws.State())
	ui, err := share(t.Context(), t, targets(first, second)+"dry_run = true\n")
	if err != nil {
		t.Fatal(err)
	}
	all, writes := aws.calls()
	if len(writes) > 0 || string(aws.State()) != before {
		t.Errorf("there are writes: %v", writes)
	}
	if all["kms:CreateGrant"] != 4 || all["ec2:ModifyImageAttribute"] != 2 || all["ec2:ModifySnapshotAttribute"] != 2 {
		t.Errorf("not everything was proved: %v", all)
	}
	if said := ui.text.String(); !strings.Contains(said, "Plan: 2 accounts new.") || !strings.Contains(said, "+ planned") {
		t.Errorf("it says\n%s", said)
	}
	t.Run("finds what would be refused", func(t *testing.T) {
		aws := start(t, world())
		aws.Fail(awssim.Fault{Action: "kms:CreateGrant", Account: second, Code: "AccessDeniedException", Message: "no"})
		ui, err := share(t.Context(), t, targets(first, second)+"dry_run = true\n")
		holds(t, err, []string{"[DryRun] sharing the AMIs failed for 1 of 2 target accounts", second})
		for row, times := range map[string]int{"grant,": 2, second + ",refused,": 2, "planned,": 7} {
			n := 0
			for _, line := range ui.rows {
				if strings.Contains(line, row) && (row != "grant," || strings.Contains(line, "refused")) {
					n++
				}
			}
			if n != times {
				t.Errorf("%d rows have %q, want %d:\n%s", n, row, times, strings.Join(ui.rows, "\n"))
			}
		}
	})
}

func TestReports(t *testing.T) {
	start(t, world())
	folder := filepath.Join(t.TempDir(), "new")
	body := targets(first) + option("report_file", filepath.Join(folder, "report.json")) + option("summary_file", filepath.Join(folder, "summary.md"))
	for range 2 {
		if _, err := share(t.Context(), t, body); err != nil {
			t.Fatal(err)
		}
	}
	content, err := os.ReadFile(filepath.Join(folder, "report.json"))
	if err != nil || !json.Valid(content) {
		t.Errorf("the report is %q (%v)", content, err)
	}
	summary, err := os.ReadFile(filepath.Join(folder, "summary.md"))
	if err != nil || strings.Count(string(summary), "us-east-1") < 2 {
		t.Errorf("the summary is %q (%v)", summary, err)
	}
	t.Run("one that can't be written loses no AMI", func(t *testing.T) {
		report, summary := filepath.Join(folder, "report.json", "report.json"), filepath.Join(folder, "report.json", "summary.md")
		body := targets(first) + option("report_file", report) + option("summary_file", summary)
		ui, err := shareLater(t.Context(), t, targets(first), body)
		if err != nil || strings.Count(ui.text.String(), "Warning: report_file: writing "+report) != 2 || strings.Count(ui.text.String(), "Warning: summary_file: writing "+summary) != 2 {
			t.Errorf("the error is %v, and it says\n%s", err, ui.text.String())
		}
	})
}

func TestInterruption(t *testing.T) {
	aws := start(t, world())
	ctx, cancel := context.WithCancel(t.Context())
	aws.watch = func(r *http.Request) {
		if r.Header.Get("X-Amz-Target") == "TrentService.CreateGrant" {
			cancel()
		}
	}
	ui, err := share(ctx, t, targets(first, second))
	if err != nil {
		t.Errorf("an error would lose the AMIs: %v", err)
	}
	if !strings.Contains(ui.text.String(), "Interrupted") {
		t.Errorf("it says\n%s", ui.text.String())
	}
	if _, writes := aws.calls(); writes["ec2:ModifyImageAttribute"]+writes["ec2:ModifySnapshotAttribute"] > 0 {
		t.Errorf("something new was started: %v", writes)
	}
	t.Run("before anything was done", func(t *testing.T) {
		aws := start(t, world())
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := share(ctx, t, targets(first)); err != nil {
			t.Errorf("an error would lose the AMIs: %v", err)
		}
		if _, writes := aws.calls(); len(writes) > 0 {
			t.Errorf("there are writes: %v", writes)
		}
	})
	t.Run("undoes what was done, if failures do", func(t *testing.T) {
		aws := start(t, world())
		before := string(aws.State())
		ctx, cancel := context.WithCancel(t.Context())
		aws.watch = func(r *http.Request) {
			if r.Header.Get("X-Amz-Target") == "TrentService.CreateGrant" {
				cancel()
			}
		}
		if _, err := share(ctx, t, targets(first)+"on_failure = \"rollback\"\n"); err != nil {
			t.Errorf("an error would lose the AMIs: %v", err)
		}
		if diff := cmp.Diff(withoutGrants(t, before), withoutGrants(t, string(aws.State()))); diff != "" {
			t.Errorf("the AMIs are not as they were (-before +after):\n%s", diff)
		}
	})
}

func TestCredentialsThatAreRefused(t *testing.T) {
	start(t, world())
	t.Setenv("AWS_ACCESS_KEY_ID", "AKIANOBODY")
	_, err := share(t.Context(), t, targets(first))
	holds(t, err, []string{"getting credentials of the source account", "InvalidClientTokenId"})
}

// rotten is an artifact that makes the plugin panic.
type rotten struct{ packersdk.MockArtifact }

func (*rotten) Id() string { panic("rotten") } //nolint:staticcheck // the name is Packer's

func TestAPanicIsAnError(t *testing.T) {
	p, err := configured(t, target)
	if err != nil {
		t.Fatal(err)
	}
	artifact := new(rotten)
	got, keep, force, err := p.PostProcess(t.Context(), newRecorder(), artifact)
	if got != packersdk.Artifact(artifact) || !keep || !force {
		t.Errorf("got the artifact %v, keep %t, force %t", got, keep, force)
	}
	holds(t, err, []string{"a fault of the plugin itself: rotten"})
}

func TestSecretsAreNotShown(t *testing.T) {
	start(t, world())
	t.Setenv("AWS_ACCESS_KEY_ID", "")
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	body := targets(first) + "access_key = \"AKIASOURCE\"\nsecret_key = \"hush-hush\"\n" + option("summary_file", file+"/hush-hush/x")
	if _, err := configured(t, body); err == nil || strings.Contains(err.Error(), "hush-hush") {
		t.Errorf("before the build the error is %v", err)
	}
	ui, err := shareLater(t.Context(), t, targets(first), body)
	if said := ui.text.String(); err == nil || strings.Contains(err.Error()+said, "hush-hush") || !strings.Contains(said, "summary_file: writing "+file) {
		t.Errorf("the error is %v, and it says\n%s", err, said)
	}
	ui = newRecorder()
	hidden := conceal(&Config{}).text
	masked{ui, hidden}.Errorf("a %s", "hush-hush")
	masked{ui, hidden}.Machine("x", "hush-hush")
	if said := ui.text.String() + strings.Join(ui.rows, ""); strings.Contains(said, "hush-hush") {
		t.Errorf("it says %q", said)
	}
}
