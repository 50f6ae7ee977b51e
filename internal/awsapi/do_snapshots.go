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

// modifySnapshotPermission shares a snapshot with at most 500 accounts in one call, or stops sharing it.
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_ModifySnapshotAttribute.html
func (c *Client) modifySnapshotPermission(ctx context.Context, change plan.ModifySnapshotPermission) (plan.Effect, error) {
	return c.modifyPermission(ctx, change, c.snapshotAct(change), func(ctx context.Context) error {
		_, err := c.EC2(clients.Place{Region: change.Image.Region}).ModifySnapshotAttribute(ctx, createVolumePermissionInput(change))
		return err
	}, func(ctx context.Context) (int, error) {
		missing, err := c.snapshotPermissionChange(ctx, change)
		return len(missing), err
	})
}

// snapshotPermissionChange returns the accounts for which a change has yet to be made.
func (c *Client) snapshotPermissionChange(ctx context.Context, change plan.ModifySnapshotPermission) ([]sharing.AccountID, error) {
	there, err := c.createVolumePermissionsOf(ctx, change.Image.Region, change.Snapshot)
	return slices.DeleteFunc(slices.Clone(change.Accounts), func(account sharing.AccountID) bool {
		return slices.Contains(there, sharing.Account(account)) == (change.Operation == plan.Add)
	}), err
}

func (c *Client) snapshotAct(change plan.ModifySnapshotPermission) diagnose.Act {
	doing := "sharing snapshot " + change.Snapshot
	if change.Operation == plan.Remove {
		doing = "unsharing snapshot " + change.Snapshot
	}
	return diagnose.Act{
		Scope: sharing.Scope{Region: change.Image.Region}, Doing: doing + " of AMI " + change.Image.ID,
		Action: "ec2:ModifySnapshotAttribute", Resource: c.snapshotARN(change.Image.Region, change.Snapshot),
	}
}

func createVolumePermissionInput(change plan.ModifySnapshotPermission) *ec2.ModifySnapshotAttributeInput {
	modifications := &types.CreateVolumePermissionModifications{Add: createVolumePermissions(change.Accounts)}
	if change.Operation == plan.Remove {
		modifications.Add, modifications.Remove = nil, modifications.Add
	}
	return &ec2.ModifySnapshotAttributeInput{SnapshotId: aws.String(change.Snapshot), CreateVolumePermission: modifications}
}

func createVolumePermissions(accounts []sharing.AccountID) []types.CreateVolumePermission {
	var permissions []types.CreateVolumePermission
	for _, account := range accounts {
		permissions = append(permissions, types.CreateVolumePermission{UserId: aws.String(string(account))})
	}
	return permissions
}
