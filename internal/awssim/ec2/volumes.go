// SPDX-License-Identifier: MPL-2.0

package ec2

import (
	"slices"
	"strconv"

	"github.com/amishare/packer-plugin-ami-share/internal/awssim/cloud"
	"github.com/amishare/packer-plugin-ami-share/internal/awssim/resources"
	"github.com/amishare/packer-plugin-ami-share/internal/awssim/wire"
)

func volumeActions() map[string]action {
	return map[string]action{
		"DescribeVolumes": {Params: "VolumeId.N DryRun" + resources.FilterParams + resources.PageParams, Handle: (*call).describeVolumes},
		"CreateVolume": {
			Params: "AvailabilityZone Size SnapshotId VolumeType Encrypted KmsKeyId Iops Throughput ClientToken" +
				" DryRun" + resources.TagSpecParams, Write: true,
			Resources: func(c *call) []string { return []string{c.ARN("volume", "*")} }, Handle: (*call).createVolume,
		},
		"DeleteVolume": {Params: "VolumeId DryRun", Write: true, Resources: on("volume", "VolumeId"), Handle: (*call).deleteVolume},
		"AttachVolume": {
			Params: "VolumeId InstanceId Device DryRun", Write: true, Resources: onAttachment,
			Handle: (*call).attachVolume,
		},
		"DetachVolume": {
			Params: "VolumeId InstanceId Device Force DryRun", Write: true, Resources: on("volume", "VolumeId"),
			Handle: (*call).detachVolume,
		},
	}
}

func onAttachment(c *call) []string {
	return []string{c.ARN("volume", c.Form.Get("VolumeId")), c.ARN("instance", c.Form.Get("InstanceId"))}
}

// readDevices reads the BlockDeviceMapping of a call or of a launch template.
func readDevices(from wire.Form) ([]BlockDevice, error) {
	devices, err := parseDevices(from)
	if err != nil {
		return nil, err
	}
	return devices, checkDevices(devices)
}

// parseDevices reads block devices one by one, as launch templates take them: what does not fit together shows at launch.
func parseDevices(from wire.Form) ([]BlockDevice, error) {
	var devices []BlockDevice
	for _, given := range from.Structs("BlockDeviceMapping") {
		device, err := parseDevice(given)
		if err != nil {
			return nil, err
		}
		devices = append(devices, device)
	}
	return devices, nil
}

// checkDevices refuses what does not fit together.
func checkDevices(devices []BlockDevice) error {
	for _, device := range devices {
		if device.key != "" && (device.encrypted == nil || !*device.encrypted) {
			return wire.BadRequest("InvalidParameterDependency", "The parameter KmsKeyId requires the parameter Encrypted to be set.")
		}
	}
	return nil
}

// ReadDevice reads one block device.
func ReadDevice(given wire.Form) (BlockDevice, error) {
	device, err := parseDevice(given)
	if err != nil {
		return device, err
	}
	return device, checkDevices([]BlockDevice{device})
}

func parseDevice(given wire.Form) (BlockDevice, error) {
	_, noDevice := given["NoDevice"]
	device := BlockDevice{
		name: given.Get("DeviceName"), virtual: given.Get("VirtualName"), noDevice: noDevice,
		snapshot: given.Get("Ebs.SnapshotId"), volumeType: given.Get("Ebs.VolumeType"), key: given.Get("Ebs.KmsKeyId"),
		deletes: given.Get("Ebs.DeleteOnTermination") == "" || given.Flag("Ebs.DeleteOnTermination"),
	}
	if device.name == "" {
		return device, wire.BadRequest("MissingParameter", "The request must contain the parameter DeviceName")
	}
	if text := given.Get("Ebs.VolumeSize"); text != "" {
		size, err := strconv.Atoi(text)
		if err != nil || size < 1 {
			return device, wire.InvalidValue("volumeSize", text)
		}
		device.size = size
	}
	if text := given.Get("Ebs.Encrypted"); text != "" {
		encrypted := given.Flag("Ebs.Encrypted")
		device.encrypted = &encrypted
	}
	return device, nil
}

