// SPDX-License-Identifier: MPL-2.0

package report_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/amishare/packer-plugin-ami-share/internal/report"
	"github.com/amishare/packer-plugin-ami-share/internal/sharing"
)

// refusedFor are the same problem of many accounts.
func refusedFor(accounts int, regions ...sharing.Region) []sharing.Problem {
	var all []sharing.Problem
	for n := range accounts {
		for _, region := range regions {
			p := grantRefused(account(n), region)
			p.RequestID, p.Encoded = fmt.Sprintf("request-%d", n), fmt.Sprintf("%d%d-%s", n, n*7919, region)
			all = append(all, p)
		}
	}
	return all
}

func TestMoreFailuresNeverTakeFewerLines(t *testing.T) {
	lines := func(accounts int, regions ...sharing.Region) int {
		return strings.Count(strings.Join(report.Problems(refusedFor(accounts, regions...)), "\n"), "\n")
	}
	three, thirty, many := lines(3, frankfurt, virginia), lines(30, frankfurt, virginia), lines(300, frankfurt, virginia) // of more, the statement has no room in a key's policy
	if three > thirty || thirty > many || three > 20 {
		t.Errorf("3 accounts take %d lines, 30 take %d, 300 take %d", three, thirty, many)
	}
}

func TestTheSameProblemOfManyAccountsIsToldOnce(t *testing.T) {
	problems := refusedFor(200, frankfurt)
	other := sharing.Problem{Scope: sharing.Scope{Account: account(7)}, Doing: "something else"}
	told := report.Problems(append(problems, other))
	if len(told) != 2 || !strings.Contains(told[0], "The same in 199 more: ") || told[1] != other.Error() {
		t.Fatalf("told:\n%s", strings.Join(told, "\n"))
	}
	for _, p := range problems {
		if !strings.Contains(told[0], string(p.Scope.Account)) {
			t.Errorf("account %s is not named", p.Scope.Account)
		}
	}
}

// TestWhatIsToldForSeveralCanBePasted reads the statement of a joined problem: it names everybody.
func TestWhatIsToldForSeveralCanBePasted(t *testing.T) {
	for name, remedy := range map[string]string{
		"a string":           "The policy needs\n{\n  \"Effect\": \"Allow\",\n  \"Principal\": {\n    \"AWS\": \"arn:aws:iam::ACCOUNT:role/x\"\n  },\n  \"Action\": \"kms:CreateGrant\"\n}",
		"the last of a list": "{\n  \"Principal\": {\n    \"AWS\": [\n      \"arn:aws:iam::999999999999:root\",\n      \"arn:aws:iam::ACCOUNT:role/x\"\n    ]\n  }\n}",
		"within a list":      "{\n  \"Principal\": {\n    \"AWS\": [\n      \"arn:aws:iam::ACCOUNT:role/x\",\n      \"arn:aws:iam::999999999999:root\"\n    ]\n  }\n}",
	} {
		t.Run(name, func(t *testing.T) {
			var problems []sharing.Problem
			for n := range 3 {
				id := account(n)
				problems = append(problems, sharing.Problem{
					Scope: sharing.Scope{Account: id}, Doing: "granting to " + string(id), Remedy: strings.ReplaceAll(remedy, "ACCOUNT", string(id)),
				})
			}
			told := report.Problems(problems)
			if len(told) != 1 {
				t.Fatalf("told: %q", told)
			}
			document := told[0][strings.Index(told[0], "{") : strings.LastIndex(told[0], "}")+1]
			var statement struct{ Principal struct{ AWS []string } }
			if err := json.Unmarshal([]byte(document), &statement); err != nil {
				t.Fatalf("%v in\n%s", err, told[0])
			}
			for n := range 3 {
				if !strings.Contains(strings.Join(statement.Principal.AWS, " "), "::"+string(account(n))+":role/x") {
					t.Errorf("account %s is missing in\n%s", account(n), document)
				}
			}
		})
	}
	commands := []sharing.Problem{}
	for n := range 2 {
		id := string(account(n))
		commands = append(commands, sharing.Problem{Scope: sharing.Scope{Account: account(n)}, Doing: "x", Remedy: "Run\naws iam get-role --role-name r # in account " + id})
	}
	if told := report.Problems(commands); len(told) != 1 || strings.Count(told[0], "aws iam get-role") != 2 {
		t.Errorf("told: %q", told)
	}
}

// TestAStatementThatNoKeyPolicyHasRoomForIsForTheOrganization: a key's policy holds 32 kB.
func TestAStatementThatNoKeyPolicyHasRoomForIsForTheOrganization(t *testing.T) {
	const remedy = `The policy of key K needs
{
  "Effect": "Allow",
  "Principal": {
    "AWS": "arn:aws:iam::ACCOUNT:role/sharing/x"
  },
  "Action": "kms:CreateGrant",
  "Resource": "*",
  "Condition": {
    "StringEquals": {
      "kms:GranteePrincipal": "arn:aws:iam::ACCOUNT:role/web"
    }
  }
}
It takes effect within a minute.`
	const want = `{
  "Effect": "Allow",
  "Principal": {
    "AWS": "*"
  },
  "Action": "kms:CreateGrant",
  "Resource": "*",
  "Condition": {
    "StringEquals": {
      "aws:PrincipalOrgID": "o-exampleorgid"
    },
    "StringLike": {
      "aws:PrincipalArn": "arn:aws:iam::*:role/sharing/x",
      "kms:GranteePrincipal": "arn:aws:iam::*:role/web"
    }
  }
}
It takes effect within a minute.`
	var problems []sharing.Problem
	for n := range 5000 {
		id := account(n)
		problems = append(problems, sharing.Problem{
			Scope: sharing.Scope{Account: id}, Doing: "granting to " + string(id), Remedy: strings.ReplaceAll(remedy, "ACCOUNT", string(id)),
		})
	}
	told := report.Problems(problems)
	if len(told) != 1 || !strings.Contains(told[0], want) || !strings.Contains(told[0], "names 5000 accounts") || !strings.Contains(told[0], "organization_id") {
		t.Errorf("told:\n%.3000s", told[0])
	}
	few := report.Problems(problems[:300])
	if strings.Contains(few[0], "o-exampleorgid") || strings.Count(few[0], ":role/sharing/x") != 300 {
		t.Errorf("of 300 accounts is told:\n%.3000s", few[0])
	}
}

func TestRequestIDsAreInEveryRendering(t *testing.T) {
	r := newScene(3, frankfurt).run(t, refusedFor(2, frankfurt)...)
	for name, text := range map[string]string{
		"the error": strings.Join(report.Problems(r.Failures()), "\n"), "Markdown": report.Markdown(r), "JSON": jsonText(t, r), "the rows": machineText(r),
	} {
		for _, id := range []string{"request-0", "request-1"} {
			if !strings.Contains(text, id) {
				t.Errorf("%s lacks %s:\n%s", name, id, text)
			}
		}
	}
}
