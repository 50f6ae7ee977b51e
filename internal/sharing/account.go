// SPDX-License-Identifier: MPL-2.0

package sharing

import (
	"fmt"
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
