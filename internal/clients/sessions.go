// SPDX-License-Identifier: MPL-2.0

package clients

import (
	"context"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/amishare/packer-plugin-ami-share/internal/diagnose"
	"github.com/amishare/packer-plugin-ami-share/internal/sharing"
	"github.com/amishare/packer-plugin-ami-share/internal/traffic"
)

const (
	// renewBefore is how long before their end credentials are renewed, so that a call waiting for its turn is not
	// sent with expired ones. The shortest session is of fifteen minutes.
	renewBefore = 5 * time.Minute
)

// session is a target's one session, used in all Regions: that of a role is made when the first call asks for
// credentials, once for all callers at that time.
type session struct {
	account     sharing.AccountID
	credentials TargetCredentials
	services    func() services // those of the source, or of a profile's own configuration
	provider    aws.CredentialsProvider
	renewable   *aws.CredentialsCache // credentials that can be had anew when AWS says that they have expired; nil for a profile's

	packing *packing // what is known of policies from all sessions

	mu       sync.Mutex
	policies []func() string // that can narrow the session, the one in use first; they count when the role is assumed, and when that is renewed
	widened  int             // how many were left out since
	unpacked bool            // AWS could not pack any of them, and the session has none
}

// newSession makes a target's session. A profile can have endpoints, a Region and other settings of its own, and so has
// clients of its own.
func (c *Clients) newSession(account sharing.AccountID, credentials TargetCredentials, connections aws.HTTPClient) *session {
	s := &session{account: account, credentials: credentials, packing: &c.packing}
	if config := credentials.Config; config != nil {
		s.services = sync.OnceValue(func() services { return newServices(c.equip(*config, connections)) })
		s.provider = config.Credentials
		return s
	}
	s.services = func() services { return c.services }
	s.renewable = c.assume(s)
	s.provider = s.renewable
	return s
}

// Partition returns the partition of the source account, which is the targets' and the AMIs' as well.
func (c *Clients) Partition() string { return sharing.PartitionOf(c.region) }

// Enter opens the session of a target: it assumes the role, or proves that a profile belongs to the account.
func (c *Clients) Enter(ctx context.Context, account sharing.AccountID) *sharing.Problem {
	s := c.sessions[account]
	if s == nil {
		problem := NoCredentials(diagnose.Act{Scope: sharing.Scope{Account: account}, Doing: "entering the account"}, account)
		return &problem
	}
	doing := diagnose.Act{Scope: sharing.Scope{Account: account}, Action: "sts:AssumeRole", Resource: c.roleARN(s), ExternalID: s.externalID()}
	doing.Doing = "assuming the role " + doing.Resource
	if s.credentials.Role == nil {
		doing.Doing, doing.Action = "reading the profile's credentials", ""
	}
	if err := s.open(ctx); err != nil {
		problem := diagnose.Error(err, doing)
		return &problem
	}
	if s.credentials.Role == nil {
		return c.proveAccount(ctx, account)
	}
	return nil
}

// Enters tells whether there are credentials to act inside an account.
func (c *Clients) Enters(account sharing.AccountID) bool { return c.sessions[account] != nil }

// open fetches the session's credentials. What a profile asks for them is waited for as for AWS.
func (s *session) open(ctx context.Context) error {
	if s.credentials.Role == nil {
		defer traffic.UnderWay(ctx)()
	}
	_, err := s.provider.Retrieve(ctx)
	return err
}

func (s *session) externalID() string {
	if s.credentials.Role == nil {
		return ""
	}
	return s.credentials.Role.ExternalID
}

// proveAccount asks whose credentials a profile holds: a grant issued from another account would be worth nothing.
func (c *Clients) proveAccount(ctx context.Context, account sharing.AccountID) *sharing.Problem {
	scope := sharing.Scope{Account: account}
	out, err := c.STS(Place{Account: account}).GetCallerIdentity(ctx, nil)
	if err != nil {
		problem := diagnose.Error(err, diagnose.Act{Scope: scope, Doing: "asking whose credentials the profile holds", Action: "sts:GetCallerIdentity"})
		return &problem
	}
	if got := aws.ToString(out.Account); got != string(account) {
		return &sharing.Problem{
			Scope: scope, Doing: "asking whose credentials the profile holds", Cause: "they belong to account " + got,
			Remedy: "Name a profile of account " + string(account) + " in the target, or correct its account_ids.",
		}
	}
	return nil
}

// equip returns a configuration whose calls are counted, bounded and repeated with all others of this client.
func (c *Clients) equip(config aws.Config, connections aws.HTTPClient) aws.Config {
	config = c.traffic.Attach(config, connections)
	config.APIOptions = append(config.APIOptions, watchAttempts)
	return config
}

// renew drops the credentials of a target's session, and tells whether others can be had. Those of the source, with which
// a role is assumed, and those of a profile are not its to renew.
func (c *Clients) renew(account sharing.AccountID) bool {
	s := c.sessions[account]
	if s == nil || s.renewable == nil {
		return false
	}
	s.renewable.Invalidate()
	return true
}

// Principal returns who acts in a target, and whether its session policy is one of Narrow's.
func (c *Clients) Principal(account sharing.AccountID) diagnose.Principal {
	s := c.sessions[account]
	if s == nil || s.credentials.Role == nil {
		return diagnose.Principal{}
	}
	role := s.credentials.Role
	return diagnose.Principal{ARN: c.roleARN(s), Narrowed: role.Policy == "" && len(role.PolicyARNs) == 0}
}

// RoleARN returns the ARN of the role that acts in a target, "" when only AWS knows whose credentials they are.
func (c *Clients) RoleARN(account sharing.AccountID) string {
	if s := c.sessions[account]; s != nil {
		return c.roleARN(s)
	}
	return ""
}

// ExternalID returns the external id with which the role of a target is assumed, "" for none.
func (c *Clients) ExternalID(account sharing.AccountID) string {
	if s := c.sessions[account]; s != nil {
		return s.externalID()
	}
	return ""
}

// Warnings tell what has become of a target's session that is not as it should be.
func (c *Clients) Warnings(account sharing.AccountID) []string {
	if s := c.sessions[account]; s != nil {
		return s.warnings()
	}
	return nil
}

// NoCredentials says that a target can't be entered.
func NoCredentials(a diagnose.Act, account sharing.AccountID) sharing.Problem {
	return sharing.Problem{
		Scope: a.Scope, Doing: a.Doing, Cause: "there are no credentials for account " + string(account),
		Remedy: "Give the target an assume_role block or a profile.",
	}
}
