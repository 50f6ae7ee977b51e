package awsapi

import (
	"context"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"

	"github.com/amishare/packer-plugin-ami-share/internal/diagnose"
	"github.com/amishare/packer-plugin-ami-share/internal/plan"
	"github.com/amishare/packer-plugin-ami-share/internal/sharing"
)

// roleDeletionTimeout is how long the deletion of a role may take: IAM does it later, after it has asked the service.
const roleDeletionTimeout = time.Minute

// createServiceLinkedRole creates a role. That the name is taken means that it is there already, unless the first answer
// was lost and this is the second. KMS takes its time to know a new role; the grants wait for it.
// https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateServiceLinkedRole.html
func (c *Client) createServiceLinkedRole(ctx context.Context, change plan.CreateServiceLinkedRole) (plan.Change, error) {
	a := diagnose.Act{
		Scope: sharing.Scope{Account: change.Account}, Doing: "creating the service-linked role " + change.ARN,
		Action: "iam:CreateServiceLinkedRole", Resource: change.ARN, Principal: c.principal(change.Account),
	}
	if c.sessions[change.Account] == nil {
		return nil, noCredentials(a, change.Account)
	}
	ctx, attempts := reporting(ctx)
	_, err := c.iam(place{account: change.Account}).CreateServiceLinkedRole(ctx, &iam.CreateServiceLinkedRoleInput{
		AWSServiceName: aws.String(change.Grantee.Service), CustomSuffix: optional(change.Grantee.Suffix),
	})
	undo := plan.DeleteServiceLinkedRole{Account: change.Account, Grantee: change.Grantee}
	if diagnose.Has(err, "InvalidInput", "InvalidInputException") && strings.Contains(diagnose.Message(err), "has been taken") {
		if attempts.of("CreateServiceLinkedRole") > 1 {
			return undo, nil
		}
		return nil, nil
	}
	return settle(undo, err, a)
}

// deleteServiceLinkedRole deletes a role and waits until it is gone.
// https://docs.aws.amazon.com/IAM/latest/APIReference/API_DeleteServiceLinkedRole.html
func (c *Client) deleteServiceLinkedRole(ctx context.Context, change plan.DeleteServiceLinkedRole) error {
	a := diagnose.Act{
		Scope: sharing.Scope{Account: change.Account}, Doing: "deleting the service-linked role " + change.Grantee.Name,
		Action: "iam:DeleteServiceLinkedRole", Resource: change.Grantee.ARN(c.partition(), change.Account), Principal: c.principal(change.Account),
	}
	client := c.iam(place{account: change.Account})
	_, err := client.DeleteServiceLinkedRole(ctx, &iam.DeleteServiceLinkedRoleInput{RoleName: &change.Grantee.Name})
	if diagnose.Has(err, "NoSuchEntity", "NoSuchEntityException") {
		return nil
	}
	if err != nil {
		return diagnose.Error(err, a)
	}
	ctx, cancel := context.WithTimeout(ctx, roleDeletionTimeout)
	defer cancel()
	gone := false
	err = poll(ctx, func(ctx context.Context) (bool, error) {
		_, err := client.GetRole(ctx, &iam.GetRoleInput{RoleName: &change.Grantee.Name})
		gone = diagnose.Has(err, "NoSuchEntity", "NoSuchEntityException")
		return err != nil, err
	})
	switch {
	case gone:
		return nil
	case err != nil:
		return diagnose.Error(err, a)
	}
	return sharing.Problem{
		Scope: a.Scope, Doing: a.Doing, Cause: "IAM has not deleted it yet: something may be using it",
		Remedy: "Look at it again later:\naws iam get-role --role-name " + change.Grantee.Name,
	}
}
