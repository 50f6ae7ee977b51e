package awsapi

import (
	"context"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/amishare/packer-plugin-ami-share/internal/sharing"
)

// Client speaks to AWS for one run: as the source account, and as every target that it has credentials for. It is safe
// for use by many goroutines, and remembers what it observed so as to know later what the run itself has made.
type Client struct {
	options  Options
	source   aws.Config
	sessions map[sharing.AccountID]*session
	traffic  *traffic
	grants   grantMemory
	looked   tally

	ec2s         cache[ec2Service]
	kmss         cache[kmsService]
	iams         cache[iamService]
	stss         cache[stsService]
	autoscalings cache[autoscalingService]
	taggings     cache[taggingService]
}

// New makes a client of the source account's configuration and of what gives access to the targets. It makes no call.
func New(source aws.Config, targets map[sharing.AccountID]TargetCredentials, o Options) *Client {
	o = o.withDefaults()
	c := &Client{options: o, sessions: map[sharing.AccountID]*session{}, traffic: newTraffic(o.MaxConcurrency)}
	c.source = c.equip(source)
	for account, credentials := range targets {
		c.sessions[account] = &session{account: account, credentials: credentials}
	}
	return c
}

// Stats returns the calls made so far.
func (c *Client) Stats() Stats { return c.traffic.stats() }

// place is where a call goes: the account that it is made from, "" for the source, and the Region.
type place struct {
	account sharing.AccountID
	region  sharing.Region
}

// at returns the place in which a target is looked at from inside.
func at(scope sharing.Scope) place { return place{scope.Account, scope.Region} }

// cache holds the service clients, one for each place.
type cache[T any] struct {
	mu      sync.Mutex
	clients map[place]*T
}

// get returns the client of a place. It is made without the lock: making a target's takes one of the source, to assume
// its role with.
func (c *cache[T]) get(p place, create func() *T) *T {
	if client := c.swap(p, nil); client != nil {
		return client
	}
	return c.swap(p, create())
}

// swap returns the client that is there, or else the one that is given, and keeps that.
func (c *cache[T]) swap(p place, client *T) *T {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.clients == nil {
		c.clients = map[place]*T{}
	}
	if c.clients[p] == nil && client != nil {
		c.clients[p] = client
	}
	return c.clients[p]
}

func (c *Client) ec2(p place) *ec2Service {
	return c.ec2s.get(p, func() *ec2Service { return newEC2(c.config(p)) })
}

func (c *Client) kms(p place) *kmsService {
	return c.kmss.get(p, func() *kmsService { return newKMS(c.config(p)) })
}

func (c *Client) iam(p place) *iamService {
	return c.iams.get(p, func() *iamService { return newIAM(c.config(p)) })
}

func (c *Client) sts(p place) *stsService {
	return c.stss.get(p, func() *stsService { return newSTS(c.config(p)) })
}

func (c *Client) autoscaling(p place) *autoscalingService {
	return c.autoscalings.get(p, func() *autoscalingService { return newAutoScaling(c.config(p)) })
}

func (c *Client) tagging(p place) *taggingService {
	return c.taggings.get(p, func() *taggingService { return newTagging(c.config(p)) })
}

// config returns the configuration for a place. Who calls has made sure that a target has a session.
func (c *Client) config(p place) aws.Config {
	config := c.source
	if p.account != "" {
		config = c.sessionConfig(p.account)
	}
	config = config.Copy()
	if p.region != "" {
		config.Region = string(p.region)
	}
	return config
}

// poll calls done until it reports true, at growing intervals from 250 ms to 15 s, or until the context ends. It
// returns done's last error; one that only says that the context ended in the middle of a repetition does not count.
func poll(ctx context.Context, done func(context.Context) (bool, error)) error {
	const first, longest = 250 * time.Millisecond, 15 * time.Second
	timer := time.NewTimer(0)
	defer timer.Stop()
	var last error
	for wait := first; ; wait = min(2*wait, longest) {
		select {
		case <-ctx.Done():
			return last
		case <-timer.C:
		}
		finished, err := done(ctx)
		if ctx.Err() != nil && wait > first && err != nil {
			return last
		}
		if finished {
			return err
		}
		last = err
		timer.Reset(wait)
	}
}
