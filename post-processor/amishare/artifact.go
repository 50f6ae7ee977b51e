// SPDX-License-Identifier: MPL-2.0

package amishare

import (
	"fmt"
	"slices"
	"strings"

	packersdk "github.com/hashicorp/packer-plugin-sdk/packer"

	"github.com/amishare/packer-plugin-ami-share/internal/access"
	"github.com/amishare/packer-plugin-ami-share/internal/sharing"
)

// nullBuilder is the id of the builder that makes nothing.
const nullBuilder = "fnoeding.null"

// images returns the AMIs that an artifact names: its id holds "region:ami-…" pairs, whichever builder or post-processor
// made it.
func images(artifact packersdk.Artifact) ([]sharing.ImageRef, error) {
	var refs []sharing.ImageRef
	for pair := range strings.SplitSeq(artifact.Id(), ",") {
		region, id, _ := strings.Cut(strings.TrimSpace(pair), ":")
		if access.IsRegion(region) && imagePattern.MatchString(id) {
			refs = append(refs, sharing.ImageRef{Region: sharing.Region(region), ID: id})
		}
	}
	if len(refs) == 0 {
		return nil, sharing.Problem{
			Doing: fmt.Sprintf("looking for AMIs in the artifact of %q (id %q)", artifact.BuilderId(), artifact.Id()),
			Cause: "there are none", Remedy: remedy(artifact.BuilderId()),
		}
	}
	slices.SortStableFunc(refs, sharing.CompareImages)
	return slices.Compact(refs), nil
}

// remedy tells what to do about an artifact without AMIs, by the id of what made it.
func remedy(builder string) string {
	switch builder {
	case "packer.post-processor.checksum", "packer.post-processor.compress", "packer.post-processor.artifice":
		name := strings.TrimPrefix(builder, "packer.post-processor.")
		return fmt.Sprintf("The %s post-processor replaces the artifact and loses the AMIs: put ami-share before it in the same "+
			"post-processors block, or in a post-processor block of its own, which gets the builder's artifact", name)
	case "mitchellh.amazon.ebsvolume":
		return "The amazon-ebsvolume builder makes volumes and snapshots, not AMIs: build with amazon-ebs or amazon-ebssurrogate, " +
			"or leave it out with only = [\"amazon-ebs.<name>\"]"
	case nullBuilder:
		return "The null builder makes nothing: name the AMIs to share in images, as in images = { \"eu-central-1\" = \"ami-0123456789abcdef0\" }"
	default:
		return "ami-share takes what the amazon-ebs, amazon-ebssurrogate, amazon-chroot and amazon-instance builders and the amazon-import " +
			"post-processor make, also after post-processors that pass it on, such as manifest: name the AMIs in images, or limit ami-share " +
			"to the builds that make AMIs with only or except"
	}
}

// buildRegion returns the Region that Packer built in, "" when the artifact doesn't say. What an artifact tells of itself
// comes from another process, as maps whose Go type is lost.
func buildRegion(artifact packersdk.Artifact) sharing.Region {
	var region any
	switch data := artifact.State("generated_data").(type) {
	case map[any]any:
		region = data["BuildRegion"]
	case map[string]any:
		region = data["BuildRegion"]
	}
	name, _ := region.(string)
	return sharing.Region(name)
}
