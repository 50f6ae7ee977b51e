// SPDX-License-Identifier: MPL-2.0

package campaign

import (
	"fmt"
	"slices"
	"strings"
)

// verdict gathers what is wrong with the end of a case.
type verdict struct {
	trial               trial
	before, after, goal facts
	told                told
	wrong               []string
}

func (v *verdict) add(format string, args ...any) {
	v.wrong = append(v.wrong, fmt.Sprintf(format, args...))
}

// judge holds what a run told against what it did.
func (v *verdict) judge() {
	v.ending()
	said := map[string]bool{}
	for _, i := range v.told.report.items() {
		v.item(i)
		said[i.fact()+" "+i.Status] = true
	}
	for _, fact := range differing(v.before, v.after) {
		if !slices.ContainsFunc([]string{"added", "removed", "left", "unknown", "failed"}, func(status string) bool { return said[fact+" "+status] }) {
			v.add("%s changed from %q to %q, and no item says so", fact, v.before[fact], v.after[fact])
		}
	}
	if v.told.report.Outcome == "rolled_back" {
		v.takenBack()
	}
	if !v.told.report.good() {
		v.messages()
	}
}

// ending holds the error against the report, and both against what there is.
func (v *verdict) ending() {
	good := v.told.report.good()
	if fails := v.trial.mode != "continue" && !good; fails != (v.told.err != nil) {
		v.add("the outcome is %s, and the error %v", v.told.report.Outcome, v.told.err)
	}
	if v.trial.mode == "continue" && !good && !strings.Contains(v.told.said, "Warning: ") {
		v.add("the outcome is %s, and there is no warning", v.told.report.Outcome)
	}
	for _, fact := range differing(v.after, v.goal) {
		if good && !v.spared(fact) {
			v.add("the outcome is %s, and this is not as asked for: %s", v.told.report.Outcome, fact)
		}
	}
	if v.trial.kind.passes && len(v.trial.beside) == 0 && !good {
		v.add("the call succeeds when it is repeated, and the outcome is %s: %v", v.told.report.Outcome, v.told.err)
	}
}

// spared tells whether a grant was to go, and the report says that it stays: what can't be told is no reason to end one.
func (v *verdict) spared(fact string) bool {
	texts := v.told.report.LeftAlone
	for _, i := range v.told.report.items() {
		if i.fact() == fact && i.Status == "skipped" {
			texts = append(texts, i.Reason)
		}
	}
	return strings.HasPrefix(fact, "grant") && v.goal[fact] == "" && len(texts) > 0
}

// item holds an item against what there was, is, and was to be.
func (v *verdict) item(i item) {
	before, after, goal := v.before[i.fact()], v.after[i.fact()], v.goal[i.fact()]
	var ok bool
	switch i.Status {
	case "added":
		ok = !i.Removal && after == goal && after != before
	case "present":
		ok = !i.Removal && after == goal && after == before
	case "removed":
		ok = i.Removal && after == "" && before != ""
	case "undone", "skipped", "refused":
		ok = after == before
	case "left":
		ok = after == goal && after != before
	case "failed": // or it was made, and verification did not see it
		ok = after == before || after == goal && v.looked(i)
	case "unknown":
		ok = after == before || after == goal
	}
	if !ok {
		v.add("%s: the report says %q (removal: %t, reason: %s); before %q, after %q, asked for %q", i.fact(), i.Status, i.Removal, i.Reason, before, after, goal)
	}
	if i.Verified && after != goal {
		v.add("%s is verified, and not as asked for", i.fact())
	}
}

// looked tells whether an item failed because verification could not see it: only these are looked at from inside.
func (v *verdict) looked(i item) bool {
	return (i.Kind == "launch permission" || i.Kind == "grant") && !i.Removal && v.trial.beside == nil && i.Reason != ""
}

// takenBack is about a rollback: what belongs to the AMIs is as it was or listed, and what stays is listed.
func (v *verdict) takenBack() {
	for _, fact := range differing(v.before, v.after) {
		listed := slices.ContainsFunc(v.told.report.Left, func(l leftover) bool { return l.about(fact) && (l.Problem != nil || !belongsToImage(fact)) })
		if !listed {
			v.add("%s is not as it was, and not listed as left", fact)
		}
	}
	for _, l := range v.told.report.Left {
		if l.Command == "" {
			v.add("there is no command for what is left: %s", l.Change)
		}
	}
}

// about tells whether something that is left is what a fact is about: its command names all that the fact names.
func (l leftover) about(fact string) bool {
	words := strings.Fields(fact)
	resource := words[len(words)-1]
	switch {
	case strings.HasPrefix(fact, "launch"), strings.HasPrefix(fact, "snapshot"):
		return strings.Contains(l.Command, words[3]) && strings.Contains(l.Command, words[4])
	case strings.HasPrefix(fact, "grant"):
		return strings.Contains(l.Command, words[1]) && strings.Contains(l.Change, words[2])
	case strings.HasPrefix(fact, "service-linked"):
		return strings.Contains(l.Command, resource[strings.LastIndex(resource, "/")+1:])
	default:
		return strings.Contains(l.Command, resource)
	}
}

// messages is about what people read: what was done to what, where, why, and what to do. Where no account is named it is the
// source account.
func (v *verdict) messages() {
	if len(v.told.report.Failures) == 0 {
		v.add("the outcome is %s, and no failure is told", v.told.report.Outcome)
	}
	for _, p := range v.told.report.Failures {
		if p.Account == "" && v.trial.call.account != source || p.Doing == "" || p.Cause == "" || p.Remedy == "" {
			v.add("the failure lacks account, what was done, cause or remedy: %+v", p)
		}
	}
	if len(v.trial.beside) == 0 && !slices.ContainsFunc(v.told.report.Failures, v.names) {
		v.add("no failure names the account, Region, code and request of the call: %+v", v.told.report.Failures)
	}
	text := v.told.said
	if v.told.err != nil {
		text += v.told.err.Error()
	}
	for _, p := range v.told.report.Failures {
		if !strings.Contains(text, p.Remedy) && !strings.Contains(text, strings.ReplaceAll(p.Remedy, "\n", "\n  ")) {
			v.add("the remedy is in the report only: %s", p.Remedy)
		}
	}
}

// names tells whether a failure is the one of the call that was made to fail.
func (v *verdict) names(p problem) bool {
	fault := v.trial.kind.faults(v.trial.call)
	code := fault[len(fault)-1].Code
	if code != "" && (p.Code != code && !strings.Contains(p.Cause, code) || p.RequestID == "") {
		return false
	}
	// What the source could not do for a target is told of the target; IAM and the list of roles have no Region.
	return v.trial.call.account == source || p.Account == v.trial.call.account
}
