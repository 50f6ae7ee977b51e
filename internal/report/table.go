// SPDX-License-Identifier: MPL-2.0

package report

import (
	"fmt"
	"slices"
	"strings"

	"github.com/amishare/packer-plugin-ami-share/internal/sharing"
)

func (r Run) width() int {
	if r.Width > 0 {
		return r.Width
	}
	return 80
}

// table draws a matrix within the width. Where the Regions don't fit side by side, those that are alike in all rows share a column; where that
// is not enough there are several tables, one below the other.
func (r Run) table(items []item) string {
	m := newMatrix(items).joined()
	if len(m.rows) == 0 {
		return ""
	}
	groups := m.columnGroups(false)
	if !fits(r.labels(m), m, groups, r.width()) {
		groups = m.columnGroups(true)
	}
	var tables []string
	for _, block := range blocks(r.labels(m), m, groups, r.width()) {
		tables = append(tables, r.draw(m, block))
	}
	legend := m.legend()
	for i := range legend[:len(legend)-1] {
		legend[i] += ","
	}
	return strings.Join(append(tables, r.alike(m, groups)+wrap(legend, r.width())), "\n\n")
}

// labels are the first column: a heading, a label for each row, and one for how many more are alike.
func (r Run) labels(m matrix) []string {
	labels := []string{"ACCOUNT"}
	for _, row := range m.rows {
		labels = append(labels, r.who(row.recipients[0]))
		if n := len(row.recipients) - 1; n > 0 {
			labels = append(labels, fmt.Sprintf("  and %d more alike", n))
		}
	}
	return labels
}

func widest(texts []string) int {
	n := 0
	for _, text := range texts {
		n = max(n, cellsOf(text))
	}
	return n
}

func fits(labels []string, m matrix, groups []columnGroup, width int) bool {
	return len(blocks(labels, m, groups, width)) == 1
}

// blocks divides the columns so that each table is within the width.
func blocks(labels []string, m matrix, groups []columnGroup, width int) [][]columnGroup {
	all := [][]columnGroup{nil}
	used := widest(labels)
	for _, group := range groups {
		n := 2 + len(m.heading(group))
		if last := len(all) - 1; used+n > width && len(all[last]) > 0 {
			all = append(all, nil)
			used = widest(labels)
		}
		used += n
		all[len(all)-1] = append(all[len(all)-1], group)
	}
	return all
}

func (r Run) draw(m matrix, groups []columnGroup) string {
	label := widest(r.labels(m))
	lines := []string{padded("ACCOUNT", label)}
	for _, group := range groups {
		lines[0] += "  " + m.heading(group)
	}
	for _, row := range m.rows {
		cells := mapped(groups, func(group columnGroup) string { return padded(row.cells[group[0]].String(), len(m.heading(group))) })
		lines = append(lines, strings.TrimRight(padded(r.who(row.recipients[0]), label)+"  "+strings.Join(cells, "  "), " "))
		if n := len(row.recipients) - 1; n > 0 {
			lines = append(lines, fmt.Sprintf("  and %d more alike", n))
		}
	}
	return strings.Join(lines, "\n")
}

// alike tells which Regions share a column.
func (r Run) alike(m matrix, groups []columnGroup) string {
	var lines []string
	for _, group := range groups {
		if len(group) == 1 {
			continue
		}
		var regions []string
		for _, column := range group[1:] {
			regions = append(regions, shortRegion(m.columns[column]))
		}
		lines = append(lines, wrapped(m.heading(group)+" stands for "+shortRegion(m.columns[group[0]])+" "+strings.Join(regions, " "), r.width()))
	}
	return strings.Join(append(lines, ""), "\n")
}

// imageList names the AMIs, and what the Regions are called in the table.
func (r Run) imageList() string {
	images := r.images()
	name := commonName(images)
	var lines []string
	for _, image := range images {
		line := padded(shortRegion(image.Ref.Region), 6) + padded(string(image.Ref.Region), 15) + image.Ref.ID
		if image.Name != name {
			line += "  " + image.Name
		}
		lines = append(lines, strings.TrimRight(line, " "))
	}
	return strings.Join(lines, "\n")
}

// commonName is the name that all AMIs have, "" when they have several.
func commonName(images []sharing.Image) string {
	if len(images) == 0 || slices.ContainsFunc(images, func(i sharing.Image) bool { return i.Name != images[0].Name }) {
		return ""
	}
	return images[0].Name
}

// images are the plan's; of a run that was refused before there was one, the request's.
func (r Run) images() []sharing.Image {
	if len(r.Plan.Images) > 0 {
		return r.Plan.Images
	}
	var images []sharing.Image
	for _, ref := range r.Request.Images {
		images = append(images, sharing.Image{Ref: ref})
	}
	return images
}
