package report

import (
	"fmt"
	"slices"
	"strings"

	"github.com/amishare/packer-plugin-ami-share/internal/apply"
	"github.com/amishare/packer-plugin-ami-share/internal/sharing"
)

// markdownLimit is how long a Markdown report gets, in bytes. GitHub shows a step's summary up to 1 MiB, which several
// builds of one step share.
const markdownLimit = 256 << 10

// Markdown returns the report for people as GitHub-flavoured Markdown, with a newline at its end: to be appended to a
// file, such as the summary of a GitHub step.
func Markdown(r Run) string {
	sections := []string{
		"### " + icon(r) + " ami-share: " + strings.ReplaceAll(r.outcome(), "_", " "),
		r.markdownTable(), markdownItems("Other changes", r.otherChanges()), markdownProblems("Failed", r.failures()), r.markdownNotUndone(),
		markdownProblems("Warnings", r.warnings()), markdownItems("Left alone", r.Plan.Foreign), markdownItems("Notes", r.Plan.Notes),
		r.verification(), r.summary(),
	}
	text := strings.Join(slices.DeleteFunc(sections, func(s string) bool { return s == "" }), "\n\n") + "\n"
	if len(text) > markdownLimit {
		cut := strings.LastIndexByte(text[:markdownLimit], '\n')
		text = text[:cut] + "\n\n… and more: see the report file or the log.\n"
	}
	return text
}

func icon(r Run) string {
	switch r.outcome() {
	case outcomeShared, outcomeUnchanged, outcomePlanned:
		return "✅"
	default:
		return "❌"
	}
}

func (r Run) markdownTable() string {
	rows := r.rows()
	if len(rows) == 0 {
		return ""
	}
	lines := []string{"| Region | AMI | Account | Launch permission | Snapshots | Grants |", "|---|---|---|---|---|---|"}
	for _, line := range rows {
		lines = append(lines, fmt.Sprintf("| %s | %s | %s | %s |", line.Image.Region, line.Image.ID, line.who(), strings.Join(line.Cells[:], " | ")))
	}
	return strings.Join(lines, "\n")
}

func markdownItems(title string, items []string) string {
	if len(items) == 0 {
		return ""
	}
	return "**" + title + "**\n\n" + "- " + strings.Join(mapped(items, escaped), "\n- ")
}

// markdownProblems lists problems; remedies may hold documents, and are set as they are.
func markdownProblems(title string, problems []sharing.Problem) string {
	var lines []string
	for _, p := range gathered(problems) {
		remedy := p.Remedy
		p.Remedy = ""
		lines = append(lines, "- "+escaped(p.Error()))
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

func (r Run) markdownNotUndone() string {
	if len(r.Result.NotUndone()) == 0 {
		return ""
	}
	commands := mapped(r.Result.NotUndone(), func(left apply.Leftover) string { return left.Command })
	return "**Could not be undone; these commands do it**\n\n```\n" + strings.Join(commands, "\n") + "\n```"
}

// escaped keeps text from being read as Markdown or HTML.
func escaped(text string) string {
	return strings.NewReplacer("\n", " ", "<", "&lt;", "|", "\\|", "*", "\\*", "_", "\\_", "`", "\\`").Replace(text)
}
