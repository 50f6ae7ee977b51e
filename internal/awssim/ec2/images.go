// SPDX-License-Identifier: MPL-2.0

package ec2

import (
	"cmp"
	"errors"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/amishare/packer-plugin-ami-share/internal/awssim/cloud"
	"github.com/amishare/packer-plugin-ami-share/internal/awssim/resources"
	"github.com/amishare/packer-plugin-ami-share/internal/awssim/wire"
)

func imageActions() map[string]action {
	return map[string]action{
		"DescribeImages": {Params: "ImageId.N Owner.N ExecutableBy.N IncludeDeprecated IncludeDisabled DryRun" +
			resources.FilterParams + resources.PageParams, Handle: (*call).describeImages},
		"CopyImage": {
			Params: "SourceImageId SourceRegion Name Description Encrypted KmsKeyId CopyImageTags ClientToken" +
				" SnapshotCopyCompletionDurationMinutes DryRun" + resources.TagSpecParams, Write: true,
			Resources: onNewImage, Handle: (*call).copyImage,
		},
		"CreateImage": {
			Params: "InstanceId Name Description NoReboot DryRun" + deviceParams + resources.TagSpecParams, Write: true,
			Resources: func(c *call) []string {
				return append(onNewImage(c), c.ARN("instance", c.Form.Get("InstanceId")))
			}, Handle: (*call).createImage,
		},
		"RegisterImage": {
			Params: "Name Description Architecture RootDeviceName VirtualizationType EnaSupport BootMode" +
				" ImdsSupport TpmSupport SriovNetSupport UefiData DryRun" + deviceParams + resources.TagSpecParams, Write: true,
			Resources: onRegistered, Handle: (*call).registerImage,
		},
		"DeregisterImage": {
			Params: "ImageId DeleteAssociatedSnapshots DryRun", Write: true, Resources: onImage,
			Handle: (*call).deregisterImage,
		},
		"DisableImage":            {Params: "ImageId DryRun", Write: true, Resources: onImage, Handle: (*call).disableImage},
		"EnableImage":             {Params: "ImageId DryRun", Write: true, Resources: onImage, Handle: (*call).enableImage},
		"EnableImageDeprecation":  {Params: "ImageId DeprecateAt DryRun", Write: true, Resources: onImage, Handle: (*call).enableImageDeprecation},
		"DisableImageDeprecation": {Params: "ImageId DryRun", Write: true, Resources: onImage, Handle: (*call).disableImageDeprecation},
		"EnableImageDeregistrationProtection": {
			Params: "ImageId WithCooldown DryRun", Write: true, Resources: onImage,
			Handle: (*call).enableDeregistrationProtection,
		},
		"ReplaceImageInstanceTypeSpecification": {
			Params: "ImageId InstanceTypeSpecification.SupportedInstanceType.N InstanceTypeSpecification.UnsupportedInstanceType.N DryRun", Write: true,
			Resources: onImage, Handle: (*call).replaceInstanceTypes,
		},
		"DisableImageDeregistrationProtection": {
			Params: "ImageId DryRun", Write: true, Resources: onImage,
			Handle: (*call).disableDeregistrationProtection,
		},
	}
}

func onNewImage(c *call) []string { return []string{c.ImageARN("*"), c.SnapshotARN("*")} }

// onRegistered names the snapshots of the block devices as well.
func onRegistered(c *call) []string {
	arns := []string{c.ImageARN("*")}
	for _, device := range c.Form.Structs("BlockDeviceMapping") {
		if id := device.Get("Ebs.SnapshotId"); id != "" {
			arns = append(arns, c.SnapshotARN(id))
		}
	}
	return arns
}

// hasLaunchPermission tells whether an account may launch the image: as owner, as one of everybody, by name, or as a
// member of an organization or OU. https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/sharingamis-explicit.html
func (s *Service) hasLaunchPermission(img *Image, accountID string) bool {
	return img.owner.ID == accountID || img.launch.public() || img.launch[permission{toUser, accountID}] ||
		s.memberOfAny(img.launch, accountID)
}

