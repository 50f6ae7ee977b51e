// SPDX-License-Identifier: MPL-2.0

package iampolicy

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/amishare/packer-plugin-ami-share/internal/awssim/reference"
)

// condition is one operator with one key and its values.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition.html
type condition struct {
	operator string // as written
	key      string // as written
	values   []string

	by       operator
	set      string // "", forAllValues or forAnyValue
	ifExists bool
	patterns []pattern
}

const (
	forAllValues = "ForAllValues"
	forAnyValue  = "ForAnyValue"
	ifExists     = "IfExists"
	null         = "Null"
)

// contextKeys holds the condition keys of a request by their names in lower case: they are not case-sensitive.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition.html
type contextKeys map[string][]string

// contextOf returns the request's keys that the document asks for and the action has.
// https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html
func (d *Document) contextOf(r Request) contextKeys {
	if len(d.keys) == 0 {
		return nil
	}
	folded := contextKeys{}
	offered := reference.Offered(r.Action, r.Resource)
	for _, name := range slices.Sorted(maps.Keys(r.Context)) {
		lower := strings.ToLower(name)
		if _, asked := slices.BinarySearch(d.keys, lower); asked && offered(lower) {
			folded[lower] = append(folded[lower], r.Context[name]...)
		}
	}
	return folded
}

// conditionKey is a service or an identity provider and the name of a key, which may be a tag's.
var conditionKey = regexp.MustCompile(`^[a-zA-Z0-9./_-]+:[^:]+.*$`)

func (r reading) parseConditions(found elements) ([]condition, []error) {
	block, ok := found["Condition"]
	if !ok {
		return nil, nil
	}
	if block.shape != isObject {
		return nil, []error{fmt.Errorf("the Condition is %s where an object is wanted", block.shape)}
	}
	var conditions []condition
	var errs []error
	for _, operator := range block.members {
		if operator.value.shape != isObject {
			errs = append(errs, fmt.Errorf("condition %s is %s where an object is wanted", operator.name, operator.value.shape))
		}
		for _, key := range operator.value.members {
			c, problems := r.parseCondition(operator.name, key)
			errs = append(errs, problems...)
			conditions = append(conditions, c)
		}
	}
	return conditions, errs
}

// overlyPermissive is in KMS's words.
const overlyPermissive = "OverlyPermissiveCondition: Using the ForAllValues set operator with a single-valued condition key matches requests " +
	"without the specified encryption context or tag or with an unspecified encryption context or tag. To fix, remove ForAllValues"

// singleValued tells of which keys KMS watches over ForAllValues.
// https://docs.aws.amazon.com/kms/latest/developerguide/conditions-kms.html
func singleValued(key string) bool {
	key = strings.ToLower(key)
	return strings.HasPrefix(key, "kms:encryptioncontext:") || strings.HasPrefix(key, "aws:requesttag/")
}

func (r reading) parseCondition(name string, key member) (condition, []error) {
	c := condition{operator: name, key: key.name}
	if err := c.readOperator(); err != nil {
		return c, []error{err}
	}
	if r.kind == Key && c.set == forAllValues && singleValued(key.name) {
		return c, []error{fmt.Errorf("%s, as of %s", overlyPermissive, key.name)}
	}
	values, errs := key.value.texts("condition "+name+" "+key.name, isNumber, isBoolean)
	if !conditionKey.MatchString(key.name) {
		errs = append(errs, fmt.Errorf("condition key %q is not of the form service:Key", key.name))
	}
	c.values = values
	for _, v := range values {
		p, err := r.parsePattern(v, c.by.wild)
		if err == nil {
			err = c.by.check(v)
		}
		if err != nil {
			errs = append(errs, fmt.Errorf("condition %s %s: %w", name, key.name, err))
		}
		c.patterns = append(c.patterns, p)
	}
	return c, errs
}

