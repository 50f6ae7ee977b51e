// SPDX-License-Identifier: MPL-2.0

package amishare

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"strings"
	"time"

	"github.com/amishare/packer-plugin-ami-share/internal/report"
	"github.com/amishare/packer-plugin-ami-share/internal/sharing"
)

// failure returns an error that names every failed target with cause and remedy, or nil.
func (r *run) failure() error {
	problems := r.told.Failures()
	if len(problems) == 0 {
		return nil
	}
	what := "sharing the AMIs failed"
	if failed := r.failedTargets(problems); len(r.told.Refused) > 0 {
		what = "the AMIs can't be shared, and nothing was changed"
	} else if failed > 0 {
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
	case r.told.DryRun || !r.rollback() || len(r.told.Refused) > 0:
		return ""
	case !r.told.Result.RolledBack:
		return "\nNothing was changed, because on_failure is \"rollback\"."
	}
	text := "\nWhat this run had done to its AMIs was taken back."
	if len(r.told.Result.NotUndone()) > 0 {
		text = ""
	}
	if left := report.Leftovers(r.told); left != "" {
		text += "\n" + left
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
		r.ui.Error("Warning: " + err.Error() + "\nThe build goes on, because on_failure is \"continue\"." + r.again("To share the AMIs again without building them:"))
		return nil
	case len(r.config.Images) > 0 || r.nothingBuilt:
		return errors.New(r.hidden.text(err.Error()))
	default:
		return errors.New(r.hidden.text(err.Error() + "\n" + discarded + r.again("If they are kept, this shares them again:")))
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
	return "Interrupted: nothing new was started, the AMIs are kept, and " + what + "." + r.again("To share them again without building them:")
}

// again is the option that shares the AMIs of this build once more, in a template with source "null". Those that the option names already are
// named in the template.
func (r *run) again(title string) string {
	images := r.told.Request.Images
	if len(r.config.Images) > 0 || len(images) == 0 {
		return ""
	}
	var b strings.Builder
	b.WriteString("\n" + title + "\nimages = {\n")
	for i, image := range images {
		if i == 0 || images[i-1].Region != image.Region { // the option takes one for each Region
			fmt.Fprintf(&b, "  %q = %q\n", image.Region, image.ID)
		}
	}
	return b.String() + "}"
}

const discarded = "Packer discards the AMIs of a build that fails here, unless an earlier post-processor of the chain keeps them: " +
	"put post-processor \"manifest\" {} first in the same post-processors block. With on_failure = \"continue\" the build would succeed."

// report tells what came of the run: to the user, to machines, and into the files that were asked for. A file that can't
// be written is no reason to lose the AMIs.
func (r *run) report() {
	debug.FreeOSMemory() // what the calls have left: the report of a large run takes as much again, in larger pieces
	r.told.Elapsed = time.Since(r.told.Started)
	if r.client != nil {
		r.told.Stats = report.Stats(r.client.Stats())
	}
	told := r.told.Listed()
	r.ui.Say(report.Text(told))
	for _, row := range report.MachineRows(told) {
		r.ui.Machine("ami-share", row...)
	}
	for _, err := range r.writeFiles(told) {
		if err != nil {
			r.ui.Error("Warning: " + err.Error())
		}
	}
}

func (r *run) writeFiles(told report.Run) []error {
	content, err := report.JSON(told)
	return []error{
		err,
		r.files.report.close(r.hidden.text(string(content))),
		r.files.summary.close(r.hidden.text(report.Markdown(told))),
	}
}
