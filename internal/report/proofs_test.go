// SPDX-License-Identifier: MPL-2.0

package report_test

import (
	"strings"
	"testing"

	"github.com/amishare/packer-plugin-ami-share/internal/report"
	"github.com/amishare/packer-plugin-ami-share/internal/sharing"
)

func canaryCheck(account sharing.AccountID) sharing.Check {
	return sharing.Check{
		Scope:   sharing.Scope{Account: account, Region: frankfurt},
		Subject: sharing.Subject{Proof: sharing.CanaryProof, Images: []string{"ami-00000000000000000"}}, OK: true,
	}
}

func useCheck(account sharing.AccountID) sharing.Check {
	check := canaryCheck(account)
	check.Subject = sharing.Subject{Proof: sharing.UseProof, Key: keyARN(frankfurt)}
	return check
}

func against(check sharing.Check, cause string) sharing.Check {
	check.OK, check.Problem = false, &sharing.Problem{Scope: check.Scope, Doing: "proving it", Cause: cause}
	return check
}

func TestProofsAreItems(t *testing.T) {
	open := against(canaryCheck(account(0)), "AWS has no room")
	open.Warning, open.Open = true, true
	for sentence, tt := range map[string]struct {
		checks  []sharing.Check
		dry     bool
		closed  bool
		cell    string
		rows    []string
		outcome string
	}{
		"a canary in service, and a key that can be used": {
			[]sharing.Check{canaryCheck(account(0)), useCheck(account(0))},
			false, false, "+✓",
			[]string{"canary,ami-00000000000000000,200000000000,proved,,,true,t3.micro in subnet-1", "use of key," + keyARN(frankfurt) + ",200000000000,proved,,,true"},
			"shared",
		},
		"a canary that does not come into service": {
			[]sharing.Check{against(canaryCheck(account(0)), "Client.InternalError"), useCheck(account(0))},
			false, false, "!",
			[]string{"canary,ami-00000000000000000,200000000000,failed,,,false", "use of key," + keyARN(frankfurt) + ",200000000000,proved"},
			"failed",
		},
		"a key that can't be used": {
			[]sharing.Check{against(useCheck(account(0)), "it is not allowed")},
			false, false, "!",
			[]string{"canary,ami-00000000000000000,200000000000,skipped", "use of key," + keyARN(frankfurt) + ",200000000000,failed"},
			"failed",
		},
		"a canary that AWS has no room for": {
			[]sharing.Check{open, useCheck(account(0))}, false, false, ".", []string{"canary,ami-00000000000000000,200000000000,skipped"}, "shared",
		},
		"a dry run, which starts none": {
			[]sharing.Check{useCheck(account(0))}, true, false, "+", []string{"canary,ami-00000000000000000,200000000000,planned", "use of key," + keyARN(frankfurt) + ",200000000000,proved"}, "planned",
		},
		"a dry run that asks KMS in vain": {
			[]sharing.Check{against(useCheck(account(0)), "it is not allowed")}, true, false, "x", []string{"use of key," + keyARN(frankfurt) + ",200000000000,refused"}, "failed",
		},
		"an account that can't be entered": {
			nil, false, true, "x", []string{"canary,ami-00000000000000000,200000000000,refused", "use of key," + keyARN(frankfurt) + ",200000000000,refused"}, "failed",
		},
	} {
		t.Run(sentence, func(t *testing.T) {
			s := newScene(1, frankfurt)
			s.names = nil
			s.request.Targets[0].MustUse = true
			s.request.Targets[0].Canaries = []sharing.Canary{{Region: frankfurt, Subnet: "subnet-1", InstanceType: "t3.micro"}}
			if tt.closed {
				s.closed(account(0))
			}
			run := s.plan(t)
			if !tt.dry {
				run = s.run(t)
			}
			run.DryRun, run.Checks = tt.dry, append(run.Checks, tt.checks...)
			rows := machineText(run)
			for _, want := range tt.rows {
				if !strings.Contains(rows, want) {
					t.Errorf("no row has %q:\n%s", want, rows)
				}
			}
			if got := report.MachineRows(run)[1][1]; got != tt.outcome {
				t.Errorf("the outcome is %s, want %s", got, tt.outcome)
			}
			for line := range strings.Lines(report.Text(run)) {
				if cell, ok := strings.CutPrefix(line, string(account(0))+"  "); ok && strings.TrimSpace(cell) != tt.cell {
					t.Errorf("the cell is %q, want %q", strings.TrimSpace(cell), tt.cell)
				}
			}
		})
	}
}
