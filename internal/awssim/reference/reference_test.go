// SPDX-License-Identifier: MPL-2.0

package reference_test

import (
	"slices"
	"testing"

	"github.com/amishare/packer-plugin-ami-share/internal/awssim/reference"
)

const (
	sar      = "https://docs.aws.amazon.com/service-authorization/latest/reference/"
	ofSTS    = sar + "list_awssecuritytokenservice.html"
	ofEC2    = sar + "list_amazonec2.html"
	ofKMS    = sar + "list_awskeymanagementservice.html"
	ofIAM    = sar + "list_awsidentityandaccessmanagementiam.html"
	ofSSM    = sar + "list_awssystemsmanager.html"
	ofScale  = sar + "list_amazonec2autoscaling.html"
	iamGuide = "https://docs.aws.amazon.com/IAM/latest/UserGuide/"
	globals  = iamGuide + "reference_policies_condition-keys.html"

	key      = "arn:aws:kms:us-east-1:111111111111:key/0aa1"
	alias    = "arn:aws:kms:us-east-1:111111111111:alias/a/b"
	image    = "arn:aws:ec2:us-east-1::image/ami-1"
	snapshot = "arn:aws:ec2:us-east-1::snapshot/snap-1"
	instance = "arn:aws:ec2:us-east-1:111111111111:instance/*"
	role     = "arn:aws-us-gov:iam::111111111111:role/a/b/c"
)

func TestOffered(t *testing.T) {
	tests := map[string]struct {
		page, action, resource, key string
		want                        bool
	}{
		"AssumeRole has an external id":                      {ofSTS, "sts:AssumeRole", role, "sts:ExternalId", true},
		"TagSession has none":                                {ofSTS, "sts:TagSession", role, "sts:ExternalId", false},
		"TagSession has the transitive keys":                 {ofSTS, "sts:TagSession", role, "sts:TransitiveTagKeys", true},
		"SetSourceIdentity has no external id":               {ofSTS, "sts:SetSourceIdentity", role, "sts:ExternalId", false},
		"AssumeRoleWithWebIdentity has no external id":       {ofSTS, "sts:AssumeRoleWithWebIdentity", role, "sts:ExternalId", false},
		"it has the keys of its provider":                    {iamGuide + "reference_policies_iam-condition-keys.html", "sts:AssumeRoleWithWebIdentity", role, "oidc.eks.us-east-1.amazonaws.com/id/EXAMPLE:sub", true},
		"AssumeRole has none of a provider":                  {iamGuide + "reference_policies_iam-condition-keys.html", "sts:AssumeRole", role, "oidc.eks.us-east-1.amazonaws.com/id/EXAMPLE:sub", false},
		"a snapshot's permission has the accounts":           {ofEC2, "ec2:ModifySnapshotAttribute", snapshot, "ec2:Add/userId", true},
		"an image's permission has not":                      {ofEC2, "ec2:ModifyImageAttribute", image, "ec2:Add/userId", false},
		"nor the groups":                                     {ofEC2, "ec2:ModifyImageAttribute", image, "ec2:Remove/group", false},
		"nor has anything an organization":                   {ofEC2, "ec2:ModifySnapshotAttribute", snapshot, "ec2:Add/organizationArn", false},
		"a change of an image has the attribute":             {ofEC2, "ec2:ModifyImageAttribute", image, "ec2:Attribute", true},
		"a look at an image has not":                         {ofEC2, "ec2:DescribeImageAttribute", image, "ec2:Attribute", false},
		"nor has a look at a snapshot":                       {ofEC2, "ec2:DescribeSnapshotAttribute", snapshot, "ec2:Attribute", false},
		"a launch has its instance's type":                   {ofEC2, "ec2:RunInstances", instance, "ec2:InstanceType", true},
		"not for its image":                                  {ofEC2, "ec2:RunInstances", image, "ec2:InstanceType", false},
		"an image has its tags":                              {ofEC2, "ec2:RunInstances", image, "aws:ResourceTag/Team", true},
		"a look at all images has no tags":                   {ofEC2, "ec2:DescribeImages", "*", "aws:ResourceTag/Team", false},
		"CreateGrant has the grantee":                        {ofKMS, "kms:CreateGrant", key, "kms:GranteePrincipal", true},
		"and the grantee that is a service":                  {ofKMS, "kms:CreateGrant", key, "kms:GranteeServicePrincipal", true},
		"and the retiring service":                           {ofKMS, "kms:CreateGrant", key, "kms:RetiringServicePrincipal", true},
		"and the source of its constraint":                   {ofKMS, "kms:CreateGrant", key, "kms:GrantConstraintSourceArn", true},
		"DescribeKey has no grantee":                         {ofKMS, "kms:DescribeKey", key, "kms:GranteePrincipal", false},
		"RevokeGrant knows whom the grant is for":            {ofKMS, "kms:RevokeGrant", key, "kms:GrantIsForAWSResource", true},
		"Decrypt does not":                                   {ofKMS, "kms:Decrypt", key, "kms:GrantIsForAWSResource", false},
		"Decrypt has each name of an encryption context":     {ofKMS, "kms:Decrypt", key, "kms:EncryptionContext:aws:ebs:id", true},
		"a key's own properties are there":                   {ofKMS, "kms:Decrypt", key, "kms:ResourceAliases", true},
		"an alias has none of a key's":                       {ofKMS, "kms:CreateAlias", alias, "kms:KeySpec", false},
		"PutKeyPolicy has the lockout check":                 {ofKMS, "kms:PutKeyPolicy", key, "kms:BypassPolicyLockoutSafetyCheck", true},
		"PassRole has the service":                           {ofIAM, "iam:PassRole", role, "iam:PassedToService", true},
		"AttachRolePolicy has the policy":                    {ofIAM, "iam:AttachRolePolicy", role, "iam:PolicyARN", true},
		"PutParameter has whether it writes over":            {ofSSM, "ssm:PutParameter", "arn:aws:ssm:us-east-1:111111111111:parameter/a/b", "ssm:Overwrite", true},
		"a group has its tags":                               {ofScale, "autoscaling:UpdateAutoScalingGroup", "arn:aws:autoscaling:us-east-1:111111111111:autoScalingGroup:1-2:autoScalingGroupName/web", "autoscaling:ResourceTag/Team", true},
		"names have no case":                                 {iamGuide + "reference_policies_elements_condition.html", "KMS:creategrant", key, "KMS:granteeprincipal", true},
		"every action has the caller":                        {globals, "ec2:DescribeImages", "*", "aws:PrincipalArn", true},
		"every action has the caller's address":              {globals, "kms:Decrypt", key, "aws:SourceIp", true},
		"only some have tags":                                {globals, "kms:Decrypt", key, "aws:RequestTag/Team", false},
		"an action that the table does not know has globals": {globals, "kms:Unheard", key, "aws:PrincipalArn", true},
		"and no others":                                      {globals, "kms:Unheard", key, "kms:ViaService", false},
		"a service that the table does not know is let be":   {sar, "kms:Decrypt", key, "s3:prefix", true},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			if got := reference.Offered(test.action, test.resource)(test.key); got != test.want {
				t.Errorf("%s: %s on %s offers %s: %t, want %t", test.page, test.action, test.resource, test.key, got, test.want)
			}
		})
	}
}

