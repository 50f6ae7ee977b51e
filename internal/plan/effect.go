// SPDX-License-Identifier: MPL-2.0

package plan

import "github.com/amishare/packer-plugin-ami-share/internal/sharing"

// Effect is what is known of a change after it was sent.
type Effect struct {
	// GrantID is the id of the grant that KMS answered a CreateGrant with.
	GrantID string
	// Found says that what was asked for had been there before, so that nothing was changed.
	Found bool
	// Unknown says, together with an error, that nobody knows whether the change was made: an answer was lost, and looking
	// afterwards told nothing.
	Unknown bool
	// Lost says, together with an error, that an answer was lost on the way: though the change seems not to be made, what
	// undoes it is worth carrying out.
	Lost bool
	// Warning is what AWS says of a change that it has made.
	Warning *sharing.Problem
	// Kept says why AWS was not asked for the change after all, or for a part of it; "" when it was.
	Kept string
}

// Rejection is the error of a batch that AWS refused because of some recipients in it. Nothing was done for any of them.
type Rejection struct {
	Problem sharing.Problem
	Refused Change // the part that AWS did not accept
	Rest    Change // what remains to be sent, nil when that is nothing
}

func (r *Rejection) Error() string { return r.Problem.Error() }

// Unwrap returns the problem.
func (r *Rejection) Unwrap() error { return r.Problem }

// Present is something that was asked for and is there: because it had been, or because the run has made it.
type Present struct {
	Change  Change // what brings it about
	GrantID string // of a CreateGrant
}
