// SPDX-License-Identifier: MPL-2.0

package ec2

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/amishare/packer-plugin-ami-share/internal/awssim/cloud"
	"github.com/amishare/packer-plugin-ami-share/internal/awssim/resources"
	"github.com/amishare/packer-plugin-ami-share/internal/awssim/wire"
)

// imageIDAnswer is what the actions that make an AMI return.
type imageIDAnswer struct {
	ID string `xml:"imageId"`
}

// newImageName checks the Name of a new AMI: 3 to 128 characters, unique among the account's AMIs of the Region.
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_RegisterImage.html
func (c *call) newImageName() (string, error) {
	if err := c.Require("Name"); err != nil {
		return "", err
	}
	name := c.Form.Get("Name")
	const alphabet = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789()[] ./-'@_"
	if len(name) < 3 || len(name) > 128 || strings.Trim(name, alphabet) != "" {
		return "", wire.BadRequest("InvalidAMIName.Malformed", "AMI names must be between 3 and 128 characters long, and may "+
			"contain letters, numbers, '(', ')', '.', '-', '/' and '_'")
	}
	if other := c.imageOfName(name); other != nil {
		return "", wire.BadRequest("InvalidAMIName.Duplicate", "AMI name %s is already in use by AMI %s", name, other.id)
	}
	return name, nil
}

// addImage makes an AMI of the caller and tags it.
func (c *call) addImage(img *Image, tags map[string]string) *Image {
	img.id = c.NewID("ami-")
	img.owner, img.region, img.created = c.Account, c.Region, c.Now()
	img.launch, img.late.unseen = permissions{}, cloud.Lag(c.Hostility.NewImageUnseen)
	if img.state == "" {
		img.state = imageAvailable
	}
	c.own().images[img.id] = img
	c.SetTags(img.id, tags)
	return img
}

func (c *call) createImage() (cloud.Effect, error) {
	if err := c.Require("InstanceId"); err != nil {
		return nil, err
	}
	from, err := c.instanceByID(c.Form.Get("InstanceId"))
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
	extra, err := readDevices(c.Form)
	if err != nil {
		return nil, err
	}
	return func() (any, error) {
		if from.State != InstanceRunning && from.State != instanceStopped {
			return nil, wire.BadRequest("IncorrectInstanceState", "The instance '%s' is not in a state from which an image can be created", from.ID)
		}
		devices, err := c.snapshotDevices(from, extra, specs["snapshot"])
		if err != nil {
			return nil, err
		}
		img := c.addImage(&Image{
			name: name, description: c.Form.Get("Description"), Devices: devices, sourceInstance: from.ID,
			sourceImage: from.image.id, sourceRegion: c.Region, architecture: from.image.architecture,
			virtualization: from.image.virtualization, rootDevice: from.image.rootDevice, enaSupport: from.image.enaSupport,
			bootMode: from.image.bootMode, imdsSupport: from.image.imdsSupport, tpmSupport: from.image.tpmSupport,
			watermarks: slices.Clone(from.image.watermarks),
		}, specs["image"])
		c.pending(img)
		return &imageIDAnswer{img.id}, nil
	}, nil
}

// snapshotDevices takes snapshots of an instance's volumes, leaving out what the call's mapping suppresses, and adds
// the devices that only the mapping has.
func (c *call) snapshotDevices(from *Instance, extra []BlockDevice, tags map[string]string) ([]BlockDevice, error) {
	var devices []BlockDevice
	for _, attached := range from.devices {
		at := slices.IndexFunc(extra, func(d BlockDevice) bool { return d.name == attached.name })
		if at >= 0 && extra[at].noDevice {
			continue
		}
		vol := c.own().volumes[attached.volume]
		snap := c.addSnapshot(&snapshot{
			volume: vol.id, size: vol.size, key: vol.key,
			description: "Created by CreateImage(" + from.ID + ")",
		}, tags)
		devices = append(devices, BlockDevice{
			name: attached.name, snapshot: snap.id, size: vol.size,
			volumeType: vol.volumeType, deletes: attached.deletes,
		})
	}
	for _, device := range extra {
		known := slices.ContainsFunc(from.devices, func(d BlockDevice) bool { return d.name == device.name })
		if !known && !device.noDevice {
			if err := c.checkRegistered(&device); err != nil {
				return nil, err
			}
			devices = append(devices, device)
		}
	}
	return devices, nil
}

func (c *call) registerImage() (cloud.Effect, error) {
	name, err := c.newImageName()
	if err != nil {
		return nil, err
	}
	specs, err := c.TagSpecs("image")
	if err != nil {
		return nil, err
	}
	devices, err := c.registeredDevices()
	if err != nil {
		return nil, err
	}
	return func() (any, error) {
		img := c.addImage(&Image{
			name: name, description: c.Form.Get("Description"), Devices: devices, rootDevice: c.Form.Get("RootDeviceName"),
			architecture: cmp.Or(c.Form.Get("Architecture"), "i386"), virtualization: cmp.Or(c.Form.Get("VirtualizationType"), "paravirtual"),
			enaSupport: c.Form.Flag("EnaSupport"), bootMode: c.Form.Get("BootMode"), imdsSupport: c.Form.Get("ImdsSupport"),
			tpmSupport: c.Form.Get("TpmSupport"),
		}, specs["image"])
		c.pending(img)
		return &imageIDAnswer{img.id}, nil
	}, nil
}

