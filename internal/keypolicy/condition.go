// SPDX-License-Identifier: MPL-2.0

package keypolicy

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// obstacles tells which conditions of a statement don't hold for a call, and which may not: they can't be decided from
// here. Both are sorted.
// https://docs.aws.amazon.com/kms/latest/developerguide/conditions-kms.html
func (s statement) obstacles(c Call) (certain, possible []string) {
	for _, operator := range slices.Sorted(maps.Keys(s.Condition)) {
		for _, key := range slices.Sorted(maps.Keys(s.Condition[operator])) {
			allowed := s.Condition[operator][key]
			switch holds, known := c.holds(operator, key, allowed); {
			case !known:
				possible = append(possible, fmt.Sprintf("has the condition %s (%s), which can't be checked from here", key, strings.Join(allowed, ", ")))
			case !holds:
				certain = append(certain, c.complaint(operator, key, allowed))
			}
		}
	}
	return certain, possible
}

// holds decides conditions whose key and operator are known here.
func (c Call) holds(name, key string, allowed values) (holds, known bool) {
	sent, ok := c.Values[strings.ToLower(key)]
	if !ok {
		return false, false
	}
	if strings.EqualFold(name, "Null") {
		return slices.ContainsFunc(allowed, func(v string) bool { return strings.EqualFold(v, fmt.Sprint(len(sent) == 0)) }), true
	}
	o, known := operatorOf(name)
	if !known || slices.ContainsFunc(allowed, func(v string) bool { return strings.Contains(v, "${") }) {
		return false, false
	}
	refused := func(value string) bool { return o.any(allowed, value) == o.negative }
	switch {
	case len(sent) == 0:
		return o.forAll || !o.forAny && (o.negative || o.ifExists), true
	case o.forAny:
		return !all(sent, refused), true
	case len(sent) > 1 && !o.forAll:
		return false, false
	default:
		return !slices.ContainsFunc(sent, refused), true
	}
}

func all(list []string, f func(string) bool) bool {
	return !slices.ContainsFunc(list, func(s string) bool { return !f(s) })
}

// operator is how a condition compares.
type operator struct {
	equal                              func(pattern, s string) bool
	negative, ifExists, forAll, forAny bool
}

// any tells whether one of the patterns is that of a value.
func (o operator) any(patterns values, value string) bool {
	return slices.ContainsFunc(patterns, func(pattern string) bool { return o.equal(pattern, value) })
}

// operatorOf reads an operator's name; known is false for those that are seldom put to these keys.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html
func operatorOf(name string) (o operator, known bool) {
	name = strings.ToLower(name)
	name, o.ifExists = strings.CutSuffix(name, "ifexists")
	name, o.forAll = strings.CutPrefix(name, "forallvalues:")
	name, o.forAny = strings.CutPrefix(name, "foranyvalue:")
	positive := strings.Replace(name, "not", "", 1)
	o.negative = positive != name
	switch positive {
	case "stringequals":
		o.equal = func(pattern, s string) bool { return pattern == s }
	case "stringequalsignorecase", "bool":
		o.equal = strings.EqualFold
	case "stringlike":
		o.equal = like
	case "arnlike", "arnequals":
		o.equal = arnLike
	default:
		return operator{}, false
	}
	return o, true
}

// complaint says what a condition that doesn't hold demands.
func (c Call) complaint(name, key string, allowed values) string {
	switch strings.ToLower(key) {
	case "kms:grantisforawsresource":
		return "has the condition kms:GrantIsForAWSResource, which lets AWS services create grants and nobody else"
	case "kms:viaservice":
		return "has the condition kms:ViaService, which lets in calls through " + strings.Join(allowed, ", ") + " only"
	case "kms:granteeprincipal":
		return "is too narrow: its condition kms:GranteePrincipal does not hold for " + strings.Join(c.Values["kms:granteeprincipal"], ", ")
	case "kms:grantoperations":
		return "is too narrow: its condition kms:GrantOperations does not allow " + strings.Join(c.refusedOperations(name, allowed), ", ")
	default:
		return fmt.Sprintf("has the condition %s, which does not hold: it names %s", key, strings.Join(allowed, ", "))
	}
}

func (c Call) refusedOperations(name string, allowed values) []string {
	o, _ := operatorOf(name)
	if o.equal == nil {
		return c.Values["kms:grantoperations"]
	}
	return slices.DeleteFunc(slices.Clone(c.Values["kms:grantoperations"]), func(operation string) bool { return o.any(allowed, operation) != o.negative })
}
