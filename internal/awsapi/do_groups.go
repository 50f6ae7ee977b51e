package awsapi

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/service/autoscaling"

	"github.com/amishare/packer-plugin-ami-share/internal/diagnose"
	"github.com/amishare/packer-plugin-ami-share/internal/plan"
	"github.com/amishare/packer-plugin-ami-share/internal/sharing"
)

// setGroupRole points a group at a service-linked role. The role takes effect with the next instance that it launches.
// https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_UpdateAutoScalingGroup.html
func (c *Client) setGroupRole(ctx context.Context, change plan.SetGroupRole) (plan.Change, error) {
	a := diagnose.Act{
		Scope: sharing.Scope{Account: change.Account, Region: change.Region}, Doing: "pointing Auto Scaling group " + change.Group + " at role " + change.RoleARN,
		Action: "autoscaling:UpdateAutoScalingGroup", Resource: sharing.ARN{
			Partition: c.partition(), Service: "autoscaling", Region: change.Region, Account: change.Account,
			Resource: "autoScalingGroup:*:autoScalingGroupName/" + change.Group,
		}.String(),
		Principal: c.principal(change.Account), Grantee: change.RoleARN,
	}
	if c.sessions[change.Account] == nil {
		return nil, noCredentials(a, change.Account)
	}
	_, err := c.autoscaling(place{change.Account, change.Region}).UpdateAutoScalingGroup(ctx, &autoscaling.UpdateAutoScalingGroupInput{
		AutoScalingGroupName: &change.Group, ServiceLinkedRoleARN: &change.RoleARN,
	})
	undo := change
	undo.RoleARN, undo.Previous = change.Previous, change.RoleARN
	if undo.RoleARN == "" {
		return settle(nil, err, a)
	}
	return settle(undo, err, a)
}
