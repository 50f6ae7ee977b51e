// SPDX-License-Identifier: MPL-2.0

package ec2

import (
	"maps"
	"slices"

	"github.com/amishare/packer-plugin-ami-share/internal/awssim/cloud"
	"github.com/amishare/packer-plugin-ami-share/internal/awssim/kms"
	"github.com/amishare/packer-plugin-ami-share/internal/awssim/resources"
	"github.com/amishare/packer-plugin-ami-share/internal/awssim/wire"
)

// modifySnapshotAttribute adds or removes create-volume permissions, never both, and 500 at most in one call.
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_ModifySnapshotAttribute.html
func (c *call) modifySnapshotAttribute() (cloud.Effect, error) {
	snap, err := c.ownSnapshot()
	if err != nil {
		return nil, err
	}
	if attribute := c.Form.Get("Attribute"); attribute != "" && attribute != "createVolumePermission" {
		return nil, wire.InvalidValue("attribute", attribute)
	}
	return func() (any, error) {
		add := c.permissionEntries("CreateVolumePermission", "add")
		remove := c.permissionEntries("CreateVolumePermission", "remove")
		if err := c.checkSnapshotChange(add, remove); err != nil {
			return nil, err
		}
		if err := c.mayShareSnapshot(snap, add); err != nil {
			return nil, err
		}
		changed := maps.Clone(snap.createVolume)
		for _, entry := range add {
			changed[entry] = true
		}
		for _, entry := range remove {
			delete(changed, entry)
		}
		c.setCreateVolume(snap, changed)
		return resources.Done()
	}, nil
}

func (c *call) checkSnapshotChange(add, remove []permission) error {
	switch {
	case len(add) > 0 && len(remove) > 0:
		return wire.BadRequest("InvalidParameterCombination", "Add and remove can't be combined in one request.")
	case len(add)+len(remove) == 0:
		return wire.BadRequest("MissingParameter", "The request must contain the parameter CreateVolumePermission")
	case len(add)+len(remove) > 500:
		return wire.BadRequest("InvalidParameterValue", "Modification size must not be greater than 500.")
	}
	return c.checkEntries(add, remove)
}

// mayShareSnapshot refuses what encryption and block public access forbid.
func (c *call) mayShareSnapshot(snap *snapshot, add []permission) error {
	public := slices.Contains(add, permission{toGroup, everybody})
	switch {
	case len(add) == 0:
		return nil
	case snap.key != nil && public:
		return wire.BadRequest("OperationNotPermitted", "Encrypted snapshots cannot be shared publicly")
	case snap.key != nil && snap.key.Manager == kms.ManagedByAWS:
		return wire.BadRequest("OperationNotPermitted", "Encrypted snapshots with EBS default key cannot be shared")
	case public && c.own().snapshotBlock != publicUnblocked:
		return wire.BadRequest("OperationNotPermitted", "You can't publicly share this snapshot because block public access for snapshots is enabled for this account.")
	}
	return nil
}

func (c *call) describeSnapshotAttribute() (cloud.Effect, error) {
	if err := c.Require("Attribute"); err != nil {
		return nil, err
	}
	snap, err := c.ownSnapshot()
	if err != nil {
		return nil, err
	}
	answer := &struct {
		ID           string                           `xml:"snapshotId"`
		CreateVolume *resources.Items[permissionItem] `xml:"createVolumePermission"`
		ProductCodes *resources.Items[string]         `xml:"productCodes"`
	}{ID: snap.id}
	switch attribute := c.Form.Get("Attribute"); attribute {
	case "createVolumePermission":
		answer.CreateVolume = snap.late.attribute.See(snap.createVolume).items()
	case "productCodes":
		answer.ProductCodes = &resources.Items[string]{}
	default:
		return nil, wire.InvalidValue("attribute", attribute)
	}
	return func() (any, error) {
		return answer, nil
	}, nil
}

func (c *call) resetSnapshotAttribute() (cloud.Effect, error) {
	if err := c.Require("Attribute"); err != nil {
		return nil, err
	}
	if attribute := c.Form.Get("Attribute"); attribute != "createVolumePermission" {
		return nil, wire.InvalidValue("attribute", attribute)
	}
	snap, err := c.ownSnapshot()
	if err != nil {
		return nil, err
	}
	return func() (any, error) {
		c.setCreateVolume(snap, permissions{})
		return resources.Done()
	}, nil
}
