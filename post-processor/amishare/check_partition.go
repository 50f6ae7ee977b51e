// SPDX-License-Identifier: MPL-2.0

package amishare

import (
	"fmt"
	"slices"

	"github.com/amishare/packer-plugin-ami-share/internal/access"
	"github.com/amishare/packer-plugin-ami-share/internal/sharing"
)

// checkPlanned is checkPartition as far as the template tells where the AMIs are: by AMIs, or by the Region of the
// source account's access, which is in their partition.
func (c *Config) checkPlanned() []error {
	refs := c.namedImages()
	if len(refs) == 0 {
		refs = []sharing.ImageRef{{Region: sharing.Region(c.Region)}}
	}
	if slices.ContainsFunc(refs, func(ref sharing.ImageRef) bool { return !access.IsRegion(string(ref.Region)) }) {
		return nil
	}
	return c.checkPartition(refs)
}

// checkPartition finds ARNs of another partition than the AMIs, and AMIs of several.
func (c *Config) checkPartition(refs []sharing.ImageRef) []error {
	partition := sharing.PartitionOf(refs[0].Region)
	errs := access.CheckPartition(partition, &c.Config, c.Targets)
	for _, ref := range refs {
		if other := sharing.PartitionOf(ref.Region); other != partition {
			errs = append(errs, fmt.Errorf("images: %s is in partition %s and %s in %s: share them in a post-processor each", refs[0], partition, ref, other))
		}
	}
	return slices.Concat(errs, access.CheckARNsOf(partition, "organization_arns", c.OrganizationARNs...), access.CheckARNsOf(partition, "ou_arns", c.OUARNs...))
}
