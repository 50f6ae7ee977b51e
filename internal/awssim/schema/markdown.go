// SPDX-License-Identifier: MPL-2.0

package schema

import (
	"fmt"
	"strings"
)

// Markdown returns the same as JSON as a page for people: a table for each type of object.
func Markdown() (string, error) {
	all, err := types()
	if err != nil {
		return "", err
	}
	var b strings.Builder
	for _, t := range all {
		fmt.Fprintf(&b, "## %s\n\n%s\n\n| field | type | meaning |\n|---|---|---|\n", t.name, cell(t.about))
		for _, f := range t.fields {
			name := "`" + f.name + "`"
			if f.required {
				name += " (required)"
			}
			fmt.Fprintf(&b, "| %s | %s | %s |\n", name, f.kind.text(), cell(f.meaning()))
		}
		b.WriteString("\n")
	}
	return b.String(), nil
}

// meaning is what the comment says of the field, without the field in front.
func (f field) meaning() string {
	for _, verb := range []string{" is ", " are "} {
		if rest, ok := strings.CutPrefix(f.about, "`"+f.name+"`"+verb); ok {
			return strings.ToUpper(rest[:1]) + rest[1:]
		}
	}
	return f.about
}

// cell is a text that ends no cell of a table, and begins no element of HTML.
func cell(text string) string {
	return strings.NewReplacer("|", `\|`, "<", "&lt;", "*", `\*`).Replace(text)
}

// text is a kind in words, with links to the world's types.
func (k kind) text() string {
	switch {
	case k.list != nil:
		return "list of " + k.list.text()
	case k.byKey != nil:
		return "object by name, each " + k.byKey.text()
	case k.named != "":
		return "[" + k.named + "](#" + strings.ToLower(k.named) + ")"
	default:
		return k.basic
	}
}
