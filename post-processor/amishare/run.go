// SPDX-License-Identifier: MPL-2.0

package amishare

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"log"
	"slices"
	"time"

	packersdk "github.com/hashicorp/packer-plugin-sdk/packer"

	"github.com/amishare/packer-plugin-ami-share/internal/access"
	"github.com/amishare/packer-plugin-ami-share/internal/apply"
	"github.com/amishare/packer-plugin-ami-share/internal/awsapi"
	"github.com/amishare/packer-plugin-ami-share/internal/clients"
	"github.com/amishare/packer-plugin-ami-share/internal/plan"
	"github.com/amishare/packer-plugin-ami-share/internal/progress"
	"github.com/amishare/packer-plugin-ami-share/internal/report"
	"github.com/amishare/packer-plugin-ami-share/internal/sharing"
	"github.com/amishare/packer-plugin-ami-share/internal/traffic"
	"github.com/amishare/packer-plugin-ami-share/internal/verify"
	"github.com/amishare/packer-plugin-ami-share/version"
)

// run is one run of the post-processor: its configuration, whom it asks, and what there is to tell in the end.
type run struct {
	config *Config
	ui     packersdk.Ui
	client *awsapi.Client // nil before there are credentials
	told   report.Run
	steps  *progress.Tally
	hidden *concealed
	// nothingBuilt says that Packer has no AMIs that it could discard.
	nothingBuilt bool
	// files are report_file and summary_file.
	files struct{ report, summary output }
}

func newRun(c *Config, ui packersdk.Ui) *run {
	hidden := conceal(c)
	r := &run{config: c, ui: masked{ui, hidden.text}, hidden: hidden, told: report.Run{
		DryRun: c.DryRun, Started: time.Now(), PluginVersion: version.PluginVersion.FormattedVersion(),
		Build: c.build(), Names: c.names(), Width: c.width(),
	}}
	r.steps = progress.New(r.stepEnded)
	r.files.report = output{option: "report_file", path: c.ReportFile, replace: true}
	r.files.summary = output{option: "summary_file", path: c.SummaryFile}
	return r
}

// maskLog masks what is logged, until the function that it returns is called.
func (r *run) maskLog() (restore func()) {
	before := log.Writer()
	log.SetOutput(r.hidden.values.Writer(before))
	return func() { log.SetOutput(before) }
}

// openFiles opens the files before the run. One that can't be opened is no reason to lose the AMIs.
func (r *run) openFiles() {
	for _, file := range []*output{&r.files.report, &r.files.summary} {
		if err := file.open(); err != nil {
			r.ui.Sayf("Warning: %v. The run goes on, and tries again at its end.", err)
		}
	}
	if sameFile(r.config.ReportFile, r.config.SummaryFile) {
		r.files.summary.discard()
		r.files.summary = output{}
		r.ui.Sayf("Warning: %v: the summary is not written.", r.config.sameFiles())
	}
}

// share does it all. Its error tells why not everything that was asked for is there.
func (r *run) share(ctx context.Context, artifact packersdk.Artifact) (err error) {
	r.watched(func() { err = r.everything(ctx, artifact) })
	return err
}

// everything does what share does, without telling how far it is.
func (r *run) everything(ctx context.Context, artifact packersdk.Artifact) error {
	if err := r.open(ctx, artifact); err != nil {
		return r.refused(ctx, err)
	}
	defer r.close(ctx)
	facts, err := r.observe(ctx)
	if err != nil {
		return r.refused(ctx, err)
	}
	r.warn(facts.Warnings)
	if r.told.Plan, err = plan.Compute(r.told.Request, facts); err != nil {
		return r.refused(ctx, err)
	}
	r.say("Warning: %s", r.told.Plan.Warnings)
	if r.config.DryRun {
		return r.prove(ctx)
	}
	r.apply(ctx)
	r.verify(ctx)
	r.announce(ctx)
	r.takeBack(ctx)
	return r.failure()
}