// registeredDevices reads the block devices of RegisterImage, of which the root device must be on a snapshot.
func (c *call) registeredDevices() ([]BlockDevice, error) {
	devices, err := readDevices(c.Form)
	if err != nil {
		return nil, err
	}
	root := c.Form.Get("RootDeviceName")
	if root == "" {
		return nil, wire.BadRequest("MissingParameter", "The request must contain the parameter RootDeviceName")
	}
	for i := range devices {
		if err := c.checkRegistered(&devices[i]); err != nil {
			return nil, err
		}
	}
	at := slices.IndexFunc(devices, func(d BlockDevice) bool { return d.name == root })
	if at < 0 || devices[at].snapshot == "" {
		return nil, wire.BadRequest("InvalidBlockDeviceMapping", "The root device %q must be mapped to a snapshot", root)
	}
	return devices, nil
}

// checkRegistered checks one device of a new AMI: a snapshot must be the caller's own, and brings its encryption.
func (c *call) checkRegistered(device *BlockDevice) error {
	if device.snapshot == "" {
		return nil
	}
	snap, err := c.snapshotByID(device.snapshot)
	if err != nil {
		return err
	}
	if snap.owner != c.Account {
		return wire.BadRequest("InvalidSnapshot.NotFound", "The snapshot '%s' does not exist.", snap.id)
	}
	if device.encrypted != nil || device.key != "" {
		return wire.BadRequest("InvalidBlockDeviceMapping", "the encrypted flag cannot be specified since device %s has a snapshot specified.", device.name)
	}
	if device.size == 0 {
		device.size = snap.size
	}
	if device.size < snap.size {
		return wire.BadRequest("InvalidBlockDeviceMapping", "Volume of size %dGB is smaller than snapshot '%s', expect size >= %dGB", device.size, snap.id, snap.size)
	}
	return nil
}

func (c *call) deregisterImage() (cloud.Effect, error) {
	img, err := c.ownImage()
	if err != nil {
		return nil, err
	}
	return func() (any, error) {
		if img.protection(c.Now()) != settingDisabled {
			return nil, wire.BadRequest("OperationNotPermitted", "The image %s can't be deregistered because deregistration protection is enabled.", img.id)
		}
		img.state = imageDeregistered
		img.launch = permissions{}
		c.DropTags(img.id)
		var deleted struct {
			Return  bool                             `xml:"return"`
			Results resources.Items[deletedSnapshot] `xml:"deleteSnapshotResultSet"`
		}
		deleted.Return = true
		if c.Form.Flag("DeleteAssociatedSnapshots") {
			for _, device := range img.Devices {
				code := "success"
				if c.imageUsing(device.snapshot) != nil {
					code = "skipped"
				} else {
					delete(c.own().snapshots, device.snapshot)
				}
				deleted.Results.Items = append(deleted.Results.Items, deletedSnapshot{device.snapshot, code})
			}
		}
		return &deleted, nil
	}, nil
}

type deletedSnapshot struct {
	ID   string `xml:"snapshotId"`
	Code string `xml:"returnCode"`
}

// disableImage takes every launch permission away: https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/disable-an-ami.html
func (c *call) disableImage() (cloud.Effect, error) {
	return c.onOwnImage(func(img *Image) error {
		if img.state != imageAvailable && img.state != imageDisabled {
			return wire.BadRequest("InvalidAMIID.Unavailable", "The image id '[%s]' is not available", img.id)
		}
		img.state = imageDisabled
		img.launch = permissions{}
		return nil
	})
}

func (c *call) enableImage() (cloud.Effect, error) {
	return c.onOwnImage(func(img *Image) error {
		img.state = imageAvailable
		return nil
	})
}

// onOwnImage returns the effect of changing an AMI of the caller.
func (c *call) onOwnImage(change func(*Image) error) (cloud.Effect, error) {
	img, err := c.ownImage()
	if err != nil {
		return nil, err
	}
	return func() (any, error) {
		if err := change(img); err != nil {
			return nil, err
		}
		return resources.Done()
	}, nil
}

func (c *call) enableImageDeprecation() (cloud.Effect, error) {
	if err := c.Require("DeprecateAt"); err != nil {
		return nil, err
	}
	at, err := time.Parse(time.RFC3339, c.Form.Get("DeprecateAt"))
	if err != nil {
		return nil, wire.InvalidValue("DeprecateAt", c.Form.Get("DeprecateAt"))
	}
	if at.Before(c.Now()) {
		return nil, wire.BadRequest("InvalidParameterValue", "DeprecateAt can't be in the past")
	}
	return c.onOwnImage(func(img *Image) error {
		img.deprecateAt = at
		return nil
	})
}

func (c *call) disableImageDeprecation() (cloud.Effect, error) {
	return c.onOwnImage(func(img *Image) error {
		img.deprecateAt = time.Time{}
		return nil
	})
}

func (c *call) enableDeregistrationProtection() (cloud.Effect, error) {
	return c.protect(func(img *Image) {
		img.protected, img.cooldown = true, c.Form.Flag("WithCooldown")
		img.protectedUntil = time.Time{}
	})
}

func (c *call) disableDeregistrationProtection() (cloud.Effect, error) {
	return c.protect(func(img *Image) {
		if img.protected && img.cooldown {
			img.protectedUntil = c.Now().Add(24 * time.Hour)
		}
		img.protected = false
	})
}

func (c *call) protect(change func(*Image)) (cloud.Effect, error) {
	img, err := c.ownImage()
	if err != nil {
		return nil, err
	}
	return func() (any, error) {
		change(img)
		return &struct {
			Return string `xml:"return"`
		}{img.protection(c.Now())}, nil
	}, nil
}

// protection is the AMI's DeregistrationProtection as EC2 words it.
// https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/ami-deregistration-protection.html
func (img *Image) protection(now time.Time) string {
	switch {
	case img.protected && img.cooldown:
		return "enabled-with-cooldown"
	case img.protected:
		return "enabled-without-cooldown"
	case now.Before(img.protectedUntil):
		return "enabled-until-" + wire.Timestamp(img.protectedUntil)
	default:
		return settingDisabled
	}
}
