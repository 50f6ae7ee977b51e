// SPDX-License-Identifier: MPL-2.0

package report

import (
	"strings"
	"unicode"

	"github.com/amishare/packer-plugin-ami-share/internal/sharing"
)

// markdownLimit is how long a Markdown report gets, in bytes. GitHub shows a step's summary up to 1 MiB, which several
// builds of one step share.
const markdownLimit = 256 << 10

// Markdown returns the report for people as GitHub-flavoured Markdown, with a newline at its end: to be appended to a
// file, such as the summary of a GitHub step. What differs is open, the rest is folded.
func Markdown(r Run) string {
	items := r.items()
	outcome := r.outcome(items)
	sections := []string{
		"### " + icon(outcome) + " ami-share: " + strings.ReplaceAll(outcome, "_", " ") + " (" + counts(items) + ")",
		escaped(r.heading()), escaped(r.planned(items)), r.markdownTable(items), markdownProblems("Failed", r.failures()), r.markdownLeft(),
		markdownProblems("Warnings", r.warnings()), folded("All items", r.lines(items, func(sign, text string) string { return "- `" + sign + "` " + escaped(text) })), folded("AMIs", r.markdownImages()),
		folded("Left alone", mapped(r.Plan.Foreign, bullet)), folded("Notes", mapped(r.Plan.Notes, bullet)), escaped(r.summary(items)),
	}
	text := joined("\n\n", sections...) + "\n"
	if len(text) > markdownLimit {
		cut := strings.LastIndexByte(text[:markdownLimit], '\n')
		text = text[:cut] + "\n\n… and more: see the report file or the log.\n"
	}
	return text
}

func icon(outcome string) string {
	switch outcome {
	case outcomeShared, outcomeRemoved, outcomeUnchanged, outcomePlanned:
		return "✅"
	default:
		return "❌"
	}
}

// mostColumns is how many Regions stand side by side in Markdown, unless they differ.
const mostColumns = 8

func (r Run) markdownTable(items []item) string {
	m := newMatrix(items).joined()
	if len(m.rows) == 0 {
		return ""
	}
	groups := m.columnGroups(len(m.columns) > mostColumns)
	head, rule := "| Account |", "|---|"
	for _, group := range groups {
		head += " " + m.heading(group) + " |"
		rule += ":-:|"
	}
	lines := []string{head, rule}
	for _, row := range m.rows {
		account := escaped(r.who(row.recipients[0]))
		if n := len(row.recipients) - 1; n > 0 {
			account += "<br>and " + itoa(n) + " more alike"
		}
		cells := mapped(groups, func(group columnGroup) string { return escaped(row.cells[group[0]].String()) })
		lines = append(lines, "| "+strings.Join(append([]string{account}, cells...), " | ")+" |")
	}
	legend := mapped(m.legend(), escaped)
	return strings.Join(lines, "\n") + "\n\n" + strings.TrimPrefix(r.alike(m, groups)+strings.Join(legend, ", "), "\n")
}

func (r Run) markdownImages() []string {
	return mapped(r.images(), func(image sharing.Image) string {
		return bullet(shortRegion(image.Ref.Region) + " " + string(image.Ref.Region) + " " + image.Ref.ID + " " + image.Name)
	})
}

func bullet(text string) string { return "- " + escaped(text) }

// folded is a section that the reader opens.
func folded(title string, lines []string) string {
	if len(lines) == 0 {
		return ""
	}
	return "<details><summary>" + title + "</summary>\n\n" + strings.Join(lines, "\n") + "\n\n</details>"
}

// markdownProblems lists problems; remedies may hold documents, and are set as they are.
func markdownProblems(title string, problems []sharing.Problem) string {
	var lines []string
	for _, p := range gathered(problems) {
		remedy := p.Remedy
		p.Remedy = ""
		lines = append(lines, bullet(p.Error()))
		if remedy != "" {
			lines = append(lines, "  "+indent("```\n"+remedy+"\n```"))
		}
		if also := p.also(); also != "" {
			lines = append(lines, "  "+escaped(also))
		}
	}
	if len(lines) == 0 {
		return ""
	}
	return "**" + title + "**\n\n" + strings.Join(lines, "\n")
}

// escaped keeps text from being read as Markdown or HTML.
func escaped(text string) string {
	text = strings.Join(strings.FieldsFunc(text, unicode.IsSpace), " ")
	return strings.NewReplacer("<", "&lt;", "|", "\\|", "*", "\\*", "_", "\\_", "`", "\\`").Replace(text)
}
