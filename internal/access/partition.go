// SPDX-License-Identifier: MPL-2.0

package access

import (
	"fmt"

	"github.com/amishare/packer-plugin-ami-share/internal/sharing"
)

// CheckPartition returns an error for each ARN among the access options and the target blocks that is in another
// partition than the AMIs: AWS shares nothing between partitions.
// https://docs.aws.amazon.com/whitepapers/latest/aws-fault-isolation-boundaries/partitions.html
func CheckPartition(partition string, c *Config, blocks []TargetConfig) []error {
	f := newFindings("", true)
	f.add("region", RegionInPartition(partition, c.Region))
	checkPartition(f.within("assume_role"), partition, c.AssumeRole)
	for i, block := range blocks {
		at := f.within(fmt.Sprintf("target %d", i+1))
		checkPartition(at.within("assume_role"), partition, block.AssumeRole.AssumeRoleConfig)
		for _, region := range block.Regions {
			at.add("regions", RegionInPartition(partition, region))
		}
		for _, role := range block.GranteeRoles {
			at.add("grantee_roles", InPartition(partition, role))
		}
	}
	return *f.errs
}

func checkPartition(f findings, partition string, role AssumeRoleConfig) {
	f.add("role_arn", InPartition(partition, role.RoleARN))
	for _, arn := range role.PolicyARNs {
		f.add("policy_arns", InPartition(partition, arn))
	}
}

// RegionInPartition returns an error when a Region is in another partition.
func RegionInPartition(partition, region string) error {
	other := sharing.PartitionOf(sharing.Region(region))
	if other == partition || !IsRegion(region) {
		return nil
	}
	return fmt.Errorf("%s is in partition %s and the AMIs are in %s: nothing can be shared between partitions", region, other, partition)
}

// InPartition returns an error when s is an ARN of another partition.
func InPartition(partition, s string) error {
	arn, err := sharing.ParseARN(s)
	if err != nil || arn.Partition == partition {
		return nil //nolint:nilerr // what is no ARN has no partition; its shape is checked elsewhere
	}
	return fmt.Errorf("%q is in partition %s and the AMIs are in %s: nothing can be shared between partitions", s, arn.Partition, partition)
}
