// SPDX-License-Identifier: MPL-2.0

package bootstrap

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/amishare/packer-plugin-ami-share/internal/policy"
	"github.com/amishare/packer-plugin-ami-share/internal/sharing"
)

// Other templates can share under the same key, with other accounts or roles: their statements stay, since a policy is replaced
// as a whole. What the new statements allow all the same is not kept.

// withStatements puts statements into a key's policy, and returns the names of those of the plugin that are kept beside them.
func (c Config) withStatements(document object, statements []any) (object, []string) {
	var now []any
	switch before := document["Statement"].(type) {
	case []any:
		now = before
	case object:
		now = []any{before}
	}
	names := map[string]bool{}
	for _, s := range statements {
		names[sid(s)] = true
	}
	var all []any
	var kept []string
	for _, s := range now {
		if strings.HasPrefix(sid(s), policy.SidPrefix) {
			if s = living(s.(object)); s == nil || c.coveredBySome(s.(object), statements) {
				continue
			}
			s.(object)["Sid"] = free(sid(s), names)
			kept = append(kept, sid(s))
		}
		all = append(all, s)
	}
	document["Statement"] = append(all, statements...)
	return document, kept
}

func sid(statement any) string {
	s, _ := statement.(object)
	name, _ := s["Sid"].(string)
	return name
}

var keptSuffix = regexp.MustCompile(`Kept\d*$`)

// free returns a name for a statement that is kept which no other one has, and takes it.
func free(name string, taken map[string]bool) string {
	base := keptSuffix.ReplaceAllString(name, "") + "Kept"
	name = base
	for n := 2; taken[name]; n++ {
		name = fmt.Sprintf("%s%d", base, n)
	}
	taken[name] = true
	return name
}

// living leaves out the principals that don't exist any more, or the whole statement as nil: KMS shows the unique ids of
// roles that were deleted, and takes no policy that has one.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html
func living(statement object) any {
	principals, ok := statement["Principal"].(object)
	if !ok {
		return statement
	}
	alive := slices.DeleteFunc(texts(principals["AWS"]), dead)
	if len(alive) == 0 {
		return nil
	}
	statement["Principal"] = object{"AWS": oneOrMore(alive)}
	return statement
}

// dead tells whether a principal is the unique id of a role or user that was deleted.
func dead(principal string) bool {
	return strings.HasPrefix(principal, "AROA") || strings.HasPrefix(principal, "AIDA")
}

// deadIn are the principals in a policy that don't exist any more.
func deadIn(document object) []string {
	var all []string
	for _, s := range document["Statement"].([]any) {
		if statement, ok := s.(object); ok {
			all = append(all, slices.DeleteFunc(principalsOf(statement), func(p string) bool { return !dead(p) })...)
		}
	}
	return all
}

// oneOrMore is a list of texts as it stands in a policy: one stands alone.
func oneOrMore(values []string) any {
	if len(values) == 1 {
		return values[0]
	}
	all := make([]any, len(values))
	for i, value := range values {
		all[i] = value
	}
	return all
}

// texts are the values of an element of a policy, of which one can stand alone.
func texts(v any) []string {
	switch v := v.(type) {
	case string:
		return []string{v}
	case []any:
		var all []string
		for _, element := range v {
			all = append(all, fmt.Sprint(element))
		}
		return all
	default:
		return nil
	}
}

func (c Config) coveredBySome(old object, statements []any) bool {
	return slices.ContainsFunc(statements, func(s any) bool { return c.covered(old, s.(object)) })
}

// covered tells whether a statement of the plugin allows all that an earlier one allows.
func (c Config) covered(old, by object) bool {
	before, principals := conditions(old), principalsOf(old)
	if old["Effect"] != by["Effect"] || !within(texts(old["Action"]), texts(by["Action"])) || !within(texts(old["Resource"]), texts(by["Resource"])) ||
		!within(principals, principalsOf(by)) && !within(rootsOf(principals), principalsOf(by)) {
		return false
	}
	for key, allowed := range conditions(by) {
		values, set := before[key]
		switch {
		case set:
		case key == "aws:PrincipalArn":
			values = principals
		case key == "aws:PrincipalOrgID": // whose accounts all targets are
			values, allowed = accountsOf(principals), c.targetAccounts()
		default:
			return false
		}
		if !within(values, allowed) {
			return false
		}
	}
	return true
}

// conditions are the values of a statement's condition keys. The operators of the plugin's statements all ask for one of some
// values, with or without wildcards.
func conditions(statement object) map[string][]string {
	values := map[string][]string{}
	operators, _ := statement["Condition"].(object)
	for _, operator := range slices.Sorted(maps.Keys(operators)) {
		keys, _ := operators[operator].(object)
		not := ""
		if strings.Contains(operator, "Not") { // somebody wrote it
			not = "not "
		}
		for key, v := range keys {
			values[not+key] = append(values[not+key], texts(v)...)
		}
	}
	return values
}

func principalsOf(statement object) []string {
	if named, ok := statement["Principal"].(object); ok {
		return texts(named["AWS"])
	}
	return texts(statement["Principal"])
}

// rootsOf are the accounts of principals, as principals.
func rootsOf(principals []string) []string {
	var roots []string
	for _, principal := range principals {
		if arn, err := sharing.ParseARN(principal); err == nil {
			arn.Resource = "root"
			roots = append(roots, arn.String())
		}
	}
	return roots
}

func accountsOf(principals []string) []string {
	accounts := make([]string, len(principals))
	for i, principal := range principals {
		accounts[i] = string(sharing.AccountOf(principal))
	}
	return accounts
}

func (c Config) targetAccounts() []string {
	accounts := make([]string, len(c.Targets))
	for i, t := range c.Targets {
		accounts[i] = string(t.Account)
	}
	return accounts
}

// within tells whether each value is one of the patterns, or fits one. There is at least one value.
func within(values, patterns []string) bool {
	exact := map[string]bool{}
	var wild []*regexp.Regexp
	for _, pattern := range patterns {
		exact[pattern] = true
		if strings.Contains(pattern, "*") {
			wild = append(wild, regexp.MustCompile(`^`+strings.ReplaceAll(regexp.QuoteMeta(pattern), `\*`, `.*`)+`$`))
		}
	}
	return len(values) > 0 && !slices.ContainsFunc(values, func(value string) bool {
		return !exact[value] && !slices.ContainsFunc(wild, func(p *regexp.Regexp) bool { return p.MatchString(value) })
	})
}
