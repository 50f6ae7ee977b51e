// SPDX-License-Identifier: MPL-2.0

package awsapi

import (
	"context"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling/types"

	"github.com/amishare/packer-plugin-ami-share/internal/clients"
	"github.com/amishare/packer-plugin-ami-share/internal/diagnose"
	"github.com/amishare/packer-plugin-ami-share/internal/plan"
	"github.com/amishare/packer-plugin-ami-share/internal/sharing"
)

// setGroupRole points a group at a service-linked role. The role takes effect with the next instance that it launches.
// https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_UpdateAutoScalingGroup.html
func (c *Client) setGroupRole(ctx context.Context, change plan.SetGroupRole) (plan.Effect, error) {
	a := diagnose.Act{
		Scope: sharing.Scope{Account: change.Account, Region: change.Region}, Doing: "pointing Auto Scaling group " + change.Group + " at role " + change.RoleARN,
		Action: "autoscaling:UpdateAutoScalingGroup", Resource: sharing.ARN{
			Partition: c.Partition(), Service: "autoscaling", Region: change.Region, Account: change.Account,
			Resource: "autoScalingGroup:*:autoScalingGroupName/" + change.Group,
		}.String(),
		Principal: c.Principal(change.Account), Grantee: change.RoleARN,
	}
	if !c.Enters(change.Account) {
		return plan.Effect{}, clients.NoCredentials(a, change.Account)
	}
	ctx, tries := clients.Watched(ctx)
	p := clients.Place{Account: change.Account, Region: change.Region}
	_, err := c.AutoScaling(p).UpdateAutoScalingGroup(ctx, &autoscaling.UpdateAutoScalingGroupInput{
		AutoScalingGroupName: &change.Group, ServiceLinkedRoleARN: &change.RoleARN,
	})
	return c.settle(ctx, err, a, tries, func(ctx context.Context) (bool, error) {
		out, err := c.AutoScaling(p).DescribeAutoScalingGroups(ctx, &autoscaling.DescribeAutoScalingGroupsInput{AutoScalingGroupNames: []string{change.Group}})
		if err != nil {
			return false, err
		}
		return slices.ContainsFunc(out.AutoScalingGroups, func(g types.AutoScalingGroup) bool {
			return aws.ToString(g.ServiceLinkedRoleARN) == change.RoleARN
		}), nil
	})
}
