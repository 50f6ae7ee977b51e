// SPDX-License-Identifier: MPL-2.0

package report_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/amishare/packer-plugin-ami-share/internal/apply"
	"github.com/amishare/packer-plugin-ami-share/internal/plan"
	"github.com/amishare/packer-plugin-ami-share/internal/report"
	"github.com/amishare/packer-plugin-ami-share/internal/sharing"
)

// leftOf returns what is left in the JSON report of a rollback that left a grant for each of so many accounts and Regions.
func leftOf(t *testing.T, accounts, regions int) (left []map[string]any, size int) {
	t.Helper()
	r := report.Run{Result: apply.Result{RolledBack: true}}
	for n := range accounts {
		account := sharing.AccountID(fmt.Sprintf("%012d", 200000000000+n))
		for region := range regions {
			create := plan.CreateGrant{
				Account: account, Region: sharing.Region(fmt.Sprint("eu-", region)), KeyARN: fmt.Sprintf("arn:aws:kms:eu-%d:111111111111:key/k", region),
				GranteeARN: "arn:aws:iam::" + string(account) + ":role/r", Name: "packer-plugin-ami-share:" + string(account) + ":r:" + fmt.Sprint("digest", n),
			}
			r.Result.Left = append(r.Result.Left, apply.Leftover{Change: create, Why: "others may need it", Command: apply.EndCommand(create, fmt.Sprint("id-", n, "-", region))})
		}
	}
	text, err := report.JSON(r)
	if err != nil {
		t.Fatal(err)
	}
	var told struct {
		Left []map[string]any `json:"left"`
	}
	if err := json.Unmarshal(text, &told); err != nil {
		t.Fatal(err)
	}
	return told.Left, len(text)
}

func TestWhatIsLeftOfManyAccounts(t *testing.T) {
	left, size := leftOf(t, 500, 15)
	if len(left) != 15 || size > 1<<20 {
		t.Errorf("500 accounts in 15 Regions take %d entries and %d bytes, want 15 and less than 1 MB", len(left), size)
	}
	if command := left[0]["command"].(string); !strings.Contains(command, "{account}") || strings.Contains(command, "id-") || len(left[0]["accounts"].([]any)) != 500 {
		t.Errorf("want one command for 500 accounts, and it is for %d: %s", len(left[0]["accounts"].([]any)), command)
	}
}

// TestWhatOthersHaveChangedSinceIsTold: in words and without a command, since nothing of the run's is there any more.
func TestWhatOthersHaveChangedSinceIsTold(t *testing.T) {
	const why = `it holds "ami-b" by now, which somebody else has stored`
	change := plan.PutParameter{
		Where: plan.Where{Account: account(0), Image: sharing.ImageRef{Region: frankfurt, ID: "ami-a"}}, Parameter: sharing.Parameter{Name: "/golden"},
	}
	r := report.Run{Result: apply.Result{
		RolledBack: true, Outcomes: []apply.Outcome{{Change: change, Status: apply.Left, Reason: why}}, Left: []apply.Leftover{{Change: change, Why: why}},
	}}
	for name, text := range map[string]string{"text": report.Leftovers(r), "Markdown": report.Markdown(r)} {
		told := strings.ReplaceAll(text, "\n", " ")
		if !strings.Contains(told, change.String()+" (eu-central-1): "+why) || !strings.Contains(told, "What others have changed since this run did stays as it is:") || strings.Contains(told, "these commands") {
			t.Errorf("%s: %s", name, text)
		}
	}
	if text := report.Text(r); !strings.Contains(text, "# 1 parameter left: /golden (ami-a)") || strings.Contains(machineText(r), "left,\n") {
		t.Errorf("%s\n%s", text, machineText(r))
	}
}

// TestAParameterThatIsKeptChangesNothing: what it has besides is not read, and not told to change.
func TestAParameterThatIsKeptChangesNothing(t *testing.T) {
	image := sharing.ImageRef{Region: frankfurt, ID: "ami-a"}
	kept := plan.PutParameter{
		Where: plan.Where{Account: account(0), Image: image}, Parameter: sharing.Parameter{Name: "/golden", DataType: "text", Description: "golden"},
		Previous: sharing.StoredParameter{Version: 2, Value: image.ID, DataType: "text"},
	}
	text := report.Text(report.Run{Plan: plan.Plan{Images: []sharing.Image{{Ref: image}}, Kept: []plan.Present{{Change: kept}}}})
	if !strings.Contains(text, "1 parameter present: /golden (ami-a), eu-central-1") {
		t.Error(text)
	}
}

// Each of a few grants is ended by its id.
func TestWhatIsLeftOfFewAccounts(t *testing.T) {
	left, _ := leftOf(t, 3, 1)
	if len(left) != 3 {
		t.Fatalf("there are %d entries, want 3", len(left))
	}
	if command := left[1]["command"].(string); !strings.Contains(command, "--grant-id id-1-0 # in account 200000000001") {
		t.Error(command)
	}
}
