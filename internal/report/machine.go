// SPDX-License-Identifier: MPL-2.0

package report

import (
	"strconv"

	"github.com/amishare/packer-plugin-ami-share/internal/sharing"
)

// MachineRows returns the rows for Packer's machine-readable output, without their type "ami-share". docs/report.md describes them:
//
//	build, <name>, <run uuid>, <identity>
//	outcome, <outcome>
//	count, <status>, <number of items>
//	item, <region>, <kind>, <resource>, <recipient>, <status>, <grantee>, <grant id>, <whether verified>
//	left, <command>
//	failure, <account>, <region>, <code>, <doing>, <cause>, <request id>
//	warning, <account>, <region>, <code>, <doing>, <cause>, <request id>
func MachineRows(r Run) [][]string {
	items := r.items()
	rows := [][]string{{"build", r.Build.Name, r.Build.RunUUID, r.Build.Identity}, {"outcome", r.outcome(items)}}
	for _, s := range statuses() {
		if n := count(items, s.status); n > 0 {
			rows = append(rows, []string{"count", string(s.status), itoa(n)})
		}
	}
	for _, i := range items {
		rows = append(rows, []string{
			"item", string(i.Region), i.Kind.String(), i.Resource, i.Recipient.ID, i.word(), i.Grantee, i.GrantID, strconv.FormatBool(i.Verified),
		})
	}
	for _, l := range r.Result.Left {
		rows = append(rows, []string{"left", l.Command})
	}
	rows = append(rows, problemRows("failure", r.failures())...)
	return append(rows, problemRows("warning", r.warnings())...)
}

func problemRows(kind string, problems []sharing.Problem) [][]string {
	return mapped(problems, func(p sharing.Problem) []string {
		return []string{kind, string(p.Scope.Account), string(p.Scope.Region), p.Code, p.Doing, p.Cause, p.RequestID}
	})
}
