package report

import (
	"fmt"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/amishare/packer-plugin-ami-share/internal/sharing"
)

// header names the table's columns.
func header() []string {
	return []string{"REGION", "AMI", "ACCOUNT", "LAUNCH PERMISSION", "SNAPSHOTS", "GRANTS"}
}

// Table returns a line for each image and recipient: what became of its launch permission, of its permissions on the
// snapshots and of its grants. Of an image with more than 20 recipients those that fare the same share a line; those
// for whom something failed never do. It is "" when there are no images.
func Table(r Run) string {
	rows := r.rows()
	if len(rows) == 0 {
		return ""
	}
	lines := [][]string{header()}
	for _, line := range rows {
		lines = append(lines, append([]string{string(line.Image.Region), line.Image.ID, line.who()}, line.Cells[:]...))
	}
	return aligned(lines)
}

func aligned(lines [][]string) string {
	var b strings.Builder
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	for _, line := range lines {
		fmt.Fprintln(w, strings.Join(line, "\t"))
	}
	w.Flush() // a strings.Builder takes everything
	return strings.TrimRight(b.String(), "\n")
}

// Text returns the report for people: the table, what else was changed, warnings, notes and the verification. What failed
// is the error that the run ends with, and told there; an interrupted run ends with none, and tells it here.
func Text(r Run) string {
	sections := []string{
		Table(r), strings.Join(r.otherChanges(), "\n"), r.failed(),
		problemList("Warnings:", r.warnings()), list("Left alone:", r.Plan.Foreign), list("Notes:", r.Plan.Notes),
		r.verification(), r.summary(),
	}
	return strings.Join(slices.DeleteFunc(sections, func(s string) bool { return s == "" }), "\n\n")
}

func (r Run) failed() string {
	if !r.Result.Cancelled {
		return ""
	}
	return strings.TrimSpace(problemList("Failed:", r.failures()) + "\n\n" + r.notUndone())
}

// otherChanges tells what has no column: roles, tags and groups. Many accounts that fare alike share a line.
func (r Run) otherChanges() []string {
	var order []string
	accounts := map[string][]string{}
	for _, i := range r.items() {
		if i.Kind != serviceLinkedRole && i.Kind != tags && i.Kind != groupRole {
			continue
		}
		where := ""
		if i.Region != "" {
			where = " in " + string(i.Region)
		}
		thing := i.Resource
		if i.Kind == serviceLinkedRole {
			thing = roleName(thing)
		}
		line := fmt.Sprintf("%s %s%s: %s in account", sentence(i.Kind.String()), thing, where, i.Status)
		if _, seen := accounts[line]; !seen {
			order = append(order, line)
		}
		accounts[line] = append(accounts[line], i.Recipient.ID)
	}
	return mapped(order, func(line string) string {
		if ids := accounts[line]; len(ids) <= manyRecipients {
			return line + " " + strings.Join(ids, ", ")
		}
		return fmt.Sprintf("%ss %s and %d more", line, accounts[line][0], len(accounts[line])-1)
	})
}

// problemList lists problems, each with its remedy below it.
func problemList(title string, problems []sharing.Problem) string {
	if len(problems) == 0 {
		return ""
	}
	lines := []string{title}
	for _, text := range Problems(problems) {
		lines = append(lines, "* "+indent(text))
	}
	return strings.Join(lines, "\n")
}

func indent(text string) string { return strings.ReplaceAll(text, "\n", "\n  ") }

func list(title string, lines []string) string {
	if len(lines) == 0 {
		return ""
	}
	return title + "\n* " + strings.Join(lines, "\n* ")
}

// notUndone lists what a rollback had to leave, with the command that undoes it.
func (r Run) notUndone() string {
	if len(r.Result.NotUndone()) == 0 {
		return ""
	}
	lines := []string{"Could not be undone; these commands do it:"}
	for _, left := range r.Result.NotUndone() {
		lines = append(lines, "* "+indent(left.Problem.Error()), "  "+left.Command)
	}
	return strings.Join(lines, "\n")
}

func (r Run) verification() string {
	if len(r.Checks) == 0 {
		return ""
	}
	good, warnings := 0, 0
	for _, check := range r.Checks {
		switch {
		case check.OK:
			good++
		case check.Warning:
			warnings++
		}
	}
	text := fmt.Sprintf("Verified from inside the targets: %d of %d checks passed", good, len(r.Checks))
	if warnings > 0 {
		text += fmt.Sprintf(", %d with a warning", warnings)
	}
	return text + "."
}

// summary is the last line: how it went as a whole, how long it took, and how many calls.
func (r Run) summary() string {
	words := map[string]string{
		outcomeShared: "Shared", outcomeUnchanged: "Everything was shared already, nothing was changed", outcomePlanned: "[DryRun] Nothing was changed",
		outcomeRefused: "Refused, nothing was changed", outcomeFailed: "Not everything could be shared",
		outcomeRolledBack: "Rolled back", outcomeCancelled: "Interrupted",
	}
	if r.DryRun && r.outcome() == outcomeFailed {
		words[outcomeFailed] = "[DryRun] Nothing was changed, and not everything could be shared"
	}
	return fmt.Sprintf("%s: %s, %s, %s.", words[r.outcome()], images(len(r.images())), calls(r.Stats), r.Elapsed.Round(10*time.Millisecond))
}

func images(n int) string {
	if n == 1 {
		return "1 image"
	}
	return fmt.Sprintf("%d images", n)
}

func calls(s Stats) string {
	n := 0
	for _, c := range s.Calls {
		n += c
	}
	if s.Retries > 0 {
		return fmt.Sprintf("%d AWS calls (%d repeated attempts)", n, s.Retries)
	}
	return fmt.Sprintf("%d AWS calls", n)
}

func sentence(s string) string { return strings.ToUpper(s[:1]) + s[1:] }
