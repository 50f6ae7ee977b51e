// SPDX-License-Identifier: MPL-2.0

package report

import (
	"strings"

	"github.com/amishare/packer-plugin-ami-share/internal/apply"
	"github.com/amishare/packer-plugin-ami-share/internal/plan"
	"github.com/amishare/packer-plugin-ami-share/internal/sharing"
)

// jsonLeft is something that a rollback left, of accounts for whom it is the same.
type jsonLeft struct {
	Change   string              `json:"change"`
	Why      string              `json:"why"`
	Command  string              `json:"command"`
	Accounts []sharing.AccountID `json:"accounts"`
	Problem  *jsonProblem        `json:"problem"`
}

// jsonLeft gathers what differs in nothing but the account. The ids of grants are each one's own: where more than a hundred
// accounts have one alike, the command looks the id up.
func (r Run) jsonLeft() []jsonLeft {
	grants := map[string]int{}
	for _, l := range r.Result.Left {
		if _, ok := l.Change.(plan.CreateGrant); ok {
			grants[leftAlike(l, "").key()]++
		}
	}
	var order []string
	first := map[string]apply.Leftover{}
	alike := map[string][]sharing.AccountID{}
	problems := map[string][]sharing.Problem{}
	for _, l := range r.Result.Left {
		if _, ok := l.Change.(plan.CreateGrant); ok && grants[leftAlike(l, "").key()] > mostGrantIDs {
			l.Command = apply.EndCommand(l.Change, "")
		}
		key := leftAlike(l, l.Command).key()
		if _, seen := first[key]; !seen {
			first[key] = l
			order = append(order, key)
		}
		alike[key] = append(alike[key], accountsOf(l.Change)...)
		if l.Problem != nil {
			problems[key] = append(problems[key], *l.Problem)
		}
	}
	all := []jsonLeft{}
	for _, key := range order {
		l := first[key]
		entry := leftAlike(l, l.Command)
		if len(accountsOf(l.Change)) == len(alike[key]) { // it stands for itself
			entry = jsonLeft{Change: l.Change.String(), Why: l.Why, Command: l.Command}
		}
		entry.Accounts = append([]sharing.AccountID{}, alike[key]...)
		if told := problems[key]; len(told) > 0 {
			problem := jsonProblemOf(kindred{Problem: told[0], others: told[1:]})
			entry.Problem = &problem
		}
		all = append(all, entry)
	}
	return all
}

// leftAlike is something that is left, with its account left open if it has one.
func leftAlike(l apply.Leftover, command string) jsonLeft {
	entry := jsonLeft{Change: l.Change.String(), Why: l.Why, Command: command}
	if l.Problem != nil {
		entry.Problem = &jsonProblem{Cause: likeness(*l.Problem)}
	}
	if accounts := accountsOf(l.Change); len(accounts) == 1 {
		entry.Change = strings.ReplaceAll(entry.Change, string(accounts[0]), ownAccount)
		entry.Command = strings.ReplaceAll(entry.Command, string(accounts[0]), ownAccount)
	}
	return entry
}

func (l jsonLeft) key() string {
	problem := ""
	if l.Problem != nil {
		problem = l.Problem.Cause
	}
	return strings.Join([]string{l.Change, l.Why, l.Command, problem}, "\x00")
}

// accountsOf are those that a change is for.
func accountsOf(change plan.Change) []sharing.AccountID {
	var accounts []sharing.AccountID
	for _, scope := range change.Scopes() {
		if scope.Account != "" {
			accounts = append(accounts, scope.Account)
		}
	}
	return accounts
}
