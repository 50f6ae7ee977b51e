// SPDX-License-Identifier: MPL-2.0

package report

import (
	"cmp"
	"slices"
	"strings"

	"github.com/amishare/packer-plugin-ami-share/internal/sharing"
)

// matrix shows items at a glance: a row for each recipient, a column for each Region and one for IAM, which knows none.
type matrix struct {
	columns []sharing.Region // "" is IAM
	rows    []matrixRow
}

// matrixRow is what became of all that one recipient gets, or of several recipients with equal cells.
type matrixRow struct {
	recipients []sharing.Recipient
	cells      []cell // one for each column
}

// cell stands for the items of a recipient in a Region. The zero value stands for none.
type cell struct {
	items    int
	sign     string
	rank     int    // of the sign: the lower, the more it needs to be seen
	word     string // what the sign says
	verified bool   // everything in it that can be seen from inside was seen
	open     bool   // something in it was not seen
}

// few is how many rows alike are each shown.
const few = 3

func newMatrix(items []item) matrix {
	var m matrix
	for _, i := range items {
		m.columns = append(m.columns, i.Region)
	}
	slices.Sort(m.columns)
	m.columns = slices.Compact(m.columns)
	at := map[sharing.Recipient]int{}
	for _, i := range items {
		n, ok := at[i.Recipient]
		if !ok {
			n = len(m.rows)
			at[i.Recipient] = n
			m.rows = append(m.rows, matrixRow{recipients: []sharing.Recipient{i.Recipient}, cells: make([]cell, len(m.columns))})
		}
		column, _ := slices.BinarySearch(m.columns, i.Region)
		m.rows[n].cells[column].add(i)
	}
	slices.SortStableFunc(m.rows, func(a, b matrixRow) int { return sharing.CompareRecipients(a.recipients[0], b.recipients[0]) })
	return m
}

// add puts an item into a cell, which shows the status that most needs to be seen.
func (c *cell) add(i item) {
	rank, sign := signOf(i)
	if c.items == 0 || rank < c.rank {
		c.rank, c.sign, c.word = rank, sign, i.word()
	}
	c.items++
	if s := i.sight(); (s.image+s.key != "" || i.proof()) && !i.Removal {
		c.open = c.open || !i.Verified
		c.verified = !c.open
	}
}

func signOf(i item) (rank int, sign string) {
	all := statuses()
	rank = slices.IndexFunc(all, func(s signed) bool { return s.status == i.Status })
	sign = all[rank].sign
	switch {
	case i.Removal && i.Status == planned:
		sign = "-"
	case i.Status == left && (i.Kind == launchPermission || i.Kind == snapshotPermission || i.Kind == tags || i.announces()):
		rank = 0 // it could not be taken back; the others stay on purpose
	}
	return rank, sign
}

// seen is the mark of what verification saw.
const seen = "✓"

func (c cell) String() string {
	if c.verified && c.items > 0 {
		return c.sign + seen
	}
	return c.sign
}

// joined puts rows with equal cells together, if there are more than a few: those first in which something needs to be seen.
func (m matrix) joined() matrix {
	var groups [][]matrixRow
	at := map[string]int{}
	for _, row := range m.rows {
		key := row.key()
		n, ok := at[key]
		if !ok {
			n = len(groups)
			at[key] = n
			groups = append(groups, nil)
		}
		groups[n] = append(groups[n], row)
	}
	slices.SortStableFunc(groups, func(a, b []matrixRow) int { return cmp.Compare(a[0].rank(), b[0].rank()) })
	joined := matrix{columns: m.columns}
	for _, group := range groups {
		if len(group) <= few {
			joined.rows = append(joined.rows, group...)
			continue
		}
		first := group[0]
		for _, row := range group[1:] {
			first.recipients = append(slices.Clip(first.recipients), row.recipients...)
		}
		joined.rows = append(joined.rows, first)
	}
	return joined
}

// key is equal for rows of which the same is to be told. Accounts and organizations are never joined.
func (r matrixRow) key() string {
	return strings.Join(append(mapped(r.cells, func(c cell) string { return c.String() + c.word }), r.recipients[0].Kind.String()), "|")
}

// rank is 0 for a row in which something needs to be seen, 1 for any other.
func (r matrixRow) rank() int {
	for _, c := range r.cells {
		if c.items > 0 && c.rank < firstGood() {
			return 0
		}
	}
	return 1
}

// firstGood is the rank from which on all is as it was asked for.
func firstGood() int {
	rank, _ := signOf(item{Status: added})
	return rank
}

// columnGroup are columns that are equal in all rows, so that one stands for all.
type columnGroup []int

// columnGroups returns each column for itself, or with join those together that are equal in all rows.
func (m matrix) columnGroups(join bool) []columnGroup {
	var groups []columnGroup
	at := map[string]int{}
	for column := range m.columns {
		var key strings.Builder
		for _, row := range m.rows {
			key.WriteString(row.cells[column].String() + row.cells[column].word + "|")
		}
		n, ok := at[key.String()]
		if !ok || !join || m.columns[column] == "" {
			n = len(groups)
			at[key.String()] = n
			groups = append(groups, nil)
		}
		groups[n] = append(groups[n], column)
	}
	return groups
}

// heading names a group of columns: "IAM", "euc1", "euc1+14".
func (m matrix) heading(group columnGroup) string {
	if m.columns[group[0]] == "" {
		return "IAM"
	}
	text := shortRegion(m.columns[group[0]])
	if len(group) > 1 {
		text += "+" + itoa(len(group)-1)
	}
	return text
}

// legend explains the signs that a matrix shows.
func (m matrix) legend() []string {
	type entry struct{ sign, word string }
	var used []entry
	verified := false
	for _, row := range m.rows {
		for _, c := range row.cells {
			if c.items > 0 && !slices.Contains(used, entry{c.sign, c.word}) {
				used = append(used, entry{c.sign, c.word})
			}
			verified = verified || c.verified && c.items > 0
		}
	}
	slices.SortStableFunc(used, func(a, b entry) int { return strings.Compare(a.sign+a.word, b.sign+b.word) })
	var words []string
	for _, e := range used {
		words = append(words, e.sign+" "+e.word)
	}
	if verified {
		words = append(words, seen+" verified")
	}
	return words
}
