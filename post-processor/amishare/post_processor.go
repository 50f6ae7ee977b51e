// SPDX-License-Identifier: MPL-2.0

package amishare

import (
	"context"
	"errors"
	"fmt"
	"log"
	"runtime/debug"

	"github.com/hashicorp/hcl/v2/hcldec"
	packersdk "github.com/hashicorp/packer-plugin-sdk/packer"

	"github.com/amishare/packer-plugin-ami-share/internal/sharing"
)

// PostProcessor shares the AMIs of an artifact, and hands the artifact on as it is.
type PostProcessor struct {
	config     Config
	configured bool
}

var _ packersdk.PostProcessor = new(PostProcessor)

// ConfigSpec describes the block to Packer.
func (p *PostProcessor) ConfigSpec() hcldec.ObjectSpec { return p.config.FlatMapstructure().HCL2Spec() }

// Configure takes what the template says. Packer calls it while it validates, and again before PostProcess.
func (p *PostProcessor) Configure(raws ...any) error {
	before := !p.configured
	p.config, p.configured = Config{}, true
	if err := p.config.Prepare(before, raws...); err != nil {
		return p.withoutSecrets(err)
	}
	return nil
}

// PostProcess shares the AMIs. It always asks Packer to keep the artifact; Packer does so unless there is an error.
func (p *PostProcessor) PostProcess(ctx context.Context, ui packersdk.Ui, artifact packersdk.Artifact) (packersdk.Artifact, bool, bool, error) {
	r := newRun(&p.config, ui)
	defer r.maskLog()()
	r.openFiles()
	err := r.rescued(func() error { return r.share(ctx, artifact) })
	r.told.Result.Cancelled = ctx.Err() != nil
	reported := r.rescued(func() error { r.report(); return nil })
	if err == nil {
		err = reported
	}
	return artifact, true, true, r.verdict(ctx, err)
}

// withoutSecrets masks what is wrong with the configuration, as the run masks everything.
func (p *PostProcessor) withoutSecrets(err error) error {
	hidden := conceal(&p.config)
	if several, ok := errors.AsType[*packersdk.MultiError](err); ok {
		for i := range several.Errors {
			several.Errors[i] = errors.New(hidden.text(several.Errors[i].Error()))
		}
		return several
	}
	return errors.New(hidden.text(err.Error()))
}

// rescued turns a panic into an error: Packer takes a plugin that dies for a failed build, and discards the AMIs without
// a word about them.
func (r *run) rescued(do func() error) (err error) {
	defer func() {
		if fault := recover(); fault != nil {
			log.Printf("[ERROR] %v\n%s", fault, debug.Stack())
			problem := sharing.Problem{
				Doing: "sharing the AMIs", Cause: fmt.Sprintf("a fault of the plugin itself: %v", fault),
				Remedy: "What it had shared by then is kept. Please report it with what PACKER_LOG=1 shows.",
			}
			r.told.Result.Failures = append(r.told.Result.Failures, problem)
			err = problem
		}
	}()
	return do()
}
