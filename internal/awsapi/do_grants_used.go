// SPDX-License-Identifier: MPL-2.0

package awsapi

import (
	"context"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/amishare/packer-plugin-ami-share/internal/clients"
	"github.com/amishare/packer-plugin-ami-share/internal/diagnose"
	"github.com/amishare/packer-plugin-ami-share/internal/plan"
	"github.com/amishare/packer-plugin-ami-share/internal/sharing"
)

// stillUsed tells why a grant is not to be ended although nothing needed it when the run looked: another build may have
// shared an AMI under the key with the account meanwhile. It returns "" when nothing needs it.
func (c *Client) stillUsed(ctx context.Context, change plan.RetireGrant) (string, error) {
	region := clients.Place{Region: change.Region}
	a := diagnose.Act{
		Scope:  sharing.Scope{Account: change.Account, Region: change.Region},
		Doing:  "looking for AMIs under key " + change.KeyARN + " that are shared with the account, before grant " + change.GrantID + " is retired",
		Action: "ec2:DescribeImages", Resource: "*",
	}
	images, err := c.describeOwn(ctx, region, []string{string(change.Account)})
	if err != nil {
		return "", diagnose.Error(err, a)
	}
	others := slices.DeleteFunc(images, func(i types.Image) bool {
		return slices.Contains(change.Besides, sharing.ImageRef{Region: change.Region, ID: aws.ToString(i.ImageId)})
	})
	a.Action = "ec2:DescribeSnapshots"
	for chunk := range slices.Chunk(snapshotIDs(others), snapshotsPerCall) {
		found, err := c.describeSnapshots(ctx, region, chunk)
		switch {
		case err != nil:
			return "", diagnose.Error(err, a)
		case len(found) < len(chunk) || slices.ContainsFunc(found, func(s types.Snapshot) bool { return c.keyOf(change.Region, s) == change.KeyARN }):
			return "an AMI under the key is shared with account " + string(change.Account), nil
		}
	}
	return "", nil
}
