// SPDX-License-Identifier: MPL-2.0

package ec2

import (
	"cmp"
	"maps"
	"slices"
	"strconv"

	"github.com/amishare/packer-plugin-ami-share/internal/awssim/cloud"
	"github.com/amishare/packer-plugin-ami-share/internal/awssim/resources"
	"github.com/amishare/packer-plugin-ami-share/internal/awssim/wire"
)

func snapshotActions() map[string]action {
	return map[string]action{
		"DescribeSnapshots": {
			Params: "SnapshotId.N Owner.N RestorableBy.N DryRun" + resources.FilterParams + resources.PageParams,
			Handle: (*call).describeSnapshots,
		},
		"CreateSnapshot": {
			Params: "VolumeId Description DryRun" + resources.TagSpecParams, Write: true,
			Resources: func(c *call) []string {
				return []string{c.SnapshotARN("*"), c.ARN("volume", c.Form.Get("VolumeId"))}
			}, Handle: (*call).createSnapshot,
		},
		"CopySnapshot": {
			Params: "SourceSnapshotId SourceRegion DestinationRegion Description Encrypted KmsKeyId PresignedUrl" +
				" CompletionDurationMinutes DryRun" + resources.TagSpecParams, Write: true,
			Resources: func(c *call) []string { return []string{c.SnapshotARN("*")} }, Handle: (*call).copySnapshot,
		},
		"DeleteSnapshot": {Params: "SnapshotId DryRun", Write: true, Resources: onSnapshot, Handle: (*call).deleteSnapshot},
		"ModifySnapshotAttribute": {
			Params: "SnapshotId Attribute OperationType UserId.N UserGroup.N" +
				" CreateVolumePermission.Add.N.UserId CreateVolumePermission.Add.N.Group" +
				" CreateVolumePermission.Remove.N.UserId CreateVolumePermission.Remove.N.Group DryRun", Write: true,
			Resources: onSnapshot, Conditions: sharingConditions("CreateVolumePermission"), Handle: (*call).modifySnapshotAttribute,
		},
		"DescribeSnapshotAttribute": {
			Params: "SnapshotId Attribute DryRun", Resources: onSnapshot,
			Conditions: attributeCondition, Handle: (*call).describeSnapshotAttribute,
		},
		"ResetSnapshotAttribute": {
			Params: "SnapshotId Attribute DryRun", Write: true, Resources: onSnapshot,
			Conditions: attributeCondition, Handle: (*call).resetSnapshotAttribute,
		},
	}
}

// usableBy tells whether an account may make volumes and copies of the snapshot. Organizations don't count.
func (snap *snapshot) usableBy(a *cloud.Account) bool {
	return snap.owner == a || snap.createVolume.public() || snap.createVolume[permission{toUser, a.ID}]
}

// snapshotByID returns a snapshot that is there for the caller.
func (c *call) snapshotByID(id string) (*snapshot, error) {
	snap := c.snapshot(c.Region, id)
	if malformed("snap-", id, snap != nil) {
		return nil, wire.BadRequest("InvalidSnapshotID.Malformed", "Invalid id: %q (expecting \"snap-...\")", id)
	}
	if snap == nil || !snap.usableBy(c.Account) {
		return nil, wire.BadRequest("InvalidSnapshot.NotFound", "The snapshot '%s' does not exist.", id)
	}
	return snap, nil
}

// ownSnapshot returns the snapshot of the call's SnapshotId if the caller owns it.
func (c *call) ownSnapshot() (*snapshot, error) {
	if err := c.Require("SnapshotId"); err != nil {
		return nil, err
	}
	snap, err := c.snapshotByID(c.Form.Get("SnapshotId"))
	if err != nil {
		return nil, err
	}
	if snap.owner != c.Account {
		return nil, wire.BadRequest("InvalidSnapshot.NotFound", "The snapshot '%s' does not exist.", snap.id)
	}
	return snap, nil
}

// addSnapshot makes a snapshot of the caller and tags it.
func (c *call) addSnapshot(snap *snapshot, tags map[string]string) *snapshot {
	if snap.id == "" {
		snap.id = c.NewID("snap-")
	}
	snap.owner, snap.region, snap.created = c.Account, c.Region, c.Now()
	snap.state = cmp.Or(snap.state, snapshotCompleted)
	snap.createVolume, snap.late.unseen = permissions{}, cloud.Lag(c.Hostility.NewSnapshotUnseen)
	c.own().snapshots[snap.id] = snap
	c.SetTags(snap.id, tags)
	return snap
}

