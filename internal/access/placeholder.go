// SPDX-License-Identifier: MPL-2.0

package access

import "strings"

// Placeholder tells whether Packer has put s in place of a value that it doesn't know yet, as it does while it
// validates a template whose values come from data sources or from the build.
func Placeholder(s string) bool {
	return strings.Contains(s, "<unknown>") || strings.HasPrefix(s, "Build_")
}
