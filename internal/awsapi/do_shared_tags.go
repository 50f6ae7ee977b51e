// SPDX-License-Identifier: MPL-2.0

package awsapi

import (
	"context"
	"errors"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/amishare/packer-plugin-ami-share/internal/clients"
	"github.com/amishare/packer-plugin-ami-share/internal/diagnose"
	"github.com/amishare/packer-plugin-ami-share/internal/plan"
	"github.com/amishare/packer-plugin-ami-share/internal/sharing"
)

// putSharedTags writes tags of an AMI as its owner, all in one call.
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateTags.html
func (c *Client) putSharedTags(ctx context.Context, w plan.Where, tags map[string]string) (plan.Effect, error) {
	ctx, tries := clients.Watched(ctx)
	err := c.createSharedTags(ctx, w.Image, tags, false)
	return c.settle(ctx, err, c.sharedTagAct(w, "ec2:CreateTags"), tries, func(ctx context.Context) (bool, error) {
		there, err := c.ownTags(ctx, w.Image)
		return err == nil && sharing.Among(there, tags), err
	})
}

// removeSharedTags deletes tags of an AMI as its owner, whatever their values.
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DeleteTags.html
func (c *Client) removeSharedTags(ctx context.Context, w plan.Where, keys []string) (plan.Effect, error) {
	ctx, tries := clients.Watched(ctx)
	err := c.deleteSharedTags(ctx, w.Image, keys, false)
	return c.settle(ctx, err, c.sharedTagAct(w, "ec2:DeleteTags"), tries, func(ctx context.Context) (bool, error) {
		there, err := c.ownTags(ctx, w.Image)
		return err == nil && without(there, keys), err
	})
}

// restoreSharedTags deletes tags and puts back the values that were there before.
func (c *Client) restoreSharedTags(ctx context.Context, change plan.RestoreSharedTags) (plan.Effect, error) {
	if len(change.Delete) > 0 {
		if effect, err := c.removeSharedTags(ctx, change.Where, change.Delete); err != nil {
			return effect, err
		}
	}
	if len(change.Restore) == 0 {
		return plan.Effect{}, nil
	}
	return c.putSharedTags(ctx, change.Where, change.Restore)
}

// undoSharedTags reads what the tags are that are to be written or deleted.
func (c *Client) undoSharedTags(ctx context.Context, w plan.Where, keys []string) (plan.Change, error) {
	there, err := c.ownTags(ctx, w.Image)
	if err != nil {
		a := c.sharedTagAct(w, "ec2:DescribeImages")
		a.Doing, a.Resource = "reading the tags of AMI "+w.Image.ID+" before they are changed", "*"
		return nil, diagnose.Error(err, a)
	}
	undo := plan.RestoreSharedTags{Where: w, Restore: map[string]string{}}
	slices.Sort(keys)
	for _, key := range keys {
		if old, ok := there[key]; ok {
			undo.Restore[key] = old
		} else {
			undo.Delete = append(undo.Delete, key)
		}
	}
	return undo, nil
}

func (c *Client) createSharedTags(ctx context.Context, image sharing.ImageRef, tags map[string]string, dry bool) error {
	in := createTagsInput(image.ID, tags)
	if dry {
		in.DryRun = aws.Bool(true)
	}
	_, err := c.EC2(clients.Place{Region: image.Region}).CreateTags(ctx, in)
	return err
}

func (c *Client) deleteSharedTags(ctx context.Context, image sharing.ImageRef, keys []string, dry bool) error {
	in := deleteTagsInput(image.ID, keys)
	if dry {
		in.DryRun = aws.Bool(true)
	}
	_, err := c.EC2(clients.Place{Region: image.Region}).DeleteTags(ctx, in)
	return err
}

// ownTags reads the tags of an AMI as its owner sees them.
func (c *Client) ownTags(ctx context.Context, image sharing.ImageRef) (map[string]string, error) {
	there, err := c.ownImage(ctx, image)
	return clients.TagMap(there.Tags), err
}

// ownImage reads an AMI as its owner sees it.
func (c *Client) ownImage(ctx context.Context, image sharing.ImageRef) (types.Image, error) {
	found, err := c.DescribeImages(ctx, clients.Place{Region: image.Region}, []string{image.ID})
	switch {
	case err != nil:
		return types.Image{}, err
	case len(found) == 0:
		return types.Image{}, errNotShown
	default:
		return found[0], nil
	}
}

var errNotShown = errors.New("EC2 does not show the AMI")

func (c *Client) sharedTagAct(w plan.Where, action string) diagnose.Act {
	doing := "sharing tags of AMI "
	if action == "ec2:DeleteTags" {
		doing = "deleting shared tags of AMI "
	}
	return diagnose.Act{
		Scope: sharing.Scope{Account: w.Account, Region: w.Image.Region}, Doing: doing + w.Image.ID, Action: action, Resource: c.imageARN(w.Image.Region, w.Image.ID),
	}
}
