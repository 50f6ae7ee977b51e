package plan

import (
	"slices"
	"strings"

	"github.com/amishare/packer-plugin-ami-share/internal/sharing"
)

// grants plans one grant for each key, target and grantee, and the end of the plugin's own grants that they replace.
func (c *computation) grants() {
	for _, arn := range c.plan.Keys {
		for _, target := range c.plan.Targets {
			if c.grantable(arn, target) && !c.blocked(at(target.Account, sharing.RegionOf(arn))) {
				for _, wanted := range c.wanted(arn, target) {
					c.grant(wanted)
				}
			}
		}
	}
}

// grantable tells whether a target gets grants on a key: the images' own account does not need one on its own keys.
func (c *computation) grantable(keyARN string, target sharing.Target) bool {
	return target.In(sharing.RegionOf(keyARN)) && (target.Account != c.owner || sharing.AccountOf(keyARN) != c.owner)
}

// wantedGrant is a grant that is asked for.
type wantedGrant struct {
	create CreateGrant
	role   sharing.Role
}

func (c *computation) wanted(keyARN string, target sharing.Target) []wantedGrant {
	var all []wantedGrant
	for _, grantee := range target.Grantees {
		role := c.role(target, grantee)
		all = append(all, wantedGrant{role: role, create: CreateGrant{
			Account: target.Account, Region: sharing.RegionOf(keyARN), KeyARN: keyARN, GranteeARN: role.ARN,
			Operations: c.request.GrantOperations, Name: grantee.GrantName(target.Account), NewRole: !role.Exists,
		}})
	}
	return all
}

// grant plans one grant.
func (c *computation) grant(wanted wantedGrant) {
	create := wanted.create
	present := c.facts.Keys[create.KeyARN].Grants
	i := slices.IndexFunc(present, wanted.fits)
	if i >= 0 {
		c.keep(Kept{Scope: at(create.Account, create.Region), Kind: KeptGrant, Resource: create.GranteeARN, On: create.KeyARN, GrantID: present[i].ID})
	} else {
		c.change(create)
	}
	for _, old := range present {
		if why := wanted.stale(old); why != "" && !c.wantedByAnother(old, create.KeyARN) {
			c.retire(old, create.KeyARN, create.Account, why)
		}
	}
}

// fits tells whether a grant is the one that is wanted. KMS shows a role by its unique id while it does not know it yet.
func (w wantedGrant) fits(g sharing.Grant) bool {
	return g.Name == w.create.Name && w.toSame(g) && sameOperations(g.Operations, w.create.Operations) && g.Issuer == w.create.Account && !g.Constrained
}

func (w wantedGrant) toSame(g sharing.Grant) bool {
	return g.Grantee == w.create.GranteeARN || w.role.UniqueID != "" && g.Grantee == w.role.UniqueID
}

// stale tells why a grant of the wanted name is none that works as asked for; "" when it is another one or fits.
func (w wantedGrant) stale(g sharing.Grant) string {
	switch {
	case g.Name != w.create.Name || w.fits(g):
		return ""
	case !w.toSame(g) && !strings.HasPrefix(g.Grantee, "arn:"):
		return "its role was deleted, and a role made again under the same name needs a grant of its own"
	case !w.toSame(g):
		return "it names another role, " + g.Grantee
	case g.Issuer != w.create.Account:
		return "it was issued from account " + string(g.Issuer) + ", and only one issued from account " + string(w.create.Account) + " works there"
	case g.Constrained:
		return "it carries a constraint"
	default:
		return "its operations are others: " + strings.Join(g.Operations, ", ")
	}
}

// wantedByAnother tells whether a grant is what another target or grantee wants: legal names can coincide.
func (c *computation) wantedByAnother(g sharing.Grant, keyARN string) bool {
	return slices.ContainsFunc(c.plan.Targets, func(target sharing.Target) bool {
		return c.grantable(keyARN, target) && slices.ContainsFunc(c.wanted(keyARN, target), func(w wantedGrant) bool { return w.fits(g) })
	})
}

// retire plans the end of a grant, once: several grantees can have a stale one in common.
func (c *computation) retire(g sharing.Grant, keyARN string, account sharing.AccountID, why string) {
	planned := func(change Change) bool {
		retirement, ok := change.(RetireGrant)
		return ok && retirement.KeyARN == keyARN && retirement.GrantID == g.ID
	}
	if slices.ContainsFunc(c.plan.Changes, planned) {
		return
	}
	c.change(RetireGrant{
		Issuer: g.Issuer, Account: account, Region: sharing.RegionOf(keyARN), KeyARN: keyARN, GrantID: g.ID, GranteeARN: g.Grantee,
		Operations: g.Operations, Name: g.Name, Why: why,
	})
}

func sameOperations(a, b []string) bool {
	a, b = slices.Clone(a), slices.Clone(b)
	slices.Sort(a)
	slices.Sort(b)
	return slices.Equal(slices.Compact(a), slices.Compact(b))
}
