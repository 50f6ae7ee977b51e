package awssim

import "slices"

// modifySnapshotAttribute adds or removes create-volume permissions, never both, and 500 at most in one call.
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_ModifySnapshotAttribute.html
func (c *call) modifySnapshotAttribute() (effect, error) {
	snap, err := c.ownSnapshot()
	if err != nil {
		return nil, err
	}
	if attribute := c.form.get("Attribute"); attribute != "" && attribute != "createVolumePermission" {
		return nil, invalidValue("attribute", attribute)
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
		for _, entry := range add {
			snap.createVolume[entry] = true
		}
		for _, entry := range remove {
			delete(snap.createVolume, entry)
		}
		return done()
	}, nil
}

func (c *call) checkSnapshotChange(add, remove []permission) error {
	switch {
	case len(add) > 0 && len(remove) > 0:
		return badRequest("InvalidParameterCombination", "Add and remove can't be combined in one request.")
	case len(add)+len(remove) == 0:
		return badRequest("MissingParameter", "The request must contain the parameter CreateVolumePermission")
	case len(add)+len(remove) > 500:
		return badRequest("InvalidParameterValue", "Modification size must not be greater than 500.")
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
		return badRequest("OperationNotPermitted", "Encrypted snapshots cannot be shared publicly")
	case snap.key != nil && snap.key.manager == managedByAWS:
		return badRequest("OperationNotPermitted", "Encrypted snapshots with EBS default key cannot be shared")
	case public && c.compute().snapshotBlock != publicUnblocked:
		return badRequest("OperationNotPermitted", "You can't publicly share this snapshot because block public access for snapshots is enabled for this account.")
	}
	return nil
}

func (c *call) describeSnapshotAttribute() (effect, error) {
	if err := c.require("Attribute"); err != nil {
		return nil, err
	}
	snap, err := c.ownSnapshot()
	if err != nil {
		return nil, err
	}
	answer := &struct {
		ID           string                 `xml:"snapshotId"`
		CreateVolume *items[permissionItem] `xml:"createVolumePermission"`
		ProductCodes *items[string]         `xml:"productCodes"`
	}{ID: snap.id}
	switch attribute := c.form.get("Attribute"); attribute {
	case "createVolumePermission":
		answer.CreateVolume = snap.createVolume.items()
	case "productCodes":
		answer.ProductCodes = &items[string]{}
	default:
		return nil, invalidValue("attribute", attribute)
	}
	return func() (any, error) {
		return answer, nil
	}, nil
}

func (c *call) resetSnapshotAttribute() (effect, error) {
	if err := c.require("Attribute"); err != nil {
		return nil, err
	}
	if attribute := c.form.get("Attribute"); attribute != "createVolumePermission" {
		return nil, invalidValue("attribute", attribute)
	}
	snap, err := c.ownSnapshot()
	if err != nil {
		return nil, err
	}
	return func() (any, error) {
		snap.createVolume = permissions{}
		return done()
	}, nil
}
