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
	"github.com/amishare/packer-plugin-ami-share/internal/sharing"
	"github.com/amishare/packer-plugin-ami-share/internal/traffic"
)

// snapshotsPerCall is how many ids are asked for at once.
const snapshotsPerCall = 200

// snapshotIDs returns the ids of the snapshots behind AMIs, in their order, each once.
func snapshotIDs(images []types.Image) []string {
	var ids []string
	for _, image := range images {
		for _, device := range image.BlockDeviceMappings {
			if device.Ebs == nil || device.Ebs.SnapshotId == nil || slices.Contains(ids, *device.Ebs.SnapshotId) {
				continue
			}
			ids = append(ids, *device.Ebs.SnapshotId)
		}
	}
	return ids
}

// snapshots reads snapshots of a Region, and their permissions when the run is going to touch them.
func (o *observation) snapshots(ctx context.Context, region sharing.Region, ids []string) map[string]sharing.Snapshot {
	found := map[string]sharing.Snapshot{}
	recipients := make([][]sharing.Recipient, len(ids))
	parallel.Together(
		func() {
			for chunk := range slices.Chunk(ids, snapshotsPerCall) {
				o.lookAtSnapshots(ctx, region, chunk, found)
			}
		},
		func() {
			if o.request.ShareSnapshots || o.request.Exact {
				parallel.Each(ids, func(i int, id string) { recipients[i] = o.createVolumePermissions(ctx, region, id) })
			}
		},
	)
	for i, id := range ids {
		if snapshot, ok := found[id]; ok {
			snapshot.Recipients = recipients[i]
			found[id] = snapshot
		}
	}
	return found
}

// lookAtSnapshots adds to found. A snapshot that the caller may not see is absent from AWS's answer; so can be one that is
// new, which is looked for again.
func (o *observation) lookAtSnapshots(ctx context.Context, region sharing.Region, ids []string, found map[string]sharing.Snapshot) {
	scope := sharing.Scope{Region: region}
	missing, err := o.addSnapshots(ctx, region, ids, found)
	if err == nil && len(missing) > 0 {
		o.options.Say("Waiting for EC2 to show " + sharing.Named("snapshot", missing) + " in " + string(region))
		err = traffic.PollFor(ctx, o.options.LookAgain, func(ctx context.Context) (bool, error) {
			missing, err = o.addSnapshots(ctx, region, missing, found)
			return err != nil || len(missing) == 0 || o.hopeless(), err
		})
	}
	if err != nil {
		o.problem(err, diagnose.Act{Scope: scope, Doing: "looking at " + sharing.Named("snapshot", ids), Action: "ec2:DescribeSnapshots", Resource: "*"})
		return
	}
	for _, id := range missing {
		o.problems.Add(sharing.Problem{
			Scope: scope, Doing: "looking at snapshot " + id, Cause: "EC2 does not show it, though it was looked for again: it belongs to another account or is gone",
			Remedy: "Run with the credentials of the account that owns the AMI and its snapshots.",
		})
	}
}

// hopeless tells whether something that stops the run has been found already: an AMI of another account shows neither its
// permissions nor its snapshots, however long they are looked for.
func (o *observation) hopeless() bool {
	return o.problems.Any(func(sharing.Problem) bool { return true })
}

// addSnapshots adds snapshots to found, and returns those that EC2 does not show. EC2 refuses the whole list for the sake of
// one that it does not know.
func (o *observation) addSnapshots(ctx context.Context, region sharing.Region, ids []string, found map[string]sharing.Snapshot) ([]string, error) {
	snapshots, err := o.describeSnapshots(ctx, clients.Place{Region: region}, ids)
	if err != nil && !diagnose.Has(err, "InvalidSnapshot.NotFound") {
		return ids, err
	}
	for _, s := range snapshots {
		found[aws.ToString(s.SnapshotId)] = sharing.Snapshot{
			ID: aws.ToString(s.SnapshotId), Encrypted: aws.ToBool(s.Encrypted), KeyARN: o.keyOf(region, s), Tags: clients.TagMap(s.Tags),
		}
	}
	return slices.DeleteFunc(slices.Clone(ids), func(id string) bool { _, ok := found[id]; return ok }), nil
}

// describeSnapshots reads snapshots by id, all pages.
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeSnapshots.html
func (c *Client) describeSnapshots(ctx context.Context, p clients.Place, ids []string) ([]types.Snapshot, error) {
	in := &ec2.DescribeSnapshotsInput{SnapshotIds: ids}
	return clients.Pages("ec2:DescribeSnapshots", func(token *string) (*ec2.DescribeSnapshotsOutput, error) {
		in.NextToken = token
		return c.EC2(p).DescribeSnapshots(ctx, in)
	}, func(out *ec2.DescribeSnapshotsOutput) ([]types.Snapshot, *string) {
		return out.Snapshots, out.NextToken
	})
}

// keyOf returns the ARN of the key that a snapshot is encrypted under, "" for none.
func (c *Client) keyOf(region sharing.Region, s types.Snapshot) string {
	key := aws.ToString(s.KmsKeyId)
	if key == "" || strings.HasPrefix(key, "arn:") {
		return key
	}
	return sharing.ARN{
		Partition: c.Partition(), Service: "kms", Region: region, Account: sharing.AccountID(aws.ToString(s.OwnerId)), Resource: "key/" + key,
	}.String()
}

// createVolumePermissions reads whom a snapshot is shared with.
func (o *observation) createVolumePermissions(ctx context.Context, region sharing.Region, id string) []sharing.Recipient {
	recipients, err := o.createVolumePermissionsOf(ctx, region, id)
	if err != nil {
		o.problem(err, diagnose.Act{
			Scope: sharing.Scope{Region: region}, Doing: "reading the create-volume permissions of snapshot " + id,
			Action: "ec2:DescribeSnapshotAttribute", Resource: o.snapshotARN(region, id),
		})
	}
	return recipients
}

// createVolumePermissionsOf returns whom a snapshot is shared with, sorted: only its owner can read it.
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeSnapshotAttribute.html
func (c *Client) createVolumePermissionsOf(ctx context.Context, region sharing.Region, id string) ([]sharing.Recipient, error) {
	out, err := c.EC2(clients.Place{Region: region}).DescribeSnapshotAttribute(ctx, &ec2.DescribeSnapshotAttributeInput{
		SnapshotId: &id, Attribute: types.SnapshotAttributeNameCreateVolumePermission,
	})
	if err != nil {
		return nil, err
	}
	var recipients []sharing.Recipient
	for _, permission := range out.CreateVolumePermissions {
		if permission.UserId != nil {
			recipients = append(recipients, sharing.Account(sharing.AccountID(*permission.UserId)))
		} else {
			recipients = append(recipients, sharing.Recipient{Kind: sharing.ToGroup, ID: string(permission.Group)})
		}
	}
	slices.SortStableFunc(recipients, sharing.CompareRecipients)
	return recipients, nil
}