// snapshotItem is a snapshot on the wire.
type snapshotItem struct {
	ID           string                             `xml:"snapshotId"`
	Volume       string                             `xml:"volumeId"`
	State        string                             `xml:"status"`
	StateMessage string                             `xml:"statusMessage,omitempty"`
	Started      string                             `xml:"startTime"`
	Progress     string                             `xml:"progress"`
	Owner        string                             `xml:"ownerId"`
	OwnerAlias   string                             `xml:"ownerAlias,omitempty"`
	Size         int                                `xml:"volumeSize"`
	Description  string                             `xml:"description"`
	Encrypted    bool                               `xml:"encrypted"`
	Key          string                             `xml:"kmsKeyId,omitempty"`
	Tier         string                             `xml:"storageTier"`
	Tags         resources.Items[resources.TagItem] `xml:"tagSet"`
}

func (c *call) describeSnapshot(snap *snapshot) snapshotItem {
	item := snapshotItem{
		ID: snap.id, Volume: cmp.Or(snap.volume, "vol-ffffffff"), State: snap.state,
		StateMessage: snap.stateMessage, Started: wire.Timestamp(snap.created), Progress: "100%", Owner: snap.owner.ID,
		OwnerAlias: ownerAlias(snap.owner), Size: snap.size, Description: snap.description, Tier: "standard",
		Encrypted: snap.key != nil, Tags: c.TagsOf(snap.id),
	}
	if snap.key != nil {
		item.Key = snap.key.ARN
	}
	if snap.state == snapshotPending {
		item.Progress = "0%"
	}
	return item
}

// describeSnapshots leaves out what the caller cannot access, and refuses ids that belong to nobody.
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeSnapshots.html
func (c *call) describeSnapshots() (cloud.Effect, error) {
	ids := c.Form.List("SnapshotId")
	if len(ids) > 0 && c.Form.Get("MaxResults") != "" {
		return nil, wire.BadRequest("InvalidParameterCombination", "The parameter snapshotSet cannot be used with the parameter maxResults")
	}
	found, err := c.findSnapshots(ids)
	if err != nil {
		return nil, err
	}
	described := make([]snapshotItem, 0, len(found))
	for _, snap := range found {
		described = append(described, c.describeSnapshot(snap))
	}
	described, err = resources.Filtered(c.Request, described, snapshotFilters, func(i snapshotItem) string { return i.ID })
	if err != nil {
		return nil, err
	}
	return func() (any, error) {
		shown, next := described, ""
		if len(ids) == 0 {
			if shown, next, err = cloud.Page(c.Call, described, "MaxResults", 1000); err != nil {
				return nil, err
			}
		}
		return &struct {
			Snapshots resources.Items[snapshotItem] `xml:"snapshotSet"`
			Next      string                        `xml:"nextToken,omitempty"`
		}{resources.Items[snapshotItem]{Items: shown}, next}, nil
	}, nil
}

func (c *call) findSnapshots(ids []string) ([]*snapshot, error) {
	owned, err := c.ownerFilter("Owner")
	if err != nil {
		return nil, err
	}
	var found []*snapshot
	for _, id := range ids {
		snap := c.snapshot(c.Region, id)
		if malformed("snap-", id, snap != nil) {
			return nil, wire.BadRequest("InvalidSnapshotID.Malformed", "Invalid id: %q (expecting \"snap-...\")", id)
		}
		if snap = c.shownSnapshot(snap); snap == nil {
			return nil, wire.BadRequest("InvalidSnapshot.NotFound", "The snapshot '%s' does not exist.", id)
		}
		found = append(found, snap)
	}
	if len(ids) == 0 {
		for _, snap := range c.allSnapshots(c.Region) {
			if shown := c.shownSnapshot(snap); shown != nil {
				found = append(found, shown)
			}
		}
	}
	restorable := c.Form.List("RestorableBy")
	return slices.DeleteFunc(found, func(snap *snapshot) bool {
		return !snap.usableBy(c.Account) || !owned(snap.owner) || !c.restorable(snap, restorable)
	}), nil
}

