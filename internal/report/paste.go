// SPDX-License-Identifier: MPL-2.0

package report

import (
	"regexp"
	"slices"
	"strings"

	"github.com/amishare/packer-plugin-ami-share/internal/sharing"
)

// jsonString is a line of an indented JSON document that holds a string: indentation, key, value, comma.
var jsonString = regexp.MustCompile(`^(\s*)("[^"]+": )?("(?:[^"\\]|\\.)*")(,?)$`)

// forAll makes of a remedy for one place one for several: in a document to paste a string that names the place becomes a list of strings, one for
// each place, and so does a command that names it. A document or command that names none is for all of them as it is. A document that gets too
// long for a key's policy is written for the organization's accounts instead.
func forAll(remedy string, first sharing.Scope, others []sharing.Problem) string {
	if len(others) == 0 {
		return remedy
	}
	var lines []string
	for line := range strings.SplitSeq(remedy, "\n") {
		lines = append(lines, everywhere(line, first, others)...)
	}
	joined := strings.Join(lines, "\n")
	if tooLong(joined) {
		if short, ok := forOrganization(remedy, first, others); ok {
			return short
		}
	}
	return joined
}

func everywhere(line string, first sharing.Scope, others []sharing.Problem) []string {
	parts := jsonString.FindStringSubmatch(line)
	text := strings.TrimSpace(line)
	switch {
	case parts != nil:
		return eachString(parts[1], parts[2], parts[4], variants(parts[3], first, others))
	case strings.HasPrefix(text, "aws "):
		return variants(line, first, others)
	default:
		return []string{line}
	}
}

// variants returns a text once for each place, each different one once.
func variants(text string, first sharing.Scope, others []sharing.Problem) []string {
	all, seen := []string{text}, map[string]bool{text: true}
	for _, other := range others {
		place := other.Scope
		one := text
		if first.Account != "" {
			one = strings.ReplaceAll(one, string(first.Account), string(place.Account))
		}
		if first.Region != "" {
			one = strings.ReplaceAll(one, string(first.Region), string(place.Region))
		}
		if !seen[one] {
			seen[one] = true
			all = append(all, one)
		}
	}
	return all
}

// eachString writes the strings in place of one: as an element each in a list, or as a list of their own after a key.
func eachString(indentation, key, comma string, texts []string) []string {
	if len(texts) == 1 {
		return []string{indentation + key + texts[0] + comma}
	}
	inner := indentation
	if key != "" {
		inner += "  "
	}
	lines := mapped(texts, func(text string) string { return inner + text + "," })
	last := len(lines) - 1
	if key == "" {
		lines[last] = strings.TrimSuffix(lines[last], ",") + comma
		return lines
	}
	lines[last] = strings.TrimSuffix(lines[last], ",")
	return slices.Concat([]string{indentation + key + "["}, lines, []string{indentation + "]" + comma})
}
