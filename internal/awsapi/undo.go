// SPDX-License-Identifier: MPL-2.0

package awsapi

import (
	"context"
	"maps"
	"slices"

	"github.com/amishare/packer-plugin-ami-share/internal/clients"
	"github.com/amishare/packer-plugin-ami-share/internal/diagnose"
	"github.com/amishare/packer-plugin-ami-share/internal/plan"
	"github.com/amishare/packer-plugin-ami-share/internal/sharing"
)

// Undo reads what is there now, and returns the change that restores it after the change has been made: nil when there will
// be nothing to restore. What belongs to a key or an account has no undo. The error is a sharing.Problem.
func (c *Client) Undo(ctx context.Context, change plan.Change) (plan.Change, error) {
	switch change := change.(type) {
	case plan.ModifyLaunchPermission:
		return c.undoLaunchPermission(ctx, change)
	case plan.ModifySnapshotPermission:
		return c.undoSnapshotPermission(ctx, change)
	case plan.PutTags:
		return c.undoTags(ctx, change)
	case plan.PutParameter:
		return c.undoParameter(ctx, change)
	case plan.LabelParameter:
		return c.undoLabels(ctx, change)
	case plan.PutSharedTags:
		return c.undoSharedTags(ctx, change.Where, slices.Collect(maps.Keys(change.All())))
	case plan.AttachWatermark:
		return c.undoWatermark(ctx, change)
	case plan.AddTemplateVersion:
		return change.Undo(), nil
	case plan.SetDefaultVersion:
		return c.undoDefaultVersion(ctx, change)
	case plan.RemoveSharedTags:
		return c.undoSharedTags(ctx, change.Where, change.Keys())
	default:
		return nil, nil //nolint:nilnil // there is nothing to undo, and that is no error
	}
}

func (c *Client) undoLaunchPermission(ctx context.Context, change plan.ModifyLaunchPermission) (plan.Change, error) {
	missing, err := c.launchPermissionChange(ctx, change)
	if err != nil {
		a := c.imageAct(change)
		a.Doing, a.Action = "reading the launch permissions of AMI "+change.Image.ID+" before they are changed", "ec2:DescribeImageAttribute"
		return nil, diagnose.Error(err, a)
	}
	change.Operation, change.Recipients = change.Operation.Opposite(), missing
	return unlessNone(len(missing), change), nil
}

func (c *Client) undoSnapshotPermission(ctx context.Context, change plan.ModifySnapshotPermission) (plan.Change, error) {
	missing, err := c.snapshotPermissionChange(ctx, change)
	if err != nil {
		a := c.snapshotAct(change)
		a.Doing, a.Action = "reading the create-volume permissions of snapshot "+change.Snapshot+" before they are changed", "ec2:DescribeSnapshotAttribute"
		return nil, diagnose.Error(err, a)
	}
	change.Operation, change.Accounts = change.Operation.Opposite(), missing
	return unlessNone(len(missing), change), nil
}

func (c *Client) undoTags(ctx context.Context, change plan.PutTags) (plan.Change, error) {
	if !c.Enters(change.Account) {
		return nil, clients.NoCredentials(c.tagAct(change.Account, change.Image.Region, change.Resource, "ec2:CreateTags"), change.Account)
	}
	there, err := c.tagsOf(ctx, change.Account, change.Image.Region, change.Resource)
	if err != nil {
		return nil, diagnose.Error(err, diagnose.Act{
			Scope:  sharing.Scope{Account: change.Account, Region: change.Image.Region},
			Doing:  "reading the tags of " + change.Resource + " before they are changed",
			Action: "ec2:DescribeTags", Resource: "*", Principal: c.Principal(change.Account),
		})
	}
	undo := plan.RestoreTags{Account: change.Account, Image: change.Image, Resource: change.Resource, Restore: map[string]string{}}
	for _, key := range slices.Sorted(maps.Keys(change.Tags)) {
		switch old, ok := there[key]; {
		case !ok:
			undo.Delete = append(undo.Delete, key)
		case old != change.Tags[key]:
			undo.Restore[key] = old
		}
	}
	return unlessNone(len(undo.Delete)+len(undo.Restore), undo), nil
}

// unlessNone returns an undo of so many things, nil when they are none.
func unlessNone(n int, undo plan.Change) plan.Change {
	if n == 0 {
		return nil
	}
	return undo
}