// readOperator takes the operator apart: a set operator in front, IfExists behind. Null takes neither.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html#Conditions_IfExists
func (c *condition) readOperator() error {
	name := c.operator
	if set, rest, ok := strings.Cut(name, ":"); ok && (set == forAllValues || set == forAnyValue) {
		c.set, name = set, rest
	}
	name, c.ifExists = strings.CutSuffix(name, ifExists)
	var ok bool
	if c.by, ok = operators[name]; !ok || name == null && name != c.operator {
		return fmt.Errorf("condition operator %q is not known here", c.operator)
	}
	c.by.null = name == null
	return nil
}

// holds says whether the condition holds. A key that is absent matches nothing, so that only a negated operator holds;
// with IfExists any operator does, unless it has a set operator: ForAnyValue wants a value, with IfExists or without.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-single-vs-multi-valued-context-keys.html
func (c *condition) holds(q question, allow bool) bool {
	got := q.context[strings.ToLower(c.key)]
	switch {
	case c.by.null:
		return c.holdsFor(strconv.FormatBool(len(got) == 0), q.context, allow)
	case c.set != "":
		return c.holdsForSet(got, q.context, allow)
	case len(got) == 0:
		return c.ifExists || c.by.negated
	case len(got) > 1 || reference.Multivalued(c.key):
		return c.holdsWithoutSet(got, q.context, allow)
	default:
		return c.holdsFor(got[0], q.context, allow)
	}
}

// holdsForSet compares a key of several values: ForAllValues holds if each of them does, and so if there are none;
// ForAnyValue if at least one of them does. An empty text is as good as no value, which counts for a Deny only.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-single-vs-multi-valued-context-keys.html
func (c *condition) holdsForSet(got []string, keys contextKeys, allow bool) bool {
	fits := func(value string) bool { return c.holdsFor(value, keys, allow) }
	switch {
	case c.set == forAnyValue:
		return slices.ContainsFunc(got, fits)
	case !allow && strings.Join(got, "") == "":
		return true
	default:
		return !slices.ContainsFunc(got, func(value string) bool { return !fits(value) })
	}
}

// holdsWithoutSet compares a multivalued key without the set operator that such a key needs. AWS does not say what
// happens then: here an Allow never fits, and one value is enough for a Deny.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-single-vs-multi-valued-context-keys.html
// https://docs.aws.amazon.com/kms/latest/developerguide/conditions-kms.html#conditions-kms-grant-operations
func (c *condition) holdsWithoutSet(got []string, keys contextKeys, allow bool) bool {
	return !allow && slices.ContainsFunc(got, func(value string) bool { return c.holdsFor(value, keys, allow) })
}

// holdsFor compares one value of the request: with one of the policy's values, or for a negated operator with none.
// A variable without a value equals nothing and is like nothing. A negated operator in an Allow does not hold for it
// either, although AWS lets it match what has no value: that would allow more than whoever wrote the variable meant.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-logic-multiple-context-keys-or-values.html
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html#policy-vars-no-value
func (c *condition) holdsFor(got string, keys contextKeys, allow bool) bool {
	for _, p := range c.patterns {
		want, ok := p.resolve(keys)
		switch {
		case !ok && c.by.negated && allow:
			return false
		case ok && c.by.compare(want, got):
			return !c.by.negated
		}
	}
	return c.by.negated
}

func (c *condition) String() string {
	return fmt.Sprintf("condition %s %s asks for %s", c.operator, c.key, strings.Join(c.values, " or "))
}

// actual describes the key's value in the request.
func (c *condition) actual(keys contextKeys) string {
	if got := keys[strings.ToLower(c.key)]; len(got) > 0 {
		return strings.Join(got, ", ")
	}
	return "none"
}

// ConditionKeys returns the condition keys that the document asks for, in conditions and as variables, each once, in lower
// case and sorted, so that a server can refuse a policy with keys that it never fills in.
func (d *Document) ConditionKeys() []string {
	var keys []string
	add := func(patterns []pattern) {
		for _, p := range patterns {
			keys = append(keys, p.variables()...)
		}
	}
	for _, s := range d.statements {
		for _, c := range s.conditions {
			keys = append(keys, strings.ToLower(c.key))
			add(c.patterns)
		}
		if s.resources != nil {
			add(s.resources.patterns)
		}
	}
	slices.Sort(keys)
	return slices.Compact(keys)
}
