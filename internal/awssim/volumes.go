package awssim

import (
	"slices"
	"strconv"
)

func volumeOperations() map[string]operation {
	return map[string]operation{
		"DescribeVolumes": {params: "VolumeId.N DryRun" + filterParams + pageParams, handle: (*call).describeVolumes},
		"CreateVolume": {
			params: "AvailabilityZone Size SnapshotId VolumeType Encrypted KmsKeyId Iops Throughput ClientToken" +
				" DryRun" + tagSpecParams, write: true,
			resources: func(c *call) []string { return []string{c.ec2ARN("volume", "*")} }, handle: (*call).createVolume,
		},
		"DeleteVolume": {params: "VolumeId DryRun", write: true, resources: on("volume", "VolumeId"), handle: (*call).deleteVolume},
		"AttachVolume": {
			params: "VolumeId InstanceId Device DryRun", write: true, resources: onAttachment,
			handle: (*call).attachVolume,
		},
		"DetachVolume": {
			params: "VolumeId InstanceId Device Force DryRun", write: true, resources: on("volume", "VolumeId"),
			handle: (*call).detachVolume,
		},
	}
}

func onAttachment(c *call) []string {
	return []string{c.ec2ARN("volume", c.form.get("VolumeId")), c.ec2ARN("instance", c.form.get("InstanceId"))}
}

// readDevices reads the BlockDeviceMapping of a call or of a launch template.
func readDevices(from form) ([]blockDevice, error) {
	var devices []blockDevice
	for _, given := range from.structs("BlockDeviceMapping") {
		device, err := readDevice(given)
		if err != nil {
			return nil, err
		}
		devices = append(devices, device)
	}
	return devices, nil
}

func readDevice(given form) (blockDevice, error) {
	_, noDevice := given["NoDevice"]
	device := blockDevice{
		name: given.get("DeviceName"), virtual: given.get("VirtualName"), noDevice: noDevice,
		snapshot: given.get("Ebs.SnapshotId"), volumeType: given.get("Ebs.VolumeType"), key: given.get("Ebs.KmsKeyId"),
		deletes: given.get("Ebs.DeleteOnTermination") == "" || given.flag("Ebs.DeleteOnTermination"),
	}
	if device.name == "" {
		return device, badRequest("MissingParameter", "The request must contain the parameter DeviceName")
	}
	if text := given.get("Ebs.VolumeSize"); text != "" {
		size, err := strconv.Atoi(text)
		if err != nil || size < 1 {
			return device, invalidValue("volumeSize", text)
		}
		device.size = size
	}
	if text := given.get("Ebs.Encrypted"); text != "" {
		encrypted := given.flag("Ebs.Encrypted")
		device.encrypted = &encrypted
	}
	if device.key != "" && (device.encrypted == nil || !*device.encrypted) {
		return device, badRequest("InvalidParameterDependency", "The parameter KmsKeyId requires the parameter Encrypted to be set.")
	}
	return device, nil
}

func (c *call) volumeByID(id string) (*volume, error) {
	vol := c.compute().volumes[id]
	if malformed("vol-", id, vol != nil) {
		return nil, badRequest("InvalidParameterValue", "Value (%s) for parameter volumeId is invalid. Expected: 'vol-...'.", id)
	}
	if vol == nil {
		return nil, badRequest("InvalidVolume.NotFound", "The volume '%s' does not exist.", id)
	}
	return vol, nil
}

type volumeItem struct {
	ID          string                `xml:"volumeId"`
	Size        int                   `xml:"size"`
	Snapshot    string                `xml:"snapshotId"`
	Zone        string                `xml:"availabilityZone"`
	State       string                `xml:"status"`
	Created     string                `xml:"createTime"`
	Attachments items[attachmentItem] `xml:"attachmentSet"`
	Type        string                `xml:"volumeType"`
	Encrypted   bool                  `xml:"encrypted"`
	Key         string                `xml:"kmsKeyId,omitempty"`
	Tags        items[tagItem]        `xml:"tagSet"`
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
		ID: vol.id, Size: vol.size, Snapshot: vol.snapshot, Zone: c.region + "a", State: vol.state(),
		Created: timestamp(vol.created), Type: vol.volumeType, Encrypted: vol.key != nil, Tags: c.tagsOf(vol.id),
	}
	if vol.key != nil {
		item.Key = vol.key.arn
	}
	if vol.instance != "" {
		item.Attachments.Items = []attachmentItem{vol.attachment("attached")}
	}
	return item
}

func (v *volume) attachment(state string) attachmentItem {
	return attachmentItem{v.id, v.instance, v.device, state, timestamp(v.created), v.deletes}
}

