// SPDX-License-Identifier: MPL-2.0

package report

import (
	"fmt"
	"strings"

	"github.com/amishare/packer-plugin-ami-share/internal/sharing"
)

// kindred is a problem, and others that differ in nothing but their place and what AWS words differently each time.
type kindred struct {
	sharing.Problem
	others []sharing.Problem
}

// Problems tells problems to people. Where several accounts have the same one, it is told for the first, the others are named, and what its
// remedy has to paste is for all of them: a role that is missing in 200 accounts is one thing to read.
func Problems(problems []sharing.Problem) []string {
	return mapped(gathered(problems), func(k kindred) string {
		if also := k.also(); also != "" {
			return k.Error() + "\n" + also
		}
		return k.Error()
	})
}

// gathered puts problems that differ in nothing but account, Region and request together.
func gathered(problems []sharing.Problem) []kindred {
	var all []kindred
	first := map[string]int{}
	for _, p := range problems {
		like := likeness(p)
		if i, seen := first[like]; seen {
			all[i].others = append(all[i].others, p)
			continue
		}
		first[like] = len(all)
		all = append(all, kindred{Problem: p})
	}
	for i, k := range all {
		all[i].Remedy = forAll(k.Remedy, k.Scope, k.others)
	}
	return all
}

// likeness is a problem less what tells it from others like it.
func likeness(p sharing.Problem) string {
	text := p.Alike().Error()
	if p.Scope.Account != "" {
		text = strings.ReplaceAll(text, string(p.Scope.Account), "<account>")
	}
	if p.Scope.Region != "" {
		text = strings.ReplaceAll(text, string(p.Scope.Region), "<region>")
	}
	return text
}

// also names the other places: a few with AWS's ids of the requests, which the JSON report has of all.
func (k kindred) also() string {
	if len(k.others) == 0 {
		return ""
	}
	var order []sharing.AccountID
	places := map[sharing.AccountID][]string{}
	for _, p := range k.others {
		if _, seen := places[p.Scope.Account]; !seen {
			order = append(order, p.Scope.Account)
		}
		place := string(p.Scope.Region)
		if p.RequestID != "" && len(k.others) <= few {
			place += " (request id " + p.RequestID + ")"
		}
		places[p.Scope.Account] = append(places[p.Scope.Account], strings.TrimSpace(place))
	}
	words := mapped(order, func(account sharing.AccountID) string {
		return strings.TrimSpace(string(account) + " " + strings.TrimSpace(strings.Join(places[account], " ")))
	})
	return fmt.Sprintf("The same in %d more: %s", len(k.others), strings.Join(words, ", "))
}
