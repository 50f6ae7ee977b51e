// SPDX-License-Identifier: MPL-2.0

package report_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/amishare/packer-plugin-ami-share/internal/apply"
	"github.com/amishare/packer-plugin-ami-share/internal/report"
)

// TestRowsAreNoMoreForMoreAccounts: each row is a call of Packer.
func TestRowsAreNoMoreForMoreAccounts(t *testing.T) {
	few, many := report.MachineRows(crowd(3, 15).run(t)), report.MachineRows(crowd(500, 15).run(t))
	if len(many) != len(few) || len(many) > 60 {
		t.Errorf("%d rows for 3 accounts, %d for 500", len(few), len(many))
	}
	failing := report.MachineRows(crowd(500, 15).run(t, refusedFor(500, frankfurt)...))
	if len(failing) > len(many)+3 {
		t.Errorf("%d rows where all is well, %d where a grant of each account is refused", len(many), len(failing))
	}
}

func TestTheCommandsOfARollbackShareRows(t *testing.T) {
	r := newScene(1, frankfurt).run(t)
	for n := range 250 {
		r.Result.Left = append(r.Result.Left, apply.Leftover{Change: r.Plan.Changes[0], Command: fmt.Sprintf("aws kms retire-grant --grant-id %d", n)})
	}
	var rows, commands int
	for _, row := range report.MachineRows(r) {
		if row[0] == "left" {
			rows++
			commands += len(strings.Split(row[1], "\n"))
		}
	}
	if rows != 3 || commands != 250 {
		t.Errorf("%d commands in %d rows", commands, rows)
	}
}
