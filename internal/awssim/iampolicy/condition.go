package iampolicy

import (
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"
)

// condition is one operator with one key: it fits when one of its values does.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html
type condition struct {
	operator string // as written
	key      string
	values   []string

	compare  compare
	negated  bool
	ifExists bool
	set      string // "", "forallvalues", "foranyvalue"
}

// compare tells whether a value of the request fits a value of the policy.
type compare func(want, got string) bool

// comparisons are the operators without their prefixes, suffixes and negations.
var comparisons = map[string]compare{
	"stringequals":             func(want, got string) bool { return want == got },
	"stringequalsignorecase":   strings.EqualFold,
	"stringlike":               matches,
	"arnequals":                matchesARN,
	"arnlike":                  matchesARN,
	"bool":                     strings.EqualFold,
	"numericequals":            numeric(func(c int) bool { return c == 0 }),
	"numericlessthan":          numeric(func(c int) bool { return c < 0 }),
	"numericlessthanequals":    numeric(func(c int) bool { return c <= 0 }),
	"numericgreaterthan":       numeric(func(c int) bool { return c > 0 }),
	"numericgreaterthanequals": numeric(func(c int) bool { return c >= 0 }),
	"dateequals":               date(func(c int) bool { return c == 0 }),
	"datelessthan":             date(func(c int) bool { return c < 0 }),
	"datelessthanequals":       date(func(c int) bool { return c <= 0 }),
	"dategreaterthan":          date(func(c int) bool { return c > 0 }),
	"dategreaterthanequals":    date(func(c int) bool { return c >= 0 }),
	"ipaddress":                inNetwork,
}

// negations lead from a negated operator to the one that it negates.
var negations = map[string]string{
	"stringnotequals": "stringequals", "stringnotequalsignorecase": "stringequalsignorecase", "stringnotlike": "stringlike",
	"arnnotequals": "arnequals", "arnnotlike": "arnlike", "numericnotequals": "numericequals", "datenotequals": "dateequals",
	"notipaddress": "ipaddress",
}

const null = "null"

func parseConditions(block map[string]map[string]oneOrMany[text]) ([]condition, []error) {
	var conditions []condition
	var errs []error
	for _, operator := range slices.Sorted(maps.Keys(block)) {
		for _, key := range slices.Sorted(maps.Keys(block[operator])) {
			c, err := parseCondition(operator, key, stringsOf(block[operator][key]))
			if err != nil {
				errs = append(errs, err)
				continue
			}
			conditions = append(conditions, c)
		}
	}
	return conditions, errs
}

func parseCondition(operator, key string, values []string) (condition, error) {
	c := condition{operator: operator, key: key, values: values}
	name := strings.ToLower(operator)
	if set, rest, ok := strings.Cut(name, ":"); ok {
		if set != "forallvalues" && set != "foranyvalue" {
			return c, fmt.Errorf("condition operator %q is not known here", operator)
		}
		c.set, name = set, rest
	}
	if name == null {
		c.operator = operator
		c.compare = strings.EqualFold
		return c, checkNull(c)
	}
	name, c.ifExists = strings.CutSuffix(name, "ifexists")
	if positive, ok := negations[name]; ok {
		name, c.negated = positive, true
	}
	if c.compare = comparisons[name]; c.compare == nil {
		return c, fmt.Errorf("condition operator %q is not known here", operator)
	}
	for _, value := range values {
		if err := checkVariables(value); err != nil {
			return c, err
		}
	}
	return c, nil
}

func checkNull(c condition) error {
	if c.set != "" {
		return fmt.Errorf("condition operator %q is not known here", c.operator)
	}
	for _, value := range c.values {
		if !strings.EqualFold(value, "true") && !strings.EqualFold(value, "false") {
			return fmt.Errorf("condition %s of %s takes true or false, not %q", c.operator, c.key, value)
		}
	}
	return nil
}

// fits compares with the request. For an absent key a positive operator does not fit and a negated one does; ForAllValues
// fits, ForAnyValue does not.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-single-vs-multi-valued-context-keys.html
func (c condition) fits(context map[string][]string) bool {
	got := context[strings.ToLower(c.key)]
	switch {
	case strings.EqualFold(c.operator, null):
		absent := strconv.FormatBool(len(got) == 0)
		return slices.ContainsFunc(c.values, func(want string) bool { return strings.EqualFold(want, absent) })
	case len(got) == 0 && c.ifExists:
		return true
	case c.set == "forallvalues":
		return !slices.ContainsFunc(got, func(value string) bool { return !c.fitsValue(value, context) })
	case c.set == "foranyvalue":
		return slices.ContainsFunc(got, func(value string) bool { return c.fitsValue(value, context) })
	case len(got) == 0:
		return c.negated
	default:
		// A single-valued operator on a key with several values: every value has to fit.
		return !slices.ContainsFunc(got, func(value string) bool { return !c.fitsValue(value, context) })
	}
}

func (c condition) fitsValue(got string, context map[string][]string) bool {
	any := slices.ContainsFunc(c.values, func(want string) bool {
		resolved, ok := resolve(want, context)
		return ok && c.compare(resolved, got)
	})
	return any != c.negated
}

func (c condition) String() string {
	return c.operator + " " + c.key + " " + strings.Join(c.values, " or ")
}

// actual describes the key's value in the request.
func (c condition) actual(context map[string][]string) string {
	if got := context[strings.ToLower(c.key)]; len(got) > 0 {
		return strings.Join(got, ", ")
	}
	return "none"
}

func numeric(holds func(int) bool) compare {
	return func(want, got string) bool {
		w, err1 := strconv.ParseFloat(want, 64)
		g, err2 := strconv.ParseFloat(got, 64)
		if err1 != nil || err2 != nil {
			return false
		}
		switch {
		case g < w:
			return holds(-1)
		case g > w:
			return holds(1)
		default:
			return holds(0)
		}
	}
}

func date(holds func(int) bool) compare {
	return func(want, got string) bool {
		w, ok1 := parseDate(want)
		g, ok2 := parseDate(got)
		return ok1 && ok2 && holds(g.Compare(w))
	}
}

func parseDate(s string) (time.Time, bool) {
	if t, err := time.Parse(time.RFC3339, s); err == nil {
		return t, true
	}
	if seconds, err := strconv.ParseInt(s, 10, 64); err == nil {
		return time.Unix(seconds, 0), true
	}
	return time.Time{}, false
}

func inNetwork(want, got string) bool {
	address, err := netip.ParseAddr(got)
	if err != nil {
		return false
	}
	if network, err := netip.ParsePrefix(want); err == nil {
		return network.Contains(address)
	}
	single, err := netip.ParseAddr(want)
	return err == nil && single == address
}
