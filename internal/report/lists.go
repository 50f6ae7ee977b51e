// SPDX-License-Identifier: MPL-2.0

package report

import (
	"slices"
	"strings"

	"github.com/amishare/packer-plugin-ami-share/internal/sharing"
)

// mapped returns f of each element, never nil.
func mapped[A, B any](all []A, f func(A) B) []B {
	result := make([]B, 0, len(all))
	for _, a := range all {
		result = append(result, f(a))
	}
	return result
}

// joined joins those parts of a text that there are.
func joined(separator string, parts ...string) string {
	return strings.Join(slices.DeleteFunc(parts, func(part string) bool { return part == "" }), separator)
}

// sortedUnique returns the strings sorted, each once, never nil.
func sortedUnique(all []string) []string {
	sorted := append([]string{}, all...)
	slices.Sort(sorted)
	return slices.Compact(sorted)
}

// distinct leaves out problems that are told already.
func distinct(problems []sharing.Problem) []sharing.Problem {
	var told []sharing.Problem
	seen := map[sharing.Problem]bool{}
	for _, p := range problems {
		if !seen[p] {
			seen[p] = true
			told = append(told, p)
		}
	}
	return told
}

func sortedRecipients(all []sharing.Recipient) []sharing.Recipient {
	slices.SortStableFunc(all, sharing.CompareRecipients)
	return all
}
