// SPDX-License-Identifier: MPL-2.0

package bootstrap

import (
	"maps"
	"regexp"
	"slices"
	"strings"
)

// listHeading stands above the list of files in the README, by which a later run tells what an earlier one wrote.
const listHeading = "## The files\n\n"

// written is a line of the list with the name of a file that this package writes.
var written = regexp.MustCompile("(?m)^- `((?:target-role|packer-policy|key-policy)[A-Za-z0-9_.-]*\\.(?:json|tf))`$")

// list is the README's list of the other files.
func list(files map[string]string) string {
	var b strings.Builder
	b.WriteString("\n" + listHeading)
	for _, name := range slices.Sorted(maps.Keys(files)) {
		b.WriteString("- `" + name + "`\n")
	}
	return b.String()
}

// Listed returns the files that an earlier run wrote, as its README lists them. It returns no name of a file that this
// package would not write, and none in another folder.
func Listed(readme string) []string {
	_, listed, _ := strings.Cut(readme, listHeading)
	var names []string
	for _, match := range written.FindAllStringSubmatch(listed, -1) {
		names = append(names, match[1])
	}
	return names
}
