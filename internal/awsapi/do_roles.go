// SPDX-License-Identifier: MPL-2.0

package awsapi

import (
	"context"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"

	"github.com/amishare/packer-plugin-ami-share/internal/clients"
	"github.com/amishare/packer-plugin-ami-share/internal/diagnose"
	"github.com/amishare/packer-plugin-ami-share/internal/plan"
	"github.com/amishare/packer-plugin-ami-share/internal/sharing"
)

// createServiceLinkedRole creates a role. That the name is taken means that it is there already. KMS takes its time to know
// a new role; the grants wait for it.
// https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateServiceLinkedRole.html
func (c *Client) createServiceLinkedRole(ctx context.Context, change plan.CreateServiceLinkedRole) (plan.Effect, error) {
	a := diagnose.Act{
		Scope: sharing.Scope{Account: change.Account}, Doing: "creating the service-linked role " + change.ARN,
		Action: "iam:CreateServiceLinkedRole", Resource: change.ARN, Principal: c.Principal(change.Account),
	}
	if !c.Enters(change.Account) {
		return plan.Effect{}, clients.NoCredentials(a, change.Account)
	}
	ctx, tries := clients.Watched(ctx)
	client := c.IAM(clients.Place{Account: change.Account})
	_, err := client.CreateServiceLinkedRole(ctx, &iam.CreateServiceLinkedRoleInput{
		AWSServiceName: aws.String(change.Grantee.Service), CustomSuffix: clients.Optional(change.Grantee.Suffix),
	})
	if diagnose.Has(err, "InvalidInput", "InvalidInputException") && strings.Contains(diagnose.Message(err), "has been taken") {
		return plan.Effect{Found: !tries.Lost()}, nil
	}
	return c.settle(ctx, err, a, tries, func(ctx context.Context) (bool, error) {
		_, err := client.GetRole(ctx, &iam.GetRoleInput{RoleName: &change.Grantee.Name})
		if unknownRole(err) {
			return false, nil
		}
		return err == nil, err
	})
}
