package awsapi

import (
	"context"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/kms"

	"github.com/amishare/packer-plugin-ami-share/internal/diagnose"
	"github.com/amishare/packer-plugin-ami-share/internal/plan"
	"github.com/amishare/packer-plugin-ami-share/internal/sharing"
)

// retireGrant takes a grant back: as its issuer, who may always retire it, or, where there are no credentials for the
// issuer, as the key's administrator, who may revoke it. A grant that is gone already is no error.
// https://docs.aws.amazon.com/kms/latest/developerguide/grant-manage.html
func (c *Client) retireGrant(ctx context.Context, change plan.RetireGrant) (plan.Change, error) {
	a := c.retireAct(change)
	if change.GrantID == "" {
		id, err := c.findGrant(ctx, change)
		if err != nil || id == "" {
			return settle(nil, err, a)
		}
		change.GrantID = id
	}
	reported, attempts := reporting(ctx)
	err := c.takeBack(reported, change)
	repeated := attempts.of("RetireGrant")+attempts.of("RevokeGrant") > 1
	if c.gone(ctx, change, err) {
		if repeated {
			return regrant(change), nil
		}
		return nil, nil
	}
	return settle(regrant(change), err, a)
}

// gone tells whether a refusal means that the grant is not there any more. Across accounts KMS does not say so, and the
// list of grants has to.
func (c *Client) gone(ctx context.Context, change plan.RetireGrant, refusal error) bool {
	if diagnose.Has(refusal, "NotFoundException", "InvalidGrantIdException") {
		return true
	}
	p, ok := c.issuer(change.Issuer, change.KeyARN, change.Region)
	if !ok || !diagnose.Denied(refusal) {
		return false
	}
	grants, err := c.listGrants(ctx, p, &kms.ListGrantsInput{KeyId: &change.KeyARN, GrantId: &change.GrantID})
	return err == nil && len(grants) == 0
}

func (c *Client) takeBack(ctx context.Context, change plan.RetireGrant) error {
	if p, ok := c.issuer(change.Issuer, change.KeyARN, change.Region); ok {
		_, err := c.kms(p).RetireGrant(ctx, &kms.RetireGrantInput{KeyId: &change.KeyARN, GrantId: &change.GrantID})
		return err
	}
	_, err := c.kms(place{region: change.Region}).RevokeGrant(ctx, &kms.RevokeGrantInput{KeyId: &change.KeyARN, GrantId: &change.GrantID})
	return err
}

func (c *Client) retireAct(change plan.RetireGrant) diagnose.Act {
	a := diagnose.Act{
		Scope:  sharing.Scope{Account: change.Account, Region: change.Region},
		Doing:  "retiring grant " + change.GrantID + " of " + change.GranteeARN + " on key " + change.KeyARN,
		Action: "kms:RetireGrant", Resource: change.KeyARN, Principal: c.principal(change.Issuer),
	}
	if _, ok := c.issuer(change.Issuer, change.KeyARN, change.Region); !ok {
		a.Action = "kms:RevokeGrant"
	}
	return a
}

// findGrant looks for a grant of this run whose id was lost with the answer. It returns "" when there is none.
func (c *Client) findGrant(ctx context.Context, change plan.RetireGrant) (string, error) {
	p, ok := c.issuer(change.Issuer, change.KeyARN, change.Region)
	if !ok {
		return "", nil
	}
	grants, err := c.listGrants(ctx, p, &kms.ListGrantsInput{KeyId: &change.KeyARN, GranteePrincipal: &change.GranteeARN})
	for _, g := range grants {
		if there, known := c.grants.before(change.KeyARN, g.ID); known && !there && g.Name == change.Name && g.Issuer == change.Issuer {
			return g.ID, nil
		}
	}
	return "", err
}

// regrant returns what brings a grant back, nil for a grant to a role that is gone: AWS makes none for it.
func regrant(change plan.RetireGrant) plan.Change {
	if !strings.HasPrefix(change.GranteeARN, "arn:") {
		return nil
	}
	return plan.CreateGrant{
		Account: change.Issuer, Region: change.Region, KeyARN: change.KeyARN, GranteeARN: change.GranteeARN,
		Operations: change.Operations, Name: change.Name,
	}
}
