// SPDX-License-Identifier: MPL-2.0

package plan

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/amishare/packer-plugin-ami-share/internal/sharing"
)

// Compute compares what is asked for with what is there. Its error is sharing.Problems with every reason why nothing may be
// done at all; what stands in the way of one target only is in the plan's Blocked, and the plan is about the others. Its
// time grows with what it is given, not with the square of it.
func Compute(request sharing.Request, facts sharing.Facts) (Plan, error) {
	c := newComputation(request, facts)
	c.images()
	c.keys()
	c.limits()
	c.shrunk()
	c.several()
	c.tagLimits()
	c.watermarkLimits()
	if len(c.refused) > 0 {
		return Plan{}, c.refused
	}
	c.targets()
	c.roles()
	c.grants()
	c.snapshots()
	c.launchPermissions()
	c.tags()
	c.groups()
	c.removals()
	c.announcements()
	slices.SortStableFunc(c.plan.Changes, func(a, b Change) int { return cmp.Compare(a.Stage(), b.Stage()) })
	return c.plan, nil
}

// computation is a plan in the making.
type computation struct {
	request sharing.Request
	facts   sharing.Facts
	plan    Plan
	owner   sharing.AccountID // of the AMIs
	refused sharing.Problems

	own        map[string]map[string][]sharing.Grant // the plugin's grants, by key and name
	keptGrants map[grantRef]bool
	retired    map[grantRef]bool
	shut       map[sharing.Scope]bool // the scopes of the plan's Blocked
	namedIn    map[sharing.Region]map[sharing.Recipient]bool
}

func newComputation(request sharing.Request, facts sharing.Facts) *computation {
	c := &computation{
		request: request, facts: facts, own: map[string]map[string][]sharing.Grant{},
		keptGrants: map[grantRef]bool{}, retired: map[grantRef]bool{}, shut: map[sharing.Scope]bool{}, namedIn: map[sharing.Region]map[sharing.Recipient]bool{},
	}
	for arn, key := range facts.Keys {
		c.own[arn] = map[string][]sharing.Grant{}
		for _, g := range key.Grants {
			if strings.HasPrefix(g.Name, sharing.GrantNamePrefix) {
				c.own[arn][g.Name] = append(c.own[arn][g.Name], g)
			}
		}
	}
	return c
}

func (c *computation) refuse(p sharing.Problem) { c.refused = append(c.refused, p) }

func (c *computation) block(p sharing.Problem) {
	c.plan.Blocked = append(c.plan.Blocked, p)
	c.shut[p.Scope] = true
}

func (c *computation) change(change Change) { c.plan.Changes = append(c.plan.Changes, change) }

func (c *computation) keep(present Present) { c.plan.Kept = append(c.plan.Kept, present) }

func (c *computation) note(format string, args ...any) {
	c.plan.Notes = append(c.plan.Notes, fmt.Sprintf(format, args...))
}

// blocked tells whether nothing is done for a scope: see sharing.Scope.Covers.
func (c *computation) blocked(scope sharing.Scope) bool {
	return c.shut[scope] || c.shut[at(scope.Account, "")]
}

// setOf returns a set of the elements.
func setOf[T comparable](all []T) map[T]bool {
	set := make(map[T]bool, len(all))
	for _, one := range all {
		set[one] = true
	}
	return set
}

func at(account sharing.AccountID, region sharing.Region) sharing.Scope {
	return sharing.Scope{Account: account, Region: region}
}

func joined[T ~string](values []T) string {
	texts := make([]string, len(values))
	for i, value := range values {
		texts[i] = string(value)
	}
	return strings.Join(texts, ", ")
}
