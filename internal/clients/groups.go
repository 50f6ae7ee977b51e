// SPDX-License-Identifier: MPL-2.0

package clients

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/service/autoscaling"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling/types"
)

// DescribeGroups reads all pages of DescribeAutoScalingGroups.
// https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_DescribeAutoScalingGroups.html
func (c *Clients) DescribeGroups(ctx context.Context, p Place, in *autoscaling.DescribeAutoScalingGroupsInput) ([]types.AutoScalingGroup, error) {
	return Pages("autoscaling:DescribeAutoScalingGroups", func(token *string) (*autoscaling.DescribeAutoScalingGroupsOutput, error) {
		in.NextToken = token
		return c.AutoScaling(p).DescribeAutoScalingGroups(ctx, in)
	}, func(out *autoscaling.DescribeAutoScalingGroupsOutput) ([]types.AutoScalingGroup, *string) {
		return out.AutoScalingGroups, out.NextToken
	})
}
