// SPDX-License-Identifier: MPL-2.0

package awsapi

import (
	"context"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/amishare/packer-plugin-ami-share/internal/clients"
	"github.com/amishare/packer-plugin-ami-share/internal/diagnose"
	"github.com/amishare/packer-plugin-ami-share/internal/plan"
	"github.com/amishare/packer-plugin-ami-share/internal/sharing"
)

// modifyLaunchPermission shares an AMI with all recipients in one call, or stops sharing it.
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_ModifyImageAttribute.html
func (c *Client) modifyLaunchPermission(ctx context.Context, change plan.ModifyLaunchPermission) (plan.Effect, error) {
	return c.modifyPermission(ctx, change, c.imageAct(change), func(ctx context.Context) error {
		_, err := c.EC2(clients.Place{Region: change.Image.Region}).ModifyImageAttribute(ctx, launchPermissionInput(change))
		return err
	}, func(ctx context.Context) (int, error) {
		missing, err := c.launchPermissionChange(ctx, change)
		return len(missing), err
	})
}

// modifyPermission sends a change of permissions. When its answer was lost, missing counts for how many recipients the change
// has yet to be made.
func (c *Client) modifyPermission(ctx context.Context, batch plan.Change, a diagnose.Act, send func(context.Context) error, missing func(context.Context) (int, error)) (plan.Effect, error) {
	ctx, tries := clients.Watched(ctx)
	err := send(ctx)
	if refused, ok := rejected(err, a, batch, tries); ok {
		return plan.Effect{}, refused
	}
	return c.settle(ctx, err, a, tries, func(ctx context.Context) (bool, error) {
		n, err := missing(ctx)
		return n == 0, err
	})
}

// launchPermissionChange returns the recipients for whom a change has yet to be made.
func (c *Client) launchPermissionChange(ctx context.Context, change plan.ModifyLaunchPermission) ([]sharing.Recipient, error) {
	there, err := c.launchPermissionsOf(ctx, change.Image)
	return slices.DeleteFunc(slices.Clone(change.Recipients), func(r sharing.Recipient) bool {
		return slices.Contains(there, r) == (change.Operation == plan.Add)
	}), err
}

func (c *Client) imageAct(change plan.ModifyLaunchPermission) diagnose.Act {
	doing := "sharing AMI " + change.Image.ID
	if change.Operation == plan.Remove {
		doing = "unsharing AMI " + change.Image.ID
	}
	return diagnose.Act{
		Scope: sharing.Scope{Region: change.Image.Region}, Doing: doing,
		Action: "ec2:ModifyImageAttribute", Resource: c.imageARN(change.Image.Region, change.Image.ID),
	}
}

func launchPermissionInput(change plan.ModifyLaunchPermission) *ec2.ModifyImageAttributeInput {
	modifications := &types.LaunchPermissionModifications{Add: launchPermissions(change.Recipients)}
	if change.Operation == plan.Remove {
		modifications.Add, modifications.Remove = nil, modifications.Add
	}
	return &ec2.ModifyImageAttributeInput{ImageId: aws.String(change.Image.ID), LaunchPermission: modifications}
}

func launchPermissions(recipients []sharing.Recipient) []types.LaunchPermission {
	var permissions []types.LaunchPermission
	for _, r := range recipients {
		var p types.LaunchPermission
		switch r.Kind {
		case sharing.ToAccount:
			p.UserId = aws.String(r.ID)
		case sharing.ToOrganization:
			p.OrganizationArn = aws.String(r.ID)
		case sharing.ToOrganizationalUnit:
			p.OrganizationalUnitArn = aws.String(r.ID)
		case sharing.ToGroup:
			p.Group = types.PermissionGroup(r.ID)
		}
		permissions = append(permissions, p)
	}
	return permissions
}
