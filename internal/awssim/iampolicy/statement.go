package iampolicy

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
)

// statement is one statement of a document.
type statement struct {
	index      int
	sid        string
	allow      bool
	principals *principals // nil in identity and session policies
	actions    actions
	resources  resources
	conditions []condition
}

func (s *statement) title() string {
	if s.sid != "" {
		return fmt.Sprintf("statement %q", s.sid)
	}
	return fmt.Sprintf("statement %d", s.index)
}

// fit tells how a statement fits a request.
type fit int

const (
	notAtAll fit = iota
	byAccount
	byItself
)

// fits says whether all elements of the statement fit, and otherwise, for an Allow that came near, which did not.
func (s *statement) fits(kind Kind, r Request, context map[string][]string) (fit, string) {
	if !s.actions.fit(r.Action) {
		return notAtAll, ""
	}
	how := byItself
	if s.principals != nil {
		how = s.principals.fit(r.Principal)
	}
	if how == notAtAll {
		return notAtAll, s.near("does not name " + orElse(r.Principal.RoleARN, r.Principal.ARN))
	}
	if !s.resources.fit(kind, r, context) {
		return notAtAll, s.near("does not cover " + r.Resource)
	}
	for _, c := range s.conditions {
		if !c.fits(context) {
			return notAtAll, s.near("asks for " + c.String() + ", and the request has " + c.actual(context))
		}
	}
	return how, ""
}

func (s *statement) near(why string) string {
	if !s.allow {
		return ""
	}
	return s.title() + " " + why
}

// rawStatement is a statement as it is written.
type rawStatement struct {
	Sid          string
	Effect       string
	Principal    json.RawMessage
	NotPrincipal json.RawMessage
	Action       oneOrMany[text]
	NotAction    oneOrMany[text]
	Resource     oneOrMany[text]
	NotResource  oneOrMany[text]
	Condition    map[string]map[string]oneOrMany[text]
}

func (rs rawStatement) parse(kind Kind) (statement, []error) {
	var errs []error
	s := statement{sid: rs.Sid, allow: rs.Effect == "Allow"}
	if rs.Effect != "Allow" && rs.Effect != "Deny" {
		errs = append(errs, fmt.Errorf("effect %q is neither Allow nor Deny", rs.Effect))
	}
	var problems []error
	s.principals, problems = rs.parsePrincipals(kind)
	errs = append(errs, problems...)
	s.actions, problems = parseActions(stringsOf(rs.Action), stringsOf(rs.NotAction))
	errs = append(errs, problems...)
	s.resources, problems = parseResources(kind, stringsOf(rs.Resource), stringsOf(rs.NotResource))
	errs = append(errs, problems...)
	s.conditions, problems = parseConditions(rs.Condition)
	return s, append(errs, problems...)
}

func (rs rawStatement) parsePrincipals(kind Kind) (*principals, []error) {
	has := len(rs.Principal) > 0 || len(rs.NotPrincipal) > 0
	switch {
	case kind == Identity || kind == Session:
		if has {
			return nil, []error{fmt.Errorf("a %s has no principal", kind)}
		}
		return nil, nil
	case !has:
		return nil, []error{fmt.Errorf("a %s needs a principal", kind)}
	case len(rs.Principal) > 0 && len(rs.NotPrincipal) > 0:
		return nil, []error{errors.New("there are both Principal and NotPrincipal")}
	case len(rs.NotPrincipal) > 0:
		p, errs := parsePrincipals(kind, rs.NotPrincipal)
		p.not = true
		return p, errs
	default:
		return parsePrincipals(kind, rs.Principal)
	}
}

func orElse(s, other string) string {
	if strings.TrimSpace(s) == "" {
		return other
	}
	return s
}