// close deletes what the run has made in order to look.
func (r *run) close(ctx context.Context) {
	r.told.Result.Warnings = append(r.told.Result.Warnings, r.client.Close(ctx)...)
}

func (r *run) observe(ctx context.Context) (sharing.Facts, error) {
	return r.client.Observe(ctx, r.told.Request)
}

// open makes the request, and fetches the credentials.
func (r *run) open(ctx context.Context, artifact packersdk.Artifact) error {
	c := r.config
	r.nothingBuilt = artifact.BuilderId() == nullBuilder
	request, sources, err := c.request(artifact)
	request.Run = rand.Text()
	r.told.Request = request
	if err != nil {
		return err
	}
	r.warn(c.warnings(request))
	r.ui.Sayf("Looking at %s and at what %s may do with them...", sharing.Counted(len(request.Images), "AMI"), sharing.Counted(len(request.Targets), "target account"))
	r.steps.Begin(progress.Entering, []string{"the source account"})
	defer r.steps.Done("the source account", false)
	source, err := c.AWSConfig(ctx, access.Options{
		PluginVersion: r.told.PluginVersion, PackerVersion: c.PackerCoreVersion, Region: home(request),
		Called: r.called,
	})
	if err != nil {
		return err
	}
	calls := clients.New(source, c.Credentials(ctx, source, sources), clients.Options{
		MaxConcurrency: c.MaxConcurrency, MaxRetries: c.Retries(), Log: access.CallLog(),
	})
	r.client = awsapi.New(calls, awsapi.Options{
		WithoutVerify: c.Verify.False() || c.DryRun, OnlyLook: c.DryRun, LookAgain: awsapi.DefaultLookAgain, Progress: r.steps,
		Say: func(line string) { r.ui.Say(line + "...") },
	})
	return nil
}

// called notes and says whom the run acts as.
func (r *run) called(caller sharing.ARN) {
	r.told.Build.Identity = caller.String()
	r.ui.Sayf("Acting as %s.", caller)
}

// home is the Region to act in when nothing else names one: the build's, or the first AMI's.
func home(request sharing.Request) sharing.Region {
	if request.BuildRegion != "" {
		return request.BuildRegion
	}
	return request.Images[0].Region
}

// prove lets AWS say whether it would allow the plan, which is shown in the report.
func (r *run) prove(ctx context.Context) error {
	r.ui.Sayf("[DryRun] Asking AWS whether it would allow %s...", sharing.Counted(len(r.told.Plan.Changes), "change"))
	r.told.Proof = r.client.Prove(ctx, r.told.Plan)
	if unlessFalse(r.config.Verify) {
		r.told.Checks = verify.ProveUses(ctx, r.client.Clients, r.told.Plan, r.looks())
	}
	return r.failure()
}

// apply carries the plan out.
func (r *run) apply(ctx context.Context) {
	switch p := r.told.Plan; {
	case len(p.Blocked) > 0 && r.rollback():
		r.ui.Say("Changing nothing, because not every target can be shared with and on_failure is \"rollback\".")
	case p.Empty() && len(p.Blocked)+len(p.Kept) == 0:
		r.ui.Say("There is nothing to share.")
	case p.Empty() && len(p.Blocked) == 0:
		r.ui.Say("Everything is shared already.")
	case !p.Empty():
		r.ui.Say("Sharing: " + sharing.Counted(len(p.Changes), "change") + "...")
	}
	r.told.Result = apply.Run(traffic.Interruptible(ctx), r.client, r.told.Plan, apply.Options{
		Concurrency: r.workers(), Undoable: r.rollback(), Progress: r.steps,
	})
}

// workers is how many changes are under way at the same time: as many as calls may be in flight.
func (r *run) workers() int { return cmp.Or(r.config.MaxConcurrency, clients.DefaultConcurrency) }

// rollback tells whether a run that fails is to be undone.
func (r *run) rollback() bool { return r.config.onFailure() == onFailureRollback }

// verifyTime is how long verification looks for something that AWS does not show at the first look.
const verifyTime = 2 * time.Minute

