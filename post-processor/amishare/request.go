// SPDX-License-Identifier: MPL-2.0

package amishare

import (
	"slices"

	packersdk "github.com/hashicorp/packer-plugin-sdk/packer"

	"github.com/amishare/packer-plugin-ami-share/internal/access"
	"github.com/amishare/packer-plugin-ami-share/internal/sharing"
)

// request makes of the configuration and the artifact what is asked for, and where each target's credentials come from.
// All values are known now: its error is everything that is wrong, and then the request has the AMIs alone.
func (c *Config) request(artifact packersdk.Artifact) (sharing.Request, map[sharing.AccountID]access.TargetSource, error) {
	refs, err := c.images(artifact)
	targets, errs := c.check(true)
	switch {
	case err != nil:
		errs = append(errs, err)
	case len(errs) == 0:
		errs = c.checkPartition(refs)
	}
	if len(errs) > 0 {
		return sharing.Request{Images: refs}, nil, access.Joined(errs)
	}
	if errs := placeCanaries(targets.Accounts, refs); len(errs) > 0 {
		return sharing.Request{Images: refs, Targets: targets.Accounts}, nil, access.Joined(errs)
	}
	parameters, _ := access.ParseParameters(c.Parameters, true) // they have been checked
	return sharing.Request{
		Announcements: sharing.Announcements{Parameters: parameters, SharedTags: sharing.SharedTags(c.SharedTags), Watermark: c.Watermark},
		Images:        refs, BuildRegion: c.buildRegion(artifact), Targets: targets.Accounts,
		Organizations: c.OrganizationARNs, OrganizationalUnits: c.OUARNs,
		ShareSnapshots: unlessFalse(c.ShareSnapshots), GrantOperations: access.GrantOperations(c.GrantOperations),
		Exact: c.Exact, ExactGrants: c.ExactGrants, ForceRemoval: c.ForceRemoval, AllowUnencrypted: c.AllowUnencrypted, SharingQuota: c.SharingQuota,
	}, targets.Sources, nil
}

// images returns the AMIs to share: those of the option, or those of the artifact.
func (c *Config) images(artifact packersdk.Artifact) ([]sharing.ImageRef, error) {
	if len(c.Images) == 0 {
		return images(artifact)
	}
	return c.namedImages(), nil
}

// namedImages are those of the option.
func (c *Config) namedImages() []sharing.ImageRef {
	var refs []sharing.ImageRef
	for region, id := range c.Images {
		refs = append(refs, sharing.ImageRef{Region: sharing.Region(region), ID: id})
	}
	slices.SortStableFunc(refs, sharing.CompareImages)
	return refs
}

// buildRegion returns where Packer built. AMIs of the option don't come from the build: none of them may be missing.
func (c *Config) buildRegion(artifact packersdk.Artifact) sharing.Region {
	if len(c.Images) > 0 {
		return ""
	}
	return buildRegion(artifact)
}
