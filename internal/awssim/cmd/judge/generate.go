// SPDX-License-Identifier: MPL-2.0

package main

import (
	"math/rand/v2"
	"slices"
	"strings"
)

// generator makes cases. The same seed makes the same ones.
type generator struct{ *rand.Rand }

func newGenerator(seed uint64) generator { return generator{rand.New(rand.NewPCG(seed, seed))} } //nolint:gosec // to be repeatable

func pick[T any](g generator, list []T) T { return list[g.IntN(len(list))] }

// some picks at least one and at most most elements.
func some[T any](g generator, list []T, most int) []T {
	picked := make([]T, 1+g.IntN(most))
	for i := range picked {
		picked[i] = pick(g, list)
	}
	return picked
}

func (g generator) percent(n int) bool { return g.IntN(100) < n }

func (g generator) testCase() *testCase {
	r := pick(g, requests)
	c := &testCase{Action: r.action, Resource: r.resource, Owner: pick(g, r.owners), Principal: pick(g, principals), Context: map[string][]string{}}
	keys := append(slices.Clone(r.keys), everywhere...)
	for _, key := range some(g, keys, 4) {
		if g.percent(75) {
			c.Context[key] = g.valuesOf(key)
		}
	}
	if g.percent(85) {
		c.Documents = append(c.Documents, g.document("identity", r, keys))
	}
	if r.policy != "" {
		c.Documents = append(c.Documents, g.document(r.policy, r, keys))
	}
	for kind, percent := range sorted(map[string]int{"boundary": 15, "identity": 20, "rcp": 15, "scp": 20}) {
		if g.percent(percent) {
			c.Documents = append(c.Documents, g.document(kind, r, keys))
		}
	}
	if c.Principal == session && g.percent(25) {
		c.Documents = append(c.Documents, g.document("session", r, keys))
	}
	return c
}

// valuesOf makes the values that a request has for a key: of a multivalued key one to three.
func (g generator) valuesOf(key string) []string {
	t := typeOf(key)
	if t.several {
		return slices.Compact(slices.Sorted(slices.Values(some(g, t.values, 3))))
	}
	return []string{pick(g, t.values)}
}

func (g generator) document(kind string, r request, keys []string) document {
	d := document{Kind: kind}
	for range 1 + g.IntN(3) {
		d.Statements = append(d.Statements, g.statement(kind, r, keys))
	}
	return d
}

func (g generator) statement(kind string, r request, keys []string) statement {
	s := statement{Effect: "Allow"}
	if kind == "rcp" || g.percent(30) {
		s.Effect = "Deny"
	}
	g.whom(&s, kind)
	if s.Action = some(g, actionsLike(r.action), 2); kind == "trust" { // which is about STS only
		s.Action = slices.DeleteFunc(s.Action, func(action string) bool { return action == "s3:*" })
	}
	if len(s.Action) == 0 {
		s.Action = []string{r.action}
	}
	if kind != "rcp" && g.percent(12) {
		s.Action, s.NotAction = nil, s.Action
	}
	if kind != "trust" {
		if s.Resource = some(g, resourcesLike(r.resource), 2); g.percent(12) {
			s.Resource, s.NotResource = nil, s.Resource
		}
	}
	if g.percent(60) {
		s.Condition = g.conditions(keys)
	}
	return s
}

func (g generator) whom(s *statement, kind string) {
	switch {
	case kind == "rcp":
		s.Principal = []string{"*"}
	case kind == "key" && s.Effect == "Deny" && g.percent(30):
		s.NotPrincipal = some(g, named, 3)
	case kind == "key" || kind == "trust":
		s.Principal = some(g, named, 2)
		if g.percent(15) {
			s.Principal = []string{"*"}
		}
	}
}

func (g generator) conditions(keys []string) map[string]map[string][]string {
	conditions := map[string]map[string][]string{}
	for range 1 + g.IntN(2) {
		key := pick(g, keys)
		t := typeOf(key)
		operator := pick(g, t.operators)
		values := some(g, t.wanted, 2)
		switch {
		case g.percent(8):
			operator, values = "Null", []string{pick(g, []string{"true", "false"})}
		default:
			if t.several && g.percent(75) || g.percent(15) {
				operator = pick(g, []string{"ForAllValues:", "ForAnyValue:"}) + operator
			}
			if g.percent(20) {
				operator += "IfExists"
			}
		}
		if conditions[operator] == nil {
			conditions[operator] = map[string][]string{}
		}
		conditions[operator][key] = values
	}
	return conditions
}

// actionsLike are patterns that an action fits, or nearly.
func actionsLike(action string) []string {
	service, name, _ := strings.Cut(action, ":")
	return []string{
		action, action, strings.ToUpper(service) + ":" + strings.ToLower(name), service + ":*", service + ":" + name[:3] + "*",
		service + ":*" + name[3:], service + ":?" + name[1:], service + ":" + name + "?", service + ":Get*", "s3:*",
	}
}

// resourcesLike are patterns that a resource fits, or nearly.
func resourcesLike(resource string) []string {
	if resource == "*" {
		return []string{"*", "*", "arn:aws:ec2:*:*:image/*"}
	}
	parts := strings.SplitN(resource, ":", 6)
	kind, id, _ := strings.Cut(parts[5], "/")
	with := func(part int, text string) string {
		changed := slices.Clone(parts)
		changed[part] = text
		return strings.Join(changed, ":")
	}
	return []string{
		"*", "*", resource, resource, with(5, kind+"/*"), with(5, kind+"/"+id[:2]+"*"), with(5, kind+"/?"+id[1:]), with(4, "*"), with(3, "*"),
		with(5, "*"), with(5, kind[:1]+"*/"+id), with(5, kind[:1]+"*"), with(5, "*/"+id), with(5, kind+"/other"), with(4, "333333333333"),
		with(5, kind+"/${aws:PrincipalTag/team}"), with(5, kind+"/${aws:PrincipalTag/team, '"+id+"'}"), with(5, kind+"/${*}"),
	}
}
