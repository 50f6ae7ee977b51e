// SPDX-License-Identifier: MPL-2.0

package report

import (
	"strconv"
	"strings"
	"unicode"

	"github.com/amishare/packer-plugin-ami-share/internal/sharing"
)

func itoa(n int) string { return strconv.Itoa(n) }

// longestName is how many cells of a terminal an account's name may take.
const longestName = 24

// who names a recipient: an account by its id and its name, an organization or OU by its id instead of by its ARN.
func (r Run) who(to sharing.Recipient) string {
	id := to.ID[strings.LastIndexByte(to.ID, '/')+1:]
	if name := r.name(to); name != "" {
		return id + " " + name
	}
	return id
}

// name returns an account's name on one line, "" when it is not known.
func (r Run) name(to sharing.Recipient) string {
	if to.Kind != sharing.ToAccount {
		return ""
	}
	name := strings.Join(strings.FieldsFunc(r.Names[sharing.AccountID(to.ID)], func(c rune) bool { return unicode.IsSpace(c) || !unicode.IsPrint(c) }), " ")
	return shortened(name, longestName)
}

// someOf names the first of many.
func someOf(names []string) string {
	if len(names) <= few {
		return strings.Join(names, ", ")
	}
	return strings.Join(names[:few-1], ", ") + " and " + itoa(len(names)-few+1) + " more"
}

// shortRegion abbreviates a Region as AWS does in the ids of its Availability Zones: "euc1" for eu-central-1.
// https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/using-regions-availability-zones.html
func shortRegion(region sharing.Region) string {
	short := map[string]string{
		"central": "c", "north": "n", "south": "s", "east": "e", "west": "w", "northeast": "ne", "northwest": "nw",
		"southeast": "se", "southwest": "sw", "gov": "g", "iso": "i", "isob": "i", "isof": "i", "isoe": "i",
	}
	parts := strings.Split(string(region), "-")
	for i, part := range parts {
		if s, ok := short[part]; ok && i > 0 {
			parts[i] = s
		}
	}
	return strings.Join(parts, "")
}

// wrap breaks words into lines of at most width cells of a terminal. Lines after the first are indented.
func wrap(words []string, width int) string {
	var b strings.Builder
	length := 0
	for _, word := range words {
		n := cellsOf(word)
		switch {
		case length == 0:
		case length+1+n > width:
			b.WriteString("\n  ")
			length = 2
		default:
			b.WriteByte(' ')
			length++
		}
		b.WriteString(word)
		length += n
	}
	return b.String()
}

func wrapped(text string, width int) string {
	words := strings.FieldsFunc(text, func(c rune) bool { return c == ' ' })
	return strings.ReplaceAll(wrap(words, width), unbroken, " ")
}

// unbroken is a space at which no line ends: between an account and its name.
const unbroken = "\u00a0"

func together(text string) string { return strings.ReplaceAll(text, " ", unbroken) }
