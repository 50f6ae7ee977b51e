// SPDX-License-Identifier: MPL-2.0

// Package plan compares what is asked for with what is there, and says as a value what has to change.
//
// It is pure: no context, no clock, no AWS, no logging; equal input gives equal output, in the same order. It does not
// carry anything out (internal/apply does) and does not look anything up (internal/awsapi does).
package plan

import "github.com/amishare/packer-plugin-ami-share/internal/sharing"

// Plan is what a run is going to do, and what it need not do.
type Plan struct {
	// Changes in the order of their stages; within a stage by account, Region and resource.
	Changes []Change
	// Kept is what was asked for and is there already: no call is made for it. Permissions stand together as far as they
	// are of one AMI or snapshot.
	Kept []Present
	// Blocked are the reasons why a target gets nothing, or nothing in a Region. No change of the plan is for its scope.
	Blocked []sharing.Problem
	// Foreign is what exact and exact_grants leave alone and report: public AMIs, grants that others made or may need.
	Foreign []string
	// Warnings tell what is not known and may be wrong.
	Warnings []string
	// Notes tell what was dropped or passed over, and why: the AMIs' own account among the targets, for one.
	Notes []string
	// Images are the AMIs that are shared, less those that are gone. Keys are theirs, sorted by ARN.
	Images []sharing.Image
	Keys   []string
	// Targets are those of the request, less the AMIs' own account where nothing is to be done for it.
	Targets []sharing.Target
}

// Refused is a change that AWS would not take, as its dry run says, and why.
type Refused struct {
	Change  Change
	Problem sharing.Problem
}

// Empty tells whether nothing has to change.
func (p Plan) Empty() bool { return len(p.Changes) == 0 }

// Barred are the reasons of Plan.Blocked by account, for whoever asks about many scopes.
type Barred map[sharing.AccountID][]sharing.Problem

// Barred returns the reasons why targets get nothing.
func (p Plan) Barred() Barred {
	barred := Barred{}
	for _, problem := range p.Blocked {
		barred[problem.Scope.Account] = append(barred[problem.Scope.Account], problem)
	}
	return barred
}

// From returns the first reason why a scope gets nothing, and whether there is one.
func (b Barred) From(scope sharing.Scope) (sharing.Problem, bool) {
	for _, problem := range b[scope.Account] {
		if problem.Scope.Covers(scope) {
			return problem, true
		}
	}
	return sharing.Problem{}, false
}
