package awsapi

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/amishare/packer-plugin-ami-share/internal/diagnose"
	"github.com/amishare/packer-plugin-ami-share/internal/plan"
	"github.com/amishare/packer-plugin-ami-share/internal/sharing"
)

// modifyLaunchPermission shares an image with all recipients in one call, or stops sharing it.
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_ModifyImageAttribute.html
func (c *Client) modifyLaunchPermission(ctx context.Context, change plan.ModifyLaunchPermission) (plan.Change, error) {
	_, err := c.ec2(place{region: change.Image.Region}).ModifyImageAttribute(ctx, launchPermissionInput(change))
	undo := plan.ModifyLaunchPermission{Image: change.Image, Add: change.Remove, Remove: change.Add}
	a := c.imageAct(change)
	if refused, ok := rejected(err, a, change); ok {
		return nil, refused
	}
	return settle(undo, err, a)
}

func (c *Client) imageAct(change plan.ModifyLaunchPermission) diagnose.Act {
	doing := "sharing image " + change.Image.ID
	if len(change.Remove) > 0 {
		doing = "unsharing image " + change.Image.ID
	}
	return diagnose.Act{
		Scope: sharing.Scope{Region: change.Image.Region}, Doing: doing,
		Action: "ec2:ModifyImageAttribute", Resource: c.imageARN(change.Image.Region, change.Image.ID),
	}
}

func launchPermissionInput(change plan.ModifyLaunchPermission) *ec2.ModifyImageAttributeInput {
	return &ec2.ModifyImageAttributeInput{
		ImageId: aws.String(change.Image.ID),
		LaunchPermission: &types.LaunchPermissionModifications{
			Add: launchPermissions(change.Add), Remove: launchPermissions(change.Remove),
		},
	}
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

func accountsOf(recipients []sharing.Recipient) []sharing.AccountID {
	var accounts []sharing.AccountID
	for _, r := range recipients {
		if r.Kind == sharing.ToAccount {
			accounts = append(accounts, sharing.AccountID(r.ID))
		}
	}
	return accounts
}
