package awssim

import (
	"io"

	"github.com/amishare/packer-plugin-ami-share/internal/awssim/cloud"
	"github.com/amishare/packer-plugin-ami-share/internal/awssim/world"
)

// World is everything that exists when the server starts. Package world documents it and its parts.
type World = world.World

type (
	WorldAccount          = world.Account
	WorldUser             = world.User
	WorldRole             = world.Role
	WorldPolicy           = world.Policy
	WorldKey              = world.Key
	WorldOrganization     = world.Organization
	WorldUnit             = world.Unit
	WorldRegion           = world.Region
	WorldSnapshot         = world.Snapshot
	WorldImage            = world.Image
	WorldBlockDevice      = world.BlockDevice
	WorldLaunchTemplate   = world.LaunchTemplate
	WorldAutoScalingGroup = world.AutoScalingGroup
	WorldAllowedImages    = world.AllowedImages
	WorldImageCriterion   = world.ImageCriterion

	// Hostility switches on what makes AWS hard to work with.
	Hostility = world.Hostility
	// Fault happens to the calls that it matches.
	Fault = world.Fault
	// Entry is a line of the journal.
	Entry = cloud.Entry
)

// Load reads a world as JSON. A field that it does not know is an error.
func Load(r io.Reader) (World, error) { return world.Load(r) }
