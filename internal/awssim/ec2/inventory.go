// SPDX-License-Identifier: MPL-2.0

package ec2

import (
	"slices"

	"github.com/amishare/packer-plugin-ami-share/internal/awssim/cloud"
	"github.com/amishare/packer-plugin-ami-share/internal/awssim/resources"
	"github.com/amishare/packer-plugin-ami-share/internal/awssim/wire"
)

// What there is, for the tags that are put on it and for the network that it is in.

// Has refuses an id of which there is nothing for the caller that can have tags.
func (s *Service) Has(made *cloud.Call, id string) error {
	c := s.bind(made)
	r := c.own()
	there := false
	switch resources.Kind(id) {
	case "image":
		_, err := c.imageByID(id)
		return err
	case "snapshot":
		_, err := c.snapshotByID(id)
		return err
	case "instance":
		there = r.instances[id] != nil
	case "volume":
		there = r.volumes[id] != nil
	case "launch-template":
		there = r.templates[id] != nil
	case "key-pair", "security-group":
		there = s.network.Has(c.Account, c.Region, id)
	}
	if !there {
		return wire.BadRequest("InvalidID", "The ID '%s' is not valid", id)
	}
	return nil
}

// AMI returns who owns an AMI, nil if there is none, and whether the caller sees the tags that the owner shares.
func (s *Service) AMI(made *cloud.Call, id string) (owner *cloud.Account, shared bool) {
	c := s.bind(made)
	img := c.image(c.Region, id)
	if img == nil {
		return nil, false
	}
	return img.owner, c.hasLaunchPermission(img, c.Account.ID) && !c.hiddenBySetting(img)
}

// ListedAMIs are the ids of the AMIs that the caller finds without naming them, those apart that are shared with its
// organization alone.
func (s *Service) ListedAMIs(made *cloud.Call) []string {
	var ids []string
	for _, img := range s.bind(made).listedImages(false) {
		ids = append(ids, img.id)
	}
	return ids
}

// inGroup tells whether an instance of the caller is in a security group.
func (s *Service) inGroup(made *cloud.Call, id string) bool {
	for _, inst := range s.bind(made).own().instances {
		if inst.State != instanceTerminated && slices.Contains(inst.securityGroups, id) {
			return true
		}
	}
	return false
}
