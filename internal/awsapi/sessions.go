package awsapi

import (
	"context"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"

	"github.com/amishare/packer-plugin-ami-share/internal/diagnose"
	"github.com/amishare/packer-plugin-ami-share/internal/sharing"
)

const (
	// renewBefore is how long before their end credentials are renewed, so that a call waiting for its turn is not
	// sent with expired ones.
	renewBefore = time.Minute
	// answerTimeout is how long an attempt waits for AWS to begin its answer, and how long a connection is kept that
	// nobody uses. In the middle of an answer AWS may pause for twice as long.
	answerTimeout = 30 * time.Second
)

// session is a target's one session, made when it is first needed and used in all Regions.
type session struct {
	account     sharing.AccountID
	credentials TargetCredentials

	once   sync.Once
	config aws.Config

	mu       sync.Mutex
	policies []func() string // that can narrow the session, the one in use first; they count when the role is assumed, and when that is renewed
	unpacked bool            // AWS could not pack any of them, and the session has none
}

// sessionConfig returns the configuration that acts inside a target. The role is assumed when the first call asks for
// credentials, once for all callers at that time.
func (c *Client) sessionConfig(account sharing.AccountID) aws.Config {
	s := c.sessions[account]
	s.once.Do(func() {
		switch {
		case s.credentials.Config != nil:
			s.config = c.equip(*s.credentials.Config)
		default:
			credentials := c.assume(s)
			s.config = c.source.Copy()
			s.config.Credentials = credentials
			s.config.Retryer = newRetryer(c.options.MaxRetries, expired)
			s.config.APIOptions = append(slices.Clone(s.config.APIOptions), renew(credentials))
		}
	})
	return s.config
}

// partition returns the partition of the source account, which is the targets' and the images' as well.
func (c *Client) partition() string { return sharing.PartitionOf(sharing.Region(c.source.Region)) }

// enter opens the session of a target: it assumes the role, or proves that a profile belongs to the account.
func (c *Client) enter(ctx context.Context, account sharing.AccountID) *sharing.Problem {
	s := c.sessions[account]
	if s == nil {
		return &sharing.Problem{
			Scope: sharing.Scope{Account: account}, Doing: "entering the account", Cause: "there are no credentials for it",
			Remedy: "give the target an assume_role block or a profile",
		}
	}
	config := c.sessionConfig(account)
	doing := diagnose.Act{Scope: sharing.Scope{Account: account}, Action: "sts:AssumeRole", Resource: c.roleARN(s), ExternalID: s.externalID()}
	doing.Doing = "assuming the role " + doing.Resource
	if s.credentials.Role == nil {
		doing.Doing, doing.Action = "reading the profile's credentials", ""
	}
	if _, err := config.Credentials.Retrieve(ctx); err != nil {
		problem := diagnose.Error(err, doing)
		return &problem
	}
	if s.credentials.Role == nil {
		return c.proveAccount(ctx, account)
	}
	return nil
}

func (s *session) externalID() string {
	if s.credentials.Role == nil {
		return ""
	}
	return s.credentials.Role.ExternalID
}

// proveAccount asks whose credentials a profile holds: a grant issued from another account would be worth nothing.
func (c *Client) proveAccount(ctx context.Context, account sharing.AccountID) *sharing.Problem {
	scope := sharing.Scope{Account: account}
	out, err := c.sts(place{account: account}).GetCallerIdentity(ctx, nil)
	if err != nil {
		problem := diagnose.Error(err, diagnose.Act{Scope: scope, Doing: "asking whose credentials the profile holds", Action: "sts:GetCallerIdentity"})
		return &problem
	}
	if got := aws.ToString(out.Account); got != string(account) {
		return &sharing.Problem{
			Scope: scope, Doing: "asking whose credentials the profile holds", Cause: "they belong to account " + got,
			Remedy: "name a profile of account " + string(account) + " in the target, or correct its account_ids",
		}
	}
	return nil
}

// equip returns a configuration with this package's retries, bounds and counters. A number of attempts in it, as
// AWS_MAX_ATTEMPTS sets it, would go before the retryer's.
func (c *Client) equip(config aws.Config) aws.Config {
	config = config.Copy()
	config.Retryer, config.RetryMaxAttempts = newRetryer(c.options.MaxRetries), 0
	config.APIOptions = append(slices.Clone(config.APIOptions), c.traffic.attach)
	config.HTTPClient = roomy(config.HTTPClient, c.options.MaxConcurrency, answerTimeout)
	return config
}

// roomy returns an HTTP client that keeps as many idle connections to a host as there can be calls in flight, and waits
// for no answer for ever. It is frozen: else the SDK gives every service client connections of its own, and each target
// pays for its handshakes in each Region. A client of another kind is left alone.
func roomy(client aws.HTTPClient, connections int, timeout time.Duration) aws.HTTPClient {
	if client == nil {
		client = awshttp.NewBuildableClient()
	}
	buildable, ok := client.(*awshttp.BuildableClient)
	if !ok {
		return client
	}
	return buildable.WithReadTimeout(2 * timeout).WithTransportOptions(func(t *http.Transport) {
		t.MaxIdleConnsPerHost = max(t.MaxIdleConnsPerHost, connections)
		t.MaxIdleConns = 0
		t.ResponseHeaderTimeout = timeout
		t.IdleConnTimeout = timeout // less than a read may take: a connection never ends under a new call
	}).Freeze()
}

func optional(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

// RoleARN returns the ARN of the role that acts in a target, "" when only AWS knows whose credentials they are.
func (c *Client) RoleARN(account sharing.AccountID) string {
	if s := c.sessions[account]; s != nil {
		return c.roleARN(s)
	}
	return ""
}
