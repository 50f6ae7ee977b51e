// SPDX-License-Identifier: MPL-2.0

// Package clients makes calls to AWS from the source account and from inside its targets. It has the one SDK client of
// each service, the sessions of the targets' roles, and a function for each operation that the plugin uses.
//
// It is the only package that makes an SDK client. It decides nothing: internal/awsapi, internal/verify and
// internal/organization decide which calls are made. internal/traffic bounds, paces and repeats them.
package clients

import (
	"log"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/amishare/packer-plugin-ami-share/internal/sharing"
	"github.com/amishare/packer-plugin-ami-share/internal/traffic"
)

// What Clients do unless their Options say otherwise.
const (
	DefaultConcurrency = 512
	DefaultRetries     = 10
)

// Options of Clients. The zero value is usable.
type Options struct {
	// MaxConcurrency is how many calls may be in flight at the same time; 0 means DefaultConcurrency. There are fewer where
	// the process may not have so many sockets.
	MaxConcurrency int
	// MaxRetries is how often a call is repeated after its first attempt when it met a fault of AWS or of the network; 0
	// means DefaultRetries, less than 0 not at all. Throttled calls are repeated without counting, unless it is less than 0.
	MaxRetries int
	// Log gets a line for every attempt of a call; nil for none.
	Log *log.Logger
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
	return o
}

// Clients call AWS for one run: as the source account, and inside every target that there are credentials for. They are
// safe for use by many goroutines, and have no state but their connections, sessions and counters, and which session
// policies AWS could not pack.
type Clients struct {
	region   sharing.Region // that the source's configuration names
	services services       // of the source's configuration
	sessions map[sharing.AccountID]*session
	packing  packing
	traffic  *traffic.Traffic
}

// New makes the clients of the source account's configuration and of what gives access to the targets. It makes no call.
func New(source aws.Config, targets map[sharing.AccountID]TargetCredentials, o Options) *Clients {
	o = o.withDefaults()
	c := &Clients{region: sharing.Region(source.Region), sessions: map[sharing.AccountID]*session{}, packing: packing{levels: map[string]int{}}}
	c.traffic = traffic.New(traffic.Options{Calls: o.MaxConcurrency, Retries: o.MaxRetries, Log: o.Log, Complete: complete, Renew: c.renew})
	connections := traffic.Connections(source.HTTPClient, o.MaxConcurrency, traffic.AnswerTimeout)
	c.services = newServices(c.equip(source, connections))
	for account, credentials := range targets {
		own := connections
		if config := credentials.Config; config != nil && config.HTTPClient != source.HTTPClient {
			own = traffic.Connections(config.HTTPClient, o.MaxConcurrency, traffic.AnswerTimeout)
		}
		c.sessions[account] = c.newSession(account, credentials, own)
	}
	return c
}

// Stats returns the calls made so far.
func (c *Clients) Stats() traffic.Stats { return c.traffic.Stats() }

// Place is where a call is made from: the account, "" for the source, and the Region, "" for the one that the
// configuration names.
type Place struct {
	Account sharing.AccountID
	Region  sharing.Region
}

// At returns the place in which a target is looked at from inside.
func At(scope sharing.Scope) Place { return Place(scope) }

// EC2 returns the operations of EC2, called from a place; so do the other methods named after a service.
func (c *Clients) EC2(p Place) EC2 {
	s, o := c.from(p)
	return s.ec2(o)
}

// KMS returns the operations of KMS.
func (c *Clients) KMS(p Place) KMS {
	s, o := c.from(p)
	return s.kms(o)
}

// IAM returns the operations of IAM.
func (c *Clients) IAM(p Place) IAM {
	s, o := c.from(p)
	return s.iam(o)
}

// STS returns the operations of STS.
func (c *Clients) STS(p Place) STS {
	s, o := c.from(p)
	return s.sts(o)
}

// AutoScaling returns the operations of EC2 Auto Scaling.
func (c *Clients) AutoScaling(p Place) AutoScaling {
	s, o := c.from(p)
	return s.autoscaling(o)
}

// Tagging returns the operations of the Resource Groups Tagging API.
func (c *Clients) Tagging(p Place) Tagging {
	s, o := c.from(p)
	return s.tagging(o)
}

// SSM returns the operations of Systems Manager.
func (c *Clients) SSM(p Place) SSM {
	s, o := c.from(p)
	return s.ssm(o)
}

// Organizations returns the operations of AWS Organizations, called from the source account.
func (c *Clients) Organizations() Organizations { return c.services.organizations(origin{}) }

// from returns the clients that make the calls of a place, and what they have to be told. Who calls has made sure that a
// target has a session.
func (c *Clients) from(p Place) (services, origin) {
	if p.Account == "" {
		return c.services, origin{Place: p}
	}
	s := c.sessions[p.Account]
	return s.services(), origin{p, s.provider}
}
