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
	// Kept is what was asked for and is there already.
	Kept []Kept
	// Blocked are the reasons why a target gets nothing, or nothing in a Region. No change of the plan is for its scope.
	Blocked []sharing.Problem
	// Foreign is what exact leaves alone and reports: public images, grants that others made.
	Foreign []string
	// Notes tell what was dropped or passed over, and why: the images' own account among the targets, for one.
	Notes []string
	// Images are the images that are shared, less those that are gone. Keys are theirs, sorted by ARN.
	Images []sharing.Image
	Keys   []string
	// Targets are those of the request, less the images' own account.
	Targets []sharing.Target
}

// Kept is something that was asked for and is there already: no call is made for it.
type Kept struct {
	Scope    sharing.Scope
	Kind     KeptKind
	Resource string // image, snapshot, grantee's ARN, group
	On       string // for a grant: the key's ARN
	GrantID  string // for a grant
}

// KeptKind tells what is kept.
type KeptKind int

// The kinds.
const (
	KeptLaunchPermission KeptKind = iota
	KeptSnapshotPermission
	KeptGrant
	KeptGroupRole
	KeptTags
)

// Empty tells whether nothing has to change.
func (p Plan) Empty() bool { return len(p.Changes) == 0 }