// memberOfAny tells whether the account belongs to an organization or OU of the permissions.
func (s *Service) memberOfAny(entries permissions, accountID string) bool {
	for entry := range entries {
		if (entry.kind == toOrganization || entry.kind == toOU) && s.MemberOf(accountID, entry.value) {
			return true
		}
	}
	return false
}

// imageByID returns an AMI that is there for the caller.
func (c *call) imageByID(id string) (*Image, error) {
	return c.imageAs(id, c.image(c.Region, id))
}

func (c *call) imageAs(id string, img *Image) (*Image, error) {
	if malformed("ami-", id, c.image(c.Region, id) != nil) {
		return nil, wire.BadRequest("InvalidAMIID.Malformed", "Invalid id: %q (expecting \"ami-...\")", id)
	}
	if img == nil || !c.hasLaunchPermission(img, c.Account.ID) || c.hiddenBySetting(img) {
		return nil, wire.BadRequest("InvalidAMIID.NotFound", "The image id '[%s]' does not exist", id)
	}
	if img.state == imageDeregistered {
		return nil, wire.BadRequest("InvalidAMIID.Unavailable", "The image id '[%s]' is no longer available", id)
	}
	return img, nil
}

// ownImage returns the AMI of the call's ImageId if the caller owns it.
func (c *call) ownImage() (*Image, error) {
	if err := c.Require("ImageId"); err != nil {
		return nil, err
	}
	img, err := c.imageByID(c.Form.Get("ImageId"))
	if err != nil {
		return nil, err
	}
	if img.owner != c.Account {
		return nil, wire.Errorf(http.StatusForbidden, "AuthFailure", "Not authorized for image:%s", img.id)
	}
	return img, nil
}

// imageItem is an AMI on the wire.
type imageItem struct {
	ID             string                             `xml:"imageId"`
	Location       string                             `xml:"imageLocation"`
	State          string                             `xml:"imageState"`
	Owner          string                             `xml:"imageOwnerId"`
	OwnerAlias     string                             `xml:"imageOwnerAlias,omitempty"`
	Created        string                             `xml:"creationDate"`
	Public         bool                               `xml:"isPublic"`
	Architecture   string                             `xml:"architecture"`
	Type           string                             `xml:"imageType"`
	Platform       string                             `xml:"platformDetails"`
	Usage          string                             `xml:"usageOperation"`
	Name           string                             `xml:"name"`
	Description    string                             `xml:"description,omitempty"`
	RootDeviceType string                             `xml:"rootDeviceType"`
	RootDevice     string                             `xml:"rootDeviceName,omitempty"`
	Devices        resources.Items[imageDevice]       `xml:"blockDeviceMapping"`
	Virtualization string                             `xml:"virtualizationType"`
	Hypervisor     string                             `xml:"hypervisor"`
	ENA            bool                               `xml:"enaSupport"`
	BootMode       string                             `xml:"bootMode,omitempty"`
	IMDS           string                             `xml:"imdsSupport,omitempty"`
	TPM            string                             `xml:"tpmSupport,omitempty"`
	Deprecation    string                             `xml:"deprecationTime,omitempty"`
	Protection     string                             `xml:"deregistrationProtection,omitempty"`
	Allowed        *bool                              `xml:"imageAllowed"`
	SourceImage    string                             `xml:"sourceImageId,omitempty"`
	SourceRegion   string                             `xml:"sourceImageRegion,omitempty"`
	SourceInstance string                             `xml:"sourceInstanceId,omitempty"`
	Reason         *stateReason                       `xml:"stateReason"`
	Watermarks     resources.Items[watermarkItem]     `xml:"imageWatermarkSet"`
	ProductCodes   resources.Items[productCodeItem]   `xml:"productCodes"`
	Types          *typesItem                         `xml:"instanceTypeSpecification"`
	Scan           *scanItem                          `xml:"scanResults"`
	Tags           resources.Items[resources.TagItem] `xml:"tagSet"`
}

type imageDevice struct {
	Name    string     `xml:"deviceName"`
	Virtual string     `xml:"virtualName,omitempty"`
	EBS     *ebsDevice `xml:"ebs"`
}

