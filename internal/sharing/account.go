// SPDX-License-Identifier: MPL-2.0

package sharing

import (
	"fmt"
	"slices"
	"strings"
)

// AccountID is an AWS account id of 12 digits.
type AccountID string

// ParseAccountID checks that s is an account id. Its error says what is likely to have happened: a number written
// without quotes loses its leading zeros.
func ParseAccountID(s string) (AccountID, error) {
	if strings.Trim(s, "0123456789") != "" || s == "" {
		return "", fmt.Errorf("%q is not an account id: an account id is 12 digits, written as a quoted string", s)
	}
	switch {
	case len(s) == 12:
		return AccountID(s), nil
	case len(s) < 12:
		return "", fmt.Errorf("%q has %d digits and an account id has 12: quote it, a number without quotes loses its leading zeros (%q?)",
			s, len(s), strings.Repeat("0", 12-len(s))+s)
	default:
		return "", fmt.Errorf("%q has %d digits and an account id has 12", s, len(s))
	}
}

// SomeAccounts names the first few of some accounts for people: "account 111111111111", "accounts 111111111111,
// 222222222222 and 7 more".
func SomeAccounts(accounts []AccountID) string {
	const some = 5
	var names []string
	for _, account := range slices.Compact(slices.Sorted(slices.Values(accounts))) {
		names = append(names, string(account))
	}
	switch {
	case len(names) == 1:
		return "account " + names[0]
	case len(names) <= some:
		return "accounts " + strings.Join(names[:len(names)-1], ", ") + " and " + names[len(names)-1]
	default:
		return "accounts " + Few(names, some)
	}
}

// Few names the first few of some things: "a, b and 7 more".
func Few(names []string, few int) string {
	if more := len(names) - few; more > 0 {
		return fmt.Sprintf("%s and %d more", strings.Join(names[:few], ", "), more)
	}
	return strings.Join(names, ", ")
}
