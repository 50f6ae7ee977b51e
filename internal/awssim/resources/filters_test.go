// SPDX-License-Identifier: MPL-2.0

package resources

import (
	"testing"
)

func TestWildcard(t *testing.T) {
	for _, test := range []struct {
		pattern, value string
		want           bool
	}{
		{"", "", true},
		{"", "a", false},
		{"a", "", false},
		{"abc", "abc", true},
		{"abc", "abd", false},
		{"*", "", true},
		{"*", "anything", true},
		{"a*", "abc", true},
		{"a*", "bac", false},
		{"*c", "abc", true},
		{"a*c", "abcbc", true},
		{"a*c", "abcb", false},
		{"a?c", "abc", true},
		{"a?c", "ac", false},
		{"??", "ab", true},
		{"al2023-ami-*-x86_64", "al2023-ami-2023.1-x86_64", true},
		{"**b**", "abc", true},
		{"*a*a*a*a*b", "aaaaaaaaaaaaaaaaaaaaaaaa", false},
	} {
		if got := wildcard(test.pattern, test.value); got != test.want {
			t.Errorf("wildcard(%q, %q) = %v", test.pattern, test.value, got)
		}
	}
}
