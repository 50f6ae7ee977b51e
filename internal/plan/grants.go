// SPDX-License-Identifier: MPL-2.0

package plan

import (
	"slices"
	"strings"

	"github.com/amishare/packer-plugin-ami-share/internal/sharing"
)

// grants plans one grant for each key, target and grantee, and the end of the plugin's own grants that they replace.
func (c *computation) grants() {
	for _, arn := range c.plan.Keys {
		unsure := unsureGrants{key: arn}
		for _, target := range c.plan.Targets {
			if region := sharing.RegionOf(arn); !target.In(region) || c.blocked(at(target.Account, region)) {
				continue
			}
			for _, grantee := range target.Grantees {
				c.grant(c.wanted(arn, target, grantee), &unsure)
			}
		}
		c.plan.Warnings = append(c.plan.Warnings, unsure.warnings()...)
	}
}

// wantedGrant is a grant that is asked for.
type wantedGrant struct{ create CreateGrant }

func (c *computation) wanted(keyARN string, target sharing.Target, grantee sharing.Grantee) wantedGrant {
	role := c.role(target, grantee)
	return wantedGrant{CreateGrant{
		Account: target.Account, Region: sharing.RegionOf(keyARN), KeyARN: keyARN, GranteeARN: role.ARN, GranteeID: role.UniqueID,
		Operations: c.request.GrantOperations, Name: sharing.GrantName(target.Account, role.ARN), NewRole: !role.Exists,
	}}
}

// grant plans one grant. A grant that can't be told from the wanted one stays, whatever is planned beside it.
func (c *computation) grant(wanted wantedGrant, unsure *unsureGrants) {
	create := wanted.create
	present := c.own[create.KeyARN][create.Name]
	if i := slices.IndexFunc(present, wanted.fits); i >= 0 {
		c.keepGrant(create, present[i].ID)
		c.retireStale(wanted, present)
		return
	}
	doubtful := slices.DeleteFunc(slices.Clone(present), func(g sharing.Grant) bool { return wanted.stale(g) != "" })
	for _, g := range doubtful {
		unsure.add(create.Account, wanted.doubt(g))
	}
	switch {
	case len(doubtful) == 0:
		c.change(create)
		c.retireStale(wanted, present)
	case slices.ContainsFunc(doubtful, wanted.mayBeDead):
		for _, g := range doubtful {
			create.Maybe = append(create.Maybe, g.ID)
		}
		c.change(create)
	default:
		c.keepGrant(create, doubtful[0].ID)
	}
}

func (c *computation) keepGrant(create CreateGrant, id string) {
	c.keep(Present{Change: create, GrantID: id})
	c.keptGrants[grantRef{create.KeyARN, id}] = true
}

func (c *computation) retireStale(wanted wantedGrant, present []sharing.Grant) {
	for _, old := range present {
		if why := wanted.stale(old); why != "" {
			c.retire(retirement(old, wanted.create.KeyARN, wanted.create.Account, why))
		}
	}
}

// fits tells whether a grant is known to be the one that is wanted. KMS shows a role by its unique id while it does not
// know it yet.
func (w wantedGrant) fits(g sharing.Grant) bool {
	return w.toSame(g) && sameOperations(g.Operations, w.create.Operations) && g.Issuer == w.create.Account && !g.Constrained
}

// toSame tells whether a grant is known to be for the living role.
func (w wantedGrant) toSame(g sharing.Grant) bool {
	return g.Grantee == w.create.GranteeARN || w.create.GranteeID != "" && g.Grantee == w.create.GranteeID
}

// stale tells why a grant of the wanted name is known not to be the wanted one, "" when it fits or nobody can tell. The
// name belongs to this role and target alone.
func (w wantedGrant) stale(g sharing.Grant) string {
	switch {
	case w.toAnother(g):
		return "its role was deleted, and a role made again under the same name needs a grant of its own"
	case g.Issuer != "" && g.Issuer != w.create.Account:
		return "it was issued from account " + string(g.Issuer) + ", and only one issued from account " + string(w.create.Account) + " works there"
	case w.toSame(g) && g.Constrained:
		return "it carries a constraint"
	case w.toSame(g) && len(g.Operations) > 0 && !sameOperations(g.Operations, w.create.Operations):
		return "its operations are others: " + strings.Join(g.Operations, ", ")
	default:
		return ""
	}
}

// toAnother tells whether a grant is known to be for another role than the living one: KMS shows a role that was deleted by
// its unique id. https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html#identifiers-unique-ids
func (w wantedGrant) toAnother(g sharing.Grant) bool {
	return isUniqueID(g.Grantee) && w.create.GranteeID != "" && g.Grantee != w.create.GranteeID
}

// mayBeDead tells whether a grant that nobody can tell from the wanted one may be that of a deleted role. KMS knows: asked
// again it answers with the grant that is there, or makes another.
func (w wantedGrant) mayBeDead(g sharing.Grant) bool { return isUniqueID(g.Grantee) && !w.toSame(g) }

// doubt says what is not known of a grant.
func (w wantedGrant) doubt(g sharing.Grant) string {
	switch {
	case g.Grantee == "":
		return "no grantee"
	case !w.toSame(g):
		return "another form of its grantee, " + shortened(g.Grantee)
	case g.Issuer == "":
		return "no issuing account"
	default:
		return "no operations"
	}
}

// shortened leaves out of a grantee what differs from account to account, so that like doubts are told once.
func shortened(grantee string) string {
	if arn, err := sharing.ParseARN(grantee); err == nil {
		return arn.Resource
	}
	if isUniqueID(grantee) {
		return "a unique id"
	}
	return grantee
}

func isUniqueID(grantee string) bool { return strings.HasPrefix(grantee, "AROA") }

// grantRef names a grant: ids are unique within a key.
type grantRef struct{ keyARN, id string }

// retirement returns the end of a grant.
func retirement(g sharing.Grant, keyARN string, account sharing.AccountID, why string) RetireGrant {
	return RetireGrant{
		Issuer: g.Issuer, Account: account, Region: sharing.RegionOf(keyARN), KeyARN: keyARN, GrantID: g.ID, GranteeARN: g.Grantee,
		Operations: g.Operations, Name: g.Name, Why: why,
	}
}

// retire plans the end of a grant, once, and never of one that the plan keeps.
func (c *computation) retire(change RetireGrant) {
	ref := grantRef{change.KeyARN, change.GrantID}
	if !c.keptGrants[ref] && !c.retired[ref] {
		c.retired[ref] = true
		c.change(change)
	}
}

func sameOperations(a, b []string) bool {
	if slices.Equal(a, b) {
		return true
	}
	a, b = slices.Clone(a), slices.Clone(b)
	slices.Sort(a)
	slices.Sort(b)
	return slices.Equal(slices.Compact(a), slices.Compact(b))
}
