// SPDX-License-Identifier: MPL-2.0

package awsapi

import (
	"context"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/amishare/packer-plugin-ami-share/internal/clients"
	"github.com/amishare/packer-plugin-ami-share/internal/diagnose"
	"github.com/amishare/packer-plugin-ami-share/internal/parallel"
	"github.com/amishare/packer-plugin-ami-share/internal/progress"
	"github.com/amishare/packer-plugin-ami-share/internal/sharing"
)

// images reads all AMIs of the request, in its order.
func (o *observation) images(ctx context.Context) []sharing.Image {
	found := o.findImages(ctx)
	images := make([]sharing.Image, len(o.request.Images))
	regions := regionsOf(o.request.Images)
	o.options.Progress.Begin(progress.Reading, names(regions))
	parallel.Each(regions, func(_ int, region sharing.Region) {
		defer o.options.Progress.Done(string(region), false)
		read := o.details(ctx, region, found[region])
		for i, ref := range o.request.Images {
			if ref.Region != region {
				continue
			}
			images[i] = sharing.Image{State: sharing.ImageMissing}
			if image, ok := read[ref.ID]; ok {
				images[i] = image
			}
			images[i].Ref = ref
		}
	})
	return images
}

// details looks into the AMIs of a Region that are available. The others can't be shared, and what they consist of may
// not be there.
func (o *observation) details(ctx context.Context, region sharing.Region, found []types.Image) map[string]sharing.Image {
	available := slices.DeleteFunc(slices.Clone(found), func(i types.Image) bool { return i.State != types.ImageStateAvailable })
	var permissions map[string][]sharing.Recipient
	var snapshots map[string]sharing.Snapshot
	within := &observation{Client: o.Client, request: o.request}
	parallel.Together(
		func() { snapshots = within.snapshots(ctx, region, snapshotIDs(available)) },
		func() { permissions = within.permissions(ctx, region, available) },
	)
	o.warnings.Add(within.warnings.Items...)
	o.problems.Add(ofOwners(region, available, within.problems.Items)...)
	images := map[string]sharing.Image{}
	for _, from := range found {
		image := sharing.Image{
			Owner: sharing.AccountID(aws.ToString(from.OwnerId)), Name: aws.ToString(from.Name), State: string(from.State), CopyOf: sourceOf(from),
			LaunchPermissions: permissions[aws.ToString(from.ImageId)], Tags: clients.TagMap(from.Tags), Watermarks: clients.WatermarkKeys(from.ImageWatermarks),
		}
		for _, id := range snapshotIDs([]types.Image{from}) {
			if snapshot, ok := snapshots[id]; ok {
				image.Snapshots = append(image.Snapshots, snapshot)
			}
		}
		images[aws.ToString(from.ImageId)] = image
	}
	return images
}

// sourceOf returns the AMI that an AMI was copied from.
func sourceOf(image types.Image) sharing.ImageRef {
	return sharing.ImageRef{Region: sharing.Region(aws.ToString(image.SourceImageRegion)), ID: aws.ToString(image.SourceImageId)}
}

// ofOwners puts what was refused about each AMI of another account and its snapshots together: it has one cause.
func ofOwners(region sharing.Region, images []types.Image, problems []sharing.Problem) []sharing.Problem {
	for _, image := range images {
		id := aws.ToString(image.ImageId)
		about := func(id string) func(sharing.Problem) bool {
			return func(p sharing.Problem) bool { return strings.HasSuffix(p.Doing, " "+id) }
		}
		i := slices.IndexFunc(problems, func(p sharing.Problem) bool { return about(id)(p) && p.Code == "AuthFailure" })
		if i < 0 {
			continue
		}
		foreign := notOurs(region, image, problems[i])
		for _, part := range append(snapshotIDs([]types.Image{image}), id) {
			problems = slices.DeleteFunc(problems, about(part))
		}
		problems = append(problems, foreign)
	}
	return problems
}

// notOurs says whose an AMI is that somebody else wants to share.
func notOurs(region sharing.Region, image types.Image, refused sharing.Problem) sharing.Problem {
	owner := aws.ToString(image.OwnerId)
	return sharing.Problem{
		Scope: sharing.Scope{Region: region}, Doing: "looking at AMI " + aws.ToString(image.ImageId), Code: refused.Code, RequestID: refused.RequestID,
		Cause: "it belongs to account " + owner + ", and only its owner can share it",
		Remedy: "Run with credentials of account " + owner + ": a post-processor does not inherit the builder's access options, and needs the same ones (profile, assume_role, " +
			"access_key). To share it from the account of these credentials, copy it there first.",
	}
}

// permissions reads whom AMIs are shared with.
func (o *observation) permissions(ctx context.Context, region sharing.Region, images []types.Image) map[string][]sharing.Recipient {
	permissions := make([][]sharing.Recipient, len(images))
	parallel.Each(images, func(i int, image types.Image) {
		permissions[i] = o.launchPermissions(ctx, region, aws.ToString(image.ImageId))
	})
	byID := map[string][]sharing.Recipient{}
	for i, image := range images {
		byID[aws.ToString(image.ImageId)] = permissions[i]
	}
	return byID
}

// launchPermissions reads whom an AMI is shared with.
func (o *observation) launchPermissions(ctx context.Context, region sharing.Region, id string) []sharing.Recipient {
	recipients, err := o.launchPermissionsOf(ctx, sharing.ImageRef{Region: region, ID: id})
	if err != nil {
		o.problem(err, diagnose.Act{
			Scope: sharing.Scope{Region: region}, Doing: "reading the launch permissions of AMI " + id,
			Action: "ec2:DescribeImageAttribute", Resource: o.imageARN(region, id),
		})
	}
	return recipients
}

// launchPermissionsOf returns whom an AMI is shared with, sorted: only its owner can read it.
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeImageAttribute.html
func (c *Client) launchPermissionsOf(ctx context.Context, image sharing.ImageRef) ([]sharing.Recipient, error) {
	out, err := c.EC2(clients.Place{Region: image.Region}).DescribeImageAttribute(ctx, &ec2.DescribeImageAttributeInput{
		ImageId: &image.ID, Attribute: types.ImageAttributeNameLaunchPermission,
	})
	if err != nil {
		return nil, err
	}
	var recipients []sharing.Recipient
	for _, permission := range out.LaunchPermissions {
		recipients = append(recipients, recipient(permission))
	}
	slices.SortStableFunc(recipients, sharing.CompareRecipients)
	return recipients, nil
}

func recipient(p types.LaunchPermission) sharing.Recipient {
	switch {
	case p.UserId != nil:
		return sharing.Account(sharing.AccountID(*p.UserId))
	case p.OrganizationArn != nil:
		return sharing.Recipient{Kind: sharing.ToOrganization, ID: *p.OrganizationArn}
	case p.OrganizationalUnitArn != nil:
		return sharing.Recipient{Kind: sharing.ToOrganizationalUnit, ID: *p.OrganizationalUnitArn}
	default:
		return sharing.Recipient{Kind: sharing.ToGroup, ID: string(p.Group)}
	}
}

func (c *Client) imageARN(region sharing.Region, id string) string {
	return sharing.ARN{Partition: c.Partition(), Service: "ec2", Region: region, Resource: "image/" + id}.String()
}

func (c *Client) snapshotARN(region sharing.Region, id string) string {
	return sharing.ARN{Partition: c.Partition(), Service: "ec2", Region: region, Resource: "snapshot/" + id}.String()
}