func (s *Service) allSnapshots(region string) []*snapshot {
	var all []*snapshot
	for _, r := range s.regions.In(region) {
		all = append(all, slices.Collect(maps.Values(r.snapshots))...)
	}
	slices.SortFunc(all, func(a, b *snapshot) int { return cmp.Compare(a.id, b.id) })
	return all
}

// restorable tells whether one of those that RestorableBy names may make volumes of the snapshot.
func (c *call) restorable(snap *snapshot, users []string) bool {
	if len(users) == 0 {
		return true
	}
	return slices.ContainsFunc(users, func(user string) bool {
		switch user {
		case everybody:
			return snap.createVolume.public()
		case "self":
			return snap.usableBy(c.Account)
		default:
			return snap.owner.ID == user || snap.createVolume[permission{toUser, user}]
		}
	})
}

var snapshotFilters = resources.FilterFields[snapshotItem]{
	"description":  resources.One(func(i snapshotItem) string { return i.Description }),
	"encrypted":    resources.One(func(i snapshotItem) string { return strconv.FormatBool(i.Encrypted) }),
	"owner-alias":  resources.One(func(i snapshotItem) string { return i.OwnerAlias }),
	"owner-id":     resources.One(func(i snapshotItem) string { return i.Owner }),
	"progress":     resources.One(func(i snapshotItem) string { return i.Progress }),
	"snapshot-id":  resources.One(func(i snapshotItem) string { return i.ID }),
	"start-time":   resources.One(func(i snapshotItem) string { return i.Started }),
	"status":       resources.One(func(i snapshotItem) string { return i.State }),
	"storage-tier": resources.One(func(i snapshotItem) string { return i.Tier }),
	"volume-id":    resources.One(func(i snapshotItem) string { return i.Volume }),
	"volume-size":  resources.One(func(i snapshotItem) string { return strconv.Itoa(i.Size) }),
}

func (c *call) createSnapshot() (cloud.Effect, error) {
	if err := c.Require("VolumeId"); err != nil {
		return nil, err
	}
	vol, err := c.volumeByID(c.Form.Get("VolumeId"))
	if err != nil {
		return nil, err
	}
	specs, err := c.TagSpecs("snapshot")
	if err != nil {
		return nil, err
	}
	return func() (any, error) {
		snap := c.addSnapshot(&snapshot{
			volume: vol.id, size: vol.size, key: vol.key,
			description: c.Form.Get("Description"),
		}, specs["snapshot"])
		item := c.describeSnapshot(snap)
		return &item, nil
	}, nil
}

func (c *call) deleteSnapshot() (cloud.Effect, error) {
	snap, err := c.ownSnapshot()
	if err != nil {
		return nil, err
	}
	return func() (any, error) {
		if img := c.imageUsing(snap.id); img != nil {
			return nil, wire.BadRequest("InvalidSnapshot.InUse", "The snapshot %s is currently in use by %s", snap.id, img.id)
		}
		delete(c.own().snapshots, snap.id)
		c.DropTags(snap.id)
		return resources.Done()
	}, nil
}

// imageUsing finds a registered AMI that is made of the snapshot.
func (c *call) imageUsing(id string) *Image {
	for _, img := range cloud.SortedValues(c.own().images) {
		if img.state != imageDeregistered && slices.ContainsFunc(img.Devices, func(d BlockDevice) bool { return d.snapshot == id }) {
			return img
		}
	}
	return nil
}

func (c *call) copySnapshot() (cloud.Effect, error) {
	if err := c.Require("SourceSnapshotId", "SourceRegion"); err != nil {
		return nil, err
	}
	old, err := c.in(c.Form.Get("SourceRegion")).snapshotByID(c.Form.Get("SourceSnapshotId"))
	if err != nil {
		return nil, err
	}
	specs, err := c.TagSpecs("snapshot")
	if err != nil {
		return nil, err
	}
	encryption, err := c.copyEncryption(c.Form.Get("Encrypted"))
	if err != nil {
		return nil, err
	}
	return func() (any, error) {
		made, _ := c.copyOf(old, encryption, c.Form.Get("Description"))
		c.addSnapshot(made, specs["snapshot"])
		return &struct {
			ID   string                             `xml:"snapshotId"`
			Tags resources.Items[resources.TagItem] `xml:"tagSet"`
		}{made.id, c.TagsOf(made.id)}, nil
	}, nil
}
