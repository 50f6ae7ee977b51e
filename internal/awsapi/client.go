// SPDX-License-Identifier: MPL-2.0

package awsapi

import (
	"context"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/amishare/packer-plugin-ami-share/internal/sharing"
	"github.com/amishare/packer-plugin-ami-share/internal/traffic"
)

// Client speaks to AWS for one run: as the source account, and as every target that it has credentials for. It is safe
// for use by many goroutines. It has no state but its connections and counters, and which session policies AWS could not pack.
type Client struct {
	options  Options
	region   sharing.Region // that the source's configuration names
	services services       // of the source's configuration
	sessions map[sharing.AccountID]*session
	packing  packing
	traffic  *traffic.Traffic
}

// New makes a client of the source account's configuration and of what gives access to the targets. It makes no call.
func New(source aws.Config, targets map[sharing.AccountID]TargetCredentials, o Options) *Client {
	o = o.withDefaults()
	c := &Client{options: o, region: sharing.Region(source.Region), sessions: map[sharing.AccountID]*session{}, packing: packing{levels: map[string]int{}}}
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
func (c *Client) Stats() traffic.Stats { return c.traffic.Stats() }

// place is where a call is made from: the account, "" for the source, and the Region, "" for the one that the
// configuration names.
type place struct {
	account sharing.AccountID
	region  sharing.Region
}

// at returns the place in which a target is looked at from inside.
func at(scope sharing.Scope) place { return place{scope.Account, scope.Region} }

func (c *Client) ec2(p place) ec2Service {
	s, o := c.from(p)
	return s.ec2(o)
}

func (c *Client) kms(p place) kmsService {
	s, o := c.from(p)
	return s.kms(o)
}

func (c *Client) iam(p place) iamService {
	s, o := c.from(p)
	return s.iam(o)
}

func (c *Client) sts(p place) stsService {
	s, o := c.from(p)
	return s.sts(o)
}

func (c *Client) autoscaling(p place) autoscalingService {
	s, o := c.from(p)
	return s.autoscaling(o)
}

func (c *Client) tagging(p place) taggingService {
	s, o := c.from(p)
	return s.tagging(o)
}

func (c *Client) organizations() organizationsService { return c.services.organizations(origin{}) }

// from returns the clients that make the calls of a place, and what they have to be told. Who calls has made sure that a
// target has a session.
func (c *Client) from(p place) (services, origin) {
	if p.account == "" {
		return c.services, origin{place: p}
	}
	s := c.sessions[p.account]
	return s.services(), origin{p, s.provider}
}

// poll calls done until it reports true, at growing intervals from 250 ms to 15 s, or until the context or the run end. It
// returns done's last error; one that only says that the context ended in the middle of a repetition does not count.
func poll(ctx context.Context, done func(context.Context) (bool, error)) error {
	const first, longest = 250 * time.Millisecond, 15 * time.Second
	var last error
	for wait := first; ; wait = min(2*wait, longest) {
		finished, err := done(ctx)
		if ctx.Err() != nil && wait > first && err != nil {
			return last
		}
		if last = err; finished || !traffic.Pause(ctx, wait) {
			return last
		}
	}
}

// pollFor is poll, for some time after the first look: waiting for its turn is no part of that.
func pollFor(ctx context.Context, limit time.Duration, done func(context.Context) (bool, error)) error {
	var first time.Time
	return poll(ctx, func(ctx context.Context) (bool, error) {
		finished, err := done(ctx)
		if first.IsZero() {
			first = time.Now()
		}
		return finished || time.Since(first) >= limit, err
	})
}
