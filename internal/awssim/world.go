// SPDX-License-Identifier: MPL-2.0

package awssim

import (
	"io"

	"github.com/amishare/packer-plugin-ami-share/internal/awssim/cloud"
	"github.com/amishare/packer-plugin-ami-share/internal/awssim/world"
)

// Whoever uses the server finds its types here. Package world documents the parts of a world field by field.
type (
	// World is everything that exists when the server starts.
	World = world.World
	// WorldAccount is one AWS account.
	WorldAccount = world.Account
	// WorldUser is an IAM user with one access key.
	WorldUser = world.User
	// WorldRole is an IAM role.
	WorldRole = world.Role
	// WorldOpenIDProvider is an identity provider of OpenID Connect.
	WorldOpenIDProvider = world.OpenIDProvider
	// WorldPolicy is a managed policy.
	WorldPolicy = world.Policy
	// WorldKey is a KMS key.
	WorldKey = world.Key
	// WorldOrganization is an organization.
	WorldOrganization = world.Organization
	// WorldControlPolicy is a service or resource control policy.
	WorldControlPolicy = world.ControlPolicy
	// WorldUnit is an organizational unit.
	WorldUnit = world.Unit
	// WorldRegion is what one account has in one Region.
	WorldRegion = world.Region
	// WorldSnapshot is an EBS snapshot.
	WorldSnapshot = world.Snapshot
	// WorldImage is an AMI.
	WorldImage = world.Image
	// WorldScanResults are what Amazon Inspector found in an AMI.
	WorldScanResults = world.ScanResults
	// WorldBlockDevice maps a device of an AMI onto a snapshot.
	WorldBlockDevice = world.BlockDevice
	// WorldLaunchTemplate is a launch template with one version.
	WorldLaunchTemplate = world.LaunchTemplate
	// WorldImageUsageReport is a report of who uses an AMI.
	WorldImageUsageReport = world.ImageUsageReport
	// WorldParameter is a parameter of Systems Manager.
	WorldParameter = world.Parameter
	// WorldAutoScalingGroup is a group that launches from a template.
	WorldAutoScalingGroup = world.AutoScalingGroup
	// WorldTemplateOverride takes the place of parts of a group's launch template.
	WorldTemplateOverride = world.TemplateOverride
	// WorldAllowedImages is the Allowed AMIs setting.
	WorldAllowedImages = world.AllowedImages
	// WorldImageCriterion is one criterion of the Allowed AMIs setting.
	WorldImageCriterion = world.ImageCriterion

	// Hostility switches on what makes AWS hard to work with.
	Hostility = world.Hostility
	// Throttling says how large the buckets of calls are.
	Throttling = world.Throttling
	// Bucket is the bucket of one action.
	Bucket = world.Bucket
	// Fault happens to the calls that it matches.
	Fault = world.Fault
	// Entry is a line of the journal.
	Entry = cloud.Entry
)

// Load reads a world as JSON. A field that it does not know is an error.
func Load(r io.Reader) (World, error) { return world.Load(r) }
