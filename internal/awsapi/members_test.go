// SPDX-License-Identifier: MPL-2.0

package awsapi

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/resourcegroupstaggingapi"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"github.com/amishare/packer-plugin-ami-share/internal/clients"
	"github.com/amishare/packer-plugin-ami-share/internal/diagnose"
)

// everyOperation calls each operation that this package uses.
func everyOperation(t *testing.T, c *Client) map[string]func() error {
	ctx, here := t.Context(), clients.Place{Region: "eu-central-1"}
	x := aws.String("x")
	return map[string]func() error{
		"CreateTags": func() error { _, err := c.EC2(here).CreateTags(ctx, &ec2.CreateTagsInput{}); return err },
		"DeleteTags": func() error { _, err := c.EC2(here).DeleteTags(ctx, &ec2.DeleteTagsInput{}); return err },
		"DescribeImageAttribute": func() error {
			_, err := c.EC2(here).DescribeImageAttribute(ctx, &ec2.DescribeImageAttributeInput{ImageId: x, Attribute: "launchPermission"})
			return err
		},
		"DescribeImages": func() error { _, err := c.EC2(here).DescribeImages(ctx, &ec2.DescribeImagesInput{}); return err },
		"DescribeSnapshotAttribute": func() error {
			_, err := c.EC2(here).DescribeSnapshotAttribute(ctx, &ec2.DescribeSnapshotAttributeInput{SnapshotId: x, Attribute: "createVolumePermission"})
			return err
		},
		"DescribeSnapshots": func() error { _, err := c.EC2(here).DescribeSnapshots(ctx, &ec2.DescribeSnapshotsInput{}); return err },
		"DescribeTags":      func() error { _, err := c.EC2(here).DescribeTags(ctx, &ec2.DescribeTagsInput{}); return err },
		"GetAllowedImagesSettings": func() error {
			_, err := c.EC2(here).GetAllowedImagesSettings(ctx, &ec2.GetAllowedImagesSettingsInput{})
			return err
		},
		"GetEbsDefaultKmsKeyId": func() error {
			_, err := c.EC2(here).GetEbsDefaultKmsKeyId(ctx, &ec2.GetEbsDefaultKmsKeyIdInput{})
			return err
		},
		"ModifyImageAttribute": func() error {
			_, err := c.EC2(here).ModifyImageAttribute(ctx, &ec2.ModifyImageAttributeInput{ImageId: x})
			return err
		},
		"ModifySnapshotAttribute": func() error {
			_, err := c.EC2(here).ModifySnapshotAttribute(ctx, &ec2.ModifySnapshotAttributeInput{SnapshotId: x})
			return err
		},
		"CreateGrant":  func() error { _, err := c.KMS(here).CreateGrant(ctx, &kms.CreateGrantInput{KeyId: x}); return err },
		"DescribeKey":  func() error { _, err := c.KMS(here).DescribeKey(ctx, &kms.DescribeKeyInput{KeyId: x}); return err },
		"GetKeyPolicy": func() error { _, err := c.KMS(here).GetKeyPolicy(ctx, &kms.GetKeyPolicyInput{KeyId: x}); return err },
		"ListGrants":   func() error { _, err := c.KMS(here).ListGrants(ctx, &kms.ListGrantsInput{KeyId: x}); return err },
		"RetireGrant":  func() error { _, err := c.KMS(here).RetireGrant(ctx, &kms.RetireGrantInput{}); return err },
		"RevokeGrant": func() error {
			_, err := c.KMS(here).RevokeGrant(ctx, &kms.RevokeGrantInput{KeyId: x, GrantId: x})
			return err
		},
		"CreateServiceLinkedRole": func() error {
			_, err := c.IAM(here).CreateServiceLinkedRole(ctx, &iam.CreateServiceLinkedRoleInput{AWSServiceName: x})
			return err
		},
		"GetRole": func() error { _, err := c.IAM(here).GetRole(ctx, &iam.GetRoleInput{RoleName: x}); return err },
		"AssumeRole": func() error {
			_, err := c.STS(here).AssumeRole(ctx, &sts.AssumeRoleInput{RoleArn: x, RoleSessionName: x})
			return err
		},
		"GetCallerIdentity": func() error { _, err := c.STS(here).GetCallerIdentity(ctx, nil); return err },
		"DescribeAutoScalingGroups": func() error {
			_, err := c.AutoScaling(here).DescribeAutoScalingGroups(ctx, &autoscaling.DescribeAutoScalingGroupsInput{})
			return err
		},
		"UpdateAutoScalingGroup": func() error {
			_, err := c.AutoScaling(here).UpdateAutoScalingGroup(ctx, &autoscaling.UpdateAutoScalingGroupInput{AutoScalingGroupName: x})
			return err
		},
		"GetResources": func() error {
			_, err := c.Tagging(here).GetResources(ctx, &resourcegroupstaggingapi.GetResourcesInput{})
			return err
		},
	}
}

func TestAnAnswerThatIsNotToTheCallIsNoSuccess(t *testing.T) {
	mute := map[string]bool{"RetireGrant": true, "RevokeGrant": true, "GetResources": true} // that say nothing when all is well
	for name, body := range map[string]string{
		"a proxy's page":              "<!DOCTYPE html>\n<html><body>Please sign in</body></html>",
		"a well-formed page":          "<html><body>Please sign in</body></html>",
		"nothing":                     "",
		"words":                       "OK",
		"another operation's":         "<DescribeRegionsResponse></DescribeRegionsResponse>",
		"a list":                      "[]",
		"the beginning of an object":  `{"GrantId": "x`,
		"the beginning of a document": "<DescribeImagesResponse><imagesSet>",
	} {
		t.Run(name, func(t *testing.T) {
			answers := map[string]func(int) (int, string){}
			c := New(clients.New(newWire(t, answers).config(), nil, clients.Options{MaxRetries: -1}), Options{})
			for operation, call := range everyOperation(t, c) {
				answers[operation] = always(body)
				if err := call(); body == "" && mute[operation] {
					continue
				} else if err == nil || !diagnose.Unknown(err) {
					t.Errorf("%s: got %v", operation, err)
				}
			}
		})
	}
}

func TestAnAnswerWithoutItsMembersIsNoSuccess(t *testing.T) {
	inJSON := map[string]bool{"CreateGrant": true, "DescribeKey": true, "GetKeyPolicy": true, "ListGrants": true, "RetireGrant": true, "RevokeGrant": true, "GetResources": true}
	hollow := []string{ // those that have something in their answer whatever there is
		"DescribeImageAttribute", "DescribeSnapshotAttribute", "GetAllowedImagesSettings", "GetEbsDefaultKmsKeyId",
		"CreateGrant", "DescribeKey", "GetKeyPolicy", "ListGrants", "GetRole", "AssumeRole", "GetCallerIdentity",
	}
	answers := map[string]func(int) (int, string){}
	c := New(clients.New(newWire(t, answers).config(), nil, clients.Options{MaxRetries: -1}), Options{})
	calls := everyOperation(t, c)
	for _, operation := range hollow {
		answers[operation] = always("<" + operation + "Response><" + operation + "Result></" + operation + "Result></" + operation + "Response>")
		if inJSON[operation] {
			answers[operation] = always("{}")
		}
		if err := calls[operation](); err == nil || !diagnose.Unknown(err) {
			t.Errorf("%s: got %v", operation, err)
		}
	}
}
