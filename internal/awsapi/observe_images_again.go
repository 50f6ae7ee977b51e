// SPDX-License-Identifier: MPL-2.0

package awsapi

import (
	"context"
	"maps"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/amishare/packer-plugin-ami-share/internal/clients"
	"github.com/amishare/packer-plugin-ami-share/internal/diagnose"
	"github.com/amishare/packer-plugin-ami-share/internal/parallel"
	"github.com/amishare/packer-plugin-ami-share/internal/sharing"
	"github.com/amishare/packer-plugin-ami-share/internal/traffic"
)

// findImages looks for the AMIs of the request, and again for those that EC2 does not show, or shows as pending: an AMI
// that was just made is not known everywhere at once.
func (o *observation) findImages(ctx context.Context) map[sharing.Region][]types.Image {
	regions := regionsOf(o.request.Images)
	first := make([][]types.Image, len(regions))
	unread := make([]bool, len(regions))
	parallel.Each(regions, func(i int, region sharing.Region) {
		found, err := o.DescribeImages(ctx, clients.Place{Region: region}, o.idsIn(region))
		if err != nil {
			o.unreadImages(err, region)
			unread[i] = true
		}
		first[i] = found
	})
	copied := sourcesOf(first)
	parallel.Each(regions, func(i int, region sharing.Region) {
		if !unread[i] {
			first[i] = o.lookAgain(ctx, region, first[i], copied)
		}
	})
	byRegion := map[sharing.Region][]types.Image{}
	for i, region := range regions {
		byRegion[region] = first[i]
	}
	return byRegion
}

func (o *observation) idsIn(region sharing.Region) []string {
	var ids []string
	for _, ref := range o.request.Images {
		if ref.Region == region {
			ids = append(ids, ref.ID)
		}
	}
	return ids
}

func (o *observation) unreadImages(err error, region sharing.Region) {
	o.problem(err, diagnose.Act{
		Scope: sharing.Scope{Region: region}, Doing: "looking at " + sharing.Named("AMI", o.idsIn(region)), Action: "ec2:DescribeImages", Resource: "*",
	})
}

// sourcesOf returns the AMIs that AMIs were copied from.
func sourcesOf(images [][]types.Image) map[sharing.ImageRef]bool {
	sources := map[sharing.ImageRef]bool{}
	for _, image := range slices.Concat(images...) {
		sources[sourceOf(image)] = true
	}
	return sources
}

// lookAgain waits until EC2 shows the AMIs of a Region as they ought to be, for Options.LookAgain at most. An AMI that
// the others are copies of is likely to be gone on purpose, as with skip_save_build_region, and one that no build has just made
// is likely to be there or not: these are not waited for that long.
func (o *observation) lookAgain(ctx context.Context, region sharing.Region, found []types.Image, copied map[sharing.ImageRef]bool) []types.Image {
	settled := map[string]types.Image{}
	pending := map[string]types.Image{}
	sort := func(images []types.Image) []string {
		for _, image := range images {
			id := aws.ToString(image.ImageId)
			if delete(pending, id); image.State == types.ImageStatePending {
				pending[id] = image
			} else {
				settled[id] = image
			}
		}
		return slices.DeleteFunc(o.idsIn(region), func(id string) bool { _, ok := settled[id]; return ok })
	}
	open := sort(found)
	if len(open) == 0 {
		return found
	}
	patience := o.options.LookAgain
	late := func(id string) bool { return !copied[sharing.ImageRef{Region: region, ID: id}] }
	if o.request.BuildRegion == "" || !slices.ContainsFunc(open, late) {
		patience /= 4
	}
	o.options.Say("Waiting for EC2 to show " + sharing.Named("AMI", open) + " in " + string(region) + " as available")
	err := traffic.PollFor(ctx, patience, func(ctx context.Context) (bool, error) {
		again, err := o.DescribeImages(ctx, clients.Place{Region: region}, open)
		open = sort(again)
		return err != nil || len(open) == 0, err
	})
	if err != nil {
		o.unreadImages(err, region)
	}
	return slices.Concat(slices.Collect(maps.Values(settled)), slices.Collect(maps.Values(pending)))
}
