// SPDX-License-Identifier: MPL-2.0

// Package awsapi looks at AWS and changes it: it observes what is there, carries out the changes of a plan one call at
// a time, undoes them, and proves them without making them.
//
// It decides nothing: internal/plan decides what has to change, and internal/apply in which order, and what to do about
// failures. internal/clients makes the calls, and internal/diagnose says what AWS's refusals mean; the SDK's error types go
// no further than here. internal/verify looks afterwards at what a run has brought about.
package awsapi

import (
	"time"

	"github.com/amishare/packer-plugin-ami-share/internal/clients"
	"github.com/amishare/packer-plugin-ami-share/internal/progress"
	"github.com/amishare/packer-plugin-ami-share/internal/traffic"
)

// DefaultLookAgain is the LookAgain of a run that nobody has asked to be quicker.
const DefaultLookAgain = 30 * time.Second

// Options of a Client. The zero value is usable.
type Options struct {
	// WithoutVerify says that the run is not going to be verified: sessions are not given what it takes.
	WithoutVerify bool
	// OnlyLook says that nothing may be made in AWS in order to look: no reports.
	OnlyLook bool
	// UsageTimeout is how long AWS's report of who uses an AMI is waited for; 0 means 30 minutes.
	UsageTimeout time.Duration
	// TargetTimeout is how long the calls of a look into one target may take; 0 means traffic.TargetTimeout.
	TargetTimeout time.Duration
	// Progress counts what is looked into, and names what is not done yet; may be nil.
	Progress *progress.Tally
	// LookAgain is how long something is looked for again that ought to be there and that AWS does not show, or not as it
	// ought to be: AWS shows what is new some moments later. 0 means that it is looked for once more, at once.
	LookAgain time.Duration
	// Say is told what the client waits for, in a sentence without a full stop. It can be called by many goroutines at the
	// same time. May be nil.
	Say func(string)
}

func (o Options) withDefaults() Options {
	if o.UsageTimeout <= 0 {
		o.UsageTimeout = 30 * time.Minute
	}
	if o.TargetTimeout <= 0 {
		o.TargetTimeout = traffic.TargetTimeout
	}
	if o.Say == nil {
		o.Say = func(string) {}
	}
	return o
}

// Client observes and changes for one run. It is safe for use by many goroutines, and has no state but what
// Close deletes.
type Client struct {
	*clients.Clients
	options Options
	reports usageReports
}

// New makes a client that calls AWS by the given clients. It makes no call.
func New(calls *clients.Clients, o Options) *Client {
	return &Client{Clients: calls, options: o.withDefaults()}
}
