package awsapi

import (
	"context"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/amishare/packer-plugin-ami-share/internal/diagnose"
	"github.com/amishare/packer-plugin-ami-share/internal/sharing"
)

// snapshotsPerCall is how many ids are asked for at once.
const snapshotsPerCall = 200

// snapshotIDs returns the ids of the snapshots behind images, in their order, each once.
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
	together(
		func() {
			for chunk := range slices.Chunk(ids, snapshotsPerCall) {
				o.describeSnapshots(ctx, region, chunk, found)
			}
		},
		func() {
			if o.request.ShareSnapshots || o.request.Exact {
				each(ids, func(i int, id string) { recipients[i] = o.createVolumePermissions(ctx, region, id) })
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

// describeSnapshots adds to found. A snapshot that the caller may not see is absent from AWS's answer.
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeSnapshots.html
func (o *observation) describeSnapshots(ctx context.Context, region sharing.Region, ids []string, found map[string]sharing.Snapshot) {
	scope := sharing.Scope{Region: region}
	pages := ec2.NewDescribeSnapshotsPaginator(o.ec2(place{region: region}).DescribeSnapshots, &ec2.DescribeSnapshotsInput{SnapshotIds: ids})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			o.problem(err, diagnose.Act{Scope: scope, Doing: "looking at " + named("snapshot", ids), Action: "ec2:DescribeSnapshots", Resource: "*"})
			return
		}
		for _, snapshot := range page.Snapshots {
			found[aws.ToString(snapshot.SnapshotId)] = o.snapshot(region, snapshot)
		}
	}
	for _, id := range ids {
		if _, ok := found[id]; !ok {
			o.problems.add(sharing.Problem{
				Scope: scope, Doing: "looking at snapshot " + id, Cause: "the snapshot belongs to another account or is gone",
				Remedy: "Run with the credentials of the account that owns the AMI and its snapshots.",
			})
		}
	}
}

func (o *observation) snapshot(region sharing.Region, s types.Snapshot) sharing.Snapshot {
	key := aws.ToString(s.KmsKeyId)
	if key != "" && !strings.HasPrefix(key, "arn:") {
		key = sharing.ARN{
			Partition: o.partition(), Service: "kms", Region: region, Account: sharing.AccountID(aws.ToString(s.OwnerId)), Resource: "key/" + key,
		}.String()
	}
	return sharing.Snapshot{ID: aws.ToString(s.SnapshotId), Encrypted: aws.ToBool(s.Encrypted), KeyARN: key, Tags: tagMap(s.Tags)}
}

// createVolumePermissions reads whom a snapshot is shared with: only its owner can.
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeSnapshotAttribute.html
func (o *observation) createVolumePermissions(ctx context.Context, region sharing.Region, id string) []sharing.Recipient {
	out, err := o.ec2(place{region: region}).DescribeSnapshotAttribute(ctx, &ec2.DescribeSnapshotAttributeInput{
		SnapshotId: &id, Attribute: types.SnapshotAttributeNameCreateVolumePermission,
	})
	if err != nil {
		o.problem(err, diagnose.Act{
			Scope: sharing.Scope{Region: region}, Doing: "reading the create-volume permissions of snapshot " + id,
			Action: "ec2:DescribeSnapshotAttribute", Resource: o.snapshotARN(region, id),
		})
		return nil
	}
	var recipients []sharing.Recipient
	for _, permission := range out.CreateVolumePermissions {
		if permission.UserId != nil {
			recipients = append(recipients, sharing.Account(sharing.AccountID(*permission.UserId)))
		} else {
			recipients = append(recipients, sharing.Recipient{Kind: sharing.ToGroup, ID: string(permission.Group)})
		}
	}
	slices.SortFunc(recipients, sharing.CompareRecipients)
	return recipients
}
