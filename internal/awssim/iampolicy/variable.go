package iampolicy

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

var variable = regexp.MustCompile(`\$\{([^}]*)\}`)

// knownVariables are the policy variables that can be resolved, in lower case; those ending in "/" take a tag's key.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html
var knownVariables = []string{
	"aws:principalaccount", "aws:principalarn", "aws:principalorgid", "aws:sourceaccount", "aws:userid", "aws:username",
	"aws:principaltag/", "aws:requesttag/", "sts:externalid",
}

// checkVariables refuses a variable that can't be resolved here. ${*}, ${?} and ${$} stand for the characters.
func checkVariables(s string) error {
	for _, found := range variable.FindAllStringSubmatch(s, -1) {
		name := strings.ToLower(found[1])
		known := slices.ContainsFunc(knownVariables, func(v string) bool {
			return name == v || strings.HasSuffix(v, "/") && strings.HasPrefix(name, v)
		})
		if !known && !slices.Contains([]string{"*", "?", "$"}, name) {
			return fmt.Errorf("policy variable %q is not known here", found[0])
		}
	}
	return nil
}

// resolve puts the request's values into a pattern. A variable without a value, or with several, fits nothing.
func resolve(pattern string, context map[string][]string) (string, bool) {
	ok := true
	resolved := variable.ReplaceAllStringFunc(pattern, func(found string) string {
		name := strings.ToLower(found[2 : len(found)-1])
		if slices.Contains([]string{"*", "?", "$"}, name) {
			return name
		}
		values := context[name]
		if len(values) != 1 {
			ok = false
			return ""
		}
		return values[0]
	})
	return resolved, ok
}

// fold makes the names of condition keys comparable: they are not case-sensitive.
func fold(context map[string][]string) map[string][]string {
	folded := make(map[string][]string, len(context))
	for name, values := range context {
		folded[strings.ToLower(name)] = values
	}
	return folded
}
