// SPDX-License-Identifier: MPL-2.0

package clients

import (
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling"
	scalingtypes "github.com/aws/aws-sdk-go-v2/service/autoscaling/types"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
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
		return each(out.Images, func(image ec2types.Image) bool { return all(image.ImageId) })
	case *ec2.DescribeSnapshotsOutput:
		return each(out.Snapshots, func(snapshot ec2types.Snapshot) bool { return all(snapshot.SnapshotId) })
	case *ec2.CreateImageUsageReportOutput:
		return all(out.ReportId)
	case *ec2.DescribeImageUsageReportsOutput:
		return each(out.ImageUsageReports, func(report ec2types.ImageUsageReport) bool { return all(report.ReportId, report.State) })
	case *ec2.GetEbsDefaultKmsKeyIdOutput:
		return all(out.KmsKeyId)
	case *ec2.GetAllowedImagesSettingsOutput:
		return all(out.State)
	case *autoscaling.DescribeAutoScalingGroupsOutput:
		return each(out.AutoScalingGroups, func(group scalingtypes.AutoScalingGroup) bool { return all(group.AutoScalingGroupName) })
	}
	return true
}

// each tells whether each element of a list is complete.
func each[T any](list []T, complete func(T) bool) bool {
	return !slices.ContainsFunc(list, func(element T) bool { return !complete(element) })
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
