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

// modifySnapshotPermission shares a snapshot with at most 500 accounts in one call, or stops sharing it.
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_ModifySnapshotAttribute.html
func (c *Client) modifySnapshotPermission(ctx context.Context, change plan.ModifySnapshotPermission) (plan.Change, error) {
	_, err := c.ec2(place{region: change.Image.Region}).ModifySnapshotAttribute(ctx, createVolumePermissionInput(change))
	undo := plan.ModifySnapshotPermission{Image: change.Image, Snapshot: change.Snapshot, Add: change.Remove, Remove: change.Add}
	a := c.snapshotAct(change)
	if refused, ok := rejected(err, a, change); ok {
		return nil, refused
	}
	return settle(undo, err, a)
}

func (c *Client) snapshotAct(change plan.ModifySnapshotPermission) diagnose.Act {
	doing := "sharing snapshot " + change.Snapshot
	if len(change.Remove) > 0 {
		doing = "unsharing snapshot " + change.Snapshot
	}
	return diagnose.Act{
		Scope: sharing.Scope{Region: change.Image.Region}, Doing: doing + " of image " + change.Image.ID,
		Action: "ec2:ModifySnapshotAttribute", Resource: c.snapshotARN(change.Image.Region, change.Snapshot),
	}
}

func createVolumePermissionInput(change plan.ModifySnapshotPermission) *ec2.ModifySnapshotAttributeInput {
	return &ec2.ModifySnapshotAttributeInput{
		SnapshotId: aws.String(change.Snapshot),
		CreateVolumePermission: &types.CreateVolumePermissionModifications{
			Add: createVolumePermissions(change.Add), Remove: createVolumePermissions(change.Remove),
		},
	}
}

func createVolumePermissions(accounts []sharing.AccountID) []types.CreateVolumePermission {
	var permissions []types.CreateVolumePermission
	for _, account := range accounts {
		permissions = append(permissions, types.CreateVolumePermission{UserId: aws.String(string(account))})
	}
	return permissions
}
