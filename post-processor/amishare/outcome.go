package amishare

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/amishare/packer-plugin-ami-share/internal/report"
	"github.com/amishare/packer-plugin-ami-share/internal/sharing"
)

// failures are the problems of targets: of the changes, of the verification, and of a dry run's proof.
func (r *run) failures() []sharing.Problem {
	problems := append([]sharing.Problem{}, r.told.Result.Failures...)
	if r.told.DryRun {
		problems = append(append(problems, r.told.Plan.Blocked...), r.told.Proof...)
	}
	for _, check := range r.told.Checks {
		if !check.OK && !check.Warning && check.Problem != nil {
			problems = append(problems, *check.Problem)
		}
	}
	return problems
}

// failure returns an error that names every failed target with cause and remedy, or nil.
func (r *run) failure() error {
	problems := r.failures()
	if len(problems) == 0 {
		return nil
	}
	what := "sharing the AMIs failed"
	if failed := r.failedTargets(problems); failed > 0 {
		what = fmt.Sprintf("sharing the AMIs failed for %d of %s", failed, sharing.Counted(len(r.told.Request.Targets), "target account"))
	}
	if r.told.DryRun {
		what = "[DryRun] " + what
	}
	what += ":"
	for _, text := range report.Problems(problems) {
		what += "\n* " + strings.ReplaceAll(text, "\n", "\n  ")
	}
	return errors.New(what + r.leftovers())
}

// failedTargets counts the targets that problems are about. There can be problems about other accounts: those that lose
// what exact takes away.
func (r *run) failedTargets(problems []sharing.Problem) int {
	failed := map[sharing.AccountID]bool{}
	for _, problem := range problems {
		failed[problem.Scope.Account] = true
	}
	n := 0
	for _, target := range r.told.Request.Targets {
		if failed[target.Account] {
			n++
		}
	}
	return n
}

// leftovers tells what a rollback did, what it left, and what it could not do.
func (r *run) leftovers() string {
	switch {
	case r.told.DryRun || !r.rollback():
		return ""
	case !r.told.Result.RolledBack:
		return "\nNothing was changed, because on_failure is \"rollback\"."
	}
	text := "\nWhat this run had done to its AMIs was taken back."
	if left := r.told.Result.NotUndone(); len(left) > 0 {
		text = "\nNot everything that this run had done to its AMIs could be taken back. These commands do it:"
		for _, item := range left {
			text += "\n* " + strings.ReplaceAll(item.Problem.Error(), "\n", "\n  ") + "\n  " + item.Command
		}
	}
	return text + r.kept()
}

// mostKept is how many of the things that a rollback leaves on purpose are listed with their command.
const mostKept = 20

// kept tells what a rollback leaves on purpose.
func (r *run) kept() string {
	var commands []string
	for _, left := range r.told.Result.Left {
		if left.Problem == nil {
			commands = append(commands, left.Command)
		}
	}
	if len(commands) == 0 {
		return ""
	}
	text := "\nGrants, service-linked roles and groups' roles stay, since other builds may rely on them by now. If none does, these commands end them:"
	text += "\n  " + strings.Join(commands[:min(len(commands), mostKept)], "\n  ")
	if more := len(commands) - mostKept; more > 0 {
		text += fmt.Sprintf("\n  and %d more of the kind", more)
	}
	return text
}

// verdict decides what Packer is told: an error makes it discard the AMIs, unless something else keeps them.
func (r *run) verdict(ctx context.Context, err error) error {
	switch {
	case ctx.Err() != nil:
		r.ui.Say(r.interrupted())
		return nil //nolint:nilerr // an error would discard the AMIs, and Packer fails an interrupted build anyway
	case err == nil:
		return nil
	case r.config.onFailure() == onFailureContinue:
		r.ui.Error("Warning: " + err.Error() + "\nThe build goes on, because on_failure is \"continue\".")
		return nil
	case len(r.config.Images) > 0:
		return errors.New(r.hidden.text(err.Error()))
	default:
		return errors.New(r.hidden.text(err.Error() + "\n" + discarded))
	}
}

// interrupted tells how things are after an interruption.
func (r *run) interrupted() string {
	what := "sharing them again goes on from here"
	if r.told.Result.RolledBack {
		what = "what this run had done to its AMIs was taken back"
		if len(r.told.Result.NotUndone()) > 0 {
			what += ", but for what is listed above"
		}
	}
	return "Interrupted: nothing new was started, the AMIs are kept, and " + what + "."
}

const discarded = "Packer discards the AMIs of a build that fails here, unless an earlier post-processor of the chain keeps them: " +
	"put post-processor \"manifest\" {} first in the same post-processors block. With on_failure = \"continue\" the build would succeed."

// report tells what came of the run: to the user, to machines, and into the files that were asked for. A file that can't
// be written is no reason to lose the AMIs.
func (r *run) report() {
	r.told.Elapsed = time.Since(r.told.Started)
	if r.client != nil {
		r.told.Stats = report.Stats(r.client.Stats())
	}
	r.ui.Say(report.Text(r.told))
	for _, row := range report.MachineRows(r.told) {
		r.ui.Machine("ami-share", row...)
	}
	if err := r.writeFiles(); err != nil {
		r.ui.Error("Warning: " + err.Error())
	}
}

func (r *run) writeFiles() error {
	content, err := report.JSON(r.told)
	return errors.Join(err,
		r.files.report.close(r.hidden.text(string(content))),
		r.files.summary.close(r.hidden.text(report.Markdown(r.told))),
	)
}