type ebsDevice struct {
	Snapshot  string `xml:"snapshotId,omitempty"`
	Size      int    `xml:"volumeSize"`
	Type      string `xml:"volumeType"`
	Deletes   bool   `xml:"deleteOnTermination"`
	Encrypted bool   `xml:"encrypted"`
}

type stateReason struct {
	Code    string `xml:"code"`
	Message string `xml:"message"`
}

// describeImage writes an AMI as the caller sees it. The key of a snapshot is never part of it.
func (c *call) describeImage(img *Image) imageItem {
	item := imageItem{
		ID: img.id, Location: img.owner.ID + "/" + img.name, State: img.state, Owner: img.owner.ID,
		OwnerAlias: ownerAlias(img.owner), Created: wire.Timestamp(img.created), Public: img.launch.public(),
		Architecture: img.architecture, Type: "machine", Platform: "Linux/UNIX", Usage: "RunInstances",
		Name: img.name, Description: img.description, RootDeviceType: "ebs", RootDevice: img.rootDevice,
		Virtualization: img.virtualization, Hypervisor: "xen", ENA: img.enaSupport, BootMode: img.bootMode,
		IMDS: img.imdsSupport, TPM: img.tpmSupport, Protection: img.protection(c.Now()),
		SourceImage: img.sourceImage, SourceRegion: img.sourceRegion, SourceInstance: img.sourceInstance,
		Tags: c.TagsOf(img.id), Allowed: c.imageAllowed(img), Types: img.types.item(), Scan: describeScan(img.scan),
	}
	if !img.deprecateAt.IsZero() {
		item.Deprecation = wire.Timestamp(img.deprecateAt)
	}
	if img.stateReason != "" {
		item.Reason = &stateReason{Code: "Client.InternalError", Message: img.stateReason}
	}
	for _, code := range img.productCodes {
		item.ProductCodes.Items = append(item.ProductCodes.Items, productCodeItem{code, "marketplace"})
	}
	for _, mark := range img.watermarks {
		item.Watermarks.Items = append(item.Watermarks.Items, mark.item())
	}
	for _, device := range img.Devices {
		item.Devices.Items = append(item.Devices.Items, c.describeImageDevice(device))
	}
	return item
}

func (c *call) describeImageDevice(device BlockDevice) imageDevice {
	if device.virtual != "" {
		return imageDevice{Name: device.name, Virtual: device.virtual}
	}
	snap := c.snapshot(c.Region, device.snapshot)
	return imageDevice{Name: device.name, EBS: &ebsDevice{
		Snapshot: device.snapshot, Size: device.size,
		Type: device.volumeType, Deletes: device.deletes, Encrypted: snap != nil && snap.key != nil,
	}}
}

// ownerAlias is the alias of the accounts that have one; here the account's name says so.
func ownerAlias(a *cloud.Account) string {
	if a.Name == "amazon" || a.Name == "aws-marketplace" {
		return a.Name
	}
	return ""
}

func (c *call) describeImages() (cloud.Effect, error) {
	found, err := c.findImages()
	if err != nil {
		return nil, err
	}
	described := make([]imageItem, 0, len(found))
	for _, img := range found {
		described = append(described, c.describeImage(img))
	}
	described, err = resources.Filtered(c.Request, described, imageFilters, func(i imageItem) string { return i.ID })
	if err != nil {
		return nil, err
	}
	return func() (any, error) {
		shown, next, err := cloud.Page(c.Call, described, "MaxResults", 1000)
		if err != nil {
			return nil, err
		}
		for _, img := range found {
			if img.owner == c.Account {
				img.looked()
			}
		}
		return &struct {
			Images resources.Items[imageItem] `xml:"imagesSet"`
			Next   string                     `xml:"nextToken,omitempty"`
		}{resources.Items[imageItem]{Items: shown}, next}, nil
	}, nil
}

