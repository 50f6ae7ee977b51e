// SPDX-License-Identifier: MPL-2.0

package awsapi

import (
	"context"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"

	"github.com/amishare/packer-plugin-ami-share/internal/clients"
	"github.com/amishare/packer-plugin-ami-share/internal/diagnose"
	"github.com/amishare/packer-plugin-ami-share/internal/parallel"
	"github.com/amishare/packer-plugin-ami-share/internal/plan"
	"github.com/amishare/packer-plugin-ami-share/internal/sharing"
)

// Prove asks AWS with DryRun whether it would take the changes of a plan, changes nothing, and returns those that it would
// not take; of a batch the part because of which AWS refuses it. It proves grants, their retirement, and permissions of
// AMIs and snapshots. Some can't be proved before others are made: a grant to a role that the plan creates, and tags on
// an AMI that its target can't see yet. The result is sorted by account and Region of the problems.
// https://docs.aws.amazon.com/kms/latest/developerguide/testing-permissions.html
func (c *Client) Prove(ctx context.Context, p plan.Plan) []plan.Refused {
	var all parallel.List[plan.Refused]
	parallel.Each(p.Changes, func(_ int, change plan.Change) {
		problem := parallel.Guard(sharing.Scope{}, "proving that AWS would allow: "+change.String(), func() { all.Add(c.refusals(ctx, change)...) })
		if problem != nil {
			all.Add(plan.Refused{Change: change, Problem: *problem})
		}
	})
	slices.SortStableFunc(all.Items, func(a, b plan.Refused) int { return sharing.CompareProblems(a.Problem, b.Problem) })
	return all.Items
}

// refusals returns the parts of a change that AWS would not take.
func (c *Client) refusals(ctx context.Context, change plan.Change) []plan.Refused {
	var refused []plan.Refused
	for change != nil {
		a, err := c.prove(ctx, change)
		if err == nil || diagnose.Proven(err) {
			break
		}
		rejection, ok := rejected(err, a, change, new(clients.Attempts))
		if !ok {
			return append(refused, plan.Refused{Change: change, Problem: diagnose.Error(err, a)})
		}
		refused = append(refused, plan.Refused{Change: rejection.Refused, Problem: rejection.Problem})
		change = rejection.Rest
	}
	return refused
}

// prove sends a change as a dry run. AWS answers every dry run with an error.
func (c *Client) prove(ctx context.Context, change plan.Change) (diagnose.Act, error) {
	var a diagnose.Act
	var err error
	switch change := change.(type) {
	case plan.ModifyLaunchPermission:
		if change.Unused {
			if a, err = c.proveReport(ctx, change); !diagnose.Proven(err) {
				break
			}
		}
		a = c.imageAct(change)
		in := launchPermissionInput(change)
		in.DryRun = aws.Bool(true)
		_, err = c.EC2(clients.Place{Region: change.Image.Region}).ModifyImageAttribute(ctx, in)
	case plan.ModifySnapshotPermission:
		a = c.snapshotAct(change)
		in := createVolumePermissionInput(change)
		in.DryRun = aws.Bool(true)
		_, err = c.EC2(clients.Place{Region: change.Image.Region}).ModifySnapshotAttribute(ctx, in)
	case plan.CreateGrant:
		if change.NewRole {
			return a, nil
		}
		a = c.grantAct(change)
		err = c.proveGrant(ctx, change)
	case plan.RetireGrant:
		a = c.retireAct(change)
		err = c.proveRetirement(ctx, change)
	case plan.PutSharedTags:
		a = c.sharedTagAct(change.Where, "ec2:CreateTags")
		err = c.createSharedTags(ctx, change.Image, change.All(), true)
	case plan.RemoveSharedTags:
		a = c.sharedTagAct(change.Where, "ec2:DeleteTags")
		err = c.deleteSharedTags(ctx, change.Image, change.Keys(), true)
	case plan.AttachWatermark:
		a = c.watermarkAct(change.Where, change.Key(), "ec2:AttachImageWatermark")
		err = c.sendWatermark(ctx, change, true)
	case plan.AddTemplateVersion:
		a = c.templateAct(change.Where, "making a version of", "ec2:CreateLaunchTemplateVersion", change.Template, change.ID)
		_, err = c.EC2(placeOfAnnouncement(change.Where)).CreateLaunchTemplateVersion(ctx, templateVersionInput(change, true))
	default: // no dry run, or nothing to try it on
		return a, nil
	}
	a.Doing = "proving that AWS would allow: " + change.String()
	return a, err
}

func (c *Client) proveGrant(ctx context.Context, change plan.CreateGrant) error {
	p, ok := c.issuer(change.Account, change.KeyARN, change.Region)
	if !ok {
		return clients.NoCredentials(c.grantAct(change), change.Account)
	}
	in := createGrantInput(change)
	in.DryRun = aws.Bool(true)
	_, err := c.KMS(p).CreateGrant(ctx, in)
	return err
}

func (c *Client) proveRetirement(ctx context.Context, change plan.RetireGrant) error {
	if p, ok := c.issuer(change.Issuer, change.KeyARN, change.Region); ok {
		_, err := c.KMS(p).RetireGrant(ctx, &kms.RetireGrantInput{KeyId: &change.KeyARN, GrantId: &change.GrantID, DryRun: aws.Bool(true)})
		return err
	}
	_, err := c.KMS(clients.Place{Region: change.Region}).RevokeGrant(ctx, &kms.RevokeGrantInput{KeyId: &change.KeyARN, GrantId: &change.GrantID, DryRun: aws.Bool(true)})
	return err
}
