// SPDX-License-Identifier: MPL-2.0

package sharing

import "strings"

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
}

// Subject is what a check is about: AMIs, a grant, or a setting of the account.
type Subject struct {
	Images       []string // ids
	Key, Grantee string   // of a grant: the ARNs of key and role
	Setting      string   // in words: "default EBS key arn:…"
	Told         string   // what of the AMIs was announced to whoever sees them: "shared tags"; "" for the AMIs themselves
}

// String names the subject for people.
func (s Subject) String() string {
	switch {
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
