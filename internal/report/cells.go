// SPDX-License-Identifier: MPL-2.0

package report

import (
	"strings"
	"unicode"

	"golang.org/x/text/width"
)

// cellsOf returns how many cells of a terminal a text takes: letters of East Asian scripts and most emoji take two, combining marks
// none. https://www.unicode.org/reports/tr11/
func cellsOf(text string) int {
	n := 0
	for _, letter := range text {
		n += cellsOfLetter(letter)
	}
	return n
}

func cellsOfLetter(letter rune) int {
	if unicode.In(letter, unicode.Mn, unicode.Me, unicode.Cf) {
		return 0
	}
	switch width.LookupRune(letter).Kind() {
	case width.EastAsianWide, width.EastAsianFullwidth:
		return 2
	default:
		return 1
	}
}

// shortened cuts a text that takes more cells than that.
func shortened(text string, most int) string {
	if cellsOf(text) <= most {
		return text
	}
	n := 0
	end := strings.IndexFunc(text, func(letter rune) bool {
		n += cellsOfLetter(letter)
		return n > most-1 // the sign of what is left out takes one
	})
	return text[:end] + "…"
}

// padded fills a text up with spaces, so that it takes that many cells.
func padded(text string, cells int) string {
	return text + strings.Repeat(" ", max(0, cells-cellsOf(text)))
}
