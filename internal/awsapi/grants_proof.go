// SPDX-License-Identifier: MPL-2.0

package awsapi

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"github.com/amishare/packer-plugin-ami-share/internal/diagnose"
	"github.com/amishare/packer-plugin-ami-share/internal/plan"
	"github.com/amishare/packer-plugin-ami-share/internal/sharing"
	"github.com/amishare/packer-plugin-ami-share/internal/traffic"
)

// ProvenGrantee is a role that ProveGrants found in a target.
type ProvenGrantee struct {
	Account sharing.AccountID
	Grantee sharing.Grantee
	ARN     string
}

// RefusedGrant is a grant that KMS would not take.
type RefusedGrant struct {
	Key     ResolvedKey
	Grantee ProvenGrantee
	Problem sharing.Problem
	// Elsewhere says that KMS names a policy other than the key's as the reason. It need not be the only one.
	Elsewhere bool
	// OwnSide is the remedy if the key's policy is not at fault.
	OwnSide string
}

// GrantsProof is what came of asking KMS about grants.
type GrantsProof struct {
	Grantees []ProvenGrantee   // the roles that exist, by account and ARN
	Refused  []RefusedGrant    // by account and Region
	Problems []sharing.Problem // what else is in the way, by account
	Warnings []string          // what could not be proved and need not be wrong
}

// ProveGrants asks KMS with DryRun, from inside every target with credentials and in every Region of the keys, whether
// it would take the very grants that a run would make, and whether the keys can be used where that is to be proved.
func (c *Client) ProveGrants(ctx context.Context, keys []ResolvedKey, targets []sharing.Target, operations []string) GrantsProof {
	proof := &grantsProof{Client: c, keys: keys, operations: operations}
	c.narrowToProof(keys, targets, operations)
	each(targets, func(_ int, target sharing.Target) {
		if target.Credentials {
			problem := guard(sharing.Scope{Account: target.Account}, "proving the grants", func() { proof.target(ctx, target) })
			if problem != nil {
				proof.problems.add(*problem)
			}
		}
	})
	slices.SortFunc(proof.grantees.items, func(a, b ProvenGrantee) int {
		return cmp.Or(cmp.Compare(a.Account, b.Account), strings.Compare(a.ARN, b.ARN))
	})
	slices.SortFunc(proof.refused.items, func(a, b RefusedGrant) int {
		return cmp.Or(sharing.CompareScopes(a.Problem.Scope, b.Problem.Scope), strings.Compare(a.Grantee.ARN, b.Grantee.ARN))
	})
	slices.Sort(proof.warnings.items)
	return GrantsProof{proof.grantees.items, proof.refused.items, sortProblems(proof.problems.items), proof.warnings.items}
}

// grantsProof is one proof of all grants.
type grantsProof struct {
	*Client
	keys       []ResolvedKey
	operations []string

	grantees list[ProvenGrantee]
	refused  list[RefusedGrant]
	problems list[sharing.Problem]
	warnings list[string]
}

func (g *grantsProof) target(ctx context.Context, target sharing.Target) {
	ctx, cancel := traffic.Patient(ctx, g.options.TargetTimeout)
	defer cancel()
	if problem := g.enter(ctx, target.Account); problem != nil {
		g.problems.add(*problem)
		return
	}
	g.warnings.add(g.sessions[target.Account].warnings()...)
	together(
		func() {
			each(target.Grantees, func(_ int, grantee sharing.Grantee) { g.grantee(ctx, target, grantee) })
		},
		func() {
			each(g.keys, func(_ int, key ResolvedKey) {
				if target.ProveUse && target.In(key.Region) {
					g.use(ctx, sharing.Scope{Account: target.Account, Region: key.Region}, key.ARN, target.MustUse)
				}
			})
		},
	)
}

func (g *grantsProof) grantee(ctx context.Context, target sharing.Target, grantee sharing.Grantee) {
	look := &targetLook{Client: g.Client, target: target}
	role := look.role(ctx, grantee)
	switch {
	case len(look.problems.items) > 0:
		g.problems.add(look.problems.items...)
		return
	case !role.Exists && grantee.Service != "" && target.CreateServiceLinkedRoles:
		g.warnings.add("account " + string(target.Account) + ": " + grantee.ARN(g.partition(), target.Account) +
			" does not exist yet: the run creates it, and its grants can't be proved before")
		return
	case !role.Exists:
		g.problems.add(plan.MissingRole(target.Account, grantee, grantee.ARN(g.partition(), target.Account)))
		return
	}
	found := ProvenGrantee{target.Account, grantee, role.ARN}
	g.grantees.add(found)
	each(g.keys, func(_ int, key ResolvedKey) {
		if target.In(key.Region) {
			g.grant(ctx, found, key)
		}
	})
}

func (g *grantsProof) grant(ctx context.Context, to ProvenGrantee, key ResolvedKey) {
	change := plan.CreateGrant{
		Account: to.Account, Region: sharing.RegionOf(key.ARN), KeyARN: key.ARN, GranteeARN: to.ARN,
		Operations: g.operations, Name: sharing.GrantName(to.Account, to.ARN),
	}
	err := g.proveGrant(ctx, change)
	if diagnose.Proven(err) {
		return
	}
	a := g.grantAct(change)
	a.Doing = "proving that key " + key.ARN + " can be granted to role " + to.ARN
	problem := diagnose.Error(err, a)
	if problem.Code != "AccessDeniedException" {
		g.problems.add(problem)
		return
	}
	g.refused.add(RefusedGrant{key, to, problem, diagnose.BlamesAnother(err), diagnose.OwnSide(a)})
}
