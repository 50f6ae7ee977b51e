// SPDX-License-Identifier: MPL-2.0

package sharing

import (
	"slices"
	"strings"
)

// Check is one thing that verification looked at from inside a target.
type Check struct {
	Scope   Scope
	Subject Subject
	OK      bool
	Problem *Problem // set when not OK
	Warning bool     // the problem endangers launches and does not make this run wrong
	Open    bool     // nothing is known of what was to be proved; set with Warning
	// Awaits says that the AMI is hidden for want of the watermark alone that is to be attached: it is neither seen nor missing
	// until then.
	Awaits bool
	// Gone says that a grant is not listed any more that the run had made or found.
	Gone bool
}

// The proofs that a verification can be asked for.
const (
	CanaryProof = "canary"     // an instance of the AMI was in service
	UseProof    = "use of key" // KMS would let whoever acts in the account use the key
)

// Sees tells whether an AMI was seen from inside the account, which has it by a permission.
func (c Check) Sees(image string) bool {
	return c.OK && c.Subject.Proof == "" && slices.Contains(c.Subject.Images, image)
}

// Subject is what a check is about: AMIs, a grant, a setting of the account, or a proof.
type Subject struct {
	Images       []string // ids
	Key, Grantee string   // of a grant: the ARNs of key and role
	Setting      string   // in words: "default EBS key arn:…"
	Proof        string   // CanaryProof of the one AMI in Images, or UseProof of Key; "" for what was only looked at
	Told         string   // what of the AMIs was announced to whoever sees them: "shared tags"; "" for the AMIs themselves
}

// String names the subject for people.
func (s Subject) String() string {
	switch {
	case s.Proof == CanaryProof:
		return "canary of AMI " + strings.Join(s.Images, ", ")
	case s.Proof == UseProof:
		return "use of key " + s.Key
	case s.Told != "":
		return s.Told + " of AMI " + strings.Join(s.Images, ", ")
	case len(s.Images) == 1:
		return "AMI " + s.Images[0]
	case len(s.Images) > 1:
		return "AMIs " + strings.Join(s.Images, ", ")
	case s.Key != "":
		return "grant for " + s.Grantee + " on key " + s.Key
	default:
		return s.Setting
	}
}
