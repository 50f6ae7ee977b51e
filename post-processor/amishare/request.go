package amishare

import (
	"fmt"
	"slices"

	packersdk "github.com/hashicorp/packer-plugin-sdk/packer"

	"github.com/amishare/packer-plugin-ami-share/internal/access"
	"github.com/amishare/packer-plugin-ami-share/internal/sharing"
)

// request makes of the configuration and the artifact what is asked for, and where each target's credentials come from.
// All values are known now: its error is everything that is wrong.
func (c *Config) request(artifact packersdk.Artifact) (sharing.Request, map[sharing.AccountID]access.TargetSource, error) {
	targets, errs := c.check(true)
	if len(errs) > 0 {
		return sharing.Request{}, nil, access.Joined(errs)
	}
	refs, err := c.images(artifact)
	if err != nil {
		return sharing.Request{}, nil, err
	}
	if errs := c.checkPartition(refs); len(errs) > 0 {
		return sharing.Request{}, nil, access.Joined(errs)
	}
	return sharing.Request{
		Images: refs, BuildRegion: c.buildRegion(artifact), Targets: targets.Accounts,
		Organizations: c.OrganizationARNs, OrganizationalUnits: c.OUARNs,
		ShareSnapshots: unlessFalse(c.ShareSnapshots), GrantOperations: access.GrantOperations(c.GrantOperations),
		Exact: c.Exact, AllowUnencrypted: c.AllowUnencrypted, SharingQuota: c.SharingQuota,
	}, targets.Sources, nil
}

// images returns the AMIs to share: those of the option, or those of the artifact.
func (c *Config) images(artifact packersdk.Artifact) ([]sharing.ImageRef, error) {
	if len(c.Images) == 0 {
		return images(artifact)
	}
	var refs []sharing.ImageRef
	for region, id := range c.Images {
		refs = append(refs, sharing.ImageRef{Region: sharing.Region(region), ID: id})
	}
	slices.SortFunc(refs, sharing.CompareImages)
	return refs, nil
}

// buildRegion returns where Packer built. Images of the option don't come from the build: none of them may be missing.
func (c *Config) buildRegion(artifact packersdk.Artifact) sharing.Region {
	if len(c.Images) > 0 {
		return ""
	}
	return buildRegion(artifact)
}

// checkPartition finds ARNs of another partition than the images, and images of several.
func (c *Config) checkPartition(refs []sharing.ImageRef) []error {
	partition := sharing.PartitionOf(refs[0].Region)
	errs := access.CheckPartition(partition, &c.Config, c.Targets)
	for _, ref := range refs {
		if other := sharing.PartitionOf(ref.Region); other != partition {
			errs = append(errs, fmt.Errorf("images: %s is in partition %s and %s in %s: share them in a post-processor each", refs[0], partition, ref, other))
		}
	}
	for _, arn := range c.OrganizationARNs {
		if err := access.InPartition(partition, arn); err != nil {
			errs = append(errs, fmt.Errorf("organization_arns: %w", err))
		}
	}
	for _, arn := range c.OUARNs {
		if err := access.InPartition(partition, arn); err != nil {
			errs = append(errs, fmt.Errorf("ou_arns: %w", err))
		}
	}
	return errs
}
