package report

import (
	"github.com/amishare/packer-plugin-ami-share/internal/sharing"
)

// MachineRows returns the rows for Packer's machine-readable output, without their type "ami-share":
//
//	outcome, <outcome>
//	item, <region>, <kind>, <resource>, <recipient>, <status>, <grantee>, <grant id>
//	failure, <account>, <region>, <code>, <doing>, <cause>
//	warning, <account>, <region>, <code>, <doing>, <cause>
func MachineRows(r Run) [][]string {
	rows := [][]string{{"outcome", r.outcome()}}
	for _, i := range r.items() {
		word := string(i.Status)
		if i.Removal {
			word = removalWord(i.Status)
		}
		rows = append(rows, []string{"item", string(i.Region), i.Kind.String(), i.Resource, i.Recipient.ID, word, i.Grantee, i.GrantID})
	}
	rows = append(rows, problemRows("failure", r.failures())...)
	return append(rows, problemRows("warning", r.warnings())...)
}

func problemRows(kind string, problems []sharing.Problem) [][]string {
	return mapped(problems, func(p sharing.Problem) []string {
		return []string{kind, string(p.Scope.Account), string(p.Scope.Region), p.Code, p.Doing, p.Cause}
	})
}
