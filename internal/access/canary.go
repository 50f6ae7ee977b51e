// SPDX-License-Identifier: MPL-2.0

//go:generate packer-sdc struct-markdown
//go:generate packer-sdc mapstructure-to-hcl2 -type CanaryConfig

package access

import (
	"regexp"
	"slices"

	"github.com/amishare/packer-plugin-ami-share/internal/sharing"
)

// Verification starts one instance of each AMI in the accounts, to prove that it can be started. It makes a launch template
// and an Auto Scaling group for that, under the first `autoscaling` role of `service_linked_roles`.
//
// The instance has to be in service within ten minutes. If it is not, the account fails verification with the reason that
// Auto Scaling gives. If the reason says nothing about the AMI (AWS has no capacity, the subnet has no free address, a quota is
// used up), that is a warning; announcements that wait for the account are not made then, and fail the run. The report has an
// item for each canary: `proved`, `failed` or `skipped`. A dry run starts none.
//
// Group, launch template and instance are deleted afterwards, also when the build is interrupted. If a run was killed, a later
// run deletes what it left: group and launch template have the tag `packer-plugin-ami-share:canary` with the time after which
// nobody needs them. The instance costs its usual price for some minutes, and it runs whatever the AMI starts.
//
// Block, repeatable: one for each Region.
type CanaryConfig struct {
	// The subnet to start the instance in. Every account of the target must be able to use it: put accounts with
	// different subnets into different targets, or share the subnet with them by AWS RAM. The instance gets the VPC's default security group.
	SubnetID string `mapstructure:"subnet_id" required:"true"`
	// The type of the instance. It must fit the AMI's architecture, and the types that the AMI may be restricted to.
	InstanceType string `mapstructure:"instance_type" required:"true"`
	// The Region of the subnet. Default: that of the AMIs, if they are in one.
	Region string `mapstructure:"region" required:"false"`
}

var (
	subnetPattern       = regexp.MustCompile(`^subnet-[0-9a-z]{8,}$`)
	instanceTypePattern = regexp.MustCompile(`^[a-z][a-z0-9-]*\.[a-z0-9-]+$`)
)

// checkCanaries finds what is wrong with the canaries of a target.
func (t TargetConfig) checkCanaries(f findings, grantees []sharing.Grantee) {
	var regions []string
	for i, canary := range t.Canaries {
		f := f.within("canary")
		if !f.open(canary.SubnetID) && !subnetPattern.MatchString(canary.SubnetID) {
			f.addf("subnet_id: %q is not the id of a subnet, as in subnet-0123456789abcdef0", canary.SubnetID)
		}
		if !f.open(canary.InstanceType) && !instanceTypePattern.MatchString(canary.InstanceType) {
			f.addf("instance_type: %q is not an instance type, as in t3.micro", canary.InstanceType)
		}
		switch {
		case f.open(canary.Region):
		case canary.Region != "" && !IsRegion(canary.Region):
			f.addf("region: %q is not the code of a Region, as in eu-central-1", canary.Region)
		case canary.Region == "" && len(t.Canaries) > 1:
			f.addf("region: block %d has none, and there are several: name the Region of each", i+1)
		case slices.Contains(regions, canary.Region):
			f.addf("region: there are two for %s: give each Region one", canary.Region)
		}
		regions = append(regions, canary.Region)
	}
	scaling := slices.ContainsFunc(grantees, func(g sharing.Grantee) bool { return g.Service == sharing.AutoScalingService })
	if len(t.Canaries) > 0 && !scaling && !f.openList(t.ServiceLinkedRoles) && !slices.ContainsFunc(t.ServiceLinkedRoles, f.open) {
		f.addf(`canary: service_linked_roles names no role for Auto Scaling groups: add "autoscaling" or "autoscaling/<suffix>"`)
	}
}

func (t TargetConfig) canaries() []sharing.Canary {
	var canaries []sharing.Canary
	for _, c := range t.Canaries {
		canaries = append(canaries, sharing.Canary{Region: sharing.Region(c.Region), Subnet: c.SubnetID, InstanceType: c.InstanceType})
	}
	return canaries
}