func TestMultivalued(t *testing.T) {
	want := map[string]bool{
		"kms:GrantOperations": true, "kms:EncryptionContextKeys": true, "kms:ResourceAliases": true, "sts:TransitiveTagKeys": true,
		"AWS:TagKeys": true, "aws:PrincipalOrgPaths": true, "aws:CalledVia": true,
		"kms:GranteePrincipal": false, "aws:PrincipalOrgID": false, "aws:RequestTag/Team": false, "kms:EncryptionContext:aws:ebs:id": false, "ec2:Add/userId": false,
	}
	for key, want := range want {
		if got := reference.Multivalued(key); got != want {
			t.Errorf("%s: %s has several values: %t, want %t", sar, key, got, want)
		}
	}
}

func TestTakes(t *testing.T) {
	tests := []struct {
		action, arn string
		want        bool
	}{
		{"kms:CreateGrant", key, true},
		{"kms:CreateGrant", alias, false},
		{"kms:CreateGrant", "*", false},
		{"kms:CreateAlias", alias, true},
		{"kms:CreateAlias", key, true},
		{"iam:PassRole", role, true},
		{"ec2:ModifyImageAttribute", image, true},
		{"ec2:ModifyImageAttribute", snapshot, false},
		{"ec2:DescribeImages", "*", true},
		{"ec2:DescribeImages", image, false},
		{"kms:Unheard", "*", false},
	}
	for _, test := range tests {
		if got := reference.Takes(test.action, test.arn); got != test.want {
			t.Errorf("%s takes %s: %t, want %t", test.action, test.arn, got, test.want)
		}
	}
}

func TestControlled(t *testing.T) {
	const page = "https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_rcps.html"
	for action, want := range map[string]bool{"kms:CreateGrant": true, "sts:AssumeRole": true, "kms:RetireGrant": false, "ec2:RunInstances": false} {
		if got := reference.Controlled(action); got != want {
			t.Errorf("%s: resource control policies reach %s: %t, want %t", page, action, got, want)
		}
	}
}

func TestKeys(t *testing.T) {
	keys := reference.Keys("kms:CreateGrant")
	for _, key := range []string{"kms:GranteePrincipal", "kms:EncryptionContext:", "kms:KeySpec", "aws:ResourceTag/"} {
		if !slices.Contains(keys, key) {
			t.Errorf("CreateGrant has no %s: %v", key, keys)
		}
	}
	if !slices.IsSorted(keys) || len(slices.Compact(slices.Clone(keys))) != len(keys) {
		t.Errorf("keys are not sorted, or there twice: %v", keys)
	}
	if keys := reference.Keys("kms:Unheard"); len(keys) > 0 {
		t.Errorf("an action that is not in the table has keys: %v", keys)
	}
}

func TestActionsHaveWhatTheyNeed(t *testing.T) {
	actions := reference.Actions()
	if len(actions) < 150 {
		t.Fatalf("the table has %d actions", len(actions))
	}
	for _, action := range []string{
		"organizations:ListAccountsForParent", "ssm:LabelParameterVersion", "ec2:AttachImageWatermark", "ec2:CreateImageUsageReport",
		"ec2:CancelImageLaunchPermission", "sts:AssumeRoleWithWebIdentity", "autoscaling:StartInstanceRefresh", "tag:GetResources",
	} {
		if !slices.Contains(actions, action) {
			t.Errorf("the table does not have %s", action)
		}
	}
}
