// SPDX-License-Identifier: MPL-2.0

package ec2

import (
	"cmp"
	"maps"
	"slices"

	"github.com/amishare/packer-plugin-ami-share/internal/awssim/cloud"
	"github.com/amishare/packer-plugin-ami-share/internal/awssim/wire"
)

// copyImage copies an AMI into the Region that the call was signed for. To copy an AMI of another account, the caller needs
// create-volume permission on each snapshot as well. EC2 uses the keys in the caller's name; if they refuse, the copy fails
// a moment later.
// https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/CopyingAMIs.html
func (c *call) copyImage() (cloud.Effect, error) {
	if err := c.Require("SourceImageId", "SourceRegion"); err != nil {
		return nil, err
	}
	if token := c.Form.Get("ClientToken"); token != "" && c.own().made[token] != "" {
		return cloud.Answer(&imageIDAnswer{c.own().made[token]}), nil
	}
	source, err := c.copySource()
	if err != nil {
		return nil, err
	}
	name, err := c.newImageName()
	if err != nil {
		return nil, err
	}
	specs, err := c.TagSpecs("image", "snapshot")
	if err != nil {
		return nil, err
	}
	encryption, err := c.copyEncryption(c.Form.Get("Encrypted"))
	if err != nil {
		return nil, err
	}
	return func() (any, error) {
		img := c.addImage(&Image{
			name: name, description: cmp.Or(c.Form.Get("Description"), source.description), architecture: source.architecture,
			virtualization: source.virtualization, rootDevice: source.rootDevice, enaSupport: source.enaSupport,
			bootMode: source.bootMode, imdsSupport: source.imdsSupport, tpmSupport: source.tpmSupport,
			sourceImage: source.id, sourceRegion: source.region,
			watermarks: slices.Clone(source.watermarks), types: source.types,
		}, c.copiedTags(source, specs["image"]))
		for _, device := range source.Devices {
			c.copyDevice(img, source, device, encryption, specs["snapshot"])
		}
		c.pending(img)
		if token := c.Form.Get("ClientToken"); token != "" {
			c.own().made[token] = img.id
		}
		return &imageIDAnswer{img.id}, nil
	}, nil
}

// copySource finds the AMI in its Region as the caller sees it there.
func (c *call) copySource() (*Image, error) {
	source, err := c.in(c.Form.Get("SourceRegion")).imageByID(c.Form.Get("SourceImageId"))
	if err != nil {
		return nil, err
	}
	if source.state != imageAvailable {
		return nil, wire.BadRequest("InvalidAMIID.Unavailable", "The image id '[%s]' is not available", source.id)
	}
	for _, device := range source.Devices {
		snap := c.snapshot(source.region, device.snapshot)
		if snap != nil && !snap.usableBy(c.Account) {
			return nil, wire.BadRequest("InvalidRequest", "You do not have permission to access the storage of this ami")
		}
	}
	return source, nil
}

// copiedTags are the new AMI's: the tags of the source that the caller sees if asked for, shared ones too, then those of the call.
func (c *call) copiedTags(source *Image, given map[string]string) map[string]string {
	tags := map[string]string{}
	if c.Form.Flag("CopyImageTags") {
		maps.Copy(tags, c.in(source.region).SeenTags(source.id))
	}
	maps.Copy(tags, given)
	return tags
}

// copyDevice copies one snapshot; a key that refuses fails the snapshot and the AMI.
func (c *call) copyDevice(img, source *Image, device BlockDevice, encryption encryptionRequest, tags map[string]string) {
	old := c.snapshot(source.region, device.snapshot)
	if old == nil {
		img.Devices = append(img.Devices, device)
		return
	}
	made, failure := c.copyOf(old, encryption, "Copied for DestinationAmi "+img.id+" from SourceAmi "+source.id)
	c.addSnapshot(made, tags)
	if failure != nil {
		img.state, img.stateReason = imageFailed, failure.Message
	}
	device.snapshot = made.id
	img.Devices = append(img.Devices, device)
}
