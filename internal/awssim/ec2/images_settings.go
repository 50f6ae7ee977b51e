// SPDX-License-Identifier: MPL-2.0

package ec2

import (
	"cmp"
	"slices"

	"github.com/amishare/packer-plugin-ami-share/internal/awssim/allowed"
	"github.com/amishare/packer-plugin-ami-share/internal/awssim/cloud"
	"github.com/amishare/packer-plugin-ami-share/internal/awssim/resources"
	"github.com/amishare/packer-plugin-ami-share/internal/awssim/wire"
)

func imageSettingActions() map[string]action {
	return map[string]action{
		"GetAllowedImagesSettings":     {Params: "DryRun", Handle: (*call).getAllowedImages},
		"EnableAllowedImagesSettings":  {Params: "AllowedImagesSettingsState DryRun", Write: true, Handle: (*call).enableAllowedImages},
		"DisableAllowedImagesSettings": {Params: "DryRun", Write: true, Handle: (*call).disableAllowedImages},
		"ReplaceImageCriteriaInAllowedImagesSettings": {
			Params: allowed.Params + " DryRun", Write: true, Handle: (*call).replaceImageCriteria,
		},
		"GetImageBlockPublicAccessState":    {Params: "DryRun", Handle: (*call).getImageBlock},
		"EnableImageBlockPublicAccess":      {Params: "ImageBlockPublicAccessState DryRun", Write: true, Handle: (*call).enableImageBlock},
		"DisableImageBlockPublicAccess":     {Params: "DryRun", Write: true, Handle: (*call).disableImageBlock},
		"GetSnapshotBlockPublicAccessState": {Params: "DryRun", Handle: (*call).getSnapshotBlock},
		"EnableSnapshotBlockPublicAccess":   {Params: "State DryRun", Write: true, Handle: (*call).enableSnapshotBlock},
		"DisableSnapshotBlockPublicAccess":  {Params: "DryRun", Write: true, Handle: (*call).disableSnapshotBlock},
	}
}

// imageAllowed is the verdict of the caller's Allowed AMIs setting, nil while it is disabled. Images of the account
// itself are always allowed. https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/ec2-allowed-amis.html
func (c *call) imageAllowed(img *Image) *bool {
	return c.imageAllowedIn(c.Account, c.Region, img)
}

func (s *Service) imageAllowedIn(a *cloud.Account, region string, img *Image) *bool {
	setting := s.regions.Of(a, region).allowed
	if setting.state == settingDisabled {
		return nil
	}
	verdict := img.owner == a || len(setting.criteria) == 0 ||
		slices.ContainsFunc(setting.criteria, func(k allowed.Criterion) bool { return k.Met(img.toCriteria(), s.Now()) })
	return &verdict
}

// hiddenBySetting tells whether the caller can't see the AMI, because the setting is enabled and does not allow it.
func (c *call) hiddenBySetting(img *Image) bool {
	return c.hiddenIn(c.Account, c.Region, img)
}

func (s *Service) hiddenIn(a *cloud.Account, region string, img *Image) bool {
	verdict := s.imageAllowedIn(a, region, img)
	return verdict != nil && !*verdict && s.regions.Of(a, region).allowed.state == settingEnabled
}

// toCriteria is the AMI as criteria look at it.
func (img *Image) toCriteria() allowed.Image {
	looked := allowed.Image{
		Owner: img.owner.ID, Alias: ownerAlias(img.owner), Name: img.name, Created: img.created, DeprecateAt: img.deprecateAt,
		ProductCodes: img.productCodes, Scan: img.scan,
	}
	for _, mark := range img.watermarks {
		looked.Watermarks = append(looked.Watermarks, allowed.Watermark{Key: mark.key, Region: mark.region, Created: mark.created, ImageCreated: mark.imageCreated})
	}
	return looked
}

// Who manages a setting of an account. A declarative policy of its organization leaves nothing to the account.
// https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_declarative.html
const (
	managedByAccount = "account"
	managedByPolicy  = "declarative-policy"
)

