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
				possible = append(possible, fmt.Sprintf("has the condition %s (%s), which may not hold", key, strings.Join(allowed, ", ")))
			case !holds:
				certain = append(certain, complaint(key, allowed, a))
			}
		}
	}
	return certain, possible
}

// conditionHolds decides the conditions whose keys are known here.
func conditionHolds(operator, key string, allowed values, a ask) (holds, known bool) {
	switch strings.ToLower(key) {
	case "kms:grantisforawsresource":
		return slices.Contains(allowed, "false"), true // the plugin calls KMS itself
	case "kms:viaservice":
		return negated(operator), true
	case "kms:granteeprincipal":
		return anyLike(allowed, a.Grantee) != negated(operator), true
	case "kms:grantoperations":
		return len(lacking(allowed, a)) == 0 != negated(operator), true
	case "kms:calleraccount", "aws:principalaccount":
		return anyLike(allowed, string(a.Account)) != negated(operator), true
	case "aws:principalarn":
		return anyLike(allowed, a.Principal) != negated(operator), a.Principal != ""
	default:
		return false, false
	}
}

// complaint says what a condition that doesn't hold demands.
func complaint(key string, allowed values, a ask) string {
	switch strings.ToLower(key) {
	case "kms:grantisforawsresource":
		return "has the condition kms:GrantIsForAWSResource, which lets AWS services create grants and nobody else"
	case "kms:viaservice":
		return "has the condition kms:ViaService, which lets in calls through " + strings.Join(allowed, ", ") + " only"
	case "kms:granteeprincipal":
		return "is too narrow: its condition kms:GranteePrincipal does not hold for " + a.Grantee
	case "kms:grantoperations":
		return "is too narrow: its condition kms:GrantOperations lacks " + strings.Join(lacking(allowed, a), ", ")
	default:
		return fmt.Sprintf("has the condition %s, which holds for %s only", key, strings.Join(allowed, ", "))
	}
}

func lacking(allowed values, a ask) []string {
	return slices.DeleteFunc(slices.Clone(a.Operations), func(operation string) bool { return anyLike(allowed, operation) })
}

func negated(operator string) bool { return strings.Contains(strings.ToLower(operator), "not") }

func anyLike(patterns values, s string) bool {
	return slices.ContainsFunc(patterns, func(pattern string) bool { return like(pattern, s) })
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
