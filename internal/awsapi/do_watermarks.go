// SPDX-License-Identifier: MPL-2.0

package awsapi

import (
	"context"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"

	"github.com/amishare/packer-plugin-ami-share/internal/clients"
	"github.com/amishare/packer-plugin-ami-share/internal/diagnose"
	"github.com/amishare/packer-plugin-ami-share/internal/plan"
	"github.com/amishare/packer-plugin-ami-share/internal/sharing"
)

// attachWatermark marks an AMI as its owner. AWS refuses a watermark that is there, and has no code of its own for that.
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_AttachImageWatermark.html
func (c *Client) attachWatermark(ctx context.Context, change plan.AttachWatermark) (plan.Effect, error) {
	there := func(ctx context.Context) (bool, error) { return c.hasWatermark(ctx, change.Image, change.Key()) }
	ctx, tries := clients.Watched(ctx)
	err := c.sendWatermark(ctx, change, false)
	if err != nil && !tries.Lost() && !diagnose.Denied(err) {
		if is, lookErr := there(ctx); is && lookErr == nil {
			return plan.Effect{Found: true}, nil
		}
	}
	return c.settle(ctx, err, c.watermarkAct(change.Where, change.Key(), "ec2:AttachImageWatermark"), tries, there)
}

func (c *Client) sendWatermark(ctx context.Context, change plan.AttachWatermark, dry bool) error {
	in := &ec2.AttachImageWatermarkInput{ImageId: &change.Image.ID, WatermarkName: &change.Name}
	if dry {
		in.DryRun = aws.Bool(true)
	}
	_, err := c.EC2(clients.Place{Region: change.Image.Region}).AttachImageWatermark(ctx, in)
	return err
}

// detachWatermark takes a watermark off an AMI. One that is not there is off.
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DetachImageWatermark.html
func (c *Client) detachWatermark(ctx context.Context, change plan.DetachWatermark) (plan.Effect, error) {
	gone := func(ctx context.Context) (bool, error) {
		is, err := c.hasWatermark(ctx, change.Image, change.Key())
		return !is && err == nil, err
	}
	ctx, tries := clients.Watched(ctx)
	_, err := c.EC2(clients.Place{Region: change.Image.Region}).DetachImageWatermark(ctx, &ec2.DetachImageWatermarkInput{
		ImageId: &change.Image.ID, WatermarkKey: aws.String(change.Key()),
	})
	if err != nil && !tries.Lost() && !diagnose.Denied(err) {
		if is, lookErr := gone(ctx); is && lookErr == nil {
			return plan.Effect{}, nil
		}
	}
	return c.settle(ctx, err, c.watermarkAct(change.Where, change.Key(), "ec2:DetachImageWatermark"), tries, gone)
}

func (c *Client) undoWatermark(ctx context.Context, change plan.AttachWatermark) (plan.Change, error) {
	is, err := c.hasWatermark(ctx, change.Image, change.Key())
	if err != nil {
		a := c.watermarkAct(change.Where, change.Key(), "ec2:DescribeImages")
		a.Doing, a.Resource = "reading the watermarks of AMI "+change.Image.ID+" before one is attached", "*"
		return nil, diagnose.Error(err, a)
	}
	if is {
		return nil, nil //nolint:nilnil // another run has just attached it
	}
	return change.Undo(), nil
}

// hasWatermark tells whether an AMI has a watermark, as its owner sees it.
func (c *Client) hasWatermark(ctx context.Context, image sharing.ImageRef, key string) (bool, error) {
	there, err := c.ownImage(ctx, image)
	return slices.Contains(clients.WatermarkKeys(there.ImageWatermarks), key), err
}

func (c *Client) watermarkAct(w plan.Where, key, action string) diagnose.Act {
	doing := "attaching the watermark " + key + " to AMI "
	if action == "ec2:DetachImageWatermark" {
		doing = "detaching the watermark " + key + " from AMI "
	}
	return diagnose.Act{
		Scope: sharing.Scope{Account: w.Account, Region: w.Image.Region}, Doing: doing + w.Image.ID, Action: action,
		Resource: c.imageARN(w.Image.Region, w.Image.ID),
	}
}
