// SPDX-License-Identifier: MPL-2.0

package awsapi

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/service/kms"

	"github.com/amishare/packer-plugin-ami-share/internal/clients"
	"github.com/amishare/packer-plugin-ami-share/internal/diagnose"
	"github.com/amishare/packer-plugin-ami-share/internal/plan"
	"github.com/amishare/packer-plugin-ami-share/internal/sharing"
)

// retireGrant ends a grant: as its issuer, who may always retire it, or, where there are no credentials for the issuer, as
// the key's administrator, who may revoke it. A grant that is gone already is no error.
// https://docs.aws.amazon.com/kms/latest/developerguide/grant-manage.html
func (c *Client) retireGrant(ctx context.Context, change plan.RetireGrant) (plan.Effect, error) {
	a := c.retireAct(change)
	if change.Unused {
		why, err := c.stillUsed(ctx, change)
		if err != nil || why != "" {
			return plan.Effect{Kept: why}, err
		}
	}
	ctx, tries := clients.Watched(ctx)
	err := c.takeBack(ctx, change)
	if diagnose.Has(err, "NotFoundException", "InvalidGrantIdException") {
		return plan.Effect{Found: !tries.Lost()}, nil
	}
	if diagnose.Denied(err) && !tries.Lost() { // across accounts KMS does not say that a grant is gone
		gone, listErr := c.gone(ctx, change)
		if listErr == nil && gone {
			return plan.Effect{Found: true}, nil
		}
	}
	return c.settle(ctx, err, a, tries, func(ctx context.Context) (bool, error) { return c.gone(ctx, change) })
}

// gone tells whether a grant is not listed any more.
func (c *Client) gone(ctx context.Context, change plan.RetireGrant) (bool, error) {
	p, ok := c.issuer(change.Issuer, change.KeyARN, change.Region)
	if !ok {
		p = clients.Place{Region: change.Region}
	}
	grants, err := c.ListGrants(ctx, p, &kms.ListGrantsInput{KeyId: &change.KeyARN, GrantId: &change.GrantID})
	if diagnose.Has(err, "NotFoundException", "InvalidGrantIdException") {
		return true, nil
	}
	return err == nil && len(grants) == 0, err
}

func (c *Client) takeBack(ctx context.Context, change plan.RetireGrant) error {
	if p, ok := c.issuer(change.Issuer, change.KeyARN, change.Region); ok {
		_, err := c.KMS(p).RetireGrant(ctx, &kms.RetireGrantInput{KeyId: &change.KeyARN, GrantId: &change.GrantID})
		return err
	}
	_, err := c.KMS(clients.Place{Region: change.Region}).RevokeGrant(ctx, &kms.RevokeGrantInput{KeyId: &change.KeyARN, GrantId: &change.GrantID})
	return err
}

func (c *Client) retireAct(change plan.RetireGrant) diagnose.Act {
	a := diagnose.Act{
		Scope:  sharing.Scope{Account: change.Account, Region: change.Region},
		Doing:  "retiring grant " + change.GrantID + " of " + change.GranteeARN + " on key " + change.KeyARN,
		Action: "kms:RetireGrant", Resource: change.KeyARN, Principal: c.Principal(change.Issuer),
	}
	if _, ok := c.issuer(change.Issuer, change.KeyARN, change.Region); !ok {
		a.Action = "kms:RevokeGrant"
	}
	return a
}