var volumeFilters = filterFields[volumeItem]{
	"encrypted":              one(func(i volumeItem) string { return strconv.FormatBool(i.Encrypted) }),
	"snapshot-id":            one(func(i volumeItem) string { return i.Snapshot }),
	"status":                 one(func(i volumeItem) string { return i.State }),
	"volume-id":              one(func(i volumeItem) string { return i.ID }),
	"volume-type":            one(func(i volumeItem) string { return i.Type }),
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

func (c *call) describeVolumes() (effect, error) {
	ids := c.form.list("VolumeId")
	var described []volumeItem
	for _, id := range ids {
		vol, err := c.volumeByID(id)
		if err != nil {
			return nil, err
		}
		described = append(described, c.describeVolume(vol))
	}
	if len(ids) == 0 {
		for _, vol := range sortedValues(c.compute().volumes) {
			described = append(described, c.describeVolume(vol))
		}
	}
	described, err := filtered(c, described, volumeFilters, func(i volumeItem) string { return i.ID })
	if err != nil {
		return nil, err
	}
	return func() (any, error) {
		shown, next, err := page(c, described, "MaxResults", 1000)
		if err != nil {
			return nil, err
		}
		return &struct {
			Volumes items[volumeItem] `xml:"volumeSet"`
			Next    string            `xml:"nextToken,omitempty"`
		}{items[volumeItem]{shown}, next}, nil
	}, nil
}

// createVolume refuses at once what a key refuses, where EBS would make a volume that goes from creating to deleted.
func (c *call) createVolume() (effect, error) {
	if err := c.require("AvailabilityZone"); err != nil {
		return nil, err
	}
	device, err := c.volumeWanted()
	if err != nil {
		return nil, err
	}
	specs, err := c.tagSpecs("volume")
	if err != nil {
		return nil, err
	}
	return func() (any, error) {
		vol, failure := c.server.newVolume(c.account, c.region, device, c.caller)
		if failure != nil {
			delete(c.compute().volumes, vol.id)
			return nil, badRequest("InvalidVolume.NotFound", "The volume '%s' does not exist: its key could not be used: %s", vol.id, failure.message)
		}
		c.compute().setTags(vol.id, specs["volume"])
		item := c.describeVolume(vol)
		return &item, nil
	}, nil
}

// volumeWanted reads the parameters of CreateVolume as if they were a device's.
func (c *call) volumeWanted() (blockDevice, error) {
	device, err := readDevice(form{
		"DeviceName": "volume", "Ebs.VolumeSize": c.form.get("Size"),
		"Ebs.SnapshotId": c.form.get("SnapshotId"), "Ebs.VolumeType": c.form.get("VolumeType"),
		"Ebs.Encrypted": c.form.get("Encrypted"), "Ebs.KmsKeyId": c.form.get("KmsKeyId"),
	})
	if err != nil {
		return device, err
	}
	if device.snapshot == "" && device.size == 0 {
		return device, badRequest("MissingParameter", "The request must contain the parameter size/snapshot")
	}
	if device.snapshot != "" {
		_, err = c.snapshotByID(device.snapshot)
	}
	return device, err
}

func (c *call) deleteVolume() (effect, error) {
	if err := c.require("VolumeId"); err != nil {
		return nil, err
	}
	vol, err := c.volumeByID(c.form.get("VolumeId"))
	if err != nil {
		return nil, err
	}
	return func() (any, error) {
		if vol.instance != "" {
			return nil, badRequest("VolumeInUse", "Volume %s is currently attached to %s", vol.id, vol.instance)
		}
		delete(c.compute().volumes, vol.id)
		delete(c.compute().tags, vol.id)
		return done()
	}, nil
}

func (c *call) attachVolume() (effect, error) {
	if err := c.require("VolumeId", "InstanceId", "Device"); err != nil {
		return nil, err
	}
	vol, err := c.volumeByID(c.form.get("VolumeId"))
	if err != nil {
		return nil, err
	}
	inst, err := c.instanceByID(c.form.get("InstanceId"))
	if err != nil {
		return nil, err
	}
	return func() (any, error) {
		name := c.form.get("Device")
		switch {
		case vol.instance != "":
			return nil, badRequest("VolumeInUse", "%s is already attached to an instance", vol.id)
		case slices.ContainsFunc(inst.devices, func(d blockDevice) bool { return d.name == name }):
			return nil, badRequest("InvalidParameterValue", "Invalid value '%s' for unixDevice. Attachment point %s is already in use", name, name)
		}
		vol.instance, vol.device, vol.deletes = inst.id, name, false
		inst.devices = append(inst.devices, blockDevice{
			name: name, volume: vol.id, snapshot: vol.snapshot, size: vol.size,
			volumeType: vol.volumeType, attached: c.server.now(),
		})
		attachment := vol.attachment("attaching")
		return &attachment, nil
	}, nil
}

func (c *call) detachVolume() (effect, error) {
	if err := c.require("VolumeId"); err != nil {
		return nil, err
	}
	vol, err := c.volumeByID(c.form.get("VolumeId"))
	if err != nil {
		return nil, err
	}
	return func() (any, error) {
		inst := c.compute().instances[vol.instance]
		if inst == nil {
			return nil, badRequest("IncorrectState", "Volume '%s' is in the 'available' state.", vol.id)
		}
		attachment := vol.attachment("detaching")
		inst.devices = slices.DeleteFunc(inst.devices, func(d blockDevice) bool { return d.volume == vol.id })
		vol.instance, vol.device, vol.deletes = "", "", false
		return &attachment, nil
	}, nil
}
