// SPDX-License-Identifier: MPL-2.0

package awsapi

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"github.com/amishare/packer-plugin-ami-share/internal/diagnose"
	"github.com/amishare/packer-plugin-ami-share/internal/parallel"
	"github.com/amishare/packer-plugin-ami-share/internal/plan"
	"github.com/amishare/packer-plugin-ami-share/internal/sharing"
	"github.com/amishare/packer-plugin-ami-share/internal/traffic"
	"github.com/amishare/packer-plugin-ami-share/internal/verify"
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
	parallel.Each(targets, func(_ int, target sharing.Target) {
		if target.Credentials {
			problem := parallel.Guard(sharing.Scope{Account: target.Account}, "proving the grants", func() { proof.target(ctx, target) })
			if problem != nil {
				proof.problems.Add(*problem)
			}
		}
	})
	slices.SortStableFunc(proof.grantees.Items, func(a, b ProvenGrantee) int {
		return cmp.Or(cmp.Compare(a.Account, b.Account), strings.Compare(a.ARN, b.ARN))
	})
	slices.SortStableFunc(proof.refused.Items, func(a, b RefusedGrant) int {
		return cmp.Or(sharing.CompareScopes(a.Problem.Scope, b.Problem.Scope), strings.Compare(a.Grantee.ARN, b.Grantee.ARN))
	})
	slices.Sort(proof.warnings.Items)
	return GrantsProof{proof.grantees.Items, proof.refused.Items, sortProblems(proof.problems.Items), proof.warnings.Items}
}

// ProveUse asks KMS whether the source account could use the keys as EBS does for whoever builds. Warnings are what could not be told.
func (c *Client) ProveUse(ctx context.Context, keys []ResolvedKey) (problems []sharing.Problem, warnings []string) {
	proof := &grantsProof{Client: c}
	parallel.Each(keys, func(_ int, key ResolvedKey) {
		scope := sharing.Scope{Region: key.Region}
		problem := parallel.Guard(scope, "proving that key "+key.ARN+" can be used", func() { proof.use(ctx, scope, key.ARN, true) })
		if problem != nil {
			proof.problems.Add(*problem)
		}
	})
	slices.Sort(proof.warnings.Items)
	return sortProblems(proof.problems.Items), proof.warnings.Items
}

// grantsProof is one proof of all grants.
type grantsProof struct {
	*Client
	keys       []ResolvedKey
	operations []string

	grantees parallel.List[ProvenGrantee]
	refused  parallel.List[RefusedGrant]
	problems parallel.List[sharing.Problem]
	warnings parallel.List[string]
}

func (g *grantsProof) target(ctx context.Context, target sharing.Target) {
	ctx, cancel := traffic.Patient(ctx, g.options.TargetTimeout)
	defer cancel()
	if problem := g.Enter(ctx, target.Account); problem != nil {
		g.problems.Add(*problem)
		return
	}
	g.warnings.Add(g.Warnings(target.Account)...)
	parallel.Together(
		func() {
			parallel.Each(target.Grantees, func(_ int, grantee sharing.Grantee) { g.grantee(ctx, target, grantee) })
		},
		func() {
			parallel.Each(g.keys, func(_ int, key ResolvedKey) {
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
	case len(look.problems.Items) > 0:
		g.problems.Add(look.problems.Items...)
		return
	case !role.Exists && grantee.Service != "" && target.CreateServiceLinkedRoles:
		g.warnings.Add("account " + string(target.Account) + ": " + grantee.ARN(g.Partition(), target.Account) +
			" does not exist yet: the run creates it, and its grants can't be proved before")
		return
	case !role.Exists:
		g.problems.Add(plan.MissingRole(target.Account, grantee, grantee.ARN(g.Partition(), target.Account)))
		return
	}
	found := ProvenGrantee{target.Account, grantee, role.ARN}
	g.grantees.Add(found)
	parallel.Each(g.keys, func(_ int, key ResolvedKey) {
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
		g.problems.Add(problem)
		return
	}
	g.refused.Add(RefusedGrant{key, to, problem, diagnose.BlamesAnother(err), diagnose.OwnSide(a)})
}

// use proves before the build that who acts in a target, or the source, could use a key.
func (g *grantsProof) use(ctx context.Context, scope sharing.Scope, key string, must bool) {
	for _, u := range verify.Uses(ctx, g.Clients, scope, key) {
		if u.Refused && must {
			g.problems.Add(u.Problem())
		} else {
			g.warnings.Add(u.Problem().Error())
		}
	}
}
