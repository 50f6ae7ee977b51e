// SPDX-License-Identifier: MPL-2.0

package iampolicy

import (
	"errors"
	"fmt"
	"regexp"
)

// statement is one statement of a document.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_statement.html
type statement struct {
	index      int // from 1
	sid        string
	allow      bool
	principals *principals // nil in identity and session policies
	actions    actions
	resources  *resources // nil in trust policies
	conditions []condition
}

func (s *statement) title() string {
	if s.sid != "" {
		return fmt.Sprintf("statement %q", s.sid)
	}
	return fmt.Sprintf("statement %d", s.index)
}

// question is a request as the predicates see it.
type question struct {
	Request
	kind    Kind
	context contextKeys
}

// fit tells how a statement fits a request: by the caller's account only, by the role behind the caller's session or
// because it is everybody's, or by the caller itself.
type fit int

const (
	notAtAll fit = iota
	byAccount
	byRole
	byItself
)

// miss is how near a statement came, and in what it did not fit.
type miss struct {
	stage int
	text  string
}

// fit says whether every element of the statement fits, in the order of AWS's own reading: action, principal,
// resource, condition.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic_policy-eval-reqcontext.html
func (s *statement) fit(q question) (fit, miss) {
	if !s.actions.fit(q.Action) {
		return notAtAll, miss{}
	}
	how := byItself
	if s.principals != nil {
		if how = s.principals.fit(q.Principal); how == notAtAll {
			return notAtAll, miss{1, "it does not name " + q.Principal.shown()}
		}
	}
	if s.resources != nil && !s.resources.fit(q, s.allow) {
		return notAtAll, miss{2, "it is not about " + q.Resource}
	}
	if why := s.unmet(q); why != "" {
		return notAtAll, miss{3, why}
	}
	return how, miss{}
}

// unmet says which conditions do not hold: all of them have to.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-logic-multiple-context-keys-or-values.html
func (s *statement) unmet(q question) string {
	why := ""
	for i := range s.conditions {
		c := &s.conditions[i]
		if c.holds(q, s.allow) {
			continue
		}
		if why != "" {
			why += "; "
		}
		why += c.String() + ", and the request has " + c.actual(q.context)
	}
	return why
}

// sidInIAM is what IAM allows in a Sid; in key policies it may be any text.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_sid.html
// https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-overview.html
var sidInIAM = regexp.MustCompile(`^[A-Za-z0-9]*$`)

func (r reading) parseStatement(index int, v value) (statement, []error) {
	s := statement{index: index}
	found, errs := v.elementsOf("it", "Sid", "Effect", "Principal", "NotPrincipal", "Action", "NotAction",
		"Resource", "NotResource", "Condition")
	if found == nil {
		return s, errs
	}
	add := func(problems []error) { errs = append(errs, problems...) }
	var problems []error
	s.sid, problems = r.parseSid(found)
	add(problems)
	s.allow, problems = parseEffect(found)
	add(problems)
	s.principals, problems = r.parsePrincipals(found, s.allow)
	add(problems)
	s.actions, problems = r.parseActions(found)
	add(problems)
	s.resources, problems = r.parseResources(found)
	add(problems)
	s.conditions, problems = r.parseConditions(found)
	add(problems)
	if r.kind == ResourceControl {
		add(checkResourceControl(found, s))
	}
	return s, errs
}

// checkResourceControl refuses what a resource control policy does not have: an Allow, NotAction, and the action "*". The
// one that AWS attaches everywhere, RCPFullAWSAccess, changes nothing and is not among the documents here.
// https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_rcps_syntax.html
func checkResourceControl(found elements, s statement) []error {
	var errs []error
	if s.allow {
		errs = append(errs, errors.New("a resource control policy denies and never allows"))
	}
	if s.actions.not {
		errs = append(errs, errors.New("a resource control policy takes no NotAction"))
	}
	for _, action := range found["Action"].oneOrMany() {
		if action.text == "*" {
			errs = append(errs, errors.New(`a resource control policy names its services: the action "*" is not taken`))
		}
	}
	return errs
}

func (r reading) parseSid(found elements) (string, []error) {
	sid, errs := found.text("Sid")
	if r.kind != Key && !sidInIAM.MatchString(sid) {
		errs = append(errs, fmt.Errorf("the Sid %q has other characters than letters and digits", sid))
	}
	return sid, errs
}

// parseEffect takes nothing but the two effects, in their case.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_effect.html
func parseEffect(found elements) (allow bool, errs []error) {
	effect, errs := found.text("Effect")
	if len(errs) == 0 && effect != "Allow" && effect != "Deny" {
		errs = append(errs, fmt.Errorf("the Effect %q is neither Allow nor Deny", effect))
	}
	return effect == "Allow", errs
}
