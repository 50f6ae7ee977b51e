// SPDX-License-Identifier: MPL-2.0

package report

import (
	"fmt"
	"strings"
	"time"

	"github.com/amishare/packer-plugin-ami-share/internal/sharing"
)

// Text returns the report for people: which build it is about, a table of who has what, what became of the items, warnings and notes. What failed
// is the error that the run ends with, and told there; an interrupted run ends with none, and tells it here.
func Text(r Run) string {
	items := r.items()
	sections := []string{
		r.heading(), r.planned(items), r.imageList(), r.table(items), r.itemLines(items),
		r.failed(), problemList("Warnings:", r.warnings()), list("Left alone:", r.Plan.Foreign), list("Notes:", r.Plan.Notes),
		r.summary(items),
	}
	return joined("\n\n", sections...)
}

func (r Run) itemLines(items []item) string {
	return strings.Join(r.lines(items, func(sign, text string) string { return wrapped(sign+" "+text, r.width()) }), "\n")
}

// heading tells this run from others of the same build, and from those of other days.
func (r Run) heading() string {
	var parts []string
	for _, part := range [][2]string{
		{"Build ", r.Build.Name}, {"AMI ", commonName(r.images())}, {"run ", r.Build.RunUUID}, {"as ", r.Build.Identity},
	} {
		if part[1] != "" {
			parts = append(parts, part[0]+part[1])
		}
	}
	if len(parts) == 0 {
		return ""
	}
	for i := range parts[:len(parts)-1] {
		parts[i] += ","
	}
	return wrap(parts, r.width())
}

// planned is what a dry run's report begins with.
func (r Run) planned(items []item) string {
	if !r.DryRun || len(r.Refused) > 0 {
		return ""
	}
	heading, lines := r.coming(items)
	return strings.Join(append([]string{"Plan: " + heading + "."}, lines...), "\n")
}

func (r Run) failed() string {
	if !r.Result.Cancelled {
		return ""
	}
	return strings.TrimSpace(problemList("Failed:", r.failures()) + "\n\n" + Leftovers(r))
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

// summary is the last line: how it went as a whole, the counts of the items, how long it took, and how many calls.
func (r Run) summary(items []item) string {
	words := map[string]string{
		outcomeShared: "Shared", outcomeRemoved: "Removed what no target names",
		outcomeUnchanged: "Everything was shared already", outcomePlanned: "[DryRun] Nothing was changed",
		outcomeRefused: "Refused, nothing was changed", outcomeFailed: "Not everything could be shared",
		outcomeRolledBack: "Rolled back", outcomeCancelled: "Interrupted",
	}
	outcome := r.outcome(items)
	if r.DryRun && outcome == outcomeFailed {
		words[outcomeFailed] = "[DryRun] Not everything could be shared"
	}
	if len(items) == 0 {
		words[outcomeUnchanged] = "Nobody gets anything"
	}
	parts := []string{counts(items)}
	if n := verified(items); n > 0 {
		parts = append(parts, fmt.Sprintf("%d verified", n))
	}
	parts = append(parts, sharing.Counted(len(r.images()), "AMI"), calls(r.Stats), r.Elapsed.Round(10*time.Millisecond).String())
	return wrapped(together(words[outcome])+": "+strings.Join(parts, ", ")+".", r.width())
}

func verified(items []item) int {
	n := 0
	for _, i := range items {
		if i.Verified {
			n++
		}
	}
	return n
}

func calls(s Stats) string {
	n := 0
	for _, c := range s.Calls {
		n += c
	}
	text := sharing.Counted(n, "AWS call")
	if s.Retries > 0 {
		text += " (" + sharing.Counted(s.Retries, "repeated attempt") + ")"
	}
	return text
}
