// SPDX-License-Identifier: MPL-2.0

// Package report puts a plan and what came of it into words and documents: a table and lines for the terminal, JSON, Markdown, and the rows
// of Packer's machine-readable output.
//
// It is pure and decides nothing. Every form is made of one list of items (one permission, grant, role, … of one account, organization or
// organizational unit), so that no two of them can tell a different story. It writes no files and prints nothing.
package report

import (
	"slices"
	"time"

	"github.com/amishare/packer-plugin-ami-share/internal/apply"
	"github.com/amishare/packer-plugin-ami-share/internal/plan"
	"github.com/amishare/packer-plugin-ami-share/internal/sharing"
)

// Run is everything that there is to tell about a run. What did not happen is zero: a run that was refused has no plan,
// a dry run no result.
type Run struct {
	Build   Build
	Request sharing.Request
	Plan    plan.Plan
	Result  apply.Result
	Checks  []sharing.Check
	Stats   Stats
	// Warnings are what was to be said before there was a plan: about the options, and about what could not be seen.
	Warnings []string
	// Refused are the reasons why nothing was begun.
	Refused []sharing.Problem
	// Proof is what AWS would refuse of a dry run's plan.
	Proof         []plan.Refused
	DryRun        bool
	Started       time.Time
	Elapsed       time.Duration
	PluginVersion string
	// Names are the names of accounts, for people.
	Names map[sharing.AccountID]string
	// Width is the number of characters that a line of the text may have; 0 means 80. Texts of problems are longer.
	Width int

	listed []item // the items, once they are made
}

// Listed returns the run with its items made, so that several renderings of it need not make them again.
func (r Run) Listed() Run {
	r.listed = r.items()
	return r
}

// Build tells the runs of one Packer build apart: it has one for each of its sources.
type Build struct {
	Name     string // as Packer shows it: "amazon-ebs.golden"
	RunUUID  string // Packer's id of the whole build
	Identity string // the ARN of whom the run acted as in the source account
}

// Stats are the calls that were made; traffic.Stats converts to it.
type Stats struct {
	Calls   map[string]int // by "kms:CreateGrant"
	Retries int
}

// Outcomes of a run as a whole.
const (
	outcomeShared     = "shared"      // all that was asked for is there, and some of it is new
	outcomeRemoved    = "removed"     // all that was asked for was there, and something else was taken away
	outcomeUnchanged  = "unchanged"   // all that was asked for was there
	outcomePlanned    = "planned"     // a dry run
	outcomeRefused    = "refused"     // nothing was begun
	outcomeFailed     = "failed"      // something that was asked for is not there
	outcomeRolledBack = "rolled_back" // something failed, and what the run had added was taken back
	outcomeCancelled  = "cancelled"   // interrupted
)

func (r Run) outcome(items []item) string {
	switch {
	case len(r.Refused) > 0:
		return outcomeRefused
	case r.Result.RolledBack:
		return outcomeRolledBack
	case r.Result.Cancelled:
		return outcomeCancelled
	case len(r.failures()) > 0 || count(items, failed, refused, unknown) > 0:
		return outcomeFailed
	case r.DryRun:
		return outcomePlanned
	case count(items, added) > 0:
		return outcomeShared
	case count(items, removed) > 0:
		return outcomeRemoved
	default:
		return outcomeUnchanged
	}
}

// failures are everything that stands against what was asked for, each thing once.
func (r Run) failures() []sharing.Problem {
	failures := append([]sharing.Problem{}, r.Refused...)
	failures = append(failures, r.Result.Failures...)
	if r.DryRun {
		failures = append(failures, r.Plan.Blocked...)
		for _, refused := range r.Proof {
			failures = append(failures, refused.Problem)
		}
	}
	for _, check := range r.Checks {
		if !check.OK && !check.Warning && check.Problem != nil {
			failures = append(failures, *check.Problem)
		}
	}
	return distinct(failures)
}

// Failures are everything that stands against what was asked for, each thing once. A run without any is a success.
func (r Run) Failures() []sharing.Problem { return r.failures() }

// warnings are what is seldom meant, what could not be seen and what the plan does not know, and the problems that verification
// found and that don't make the run wrong.
func (r Run) warnings() []sharing.Problem {
	var warnings []sharing.Problem
	for _, text := range slices.Concat(r.Warnings, r.Plan.Warnings) {
		warnings = append(warnings, sharing.Problem{Doing: text})
	}
	warnings = append(warnings, r.Result.Warnings...)
	for _, outcome := range r.Result.Outcomes {
		if outcome.Warning != nil {
			warnings = append(warnings, *outcome.Warning)
		}
	}
	for _, check := range r.Checks {
		if check.Warning && check.Problem != nil {
			warnings = append(warnings, *check.Problem)
		}
	}
	return warnings
}