func (c *call) volumeByID(id string) (*volume, error) {
	vol := c.own().volumes[id]
	if malformed("vol-", id, vol != nil) {
		return nil, wire.BadRequest("InvalidParameterValue", "Value (%s) for parameter volumeId is invalid. Expected: 'vol-...'.", id)
	}
	if vol == nil {
		return nil, wire.BadRequest("InvalidVolume.NotFound", "The volume '%s' does not exist.", id)
	}
	return vol, nil
}

type volumeItem struct {
	ID          string                             `xml:"volumeId"`
	Size        int                                `xml:"size"`
	Snapshot    string                             `xml:"snapshotId"`
	Zone        string                             `xml:"availabilityZone"`
	State       string                             `xml:"status"`
	Created     string                             `xml:"createTime"`
	Attachments resources.Items[attachmentItem]    `xml:"attachmentSet"`
	Type        string                             `xml:"volumeType"`
	Encrypted   bool                               `xml:"encrypted"`
	Key         string                             `xml:"kmsKeyId,omitempty"`
	Tags        resources.Items[resources.TagItem] `xml:"tagSet"`
}

type attachmentItem struct {
	Volume   string `xml:"volumeId"`
	Instance string `xml:"instanceId"`
	Device   string `xml:"device"`
	State    string `xml:"status"`
	Attached string `xml:"attachTime"`
	Deletes  bool   `xml:"deleteOnTermination"`
}

func (c *call) describeVolume(vol *volume) volumeItem {
	item := volumeItem{
		ID: vol.id, Size: vol.size, Snapshot: vol.snapshot, Zone: c.Region + "a", State: vol.state(),
		Created: wire.Timestamp(vol.created), Type: vol.volumeType, Encrypted: vol.key != nil, Tags: c.TagsOf(vol.id),
	}
	if vol.key != nil {
		item.Key = vol.key.ARN
	}
	if vol.instance != "" {
		item.Attachments.Items = []attachmentItem{vol.attachment("attached")}
	}
	return item
}

func (v *volume) attachment(state string) attachmentItem {
	return attachmentItem{v.id, v.instance, v.device, state, wire.Timestamp(v.created), v.deletes}
}

var volumeFilters = resources.FilterFields[volumeItem]{
	"encrypted":              resources.One(func(i volumeItem) string { return strconv.FormatBool(i.Encrypted) }),
	"snapshot-id":            resources.One(func(i volumeItem) string { return i.Snapshot }),
	"status":                 resources.One(func(i volumeItem) string { return i.State }),
	"volume-id":              resources.One(func(i volumeItem) string { return i.ID }),
	"volume-type":            resources.One(func(i volumeItem) string { return i.Type }),
	"attachment.instance-id": eachAttachment(func(a attachmentItem) string { return a.Instance }),
	"attachment.device":      eachAttachment(func(a attachmentItem) string { return a.Device }),
}

func eachAttachment(get func(attachmentItem) string) func(volumeItem) []string {
	return func(i volumeItem) []string {
		var values []string
		for _, attachment := range i.Attachments.Items {
			values = append(values, get(attachment))
		}
		return values
	}
}

func (c *call) describeVolumes() (cloud.Effect, error) {
	ids := c.Form.List("VolumeId")
	var described []volumeItem
	for _, id := range ids {
		vol, err := c.volumeByID(id)
		if err != nil {
			return nil, err
		}
		described = append(described, c.describeVolume(vol))
	}
	if len(ids) == 0 {
		for _, vol := range cloud.SortedValues(c.own().volumes) {
			described = append(described, c.describeVolume(vol))
		}
	}
	described, err := resources.Filtered(c.Request, described, volumeFilters, func(i volumeItem) string { return i.ID })
	if err != nil {
		return nil, err
	}
	return func() (any, error) {
		shown, next, err := cloud.Page(c.Call, described, "MaxResults", 1000)
		if err != nil {
			return nil, err
		}
		return &struct {
			Volumes resources.Items[volumeItem] `xml:"volumeSet"`
			Next    string                      `xml:"nextToken,omitempty"`
		}{resources.Items[volumeItem]{Items: shown}, next}, nil
	}, nil
}