func (r *run) looks() verify.Options { return verify.Options{Timeout: verifyTime, Progress: r.steps} }

// verify looks from inside the targets at what is there now.
func (r *run) verify(ctx context.Context) {
	result := r.told.Result
	if r.config.Verify.False() || ctx.Err() != nil || r.rollback() && len(result.Failures) > 0 {
		return
	}
	made := result.Made()
	if len(made)+len(r.told.Plan.Kept) == 0 {
		return
	}
	r.ui.Say("Verifying from inside the targets...")
	r.told.Checks = verify.Run(ctx, r.client.Clients, r.told.Plan, made, r.looks())
	if ctx.Err() == nil && apply.Regrant(traffic.Interruptible(ctx), r.client, &r.told.Plan, &r.told.Result, r.told.Checks, apply.Options{Concurrency: r.workers(), Progress: r.steps}) {
		r.ui.Say("Another build has ended grants that this run needs: they were made anew. Looking again...")
		r.told.Checks = verify.Regranted(ctx, r.client.Clients, r.told.Plan, r.told.Result.Made(), r.told.Checks, r.looks())
	}
}

// announce tells consumers of what is proved: the second act of the plan.
func (r *run) announce(ctx context.Context) {
	failed := len(r.told.Failures()) > 0
	if ctx.Err() != nil || r.rollback() && failed {
		return
	}
	options, made := r.looks(), r.told.Result.Made()
	looks := apply.Looks{Checks: r.told.Checks, Looked: unlessFalse(r.config.Verify), Again: func() []sharing.Check {
		r.told.Checks = verify.Again(ctx, r.client.Clients, r.told.Plan, made, r.told.Checks, options)
		return r.told.Checks
	}}
	apply.Announce(traffic.Interruptible(ctx), r.client, r.told.Plan, &r.told.Result, looks, apply.Options{
		Concurrency: r.workers(), Undoable: r.rollback(), Progress: r.steps,
	})
	if looks.Looked && ctx.Err() == nil {
		r.told.Checks = append(r.told.Checks, verify.Announced(ctx, r.client.Clients, r.told.Plan, r.told.Result.Made(), r.told.Checks, options)...)
	}
}

// takeBack undoes what this run has added, when it failed, its verification did, or it was interrupted.
func (r *run) takeBack(ctx context.Context) {
	result := &r.told.Result
	begun := slices.ContainsFunc(result.Outcomes, func(o apply.Outcome) bool {
		return o.Undo != nil || o.Status == apply.Done || o.Status == apply.Unknown
	})
	if !begun || !r.rollback() || ctx.Err() == nil && len(r.told.Failures()) == 0 {
		return
	}
	r.ui.Say("Taking back what this run has done to its AMIs...")
	apply.Undo(ctx, r.client, result, apply.Options{Concurrency: r.workers(), Progress: r.steps})
}

// refused notes why nothing was begun, for the report, and returns it. What fails after an interruption has no other
// reason.
func (r *run) refused(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return err
	}
	r.told.Refused = reasons(err)
	return r.failure()
}

// reasons are the problems that an error is made of, each on its own.
func reasons(err error) []sharing.Problem {
	var problem sharing.Problem
	var problems sharing.Problems
	var several *packersdk.MultiError
	switch {
	case errors.As(err, &problems):
		return problems
	case errors.As(err, &several):
		var all []sharing.Problem
		for _, one := range several.Errors {
			all = append(all, reasons(one)...)
		}
		return all
	case errors.As(err, &problem):
		return []sharing.Problem{problem}
	default:
		return []sharing.Problem{{Doing: err.Error()}}
	}
}

// warn says each of the warnings, and notes it for the report.
func (r *run) warn(warnings []string) {
	r.say("Warning: %s", warnings)
	r.told.Warnings = append(r.told.Warnings, warnings...)
}

// say says each of the messages in a line of its own.
func (r *run) say(format string, messages []string) {
	for _, message := range messages {
		r.ui.Sayf(format, message)
	}
}
