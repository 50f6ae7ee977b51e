package plan

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/amishare/packer-plugin-ami-share/internal/sharing"
)

// Compute compares what is asked for with what is there. Its error is sharing.Problems with every reason why nothing may be
// done at all; what stands in the way of one target only is in the plan's Blocked, and the plan is about the others.
func Compute(request sharing.Request, facts sharing.Facts) (Plan, error) {
	c := &computation{request: request, facts: facts}
	c.images()
	c.keys()
	c.limits()
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
	slices.SortStableFunc(c.plan.Changes, func(a, b Change) int { return cmp.Compare(a.Stage(), b.Stage()) })
	return c.plan, nil
}

// computation is a plan in the making.
type computation struct {
	request sharing.Request
	facts   sharing.Facts
	plan    Plan
	owner   sharing.AccountID // of the images
	refused sharing.Problems
}

func (c *computation) refuse(p sharing.Problem) { c.refused = append(c.refused, p) }

func (c *computation) block(p sharing.Problem) { c.plan.Blocked = append(c.plan.Blocked, p) }

func (c *computation) change(change Change) { c.plan.Changes = append(c.plan.Changes, change) }

func (c *computation) keep(kept Kept) { c.plan.Kept = append(c.plan.Kept, kept) }

func (c *computation) note(format string, args ...any) {
	c.plan.Notes = append(c.plan.Notes, fmt.Sprintf(format, args...))
}

// blocked tells whether nothing is done for a scope.
func (c *computation) blocked(scope sharing.Scope) bool {
	return slices.ContainsFunc(c.plan.Blocked, func(p sharing.Problem) bool { return p.Scope.Covers(scope) })
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
