// SPDX-License-Identifier: MPL-2.0

package awsapi

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/kms/types"

	"github.com/amishare/packer-plugin-ami-share/internal/clients"
	"github.com/amishare/packer-plugin-ami-share/internal/diagnose"
	"github.com/amishare/packer-plugin-ami-share/internal/plan"
	"github.com/amishare/packer-plugin-ami-share/internal/sharing"
	"github.com/amishare/packer-plugin-ami-share/internal/traffic"
)

// newRoleTimeout is how long KMS may take to know a role that was just made.
const newRoleTimeout = 2 * time.Minute

// createGrant issues a grant. KMS answers with the grant that is there already when one has the same name and content: an
// answer that was lost comes again when the call is sent again.
// https://docs.aws.amazon.com/kms/latest/APIReference/API_CreateGrant.html
func (c *Client) createGrant(ctx context.Context, change plan.CreateGrant) (plan.Effect, error) {
	a := c.grantAct(change)
	p, ok := c.issuer(change.Account, change.KeyARN, change.Region)
	if !ok {
		return plan.Effect{}, clients.NoCredentials(a, change.Account)
	}
	ctx, tries := clients.Watched(ctx)
	var id string
	send := func(ctx context.Context) error {
		out, err := c.KMS(p).CreateGrant(ctx, createGrantInput(change))
		if err == nil {
			id = aws.ToString(out.GrantId)
		}
		return err
	}
	err := send(ctx)
	if diagnose.Has(err, "InvalidArnException") {
		err = c.untilKnown(ctx, change, send)
	}
	effect, err := c.settle(ctx, err, a, tries, func(ctx context.Context) (bool, error) {
		if send(ctx) == nil {
			return true, nil
		}
		found, err := c.findGrant(ctx, p, change)
		id = cmp.Or(id, found)
		return id != "", err
	})
	effect.GrantID, effect.Found = id, slices.Contains(change.Maybe, id)
	return effect, err
}

// findGrant looks for the grant that a change makes. It returns "" when it is not listed.
func (c *Client) findGrant(ctx context.Context, p clients.Place, change plan.CreateGrant) (string, error) {
	grants, err := c.ListGrants(ctx, p, &kms.ListGrantsInput{KeyId: &change.KeyARN, GranteePrincipal: &change.GranteeARN})
	for _, g := range grants {
		if g.Name == change.Name && g.Issuer == change.Account && !g.Constrained && sameSet(g.Operations, change.Operations) {
			return g.ID, nil
		}
	}
	return "", err
}

func sameSet(a, b []string) bool {
	return slices.Equal(slices.Sorted(slices.Values(a)), slices.Sorted(slices.Values(b)))
}

// untilKnown repeats a grant to a role that KMS doesn't know yet. A role that the run has made is waited for longer than one
// that may not be there at all.
func (c *Client) untilKnown(ctx context.Context, change plan.CreateGrant, send func(context.Context) error) error {
	patience := c.options.LookAgain / 2
	if change.NewRole {
		patience = newRoleTimeout
	}
	c.options.Say("Waiting for KMS to know the role " + change.GranteeARN)
	return traffic.PollFor(ctx, patience, func(ctx context.Context) (bool, error) {
		err := send(ctx)
		return !diagnose.Has(err, "InvalidArnException"), err
	})
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
		Action: "kms:CreateGrant", Resource: change.KeyARN, Principal: c.Principal(change.Account),
		Grantee: change.GranteeARN, Operations: change.Operations,
	}
}

// issuer returns where grants of an account are issued and retired: in its session, or as the source when the account
// is the key's own.
func (c *Client) issuer(account sharing.AccountID, keyARN string, region sharing.Region) (clients.Place, bool) {
	switch {
	case c.Enters(account):
		return clients.Place{Account: account, Region: region}, true
	case account == sharing.AccountOf(keyARN):
		return clients.Place{Region: region}, true
	default:
		return clients.Place{}, false
	}
}
