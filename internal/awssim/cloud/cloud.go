// SPDX-License-Identifier: MPL-2.0

// Package cloud is what all services of the local AWS share: accounts and who acts in them, organizations, Regions, calls
// and who may make them, the journal, faults, and what makes AWS hard to work with.
//
// Nothing in it locks. The front holds one lock for the whole of a call.
package cloud

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/amishare/packer-plugin-ami-share/internal/awssim/world"
)

// Cloud is what all services share. Every service has it, and keeps its own state besides.
type Cloud struct {
	Partition string
	Accounts  map[string]*Account // by id
	Users     map[string]*User    // by access key id
	Sessions  map[string]*Session // by access key id
	Hostility world.Hostility

	organizations []*Organization
	conditionKeys []string
	tagsOf        map[string]func(c *Call, arn string) map[string]string // by service
	faults        []*Fault
	journal       []Entry
	ids           int
	writes        int // counted for throttling
	buckets       map[string]*bucket
	clock         func() time.Time
}

// Account is one AWS account.
type Account struct {
	ID, Name string
	Users    map[string]*User
	Roles    map[string]*Role          // by name
	Policies map[string]*ManagedPolicy // by ARN
	// Providers of identities, by ARN.
	Providers map[string]*Provider
	Disabled  map[string]bool // Regions
	State     string          // in its organization
	// TrustPolicyQuota is how many characters a trust policy can have.
	TrustPolicyQuota int
	Tags             map[string]string // in its organization
}

// New returns the accounts and organizations of a world, and all problems with them.
func New(w world.World) (*Cloud, []error) {
	c := &Cloud{
		Partition: cmp.Or(w.Partition, "aws"), Accounts: map[string]*Account{}, Users: map[string]*User{},
		Sessions: map[string]*Session{}, Hostility: w.Hostility, buckets: map[string]*bucket{}, clock: time.Now,
		tagsOf: map[string]func(*Call, string) map[string]string{},
	}
	c.know(globalConditionKeys)
	var problems []error
	if t := w.Hostility.Throttling; t != nil && (t.Burst <= 0 || t.Rate <= 0) {
		problems = append(problems, errors.New("throttling: burst and rate are above 0"))
	} else if t != nil {
		for action, b := range t.Actions {
			if b.Burst < 1 || b.PerSecond <= 0 {
				problems = append(problems, fmt.Errorf("throttling: the bucket of %s takes no call", action))
			}
		}
	}
	for _, a := range w.Accounts {
		if err := c.addAccount(a); err != nil {
			problems = append(problems, fmt.Errorf("account %s: %w", a.ID, err))
		}
	}
	for _, o := range w.Organizations {
		problems = append(problems, checkOrganization(o)...)
		c.organizations = append(c.organizations, newOrganization(c.Partition, o))
	}
	return c, problems
}

func (c *Cloud) addAccount(w world.Account) error {
	if !IsAccountID(w.ID) {
		return fmt.Errorf("%q is not an account id of 12 digits", w.ID)
	}
	if states := strings.Fields("ACTIVE SUSPENDED PENDING_CLOSURE CLOSED PENDING_ACTIVATION"); w.State != "" && !slices.Contains(states, w.State) {
		return fmt.Errorf("the state %q is none of %s", w.State, strings.Join(states, ", "))
	}
	if quota := w.TrustPolicyQuota; quota != 0 && (quota < 2048 || quota > 4096) {
		return fmt.Errorf("trust_policy_quota %d: AWS has one from 2048 to 4096 characters", quota)
	}
	if c.Accounts[w.ID] != nil {
		return fmt.Errorf("account %s is there twice", w.ID)
	}
	a := &Account{
		ID: w.ID, Name: w.Name, Users: map[string]*User{}, Roles: map[string]*Role{}, Policies: map[string]*ManagedPolicy{},
		Disabled: map[string]bool{}, Providers: map[string]*Provider{}, State: w.State, Tags: w.Tags, TrustPolicyQuota: cmp.Or(w.TrustPolicyQuota, 2048),
	}
	c.Accounts[w.ID] = a
	for _, region := range w.DisabledRegions {
		a.Disabled[region] = true
	}
	return c.addProviders(a, w.OpenIDProviders)
}

// AccountByID returns an account, nil when nobody has the id.
func (c *Cloud) AccountByID(id string) *Account { return c.Accounts[id] }

// Now is the time. Buckets are filled because time goes by; nothing else happens.
func (c *Cloud) Now() time.Time { return c.clock().UTC() }

// SetClock makes another clock count.
func (c *Cloud) SetClock(clock func() time.Time) { c.clock = clock }

// NewID makes the next id: prefix and 17 hexadecimal digits. The same sequence of calls makes the same ids.
func (c *Cloud) NewID(prefix string) string {
	c.ids++
	return fmt.Sprintf("%s0%016x", prefix, c.ids)
}

// NewRequestID makes the id of the next call.
func (c *Cloud) NewRequestID() string {
	c.ids++
	return fmt.Sprintf("00000000-0000-4000-8000-%012x", c.ids)
}

// IsAccountID tells whether a text is an account id of 12 digits.
func IsAccountID(v string) bool {
	return len(v) == 12 && strings.Trim(v, "0123456789") == ""
}

// SortedValues returns the values of a map in the order of their keys.
func SortedValues[T any](m map[string]T) []T {
	values := make([]T, 0, len(m))
	for _, key := range slices.Sorted(maps.Keys(m)) {
		values = append(values, m[key])
	}
	return values
}