// createVolume refuses at once what a key refuses, where EBS would make a volume that goes from creating to deleted.
func (c *call) createVolume() (cloud.Effect, error) {
	if err := c.Require("AvailabilityZone"); err != nil {
		return nil, err
	}
	device, err := c.volumeWanted()
	if err != nil {
		return nil, err
	}
	specs, err := c.TagSpecs("volume")
	if err != nil {
		return nil, err
	}
	return func() (any, error) {
		vol, failure := c.newVolume(c.Account, c.Region, device, c.Caller)
		if failure != nil {
			delete(c.own().volumes, vol.id)
			return nil, wire.BadRequest("InvalidVolume.NotFound", "The volume '%s' does not exist: its key could not be used: %s", vol.id, failure.Message)
		}
		c.SetTags(vol.id, specs["volume"])
		item := c.describeVolume(vol)
		return &item, nil
	}, nil
}

// volumeWanted reads the parameters of CreateVolume as if they were a device's.
func (c *call) volumeWanted() (BlockDevice, error) {
	device, err := ReadDevice(wire.Form{
		"DeviceName": "volume", "Ebs.VolumeSize": c.Form.Get("Size"),
		"Ebs.SnapshotId": c.Form.Get("SnapshotId"), "Ebs.VolumeType": c.Form.Get("VolumeType"),
		"Ebs.Encrypted": c.Form.Get("Encrypted"), "Ebs.KmsKeyId": c.Form.Get("KmsKeyId"),
	})
	if err != nil {
		return device, err
	}
	if device.snapshot == "" && device.size == 0 {
		return device, wire.BadRequest("MissingParameter", "The request must contain the parameter size/snapshot")
	}
	if device.snapshot != "" {
		_, err = c.snapshotByID(device.snapshot)
	}
	return device, err
}

// namedVolume finds the volume that the call names. It names other things too.
func (c *call) namedVolume(others ...string) (*volume, error) {
	if err := c.Require(append([]string{"VolumeId"}, others...)...); err != nil {
		return nil, err
	}
	return c.volumeByID(c.Form.Get("VolumeId"))
}

func (c *call) deleteVolume() (cloud.Effect, error) {
	vol, err := c.namedVolume()
	if err != nil {
		return nil, err
	}
	return func() (any, error) {
		if vol.instance != "" {
			return nil, wire.BadRequest("VolumeInUse", "Volume %s is currently attached to %s", vol.id, vol.instance)
		}
		delete(c.own().volumes, vol.id)
		c.DropTags(vol.id)
		return resources.Done()
	}, nil
}

func (c *call) attachVolume() (cloud.Effect, error) {
	vol, err := c.namedVolume("InstanceId", "Device")
	if err != nil {
		return nil, err
	}
	inst, err := c.instanceByID(c.Form.Get("InstanceId"))
	if err != nil {
		return nil, err
	}
	return func() (any, error) {
		name := c.Form.Get("Device")
		switch {
		case vol.instance != "":
			return nil, wire.BadRequest("VolumeInUse", "%s is already attached to an instance", vol.id)
		case slices.ContainsFunc(inst.devices, func(d BlockDevice) bool { return d.name == name }):
			return nil, wire.BadRequest("InvalidParameterValue", "Invalid value '%s' for unixDevice. Attachment point %s is already in use", name, name)
		}
		vol.instance, vol.device, vol.deletes = inst.ID, name, false
		inst.devices = append(inst.devices, BlockDevice{
			name: name, volume: vol.id, snapshot: vol.snapshot, size: vol.size,
			volumeType: vol.volumeType, attached: c.Now(),
		})
		attachment := vol.attachment("attaching")
		return &attachment, nil
	}, nil
}

func (c *call) detachVolume() (cloud.Effect, error) {
	vol, err := c.namedVolume()
	if err != nil {
		return nil, err
	}
	return func() (any, error) {
		inst := c.own().instances[vol.instance]
		if inst == nil {
			return nil, wire.BadRequest("IncorrectState", "Volume '%s' is in the 'available' state.", vol.id)
		}
		attachment := vol.attachment("detaching")
		inst.devices = slices.DeleteFunc(inst.devices, func(d BlockDevice) bool { return d.volume == vol.id })
		vol.instance, vol.device, vol.deletes = "", "", false
		return &attachment, nil
	}, nil
}
