package report

import (
	"fmt"
	"strings"

	"github.com/amishare/packer-plugin-ami-share/internal/sharing"
)

// fewAlike is how many problems of the same kind are told in full, each with its remedy.
const fewAlike = 3

// kindred is a problem, and where else the very same went wrong.
type kindred struct {
	sharing.Problem
	others []sharing.Scope
}

// Problems tells problems to people. When many accounts have the same one, it is told in full for the first, and the
// others are named: a role that is missing in 200 accounts is one thing to read.
func Problems(problems []sharing.Problem) []string {
	return mapped(gathered(problems), func(k kindred) string {
		if also := k.also(); also != "" {
			return k.Error() + "\n" + also
		}
		return k.Error()
	})
}

// gathered puts problems that differ in nothing but account and Region together, if there are more than a few.
func gathered(problems []sharing.Problem) []kindred {
	count := map[string]int{}
	for _, p := range problems {
		count[likeness(p)]++
	}
	var all []kindred
	first := map[string]int{}
	for _, p := range problems {
		i, seen := first[likeness(p)]
		if seen && count[likeness(p)] > fewAlike {
			all[i].others = append(all[i].others, p.Scope)
			continue
		}
		if seen {
			p.Encoded = "" // AWS's reasons are the same as those of the first
		} else {
			first[likeness(p)] = len(all)
		}
		all = append(all, kindred{Problem: p})
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

// also names the other places, each account once.
func (k kindred) also() string {
	if len(k.others) == 0 {
		return ""
	}
	var order []sharing.AccountID
	regions := map[sharing.AccountID][]string{}
	for _, scope := range k.others {
		if _, seen := regions[scope.Account]; !seen {
			order = append(order, scope.Account)
		}
		regions[scope.Account] = append(regions[scope.Account], string(scope.Region))
	}
	places := mapped(order, func(account sharing.AccountID) string {
		in := strings.Trim(strings.Join(regions[account], " "), " ")
		return strings.TrimSpace(string(account) + " " + in)
	})
	return fmt.Sprintf("The same, with ids of their own, for %d more: %s", len(k.others), strings.Join(places, ", "))
}
