// SPDX-License-Identifier: MPL-2.0

// Package awsapi looks at AWS and changes it: it observes what is there, carries out the changes of a plan one call at
// a time, proves them without making them, and verifies from inside the targets what a run has brought about.
//
// It is the only importer of the SDK's service clients, and it decides nothing: what has to change is internal/plan's
// answer, in which order and what to do about failures internal/apply's. What AWS's refusals mean says internal/diagnose;
// the SDK's error types go no further than here. How calls are bounded, paced and repeated is internal/traffic's.
package awsapi

import (
	"log"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/amishare/packer-plugin-ami-share/internal/progress"
	"github.com/amishare/packer-plugin-ami-share/internal/traffic"
)

// What a Client does unless its Options say otherwise.
const (
	DefaultConcurrency = 512
	DefaultRetries     = 10
)

// Options of a Client. The zero value is usable.
type Options struct {
	// MaxConcurrency is how many calls may be in flight at the same time; 0 means DefaultConcurrency. There are fewer where
	// the process may not have so many sockets.
	MaxConcurrency int
	// MaxRetries is how often a call is repeated after its first attempt when it met a fault of AWS or of the network; 0
	// means DefaultRetries, less than 0 not at all. Throttled calls are repeated without counting, unless it is less than 0.
	MaxRetries int
	// WithoutVerify says that Verify is not going to be called: sessions are not given what it takes.
	WithoutVerify bool
	// VerifyTimeout is how long Verify looks for something after the first look at it; 0 means 2 minutes.
	VerifyTimeout time.Duration
	// ParameterTimeout is how long a parameter is looked at until AWS has stored it; 0 means 5 minutes, after which AWS takes a
	// second write.
	ParameterTimeout time.Duration
	// TargetTimeout is how long the calls of a look into one target may take, so that one that hangs is reported and not
	// waited for; 0 means 2 minutes. Waiting for a turn does not count.
	TargetTimeout time.Duration
	// Progress counts what is looked into, and names what is not done yet; may be nil.
	Progress *progress.Tally
	// Log gets a line for every attempt of a call; nil for none.
	Log *log.Logger
	// LookAgain is how long something is looked for again that ought to be there and that AWS does not show, or not as it
	// ought to be: AWS shows what is new some moments later. 0 means 30 seconds.
	LookAgain time.Duration
	// Say is told what the client waits for, in a sentence without a full stop. It can be called by many goroutines at the
	// same time. May be nil.
	Say func(string)
}

func (o Options) withDefaults() Options {
	if o.MaxConcurrency <= 0 {
		o.MaxConcurrency = DefaultConcurrency
	}
	o.MaxConcurrency = traffic.Affordable(o.MaxConcurrency)
	switch {
	case o.MaxRetries == 0:
		o.MaxRetries = DefaultRetries
	case o.MaxRetries < 0:
		o.MaxRetries = 0
	}
	if o.VerifyTimeout <= 0 {
		o.VerifyTimeout = 2 * time.Minute
	}
	if o.ParameterTimeout <= 0 {
		o.ParameterTimeout = 5 * time.Minute
	}
	if o.TargetTimeout <= 0 {
		o.TargetTimeout = 2 * time.Minute
	}
	if o.LookAgain <= 0 {
		o.LookAgain = 30 * time.Second
	}
	if o.Say == nil {
		o.Say = func(string) {}
	}
	return o
}

// TargetCredentials tell how to act inside a target: by assuming a role, or with a configuration of its own, as a
// profile makes it. Exactly one is set.
type TargetCredentials struct {
	Role   *AssumeRole
	Config *aws.Config
}

// AssumeRole is a role to assume with the source account's credentials.
// https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html
type AssumeRole struct {
	// RoleARN, or else RoleName: a name, with or without its path, in the target account.
	RoleARN  string
	RoleName string

	ExternalID  string
	SessionName string        // "" means "packer-plugin-ami-share"
	Duration    time.Duration // 0 means an hour

	// Policy and PolicyARNs narrow the session. When both are empty it is narrowed to what the run needs.
	Policy     string
	PolicyARNs []string

	Tags              map[string]string
	TransitiveTagKeys []string
}
