// SPDX-License-Identifier: MPL-2.0

package report

import (
	"slices"
	"strconv"
	"strings"

	"github.com/amishare/packer-plugin-ami-share/internal/apply"
	"github.com/amishare/packer-plugin-ami-share/internal/sharing"
)

// MachineRows returns the rows for Packer's machine-readable output, without their type "ami-share". docs/report.md describes them:
//
//	build, <name>, <run uuid>, <identity>
//	outcome, <outcome>
//	count, <status>, <number of items>
//	item, <region>, <kind>, <resource>, <recipients>, <status>, <grantee>, <grant id>, <whether verified>, <value>, <previous value>, <what else changes>
//	left, <commands>
//	failure, <account>, <region>, <code>, <doing>, <cause>, <request id>, <other places>
//	warning, <account>, <region>, <code>, <doing>, <cause>, <request id>, <other places>
//
// Each row is a call of Packer. What differs in nothing but the recipient shares one, so that there are no more rows for 500 accounts
// than for those of them that differ.
func MachineRows(r Run) [][]string {
	items := r.items()
	rows := [][]string{{"build", r.Build.Name, r.Build.RunUUID, r.Build.Identity}, {"outcome", r.outcome(items)}}
	for _, s := range statuses() {
		if n := count(items, s.status); n > 0 {
			rows = append(rows, []string{"count", string(s.status), itoa(n)})
		}
	}
	for _, alike := range itemsAlike(items) {
		rows = append(rows, itemRow(alike))
	}
	commands := slices.DeleteFunc(mapped(r.Result.Left, func(l apply.Leftover) string { return l.Command }), func(command string) bool { return command == "" })
	for chunk := range slices.Chunk(commands, commandsPerRow) {
		rows = append(rows, []string{"left", strings.Join(chunk, "\n")})
	}
	rows = append(rows, problemRows("failure", r.failures())...)
	return append(rows, problemRows("warning", r.warnings())...)
}

const commandsPerRow = 100

// likeRow is what an item's row has besides the recipient and the id of a grant.
type likeRow struct {
	region                        sharing.Region
	kind, resource, word, grantee string
	verified                      bool
	value, previous, also         string
	to                            sharing.RecipientKind
}

func (i item) likeRow() likeRow {
	g := i.general(true)
	return likeRow{i.Region, g.Kind, g.Resource, i.word(), g.Grantee, i.Verified, g.Value, g.Previous, i.aspects(), i.Recipient.Kind}
}

// itemsAlike puts items together that differ in nothing but their recipients and the ids of grants, in the order of the first of each. A
// recipient with several of them is in as many of the results.
func itemsAlike(items []item) [][]item {
	type nth struct {
		likeRow
		n int
	}
	type mine struct {
		likeRow
		recipient string
	}
	var all [][]item
	at, seen := map[nth]int{}, map[mine]int{}
	for _, i := range items {
		like := i.likeRow()
		own := mine{like, i.Recipient.ID}
		place := nth{like, seen[own]}
		seen[own]++
		n, ok := at[place]
		if !ok {
			n = len(all)
			at[place] = n
			all = append(all, nil)
		}
		all[n] = append(all[n], i)
	}
	return all
}

// itemRow is the row of items that are alike.
func itemRow(alike []item) []string {
	first, id := alike[0].general(len(alike) > 1), ""
	if len(alike) == 1 {
		id = alike[0].GrantID
	}
	to := strings.Join(mapped(alike, func(i item) string { return i.Recipient.ID }), " ")
	return []string{
		"item", string(first.Region), first.Kind, first.Resource, to, alike[0].word(), first.Grantee, id, strconv.FormatBool(first.Verified),
		first.Value, first.Previous, alike[0].aspects(),
	}
}

func problemRows(kind string, problems []sharing.Problem) [][]string {
	return mapped(gathered(problems), func(k kindred) []string {
		places := mapped(k.others, func(p sharing.Problem) string {
			return strings.Join([]string{string(p.Scope.Account), string(p.Scope.Region), p.RequestID}, "/")
		})
		return []string{kind, string(k.Scope.Account), string(k.Scope.Region), k.Code, k.Doing, k.Cause, k.RequestID, strings.Join(places, " ")}
	})
}