// findImages carries out ImageId, Owner, ExecutableBy and the two Include flags.
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeImages.html
func (c *call) findImages() ([]*Image, error) {
	ids, executable := c.Form.List("ImageId"), c.Form.List("ExecutableBy")
	owned, err := c.ownerFilter("Owner")
	if err != nil {
		return nil, err
	}
	var found []*Image
	if len(ids) > 0 {
		found, err = c.imagesByID(ids)
		if err != nil {
			return nil, err
		}
	} else {
		found = c.listedImages(len(executable) > 0)
	}
	return slices.DeleteFunc(found, func(img *Image) bool {
		return !owned(img.owner) || !c.executable(img, executable) ||
			(img.state == imageDisabled && !c.Form.Flag("IncludeDisabled"))
	}), nil
}

func (c *call) imagesByID(ids []string) ([]*Image, error) {
	var found []*Image
	var missing []string
	for _, id := range ids {
		img, err := c.imageAs(id, c.shownImage(c.image(c.Region, id)))
		if hasCode(err, "InvalidAMIID.NotFound") {
			missing = append(missing, id)
			continue
		}
		if err != nil {
			return nil, err
		}
		found = append(found, img)
	}
	if len(missing) > 1 {
		return nil, wire.BadRequest("InvalidAMIID.NotFound", "The image ids '[%s]' do not exist", strings.Join(missing, ", "))
	}
	if len(missing) == 1 {
		return nil, wire.BadRequest("InvalidAMIID.NotFound", "The image id '[%s]' does not exist", missing[0])
	}
	return found, nil
}

func hasCode(err error, code string) bool {
	var known *wire.Error
	return errors.As(err, &known) && known.Code == code
}

// listedImages are all AMIs that the caller sees without naming them: public ones, its own and those shared with the
// account itself; those shared with its organization only when it asks by ExecutableBy.
func (c *call) listedImages(byOrganization bool) []*Image {
	var found []*Image
	for _, region := range c.regions.In(c.Region) {
		for _, img := range region.images {
			if img = c.shownImage(img); img != nil && img.state != imageDeregistered && !c.hiddenBySetting(img) && c.lists(img, byOrganization) {
				found = append(found, img)
			}
		}
	}
	slices.SortFunc(found, func(a, b *Image) int { return cmp.Compare(a.id, b.id) })
	return found
}

func (c *call) lists(img *Image, byOrganization bool) bool {
	if img.owner == c.Account {
		return true
	}
	if img.deprecated(c.Now()) && !c.Form.Flag("IncludeDeprecated") {
		return false
	}
	return img.launch.public() || img.launch[permission{toUser, c.Account.ID}] ||
		(byOrganization && c.memberOfAny(img.launch, c.Account.ID))
}

func (img *Image) deprecated(now time.Time) bool {
	return !img.deprecateAt.IsZero() && !now.Before(img.deprecateAt)
}

// executable tells whether the AMI is launchable by one of those that ExecutableBy names.
func (c *call) executable(img *Image, users []string) bool {
	if len(users) == 0 {
		return true
	}
	return slices.ContainsFunc(users, func(user string) bool {
		switch user {
		case everybody:
			return img.launch.public()
		case "self", c.Account.ID:
			return img.launch[permission{toUser, c.Account.ID}] || c.memberOfAny(img.launch, c.Account.ID)
		default:
			return img.launch[permission{toUser, user}]
		}
	})
}

// ownerFilter reads a list of owners: account ids, self, and the aliases.
func (c *call) ownerFilter(param string) (func(*cloud.Account) bool, error) {
	owners := c.Form.List(param)
	for _, owner := range owners {
		if !cloud.IsAccountID(owner) && !slices.Contains([]string{"self", "amazon", "aws-marketplace"}, owner) {
			return nil, wire.BadRequest("InvalidUserID.Malformed", "Invalid user id: %q", owner)
		}
	}
	return func(a *cloud.Account) bool {
		return len(owners) == 0 || slices.Contains(owners, a.ID) || slices.Contains(owners, ownerAlias(a)) ||
			(a == c.Account && slices.Contains(owners, "self"))
	}, nil
}

// imageOfName finds an AMI of the caller by its name, which is unique as long as the AMI is registered.
func (c *call) imageOfName(name string) *Image {
	for img := range maps.Values(c.own().images) {
		if img.name == name && img.state != imageDeregistered {
			return img
		}
	}
	return nil
}
