// SPDX-License-Identifier: MPL-2.0

package iampolicy

import (
	"fmt"
	"math/big"
	"net/netip"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// operator is how a condition compares.
type operator struct {
	compare func(want glob, got string) bool
	check   func(value string) error // of the policy's value
	negated bool
	wild    bool // * and ? are wildcards in the policy's value
	null    bool
}

// operators are all condition operators by their names, without set operator and IfExists.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html
var operators = map[string]operator{
	"StringEquals":              {compare: equal, check: anyValue},
	"StringNotEquals":           {compare: equal, check: anyValue, negated: true},
	"StringEqualsIgnoreCase":    {compare: equalFold, check: anyValue},
	"StringNotEqualsIgnoreCase": {compare: equalFold, check: anyValue, negated: true},
	"StringLike":                {compare: glob.matches, check: anyValue, wild: true},
	"StringNotLike":             {compare: glob.matches, check: anyValue, wild: true, negated: true},

	"ArnEquals":    {compare: glob.matchesARN, check: checkARN, wild: true},
	"ArnLike":      {compare: glob.matchesARN, check: checkARN, wild: true},
	"ArnNotEquals": {compare: glob.matchesARN, check: checkARN, wild: true, negated: true},
	"ArnNotLike":   {compare: glob.matchesARN, check: checkARN, wild: true, negated: true},

	"Bool": {compare: equalFold, check: checkBool},
	null:   {compare: equalFold, check: checkBool},

	"NumericEquals":            {compare: number(func(c int) bool { return c == 0 }), check: checkNumber},
	"NumericNotEquals":         {compare: number(func(c int) bool { return c == 0 }), check: checkNumber, negated: true},
	"NumericLessThan":          {compare: number(func(c int) bool { return c < 0 }), check: checkNumber},
	"NumericLessThanEquals":    {compare: number(func(c int) bool { return c <= 0 }), check: checkNumber},
	"NumericGreaterThan":       {compare: number(func(c int) bool { return c > 0 }), check: checkNumber},
	"NumericGreaterThanEquals": {compare: number(func(c int) bool { return c >= 0 }), check: checkNumber},

	"DateEquals":            {compare: date(func(c int) bool { return c == 0 }), check: checkDate},
	"DateNotEquals":         {compare: date(func(c int) bool { return c == 0 }), check: checkDate, negated: true},
	"DateLessThan":          {compare: date(func(c int) bool { return c < 0 }), check: checkDate},
	"DateLessThanEquals":    {compare: date(func(c int) bool { return c <= 0 }), check: checkDate},
	"DateGreaterThan":       {compare: date(func(c int) bool { return c > 0 }), check: checkDate},
	"DateGreaterThanEquals": {compare: date(func(c int) bool { return c >= 0 }), check: checkDate},

	"IpAddress":    {compare: inNetwork, check: checkNetwork},
	"NotIpAddress": {compare: inNetwork, check: checkNetwork, negated: true},
}

func equal(want glob, got string) bool { return string(want) == got }

func equalFold(want glob, got string) bool { return strings.EqualFold(string(want), got) }

func anyValue(string) error { return nil }

// checkARN wants the six parts of an ARN, each of which may have wildcards.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html#Conditions_ARN
func checkARN(value string) error {
	bare := withoutVariables.ReplaceAllString(value, "arn:x:x:x:x:x")
	if strings.Count(bare, ":") < partsOfARN-1 || !strings.HasPrefix(bare, "arn:") {
		return fmt.Errorf("%q has not the six parts of an ARN", value)
	}
	return nil
}

// checkBool wants a truth value.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html#Conditions_Boolean
func checkBool(value string) error {
	if !strings.EqualFold(value, "true") && !strings.EqualFold(value, "false") {
		return fmt.Errorf("%q is neither true nor false", value)
	}
	return nil
}

var decimal = regexp.MustCompile(`^-?[0-9]{1,40}(\.[0-9]{1,40})?$`)

func parseNumber(s string) (*big.Rat, bool) {
	if !decimal.MatchString(s) {
		return nil, false
	}
	return new(big.Rat).SetString(s)
}

func checkNumber(value string) error {
	if _, ok := parseNumber(value); !ok {
		return fmt.Errorf("%q is no number", value)
	}
	return nil
}

// number compares the request's number with the policy's.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html#Conditions_Numeric
func number(wanted func(int) bool) func(glob, string) bool {
	return func(want glob, got string) bool {
		w, ok1 := parseNumber(string(want))
		g, ok2 := parseNumber(got)
		return ok1 && ok2 && wanted(g.Cmp(w))
	}
}

// parseDate takes the forms of ISO 8601 that AWS does, and seconds since 1970.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html#Conditions_Date
func parseDate(s string) (time.Time, bool) {
	for _, layout := range []string{time.RFC3339, "2006-01-02T15:04Z07:00", time.DateOnly, "2006-01", "2006"} {
		if t, err := time.Parse(layout, s); err == nil {
			return t, true
		}
	}
	seconds, err := strconv.ParseInt(s, 10, 64)
	return time.Unix(seconds, 0), err == nil
}

func checkDate(value string) error {
	if _, ok := parseDate(value); !ok {
		return fmt.Errorf("%q is no date such as 2026-01-31T00:00:00Z", value)
	}
	return nil
}

func date(wanted func(int) bool) func(glob, string) bool {
	return func(want glob, got string) bool {
		w, ok1 := parseDate(string(want))
		g, ok2 := parseDate(got)
		return ok1 && ok2 && wanted(g.Compare(w))
	}
}

// parseNetwork takes a block of addresses or a single one.
func parseNetwork(s string) (netip.Prefix, bool) {
	if network, err := netip.ParsePrefix(s); err == nil {
		return network, true
	}
	address, err := netip.ParseAddr(s)
	return netip.PrefixFrom(address, address.BitLen()), err == nil
}

func checkNetwork(value string) error {
	if _, ok := parseNetwork(value); !ok {
		return fmt.Errorf("%q is neither an IP address nor a block such as 192.0.2.0/24", value)
	}
	return nil
}

// inNetwork compares the request's address with the policy's network.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html#Conditions_IPAddress
func inNetwork(want glob, got string) bool {
	network, ok := parseNetwork(string(want))
	address, err := netip.ParseAddr(got)
	return ok && err == nil && network.Contains(address.Unmap())
}
