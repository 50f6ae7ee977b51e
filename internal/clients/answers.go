// SPDX-License-Identifier: MPL-2.0

package clients

import (
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/sts"
)

// complete tells whether an answer has the members that the callers rely on, and that AWS never leaves out.
func complete(result any) bool {
	switch out := result.(type) {
	case *sts.AssumeRoleOutput:
		c := out.Credentials
		return c != nil && all(c.AccessKeyId, c.SecretAccessKey, c.SessionToken) && c.Expiration != nil
	case *sts.GetCallerIdentityOutput:
		return all(out.Account)
	case *iam.GetRoleOutput:
		return out.Role != nil && all(out.Role.Arn, out.Role.RoleId)
	case *kms.DescribeKeyOutput:
		return out.KeyMetadata != nil && all(out.KeyMetadata.KeyId)
	case *kms.GetKeyPolicyOutput:
		return all(out.Policy)
	case *kms.CreateGrantOutput:
		return all(out.GrantId)
	case *kms.ListGrantsOutput:
		return out.Grants != nil && (!out.Truncated || all(out.NextMarker))
	default:
		return completeEC2(result)
	}
}

func completeEC2(result any) bool {
	switch out := result.(type) {
	case *ec2.DescribeImageAttributeOutput:
		return all(out.ImageId)
	case *ec2.DescribeSnapshotAttributeOutput:
		return all(out.SnapshotId)
	case *ec2.DescribeImagesOutput:
		for _, image := range out.Images {
			if !all(image.ImageId) {
				return false
			}
		}
	case *ec2.DescribeSnapshotsOutput:
		for _, snapshot := range out.Snapshots {
			if !all(snapshot.SnapshotId) {
				return false
			}
		}
	case *ec2.CreateImageUsageReportOutput:
		return all(out.ReportId)
	case *ec2.DescribeImageUsageReportsOutput:
		for _, report := range out.ImageUsageReports {
			if !all(report.ReportId, report.State) {
				return false
			}
		}
	case *ec2.GetEbsDefaultKmsKeyIdOutput:
		return all(out.KmsKeyId)
	case *ec2.GetAllowedImagesSettingsOutput:
		return all(out.State)
	case *autoscaling.DescribeAutoScalingGroupsOutput:
		for _, group := range out.AutoScalingGroups {
			if !all(group.AutoScalingGroupName) {
				return false
			}
		}
	}
	return true
}

// all tells whether all members are there.
func all(values ...*string) bool {
	for _, value := range values {
		if aws.ToString(value) == "" {
			return false
		}
	}
	return true
}
