package awsapi

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"github.com/amishare/packer-plugin-ami-share/internal/plan"
	"github.com/amishare/packer-plugin-ami-share/internal/sharing"
)

// ProvenGrantee is a role that ProveGrants found in a target.
type ProvenGrantee struct {
	Account sharing.AccountID
	Grantee sharing.Grantee
	ARN     string
}

// ProveGrants asks KMS with DryRun, from inside every target with credentials and in every Region of the keys, whether
// it would take the very grants that a run would make. Grantees are the roles that exist, sorted by account and ARN;
// problems name what is missing on which side; warnings tell what could not be proved and need not be wrong.
func (c *Client) ProveGrants(ctx context.Context, keys []ResolvedKey, targets []sharing.Target, operations []string) (grantees []ProvenGrantee, problems []sharing.Problem, warnings []string) {
	proof := &grantsProof{Client: c, keys: keys, operations: operations}
	c.narrowToProof(keys, targets, operations)
	each(targets, func(_ int, target sharing.Target) {
		if target.Credentials {
			proof.target(ctx, target)
		}
	})
	slices.SortFunc(proof.grantees.items, func(a, b ProvenGrantee) int {
		return cmp.Or(cmp.Compare(a.Account, b.Account), strings.Compare(a.ARN, b.ARN))
	})
	slices.Sort(proof.warnings.items)
	return proof.grantees.items, sortProblems(proof.problems.items), proof.warnings.items
}

// grantsProof is one proof of all grants.
type grantsProof struct {
	*Client
	keys       []ResolvedKey
	operations []string

	grantees list[ProvenGrantee]
	problems list[sharing.Problem]
	warnings list[string]
}

func (g *grantsProof) target(ctx context.Context, target sharing.Target) {
	ctx, cancel := context.WithTimeout(ctx, g.options.TargetTimeout)
	defer cancel()
	if problem := g.enter(ctx, target.Account); problem != nil {
		g.problems.add(*problem)
		return
	}
	g.warnings.add(g.sessions[target.Account].warnings()...)
	each(target.Grantees, func(_ int, grantee sharing.Grantee) { g.grantee(ctx, target, grantee) })
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
		g.problems.add(missingRole(target.Account, grantee, grantee.ARN(g.partition(), target.Account)))
		return
	}
	g.grantees.add(ProvenGrantee{target.Account, grantee, role.ARN})
	each(g.keys, func(_ int, key ResolvedKey) { g.grant(ctx, target.Account, grantee, role.ARN, key) })
}

func (g *grantsProof) grant(ctx context.Context, account sharing.AccountID, grantee sharing.Grantee, roleARN string, key ResolvedKey) {
	change := plan.CreateGrant{
		Account: account, Region: keyRegion(key.ARN), KeyARN: key.ARN, GranteeARN: roleARN,
		Operations: g.operations, Name: grantee.GrantName(account),
	}
	err := g.proveGrant(ctx, change)
	if proven(err) {
		return
	}
	a := g.grantAct(change)
	a.doing = "proving that key " + key.ARN + " can be granted to role " + roleARN
	g.problems.add(diagnose(err, a))
}

// missingRole says how a role that is not there is made.
// https://docs.aws.amazon.com/autoscaling/ec2/userguide/autoscaling-service-linked-role.html
func missingRole(account sharing.AccountID, grantee sharing.Grantee, arn string) sharing.Problem {
	problem := sharing.Problem{
		Scope: sharing.Scope{Account: account}, Doing: "looking for the role " + arn, Cause: "it does not exist",
		Remedy: "create it, or correct its name in grantee_roles",
	}
	if grantee.Service != "" {
		problem.Remedy = "set create_service_linked_roles = true in the target, or run in account " + string(account) + ": " + plan.CreateRoleCommand(grantee)
	}
	return problem
}
