// SPDX-License-Identifier: MPL-2.0

package clients

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials/stscreds"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	ststypes "github.com/aws/aws-sdk-go-v2/service/sts/types"

	"github.com/amishare/packer-plugin-ami-share/internal/diagnose"
	"github.com/amishare/packer-plugin-ami-share/internal/sharing"
)

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

// What a session is called and how long it lasts unless an AssumeRole says otherwise. An hour is the most that AWS
// allows where one role assumes another. https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_terms-and-concepts.html
const (
	DefaultSessionName = "packer-plugin-ami-share"
	DefaultSession     = time.Hour
)

// assume returns the credentials of a target's role. They are fetched when they are first asked for, and again before
// they expire.
func (c *Clients) assume(s *session) *aws.CredentialsCache {
	role := s.credentials.Role
	assume := c.STS(Place{}).AssumeRole
	if role.Policy == "" && len(role.PolicyARNs) == 0 {
		assume = s.narrowing(assume)
	}
	provider := stscreds.NewAssumeRoleProvider(assume, c.roleARN(s), role.options)
	return aws.NewCredentialsCache(provider, func(o *aws.CredentialsCacheOptions) { o.ExpiryWindow = renewBefore })
}

// options fills in what STS is asked for.
func (r *AssumeRole) options(o *stscreds.AssumeRoleOptions) {
	o.RoleSessionName = cmp.Or(r.SessionName, DefaultSessionName)
	o.Duration = cmp.Or(r.Duration, DefaultSession)
	o.ExternalID = Optional(r.ExternalID)
	o.Policy = Optional(r.Policy)
	for _, arn := range r.PolicyARNs {
		o.PolicyARNs = append(o.PolicyARNs, ststypes.PolicyDescriptorType{Arn: aws.String(arn)})
	}
	for _, key := range slices.Sorted(maps.Keys(r.Tags)) {
		o.Tags = append(o.Tags, ststypes.Tag{Key: aws.String(key), Value: aws.String(r.Tags[key])})
	}
	o.TransitiveTagKeys = r.TransitiveTagKeys
}

// narrowing assumes a role with the narrowest of the session's policies that AWS takes. AWS packs policy and session
// tags into a form with a limit of its own, which shows only in its answer; the last way out is a session without a
// policy, which may do what its role may do: a run does not fail for being too careful.
// https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html
func (s *session) narrowing(assume assumeRole) assumeRole {
	return func(ctx context.Context, in *sts.AssumeRoleInput, o ...func(*sts.Options)) (*sts.AssumeRoleOutput, error) {
		for {
			policy := s.policy()
			in.Policy = Optional(policy)
			out, err := assume(ctx, in, o...)
			if policy == "" || !diagnose.Has(err, "PackedPolicyTooLarge", "PackedPolicyTooLargeException") {
				return out, err
			}
			s.widen()
		}
	}
}

// Narrow sets the policies that can narrow the session of a target, the narrowest first. They are written when they are
// needed, the wider ones seldom, and count when the role is assumed the next time.
func (c *Clients) Narrow(account sharing.AccountID, policies ...func() string) {
	if s := c.sessions[account]; s != nil {
		s.narrow(policies)
	}
}

func (s *session) narrow(policies []func() string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.policies, s.widened = policies, 0
}

// policy returns the one in use, "" for none. What AWS could not pack in another account with the same session tags is passed
// over, but for the widest policy, which is better than none.
func (s *session) policy() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	for s.widened < s.packing.refused(s.credentials.Role) && len(s.policies) > 1 {
		s.policies, s.widened = s.policies[1:], s.widened+1
	}
	if len(s.policies) == 0 {
		return ""
	}
	return s.policies[0]()
}

// widen goes on to the next policy that is another one.
func (s *session) widen() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for refused := s.policies[0](); len(s.policies) > 0 && s.policies[0]() == refused; {
		s.policies, s.widened = s.policies[1:], s.widened+1
	}
	s.packing.refuse(s.credentials.Role, s.widened)
	s.unpacked = len(s.policies) == 0
}

// packing is how many of its policies, the narrowest first, AWS could not pack for a session: by the tags that are packed with them. The policies
// of accounts differ in little more than the account's number.
type packing struct {
	mu     sync.Mutex
	levels map[string]int
}

func (p *packing) refused(role *AssumeRole) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.levels[fmt.Sprint(role.Tags)]
}

func (p *packing) refuse(role *AssumeRole, level int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	tags := fmt.Sprint(role.Tags) // maps are printed in order
	p.levels[tags] = max(p.levels[tags], level)
}

// warnings tell what has become of a session that is not as it should be.
func (s *session) warnings() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.unpacked {
		return nil
	}
	return []string{"the session in account " + string(s.account) + " could not be narrowed to what the run needs, because AWS can't pack even " +
		"the shortest policy together with the session tags (PackedPolicyTooLarge), which are those of assume_role and the transitive ones that come with the " +
		"source's own session: it may do all that its role may do; fewer or shorter tags help, and on EKS disableSessionTags of the Pod Identity association"}
}

// roleARN returns the ARN of the role that a session assumes, "" for a session that assumes none.
func (c *Clients) roleARN(s *session) string {
	return s.credentials.Role.ARN(c.Partition(), s.account)
}

// ARN returns the role's ARN in an account, "" for no role.
func (r *AssumeRole) ARN(partition string, account sharing.AccountID) string {
	switch {
	case r == nil:
		return ""
	case r.RoleARN != "":
		return r.RoleARN
	}
	name := "role/" + strings.TrimPrefix(r.RoleName, "/")
	return sharing.ARN{Partition: partition, Service: "iam", Account: account, Resource: name}.String()
}

// Optional returns what stands for a member that is left out when it is "".
func Optional(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}
