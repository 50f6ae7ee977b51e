// SPDX-License-Identifier: MPL-2.0

package ec2

import (
	"slices"
	"strconv"
	"time"

	"github.com/amishare/packer-plugin-ami-share/internal/awssim/cloud"
	"github.com/amishare/packer-plugin-ami-share/internal/awssim/wire"
)

func imageSettingActions() map[string]action {
	return map[string]action{
		"GetAllowedImagesSettings":     {Params: "DryRun", Handle: (*call).getAllowedImages},
		"EnableAllowedImagesSettings":  {Params: "AllowedImagesSettingsState DryRun", Write: true, Handle: (*call).enableAllowedImages},
		"DisableAllowedImagesSettings": {Params: "DryRun", Write: true, Handle: (*call).disableAllowedImages},
		"ReplaceImageCriteriaInAllowedImagesSettings": {
			Params: "ImageCriterion.N.ImageProvider.N ImageCriterion.N.ImageName.N" +
				" ImageCriterion.N.CreationDateCondition.MaximumDaysSinceCreated DryRun", Write: true,
			Handle: (*call).replaceImageCriteria,
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
		slices.ContainsFunc(setting.criteria, func(k imageCriterion) bool { return k.met(img, s.Now()) })
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

func (k imageCriterion) met(img *Image, now time.Time) bool {
	if len(k.providers) > 0 && !slices.Contains(k.providers, img.owner.ID) && !slices.Contains(k.providers, ownerAlias(img.owner)) {
		return false
	}
	if len(k.names) > 0 && !anyFits(k.names, []string{img.name}) {
		return false
	}
	return k.maxDays == 0 || now.Sub(img.created) <= time.Duration(k.maxDays)*24*time.Hour
}

type criterionItem struct {
	Providers items[string]  `xml:"imageProviderSet"`
	Names     items[string]  `xml:"imageNameSet"`
	Creation  *creationLimit `xml:"creationDateCondition"`
}

type creationLimit struct {
	MaximumDays int `xml:"maximumDaysSinceCreated"`
}

func (c *call) getAllowedImages() (cloud.Effect, error) {
	return func() (any, error) {
		setting := c.own().allowed
		var criteria items[criterionItem]
		for _, k := range setting.criteria {
			item := criterionItem{Providers: items[string]{k.providers}, Names: items[string]{k.names}}
			if k.maxDays > 0 {
				item.Creation = &creationLimit{k.maxDays}
			}
			criteria.Items = append(criteria.Items, item)
		}
		return &struct {
			State     string               `xml:"state"`
			Criteria  items[criterionItem] `xml:"imageCriterionSet"`
			ManagedBy string               `xml:"managedBy"`
		}{setting.state, criteria, "account"}, nil
	}, nil
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
	return func() (any, error) {
		c.own().allowed.state = state
		return &struct {
			State string `xml:"allowedImagesSettingsState"`
		}{state}, nil
	}, nil
}

func (c *call) replaceImageCriteria() (cloud.Effect, error) {
	criteria, err := readCriteria(c.Form.Structs("ImageCriterion"))
	if err != nil {
		return nil, err
	}
	return func() (any, error) {
		c.own().allowed.criteria = criteria
		return &struct {
			Value bool `xml:"returnValue"`
		}{true}, nil
	}, nil
}

func readCriteria(given []wire.Form) ([]imageCriterion, error) {
	if len(given) > 10 {
		return nil, wire.BadRequest("InvalidParameterValue", "The number of image criteria can't be greater than 10.")
	}
	var criteria []imageCriterion
	for _, one := range given {
		k := imageCriterion{providers: one.List("ImageProvider"), names: one.List("ImageName")}
		for _, provider := range k.providers {
			if !isImageProvider(provider) {
				return nil, wire.InvalidValue("ImageProvider", provider)
			}
		}
		if text := one.Get("CreationDateCondition.MaximumDaysSinceCreated"); text != "" {
			days, err := strconv.Atoi(text)
			if err != nil || days < 0 {
				return nil, wire.InvalidValue("MaximumDaysSinceCreated", text)
			}
			k.maxDays = days
		}
		criteria = append(criteria, k)
	}
	return criteria, nil
}

func isImageProvider(v string) bool {
	return cloud.IsAccountID(v) || slices.Contains([]string{"amazon", "aws-marketplace", "aws-backup-vault", "none"}, v)
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
