// SPDX-License-Identifier: MPL-2.0

package awssim_test

import (
	"context"
	"maps"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	tagging "github.com/aws/aws-sdk-go-v2/service/resourcegroupstaggingapi"
	taggingtypes "github.com/aws/aws-sdk-go-v2/service/resourcegroupstaggingapi/types"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"github.com/amishare/packer-plugin-ami-share/internal/awssim"
)

const denied, deniedKMS, gone = "AccessDenied", "AccessDeniedException", "NotFoundException"

const allowEverything = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}`

// The role and the policy that the rows of IAM make.
const (
	madeRole   = "amishare-contract"
	madePolicy = "amishare-contract"
)

// coreRows are the rows of STS, IAM, KMS, the tagging API and Systems Manager, for a place.
func coreRows(p place) map[string]row {
	rows := p.kmsRows()
	maps.Copy(rows, p.iamRows())
	maps.Copy(rows, ssmRows())
	for action, r := range rows {
		switch service, _, _ := strings.Cut(action, ":"); {
		case action == "sts:GetCallerIdentity", action == "sts:AssumeRoleWithWebIdentity": // nobody's policies are asked
		case service == "iam" || service == "sts":
			r.denied = denied
		default:
			r.denied = deniedKMS
		}
		rows[action] = r
	}
	return rows
}

func TestContractOfCore(t *testing.T) {
	for action, r := range coreRows(here(t)) {
		t.Run(action, func(t *testing.T) { r.check(t, action) })
	}
}

func TestEveryCoreActionHasARow(t *testing.T) {
	rows := coreRows(madeUp)
	for _, action := range awssim.CoreActions() {
		if r := rows[action]; r.good == nil || r.bad == nil && action != "sts:GetCallerIdentity" {
			t.Errorf("%s has no row with both a good call and a bad one", action)
		}
	}
	if len(rows) != len(awssim.CoreActions()) {
		t.Errorf("%d rows for %d actions", len(rows), len(awssim.CoreActions()))
	}
}

func iamCall[In, Out any](of func(*iam.Client, context.Context, *In, ...func(*iam.Options)) (*Out, error), in *In) call {
	return func(ctx context.Context, config aws.Config, _ *bool) error {
		return only(of(iam.NewFromConfig(config), ctx, in))
	}
}

// after has the administrator make calls before the one that is meant.
func after(calls ...call) call {
	last := len(calls) - 1
	return func(ctx context.Context, config aws.Config, dry *bool) error {
		for _, call := range calls[:last] {
			if err := call(ctx, administratorOf(ctx), nil); err != nil {
				return err
			}
		}
		return calls[last](ctx, config, dry)
	}
}

// trust is a trust policy for an account's own users and roles.
func trust(principal string) string {
	return `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"` + principal + `"},"Action":"sts:AssumeRole"}]}`
}

// iamRows are the rows of STS and IAM.
func (p place) iamRows() map[string]row {
	name, policyName, policyARN := aws.String(madeRole), aws.String(madePolicy), aws.String(p.arn("iam", "policy/"+madePolicy))
	createRole := iamCall((*iam.Client).CreateRole, &iam.CreateRoleInput{RoleName: name, AssumeRolePolicyDocument: aws.String(trust(p.root()))})
	put := iamCall((*iam.Client).PutRolePolicy, &iam.PutRolePolicyInput{RoleName: name, PolicyName: policyName, PolicyDocument: aws.String(allowEverything)})
	get := iamCall((*iam.Client).GetRolePolicy, &iam.GetRolePolicyInput{RoleName: name, PolicyName: policyName})
	remove := iamCall((*iam.Client).DeleteRolePolicy, &iam.DeleteRolePolicyInput{RoleName: name, PolicyName: policyName})
	createPolicy := iamCall((*iam.Client).CreatePolicy, &iam.CreatePolicyInput{PolicyName: policyName, PolicyDocument: aws.String(allowEverything)})
	attach := iamCall((*iam.Client).AttachRolePolicy, &iam.AttachRolePolicyInput{RoleName: name, PolicyArn: policyARN})
	detach := iamCall((*iam.Client).DetachRolePolicy, &iam.DetachRolePolicyInput{RoleName: name, PolicyArn: policyARN})
	deletePolicy := iamCall((*iam.Client).DeletePolicy, &iam.DeletePolicyInput{PolicyArn: policyARN})
	deleteRole := iamCall((*iam.Client).DeleteRole, &iam.DeleteRoleInput{RoleName: name})
	update := func(document string) call {
		return iamCall((*iam.Client).UpdateAssumeRolePolicy, &iam.UpdateAssumeRolePolicyInput{RoleName: name, PolicyDocument: &document})
	}
	serviceRole := func(service string, suffix *string) call {
		return iamCall((*iam.Client).CreateServiceLinkedRole, &iam.CreateServiceLinkedRoleInput{AWSServiceName: &service, CustomSuffix: suffix})
	}
	task := func(id string) call {
		return iamCall((*iam.Client).GetServiceLinkedRoleDeletionStatus, &iam.GetServiceLinkedRoleDeletionStatusInput{DeletionTaskId: &id})
	}
	deleteServiceRole := func(name string) call {
		return iamCall((*iam.Client).DeleteServiceLinkedRole, &iam.DeleteServiceLinkedRoleInput{RoleName: &name})
	}
	rows := map[string]row{
		"sts:GetCallerIdentity": {good: identify},
		"sts:AssumeRoleWithWebIdentity": {
			good: after(iamCall((*iam.Client).CreateRole, &iam.CreateRoleInput{RoleName: name, AssumeRolePolicyDocument: aws.String(ciTrusts)}), p.comeIn("")),
			bad:  p.comeIn("not a token"), code: "InvalidIdentityToken",
		},
		"sts:AssumeRole": {good: after(createRole, p.assume(3600)), bad: p.assume(10), code: "ValidationError"},
		"iam:CreateRole": {good: createRole, bad: after(createRole, createRole), code: "EntityAlreadyExists"},
		"iam:GetRole":    {good: after(createRole, getRole(madeRole)), bad: getRole("amishare-none"), code: "NoSuchEntity"},
		"iam:ListRoles": {
			good: iamCall((*iam.Client).ListRoles, &iam.ListRolesInput{PathPrefix: aws.String("/")}),
			bad:  iamCall((*iam.Client).ListRoles, &iam.ListRolesInput{MaxItems: aws.Int32(1001)}), code: "ValidationError",
		},
		"iam:PutRolePolicy":          {good: after(createRole, put), bad: put, code: "NoSuchEntity"},
		"iam:GetRolePolicy":          {good: after(createRole, put, get), bad: after(createRole, get), code: "NoSuchEntity"},
		"iam:DeleteRolePolicy":       {good: after(createRole, put, remove), bad: after(createRole, remove), code: "NoSuchEntity"},
		"iam:DeleteRole":             {good: after(createRole, deleteRole), bad: after(createRole, put, deleteRole), code: "DeleteConflict"},
		"iam:UpdateAssumeRolePolicy": {good: after(createRole, update(trust(p.root()))), bad: after(createRole, update(trust(p.arn("iam", "role/amishare-none")))), code: "MalformedPolicyDocument"},
		"iam:CreatePolicy": {
			good: createPolicy,
			bad:  iamCall((*iam.Client).CreatePolicy, &iam.CreatePolicyInput{PolicyName: policyName, PolicyDocument: aws.String(`{}`)}), code: "MalformedPolicyDocument",
		},
		"iam:DeletePolicy":     {good: after(createPolicy, deletePolicy), bad: after(createRole, createPolicy, attach, deletePolicy), code: "DeleteConflict"},
		"iam:AttachRolePolicy": {good: after(createRole, createPolicy, attach), bad: after(createRole, attach), code: "NoSuchEntity"},
		"iam:DetachRolePolicy": {good: after(createRole, createPolicy, attach, detach), bad: after(createRole, detach), code: "NoSuchEntity"},
	}
	for action, r := range rows {
		if action == "sts:AssumeRoleWithWebIdentity" {
			continue // it takes an identity provider
		}
		r.anywhere = "good denied bad"
		if action != "sts:GetCallerIdentity" && action != "iam:ListRoles" {
			r.creates, r.undo = "the role "+madeRole+" or the policy "+madePolicy, whatIsThere(detach, remove, deleteRole, deletePolicy)
		}
		rows[action] = r
	}
	// An account has one service-linked role of each service, which may be in use.
	rows["iam:CreateServiceLinkedRole"] = row{
		good: serviceRole("spot.amazonaws.com", nil), bad: serviceRole("spot.amazonaws.com", aws.String("blue")), code: "InvalidInput", anywhere: "bad",
	}
	rows["iam:DeleteServiceLinkedRole"] = row{
		good: after(serviceRole("spot.amazonaws.com", nil), deleteServiceRole("AWSServiceRoleForEC2Spot")),
		bad:  after(createRole, deleteServiceRole(madeRole)), code: "InvalidInput",
	}
	rows["iam:GetServiceLinkedRoleDeletionStatus"] = row{
		good: task("task/aws-service-role/spot.amazonaws.com/AWSServiceRoleForEC2Spot/AROA"), bad: task("none"), code: "NoSuchEntity",
	}
	return rows
}

// whatIsThere takes away what calls may have made.
func whatIsThere(calls ...call) call {
	return func(ctx context.Context, config aws.Config, _ *bool) error {
		for _, call := range calls {
			if err := call(ctx, config, nil); err != nil && code(err) != "NoSuchEntity" && code(err) != gone {
				return err
			}
		}
		return nil
	}
}

func identify(ctx context.Context, config aws.Config, _ *bool) error {
	return only(sts.NewFromConfig(config).GetCallerIdentity(ctx, nil))
}

func (p place) assume(seconds int32) call {
	return func(ctx context.Context, config aws.Config, _ *bool) error {
		return only(sts.NewFromConfig(config, patiently).AssumeRole(ctx, &sts.AssumeRoleInput{
			RoleArn: aws.String(p.arn("iam", "role/"+madeRole)), RoleSessionName: aws.String("test"), DurationSeconds: &seconds,
		}))
	}
}

func getRole(name string) call {
	return iamCall((*iam.Client).GetRole, &iam.GetRoleInput{RoleName: &name})
}

func resources(kind string) call {
	return func(ctx context.Context, config aws.Config, _ *bool) error {
		return only(tagging.NewFromConfig(config).GetResources(ctx, &tagging.GetResourcesInput{
			ResourceTypeFilters: []string{kind}, TagFilters: []taggingtypes.TagFilter{{Key: aws.String("team")}},
		}))
	}
}

func describe2(ctx context.Context, config aws.Config, key string) error {
	return only(kms.NewFromConfig(config).DescribeKey(ctx, &kms.DescribeKeyInput{KeyId: &key}))
}