func (c *call) getAllowedImages() (cloud.Effect, error) {
	setting := c.own().allowed
	return cloud.Answer(&struct {
		State     string                             `xml:"state"`
		Criteria  resources.Items[allowed.Criterion] `xml:"imageCriterionSet"`
		ManagedBy string                             `xml:"managedBy"`
	}{setting.state, resources.Items[allowed.Criterion]{Items: setting.criteria}, cmp.Or(setting.managedBy, managedByAccount)}), nil
}

// maySetAllowedImages refuses to change what the organization has set. AWS publishes no code for it.
func (c *call) maySetAllowedImages() error {
	if c.own().allowed.managedBy == managedByPolicy {
		return wire.BadRequest("OperationNotPermitted", "The Allowed AMIs setting of account %s is managed by a declarative policy of its organization.", c.Account.ID)
	}
	return nil
}

func (c *call) enableAllowedImages() (cloud.Effect, error) {
	state := c.Form.Get("AllowedImagesSettingsState")
	if state != settingEnabled && state != settingAudit {
		return nil, wire.InvalidValue("AllowedImagesSettingsState", state)
	}
	return c.setAllowedImages(state)
}

func (c *call) disableAllowedImages() (cloud.Effect, error) {
	return c.setAllowedImages(settingDisabled)
}

func (c *call) setAllowedImages(state string) (cloud.Effect, error) {
	if err := c.maySetAllowedImages(); err != nil {
		return nil, err
	}
	return func() (any, error) {
		c.own().allowed.state = state
		return &struct {
			State string `xml:"allowedImagesSettingsState"`
		}{state}, nil
	}, nil
}

func (c *call) replaceImageCriteria() (cloud.Effect, error) {
	criteria, err := allowed.Read(c.Form.Structs("ImageCriterion"))
	if err != nil {
		return nil, err
	}
	if err := c.maySetAllowedImages(); err != nil {
		return nil, err
	}
	return func() (any, error) {
		c.own().allowed.criteria = criteria
		return &struct {
			Value bool `xml:"return"`
		}{true}, nil
	}, nil
}

// imageBlockAnswer is the state of block public access for AMIs.
type imageBlockAnswer struct {
	State string `xml:"imageBlockPublicAccessState"`
}

func (c *call) getImageBlock() (cloud.Effect, error) {
	return func() (any, error) {
		return &struct {
			imageBlockAnswer
			ManagedBy string `xml:"managedBy"`
		}{imageBlockAnswer{c.own().imageBlock}, "account"}, nil
	}, nil
}

func (c *call) enableImageBlock() (cloud.Effect, error) {
	if state := c.Form.Get("ImageBlockPublicAccessState"); state != publicBlockNew {
		return nil, wire.InvalidValue("ImageBlockPublicAccessState", state)
	}
	return c.setImageBlock(publicBlockNew)
}

func (c *call) disableImageBlock() (cloud.Effect, error) { return c.setImageBlock(publicUnblocked) }

func (c *call) setImageBlock(state string) (cloud.Effect, error) {
	return func() (any, error) {
		c.own().imageBlock = state
		return &imageBlockAnswer{state}, nil
	}, nil
}

// snapshotBlockAnswer is the state of block public access for snapshots.
type snapshotBlockAnswer struct {
	State string `xml:"state"`
}

func (c *call) getSnapshotBlock() (cloud.Effect, error) {
	return func() (any, error) {
		return &struct {
			snapshotBlockAnswer
			ManagedBy string `xml:"managedBy"`
		}{snapshotBlockAnswer{c.own().snapshotBlock}, "account"}, nil
	}, nil
}

func (c *call) enableSnapshotBlock() (cloud.Effect, error) {
	state := c.Form.Get("State")
	if state != publicBlockNew && state != publicBlockAll {
		return nil, wire.InvalidValue("State", state)
	}
	return c.setSnapshotBlock(state)
}

func (c *call) disableSnapshotBlock() (cloud.Effect, error) {
	return c.setSnapshotBlock(publicUnblocked)
}

func (c *call) setSnapshotBlock(state string) (cloud.Effect, error) {
	return func() (any, error) {
		c.own().snapshotBlock = state
		return &snapshotBlockAnswer{state}, nil
	}, nil
}
