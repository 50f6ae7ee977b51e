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
	f.regionsOf(partition, "region", c.Region)
	checkPartition(f.within("assume_role"), partition, c.AssumeRole)
	for i, block := range blocks {
		at := f.within(fmt.Sprintf("target %d", i+1))
		checkPartition(at.within("assume_role"), partition, block.AssumeRole.AssumeRoleConfig)
		at.regionsOf(partition, "regions", block.Regions...)
		at.arnsOf(partition, "grantee_roles", block.GranteeRoles...)
	}
	return *f.errs
}

// CheckRegionsOf returns an error for each Region of an option that is in another partition.
func CheckRegionsOf(partition, option string, regions ...string) []error {
	f := newFindings("", true)
	f.regionsOf(partition, option, regions...)
	return *f.errs
}

// CheckARNsOf returns an error for each ARN of an option that is in another partition. What is no ARN has none: its shape is checked
// elsewhere.
func CheckARNsOf(partition, option string, arns ...string) []error {
	f := newFindings("", true)
	f.arnsOf(partition, option, arns...)
	return *f.errs
}

func checkPartition(f findings, partition string, role AssumeRoleConfig) {
	f.arnsOf(partition, "role_arn", role.RoleARN)
	f.arnsOf(partition, "policy_arns", role.PolicyARNs...)
}

func (f findings) regionsOf(partition, option string, regions ...string) {
	for _, region := range regions {
		if IsRegion(region) {
			f.elsewhere(partition, option, region, sharing.PartitionOf(sharing.Region(region)))
		}
	}
}

func (f findings) arnsOf(partition, option string, arns ...string) {
	for _, arn := range arns {
		if parsed, err := sharing.ParseARN(arn); err == nil {
			f.elsewhere(partition, option, fmt.Sprintf("%q", arn), parsed.Partition)
		}
	}
}

// elsewhere collects what is not in the partition that it has to be in.
func (f findings) elsewhere(partition, option, what, is string) {
	if is != partition {
		f.addf("%s: %s is in partition %s and the AMIs are in %s: nothing can be shared between partitions", option, what, is, partition)
	}
}
