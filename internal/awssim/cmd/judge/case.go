// SPDX-License-Identifier: MPL-2.0

package main

import (
	"encoding/json"
	"strings"

	"github.com/amishare/packer-plugin-ami-share/internal/awssim/iampolicy"
	"github.com/amishare/packer-plugin-ami-share/internal/awssim/reference"
)

// testCase is a request with all policies that speak in it.
type testCase struct {
	Action    string
	Resource  string
	Owner     string // account that the resource belongs to
	Principal string // ARN of a user or session
	Context   map[string][]string
	Documents []document
}

// document is a policy of a kind. Kinds of which there may be several levels have one document for each.
type document struct {
	Kind       string // "identity", "session", "boundary", "key", "trust", "scp", "rcp"
	Statements []statement
}

// statement is one as it is written. Lists that are nil are left out.
type statement struct {
	Effect       string
	Principal    []string                       `json:",omitempty"` // of AWS; "*" alone is everybody
	NotPrincipal []string                       `json:",omitempty"`
	Action       []string                       `json:",omitempty"`
	NotAction    []string                       `json:",omitempty"`
	Resource     []string                       `json:",omitempty"`
	NotResource  []string                       `json:",omitempty"`
	Condition    map[string]map[string][]string `json:",omitempty"`
}

var kinds = map[string]iampolicy.Kind{
	"identity": iampolicy.Identity, "session": iampolicy.Session, "boundary": iampolicy.Boundary, "key": iampolicy.Key,
	"trust": iampolicy.Trust, "scp": iampolicy.ServiceControl, "rcp": iampolicy.ResourceControl,
}

// policy is the document in the language of policies.
func (d document) policy() map[string]any {
	statements := make([]map[string]any, 0, len(d.Statements))
	for _, s := range d.Statements {
		written := map[string]any{"Effect": s.Effect}
		for name, list := range map[string][]string{
			"Action": s.Action, "NotAction": s.NotAction, "Resource": s.Resource, "NotResource": s.NotResource,
		} {
			if list != nil {
				written[name] = list
			}
		}
		for name, list := range map[string][]string{"Principal": s.Principal, "NotPrincipal": s.NotPrincipal} {
			switch {
			case len(list) == 1 && list[0] == "*":
				written[name] = "*"
			case list != nil:
				written[name] = map[string]any{"AWS": list}
			}
		}
		if s.Condition != nil {
			written["Condition"] = s.Condition
		}
		statements = append(statements, written)
	}
	return map[string]any{"Version": "2012-10-17", "Statement": statements}
}

// simulation is the case as the other evaluator takes it.
func (c *testCase) simulation() map[string]any {
	context := map[string]any{}
	for key, values := range c.Context {
		if reference.Multivalued(key) {
			context[key] = values
		} else {
			context[key] = values[0]
		}
	}
	s := map[string]any{
		"request": map[string]any{
			"principal": c.Principal, "action": c.Action, "contextVariables": context,
			"resource": map[string]any{"resource": c.Resource, "accountId": c.Owner},
		},
	}
	named := map[string][]map[string]any{"identity": {}, "scp": {}, "rcp": {}}
	for _, d := range c.Documents {
		switch policy := d.policy(); d.Kind {
		case "session":
			s["sessionPolicy"] = policy
		case "key", "trust":
			s["resourcePolicy"] = policy
		default:
			named[d.Kind] = append(named[d.Kind], map[string]any{"name": d.Kind, "policy": policy})
		}
	}
	s["identityPolicies"] = named["identity"]
	if len(named["boundary"]) > 0 {
		s["permissionBoundaryPolicies"] = named["boundary"]
	}
	s["serviceControlPolicies"], s["resourceControlPolicies"] = levels(named["scp"]), levels(named["rcp"])
	return s
}

func levels(policies []map[string]any) []map[string]any {
	all := []map[string]any{}
	for _, policy := range policies {
		all = append(all, map[string]any{"orgIdentifier": "level", "policies": []any{policy}})
	}
	return all
}

// ours lets the local AWS's evaluator decide.
func ours(c *testCase) (verdict, error) {
	var p iampolicy.Policies
	for _, d := range c.Documents {
		text, err := json.Marshal(d.policy())
		if err != nil {
			return verdict{}, err
		}
		parsed, err := iampolicy.Parse(kinds[d.Kind], text)
		if err != nil {
			return verdict{Refused: err.Error()}, nil //nolint:nilerr // that a document is not taken is a verdict
		}
		switch d.Kind {
		case "identity":
			p.Identity = append(p.Identity, parsed)
		case "session":
			p.Session = append(p.Session, parsed)
		case "boundary":
			p.Boundary = parsed
		case "scp":
			p.ServiceControl = append(p.ServiceControl, []*iampolicy.Document{parsed})
		case "rcp":
			p.ResourceControl = append(p.ResourceControl, []*iampolicy.Document{parsed})
		default:
			p.Resource = parsed
		}
	}
	request := iampolicy.Request{Action: c.Action, Resource: c.Resource, Principal: principalOf(c.Principal), Context: c.Context}
	return verdict{Effect: p.Decide(request, c.Owner).Effect.String()}, nil
}

// principalOf makes out who an ARN is. Roles have no path here.
func principalOf(arn string) iampolicy.Principal {
	parts := strings.Split(arn, ":")
	who := iampolicy.Principal{ARN: arn, Partition: parts[1], AccountID: parts[4], UniqueID: "AIDA2222222222222222"}
	if session, ok := strings.CutPrefix(parts[5], "assumed-role/"); ok {
		name, _, _ := strings.Cut(session, "/")
		who.RoleARN, who.UniqueID = "arn:"+parts[1]+":iam::"+parts[4]+":role/"+name, "AROA2222222222222222"
	}
	return who
}
