// SPDX-License-Identifier: MPL-2.0

package awsapi

import (
	"context"
	"maps"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/amishare/packer-plugin-ami-share/internal/clients"
	"github.com/amishare/packer-plugin-ami-share/internal/diagnose"
	"github.com/amishare/packer-plugin-ami-share/internal/parallel"
	"github.com/amishare/packer-plugin-ami-share/internal/sharing"
)

// sharing reads with whom other AMIs under the keys are shared, for exact_grants: a grant is everybody's who launches an
// AMI under the key. What can't be read is a warning, and the grants stay.
func (o *observation) sharing(ctx context.Context, facts sharing.Facts) {
	if !o.request.ExactGrants {
		return
	}
	regions := regionsOf(o.request.Images)
	found := make([]map[string][]sharing.Recipient, len(regions))
	parallel.Each(regions, func(i int, region sharing.Region) { found[i] = o.sharingIn(ctx, region, facts.Keys) })
	for arn, key := range facts.Keys {
		i, ok := slices.BinarySearch(regions, sharing.RegionOf(arn))
		if !ok || found[i] == nil {
			continue
		}
		key.SharedWith, key.SharingKnown = found[i][arn], true
		facts.Keys[arn] = key
	}
}

// sharingIn returns with whom the source's AMIs of a Region that are not the request's are shared, by the ARN of the key.
// It returns nil when that can't be read.
func (o *observation) sharingIn(ctx context.Context, region sharing.Region, keysOfRun map[string]sharing.Key) map[string][]sharing.Recipient {
	images, keys, err := o.otherImages(ctx, region, keysOfRun)
	recipients := make([][]sharing.Recipient, len(images))
	errs := make([]error, len(images))
	if err == nil {
		parallel.Each(images, func(i int, id string) {
			recipients[i], errs[i] = o.launchPermissionsOf(ctx, sharing.ImageRef{Region: region, ID: id})
		})
	}
	byKey := map[string][]sharing.Recipient{}
	for i, id := range images {
		switch {
		case diagnose.Has(errs[i], "InvalidAMIID.NotFound", "InvalidAMIID.Unavailable"): // deregistered meanwhile
		case errs[i] != nil:
			a := othersAct(region, "ec2:DescribeImageAttribute")
			a.Resource = o.imageARN(region, id)
			err = diagnose.Error(errs[i], a)
		default:
			for _, key := range keys[id] {
				byKey[key] = append(byKey[key], recipients[i]...)
			}
		}
	}
	if err != nil {
		o.warnings.Add("exact_grants ends no grants in " + string(region) + ": " + err.Error())
		return nil
	}
	return byKey
}

func othersAct(region sharing.Region, action string) diagnose.Act {
	return diagnose.Act{Scope: sharing.Scope{Region: region}, Doing: "looking at the other AMIs of the account", Action: action, Resource: "*"}
}

// otherImages returns the source's AMIs of a Region that are under the run's keys and not the request's, sorted, and the
// keys under each. The error is a sharing.Problem.
func (o *observation) otherImages(ctx context.Context, region sharing.Region, keysOfRun map[string]sharing.Key) (ids []string, keys map[string][]string, err error) {
	images, err := o.describeOwn(ctx, clients.Place{Region: region}, nil)
	if err != nil {
		return nil, nil, diagnose.Error(err, othersAct(region, "ec2:DescribeImages"))
	}
	users := map[string][]string{} // AMIs by snapshot
	for _, image := range images {
		id := aws.ToString(image.ImageId)
		if slices.Contains(o.request.Images, sharing.ImageRef{Region: region, ID: id}) {
			continue
		}
		for _, snapshot := range snapshotIDs([]types.Image{image}) {
			users[snapshot] = append(users[snapshot], id)
		}
	}
	keys = map[string][]string{}
	for chunk := range slices.Chunk(slices.Sorted(maps.Keys(users)), snapshotsPerCall) {
		snapshots, err := o.describeSnapshots(ctx, clients.Place{Region: region}, chunk)
		if err != nil {
			return nil, nil, diagnose.Error(err, othersAct(region, "ec2:DescribeSnapshots"))
		}
		for _, s := range snapshots {
			if key := o.keyOf(region, s); keysOfRun[key].ARN != "" {
				for _, id := range users[aws.ToString(s.SnapshotId)] {
					keys[id] = append(keys[id], key)
				}
			}
		}
	}
	return slices.Sorted(maps.Keys(keys)), keys, nil
}

// describeOwn returns the source account's AMIs in a Region: all, or those that accounts have launch permission for by
// their ids. https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeImages.html
func (c *Client) describeOwn(ctx context.Context, p clients.Place, accounts []string) ([]types.Image, error) {
	in := &ec2.DescribeImagesInput{Owners: []string{"self"}, ExecutableUsers: accounts, IncludeDisabled: aws.Bool(true)}
	return clients.Pages("ec2:DescribeImages", func(token *string) (*ec2.DescribeImagesOutput, error) {
		in.NextToken = token
		return c.EC2(p).DescribeImages(ctx, in)
	}, func(out *ec2.DescribeImagesOutput) ([]types.Image, *string) { return out.Images, out.NextToken })
}
