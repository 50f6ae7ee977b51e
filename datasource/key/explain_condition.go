package key

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// obstacles tells which conditions of a statement don't hold for an ask, and which may not: they can't be decided from
// here. Both are sorted.
// https://docs.aws.amazon.com/kms/latest/developerguide/conditions-kms.html
func (s grantStatement) obstacles(a ask) (certain, possible []string) {
	for _, operator := range slices.Sorted(maps.Keys(s.Condition)) {
		for _, key := range slices.Sorted(maps.Keys(s.Condition[operator])) {
			allowed := s.Condition[operator][key]
			switch holds, known := conditionHolds(operator, key, allowed, a); {
			case !known:
				possible = append(possible, fmt.Sprintf("has the condition %s (%s), which can't be checked from here", key, strings.Join(allowed, ", ")))
			case !holds:
				certain = append(certain, complaint(operator, key, allowed, a))
			}
		}
	}
	return certain, possible
}

// conditionHolds decides conditions whose key and operator are known here.
func conditionHolds(operator, key string, allowed values, a ask) (holds, known bool) {
	o, known := operatorOf(operator)
	sent, ok := a.sent(key)
	if !known || !ok {
		return false, false
	}
	if len(sent) == 0 {
		return o.negative || o.ifExists, true
	}
	if len(sent) > 1 && !o.forAll {
		return false, false
	}
	return !slices.ContainsFunc(sent, func(value string) bool { return o.any(allowed, value) == o.negative }), true
}

// sent are the values of a condition key in the plugin's call to CreateGrant; ok says that they are known.
func (a ask) sent(key string) (sent []string, ok bool) {
	switch strings.ToLower(key) {
	case "kms:grantisforawsresource":
		return []string{"false"}, true // the plugin calls KMS itself
	case "kms:viaservice":
		return nil, true
	case "kms:granteeprincipal":
		return []string{a.Grantee}, true
	case "kms:grantoperations":
		return a.Operations, true
	case "kms:calleraccount", "aws:principalaccount":
		return []string{string(a.Account)}, true
	case "aws:principalarn":
		return []string{a.Principal}, a.Principal != ""
	default:
		return nil, false
	}
}

// operator is how a condition compares.
type operator struct {
	equal                      func(pattern, s string) bool
	negative, ifExists, forAll bool
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
	positive := strings.Replace(name, "not", "", 1)
	o.negative = positive != name
	switch positive {
	case "stringequals", "bool":
		o.equal = func(pattern, s string) bool { return pattern == s }
	case "stringequalsignorecase":
		o.equal = strings.EqualFold
	case "stringlike", "arnlike", "arnequals":
		o.equal = like
	default:
		return operator{}, false
	}
	return o, true
}

// complaint says what a condition that doesn't hold demands.
func complaint(name, key string, allowed values, a ask) string {
	switch strings.ToLower(key) {
	case "kms:grantisforawsresource":
		return "has the condition kms:GrantIsForAWSResource, which lets AWS services create grants and nobody else"
	case "kms:viaservice":
		return "has the condition kms:ViaService, which lets in calls through " + strings.Join(allowed, ", ") + " only"
	case "kms:granteeprincipal":
		return "is too narrow: its condition kms:GranteePrincipal does not hold for " + a.Grantee
	case "kms:grantoperations":
		return "is too narrow: its condition kms:GrantOperations does not allow " + strings.Join(refusedOperations(name, allowed, a), ", ")
	default:
		return fmt.Sprintf("has the condition %s, which does not hold: it names %s", key, strings.Join(allowed, ", "))
	}
}

func refusedOperations(name string, allowed values, a ask) []string {
	o, _ := operatorOf(name)
	return slices.DeleteFunc(slices.Clone(a.Operations), func(operation string) bool { return o.any(allowed, operation) != o.negative })
}

// like matches with the wildcards of policies: * for any number of characters, ? for one.
func like(pattern, s string) bool {
	switch {
	case pattern == "":
		return s == ""
	case pattern[0] == '*':
		return like(pattern[1:], s) || (s != "" && like(pattern, s[1:]))
	case s == "":
		return false
	default:
		return (pattern[0] == '?' || pattern[0] == s[0]) && like(pattern[1:], s[1:])
	}
}
