// SPDX-License-Identifier: MPL-2.0

package keypolicy

import (
	"fmt"
	"slices"
	"strings"
)

// How far a call gets in a statement.
const (
	stranger  = iota // it is about others
	otherCall        // it is about the caller, and not about this action or key
	barred           // it is about the call, and a condition is in the way
	doubtful         // it may be about the call
	fits
)

// answer is how far a call gets in a statement, and everything that stops it there.
type answer struct {
	statement statement
	reached   int
	what      string // about the statement: "has the condition …"
	handed    bool   // to the account, whose own policies have to allow it too
}

func (s statement) answer(c Call) answer {
	how, note := s.caller(c)
	switch {
	case how == others:
		return answer{s, stranger, "", false}
	case !s.action(c):
		return answer{s, otherCall, fmt.Sprintf("is about account %s and does not allow %s", c.Account, c.Action), false}
	case len(s.Resource)+len(s.NotResource) == 0:
		return answer{s, otherCall, fmt.Sprintf("is about account %s and has no Resource, and so no effect", c.Account), false}
	case !s.resource(c):
		return answer{s, otherCall, fmt.Sprintf("is about account %s and names another key: %s", c.Account, strings.Join(s.Resource, ", ")), false}
	}
	certain, possible := s.obstacles(c)
	switch {
	case len(certain) > 0:
		return answer{s, barred, strings.Join(certain, ", and "), false}
	case how == perhaps:
		possible = append(possible, note)
	}
	if len(possible) > 0 {
		return answer{s, doubtful, strings.Join(possible, ", and "), how == ofAccount}
	}
	return answer{s, fits, note, how == ofAccount}
}

// caller tells whether a statement is about the caller, and why where that is not plain.
func (s statement) caller(c Call) (how meant, note string) {
	if len(s.NotPrincipal) == 0 {
		return c.named(s.Principal), "names a role or session that may be the caller's"
	}
	excepted, certain, missing := c.excepted(s.NotPrincipal)
	switch {
	case !excepted:
		return itself, "excepts others in NotPrincipal and not " + missing
	case !certain && s.Effect == "Deny":
		return perhaps, "excepts the role in NotPrincipal and not " + missing
	default:
		return others, ""
	}
}

func (s statement) action(c Call) bool {
	matches := func(action string) bool { return like(strings.ToLower(action), strings.ToLower(c.Action)) }
	if len(s.NotAction) > 0 {
		return !slices.ContainsFunc(s.NotAction, matches)
	}
	return slices.ContainsFunc(s.Action, matches)
}

// resource tells whether a statement is about the key. In a key's policy "*" is the key itself.
// https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-overview.html
func (s statement) resource(c Call) bool {
	matches := func(resource string) bool { return c.Key == "" || arnLike(resource, c.Key) }
	if len(s.NotResource) > 0 {
		return !slices.ContainsFunc(s.NotResource, matches)
	}
	return slices.ContainsFunc(s.Resource, matches)
}

// Explanation is what a key policy says to a call. It explains a refusal that KMS has already given, and never predicts
// one.
type Explanation struct {
	// Reason is why the policy does not let it in, "" when a statement fits: then another policy is at fault.
	Reason string
	// Certain says that the reason is plain from the policy alone.
	Certain bool
	// Lacks says that the policy lacks a statement.
	Lacks bool
	// Remedy is what to do about it.
	Remedy string
}

// Explain reads a key policy to say why KMS refused a call.
// https://docs.aws.amazon.com/kms/latest/developerguide/policy-evaluation.html
func Explain(document string, c Call) Explanation {
	statements, err := read(document)
	if err != nil {
		return Explanation{Reason: fmt.Sprintf("the key's policy can't be read: %v", err)}
	}
	var found Explanation
	var closest answer
	for _, s := range statements {
		switch got := s.answer(c); {
		case s.Effect == "Deny":
			found.deny(s, got)
		case got.reached > closest.reached:
			closest = got
		}
	}
	if closest.reached == stranger {
		return found.lacking(fmt.Sprintf("no statement of the key's policy names account %s%s", c.Account, deleted(statements)), "")
	}
	reason := closest.statement.name() + " " + closest.what
	switch {
	case closest.reached < doubtful:
		return found.lacking(reason, closest.statement.text)
	case closest.reached == doubtful && found.Reason == "":
		found.Reason = reason
	}
	return found
}

// deny notes what a Deny statement does to the call. One that may deny counts as long as nothing is certain.
func (e *Explanation) deny(s statement, got answer) {
	switch {
	case got.reached == fits:
		e.Reason, e.Certain = s.name()+" denies it", true
		if len(s.NotPrincipal) > 0 {
			e.Reason += ": it " + got.what
		}
		e.Remedy = "No other statement helps against it: take it out of the key's policy, or make an exception in it:\n" + s.text
	case got.reached == doubtful && !e.Certain:
		e.Reason = s.name() + " may deny it: it " + got.what
	}
}

// lacking adds that a statement is lacking, for a reason; closest is the one that comes closest to it, "" for none.
func (e Explanation) lacking(reason, closest string) Explanation {
	remedy := "Add the statements below to the key's policy."
	if closest != "" {
		remedy += " Closest to them comes:\n" + closest
	}
	if e.Certain {
		reason, remedy = e.Reason+", and "+reason, e.Remedy+"\n"+remedy
	}
	return Explanation{Reason: reason, Certain: true, Lacks: true, Remedy: remedy}
}
