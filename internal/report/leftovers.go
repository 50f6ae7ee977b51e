// SPDX-License-Identifier: MPL-2.0

package report

import (
	"fmt"
	"strings"

	"github.com/amishare/packer-plugin-ami-share/internal/plan"
	"github.com/amishare/packer-plugin-ami-share/internal/sharing"
)

// mostCommands is how many commands are listed for people of what a rollback leaves.
const mostCommands = 20

// Leftovers tells what a rollback left, each with the command that ends it: first what could not be taken back and why, then what stays on
// purpose. It is "" when there is nothing.
func Leftovers(r Run) string {
	failed, onPurpose := r.leftCommands()
	var parts []string
	if moved := r.moved(); len(moved) > 0 {
		parts = append(parts, list(movedTitle, moved))
	}
	if len(failed) > 0 {
		lines := []string{failedTitle}
		for _, text := range Problems(r.notUndone()) {
			lines = append(lines, "* "+indent(text))
		}
		parts = append(parts, strings.Join(append(append(lines, commandsTitle), capped(failed)...), "\n"))
	}
	if len(onPurpose) > 0 {
		parts = append(parts, keptTitle+"\n"+strings.Join(capped(onPurpose), "\n"))
	}
	return strings.Join(parts, "\n")
}

const (
	failedTitle   = "Not everything that this run had done to its AMIs could be taken back."
	movedTitle    = "What others have changed since this run did stays as it is:"
	commandsTitle = "These commands do it:"
	keptTitle     = "Grants, service-linked roles and groups' roles stay, since other builds may rely on them by now. If none does, these commands end them:"
)

// leftCommands are the commands that end what is left: because it could not be taken back, and on purpose.
func (r Run) leftCommands() (failed, onPurpose []string) {
	for _, l := range r.Result.Left {
		switch {
		case l.Problem != nil:
			failed = append(failed, l.Command)
		case l.Command != "":
			onPurpose = append(onPurpose, l.Command)
		}
	}
	return failed, onPurpose
}

// moved tells what others have changed since, where there is nothing left to be ended.
func (r Run) moved() []string {
	var lines []string
	for _, l := range r.Result.Left {
		if l.Problem == nil && l.Command == "" {
			lines = append(lines, fmt.Sprintf("%s (%s): %s", l.Change, placeOf(l.Change), l.Why))
		}
	}
	if more := len(lines) - mostCommands; more > 0 {
		lines = append(lines[:mostCommands:mostCommands], fmt.Sprintf("and %d more of the kind: report_file has them", more))
	}
	return lines
}

// placeOf are the Regions that a change is made in.
func placeOf(change plan.Change) string {
	return strings.Join(sortedUnique(mapped(change.Scopes(), func(s sharing.Scope) string { return string(s.Region) })), ", ")
}

// notUndone are the reasons why something could not be taken back.
func (r Run) notUndone() []sharing.Problem {
	var problems []sharing.Problem
	for _, l := range r.Result.NotUndone() {
		problems = append(problems, *l.Problem)
	}
	return problems
}

func capped(commands []string) []string {
	if len(commands) <= mostCommands {
		return commands
	}
	return append(commands[:mostCommands:mostCommands], fmt.Sprintf("# and %d more of the kind: report_file and the machine-readable rows have them", len(commands)-mostCommands))
}

func (r Run) markdownLeft() string {
	failed, onPurpose := r.leftCommands()
	var parts []string
	if moved := r.moved(); len(moved) > 0 {
		parts = append(parts, movedTitle+"\n\n"+strings.Join(mapped(moved, bullet), "\n"))
	}
	if len(failed) > 0 {
		parts = append(parts, markdownProblems(failedTitle, r.notUndone()), commandsTitle+"\n\n```\n"+strings.Join(capped(failed), "\n")+"\n```")
	}
	if len(onPurpose) > 0 {
		parts = append(parts, "<details><summary>"+keptTitle+"</summary>\n\n```\n"+strings.Join(capped(onPurpose), "\n")+"\n```\n\n</details>")
	}
	return strings.Join(parts, "\n\n")
}
