// SPDX-License-Identifier: MPL-2.0

package report_test

import (
	"strings"
	"testing"
	"unicode"

	"github.com/amishare/packer-plugin-ami-share/internal/report"
)

// cells are what a terminal gives to the letters of this file's names.
func cells(text string) int {
	n := 0
	for _, letter := range text {
		switch {
		case unicode.Is(unicode.Mn, letter):
		case unicode.Is(unicode.Han, letter), letter == '🚀', letter == 'Ｗ':
			n += 2
		default:
			n++
		}
	}
	return n
}

func TestNamesOfAnyScriptFitATerminal(t *testing.T) {
	s := newScene(5, frankfurt, virginia)
	for i, name := range []string{
		strings.Repeat("网络", 20), "🚀" + strings.Repeat("发射台", 10), "e\u0301quipe-tre\u0300s-longue-a\u0300-paris-la-defense", "ＷＷＷ", "short",
	} {
		s.names[account(i)] = name
	}
	r := s.run(t)
	r.Width, r.Build = 53, report.Build{}
	text := report.Text(r)
	column := map[int]bool{}
	for line := range strings.SplitSeq(text, "\n") {
		if n := cells(line); n > r.Width {
			t.Errorf("%d cells: %s", n, line)
		}
		if before, _, ok := strings.Cut(line, "+✓"); ok && strings.HasPrefix(line, "20000000000") {
			column[cells(before)] = true
		}
	}
	if len(column) != 1 {
		t.Errorf("the cells of a column begin at %v:\n%s", column, text)
	}
}
