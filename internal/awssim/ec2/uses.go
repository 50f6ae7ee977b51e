// SPDX-License-Identifier: MPL-2.0

package ec2

import (
	"maps"
	"net/http"
	"slices"

	"github.com/amishare/packer-plugin-ami-share/internal/awssim/cloud"
	"github.com/amishare/packer-plugin-ami-share/internal/awssim/resources"
	"github.com/amishare/packer-plugin-ami-share/internal/awssim/wire"
)

// Who uses an AMI, for the reports about it.

// OwnsImage refuses an AMI that is not the caller's.
func (s *Service) OwnsImage(made *cloud.Call, id string) error {
	c := s.bind(made)
	img, err := c.imageByID(id)
	if err != nil {
		return err
	}
	if img.owner != c.Account {
		return wire.Errorf(http.StatusForbidden, "AuthFailure", "Not authorized for image:%s", img.id)
	}
	return nil
}

// HasImage tells whether an account has an AMI of its own in a Region.
func (s *Service) HasImage(a *cloud.Account, region, id string) bool {
	return s.regions.Of(a, region).images[id] != nil
}

// Tags are those of all resources of EC2, reports among them.
func (s *Service) Tags() *resources.Tags { return s.tags }

// InstancesOf are the ARNs of an account's instances of an AMI, in some states or any but terminated.
func (s *Service) InstancesOf(a *cloud.Account, region, image string, states []string) []string {
	c := s.at(a, region)
	var arns []string
	for _, inst := range cloud.SortedValues(c.own().instances) {
		counts := len(states) == 0 && !inst.Ended() || slices.Contains(states, inst.State)
		if inst.image.id == image && counts {
			arns = append(arns, c.ARN("instance", inst.ID))
		}
	}
	return arns
}

// TemplatesWith are the ARNs of an account's launch templates that name an AMI by its id in one of their latest versions; if so asked,
// in one that was there when the server started.
func (s *Service) TemplatesWith(a *cloud.Account, region, image string, depth int, atStart bool) []string {
	c := s.at(a, region)
	var arns []string
	for _, template := range cloud.SortedValues(c.own().templates) {
		numbers := slices.Sorted(maps.Keys(template.versions))
		numbers = numbers[max(0, len(numbers)-depth):]
		if slices.ContainsFunc(numbers, func(n int) bool {
			v := template.versions[n]
			return v.Image == image && (v.atStart || !atStart)
		}) {
			arns = append(arns, c.ARN("launch-template", template.ID))
		}
	}
	return arns
}

// at is a call of nobody in an account and Region.
func (s *Service) at(a *cloud.Account, region string) *call {
	c := s.bind(s.NewCall(""))
	c.Account, c.Region = a, region
	return c
}
