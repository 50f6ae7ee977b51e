package awsapi

import (
	"context"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/kms/types"

	"github.com/amishare/packer-plugin-ami-share/internal/diagnose"
	"github.com/amishare/packer-plugin-ami-share/internal/plan"
	"github.com/amishare/packer-plugin-ami-share/internal/sharing"
)

// newRoleTimeout is how long KMS may take to know a role that was just made.
const newRoleTimeout = 2 * time.Minute

// createGrant issues a grant. KMS answers with the grant that is there already when one has the same name and content;
// that one is not this run's to undo.
// https://docs.aws.amazon.com/kms/latest/APIReference/API_CreateGrant.html
func (c *Client) createGrant(ctx context.Context, change plan.CreateGrant) (plan.Change, error) {
	a := c.grantAct(change)
	p, ok := c.issuer(change.Account, change.KeyARN, change.Region)
	if !ok {
		return nil, noCredentials(a, change.Account)
	}
	var id string
	send := func(ctx context.Context) error {
		out, err := c.kms(p).CreateGrant(ctx, createGrantInput(change))
		if err == nil {
			id = aws.ToString(out.GrantId)
		}
		return err
	}
	err := send(ctx)
	if change.NewRole && diagnose.Has(err, "InvalidArnException") {
		err = untilKnown(ctx, send)
	}
	undo := undoOf(change, id)
	if err == nil {
		c.grants.add(subjectOf(change), id)
		if c.wasThere(ctx, p, change.KeyARN, id) {
			return nil, nil
		}
	}
	return settle(undo, err, a)
}

// untilKnown repeats a grant to a role that KMS doesn't know yet.
func untilKnown(ctx context.Context, send func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, newRoleTimeout)
	defer cancel()
	return poll(ctx, func(ctx context.Context) (bool, error) {
		err := send(ctx)
		return !diagnose.Has(err, "InvalidArnException"), err
	})
}

// wasThere tells whether a grant is older than the run. Where the key's grants could not be listed beforehand, its date
// tells, by AWS's clock; and where that can't be read either, the grant is left alone. A grant that is not listed yet is
// new.
func (c *Client) wasThere(ctx context.Context, p place, keyARN, id string) bool {
	if there, known := c.grants.before(keyARN, id); known {
		return there
	}
	grants, err := c.listGrants(ctx, p, &kms.ListGrantsInput{KeyId: &keyARN, GrantId: &id})
	if err != nil {
		return true
	}
	start := c.traffic.start()
	return slices.ContainsFunc(grants, func(g sharing.Grant) bool { return g.ID == id && g.Created.Before(start) })
}

func createGrantInput(change plan.CreateGrant) *kms.CreateGrantInput {
	in := &kms.CreateGrantInput{
		KeyId: aws.String(change.KeyARN), GranteePrincipal: aws.String(change.GranteeARN), Name: aws.String(change.Name),
	}
	for _, operation := range change.Operations {
		in.Operations = append(in.Operations, types.GrantOperation(operation))
	}
	return in
}

func (c *Client) grantAct(change plan.CreateGrant) diagnose.Act {
	return diagnose.Act{
		Scope:  sharing.Scope{Account: change.Account, Region: change.Region},
		Doing:  "granting key " + change.KeyARN + " to role " + change.GranteeARN,
		Action: "kms:CreateGrant", Resource: change.KeyARN, Principal: c.principal(change.Account),
		Grantee: change.GranteeARN, Operations: change.Operations,
	}
}

func subjectOf(change plan.CreateGrant) grantSubject {
	return grantSubject{change.Account, change.KeyARN, change.GranteeARN}
}

// undoOf returns what takes a grant back. Without an id, it is looked for when that is done.
func undoOf(change plan.CreateGrant, id string) plan.RetireGrant {
	return plan.RetireGrant{
		Issuer: change.Account, Account: change.Account, Region: change.Region, KeyARN: change.KeyARN, GrantID: id,
		GranteeARN: change.GranteeARN, Operations: change.Operations, Name: change.Name, Why: "this run made it",
	}
}

// issuer returns where grants of an account are issued and retired: in its session, or as the source when the account
// is the key's own.
func (c *Client) issuer(account sharing.AccountID, keyARN string, region sharing.Region) (place, bool) {
	switch {
	case c.sessions[account] != nil:
		return place{account, region}, true
	case account == sharing.AccountOf(keyARN):
		return place{region: region}, true
	default:
		return place{}, false
	}
}

// noCredentials says that a target can't be entered.
func noCredentials(a diagnose.Act, account sharing.AccountID) sharing.Problem {
	return sharing.Problem{
		Scope: a.Scope, Doing: a.Doing, Cause: "there are no credentials for account " + string(account),
		Remedy: "Give the target an assume_role block or a profile.",
	}
}
