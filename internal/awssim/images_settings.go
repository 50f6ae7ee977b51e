package awssim

import (
	"slices"
	"strconv"
	"time"
)

func imageSettingOperations() map[string]operation {
	return map[string]operation{
		"GetAllowedImagesSettings":     {params: "DryRun", handle: (*call).getAllowedImages},
		"EnableAllowedImagesSettings":  {params: "AllowedImagesSettingsState DryRun", write: true, handle: (*call).enableAllowedImages},
		"DisableAllowedImagesSettings": {params: "DryRun", write: true, handle: (*call).disableAllowedImages},
		"ReplaceImageCriteriaInAllowedImagesSettings": {
			params: "ImageCriterion.N.ImageProvider.N ImageCriterion.N.ImageName.N" +
				" ImageCriterion.N.CreationDateCondition.MaximumDaysSinceCreated DryRun", write: true,
			handle: (*call).replaceImageCriteria,
		},
		"GetImageBlockPublicAccessState":    {params: "DryRun", handle: (*call).getImageBlock},
		"EnableImageBlockPublicAccess":      {params: "ImageBlockPublicAccessState DryRun", write: true, handle: (*call).enableImageBlock},
		"DisableImageBlockPublicAccess":     {params: "DryRun", write: true, handle: (*call).disableImageBlock},
		"GetSnapshotBlockPublicAccessState": {params: "DryRun", handle: (*call).getSnapshotBlock},
		"EnableSnapshotBlockPublicAccess":   {params: "State DryRun", write: true, handle: (*call).enableSnapshotBlock},
		"DisableSnapshotBlockPublicAccess":  {params: "DryRun", write: true, handle: (*call).disableSnapshotBlock},
	}
}

// imageAllowed is the verdict of the caller's Allowed AMIs setting, nil while it is disabled. Images of the account
// itself are always allowed. https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/ec2-allowed-amis.html
func (c *call) imageAllowed(img *image) *bool {
	return c.server.imageAllowedIn(c.account, c.region, img)
}

func (s *Server) imageAllowedIn(a *account, region string, img *image) *bool {
	setting := a.compute(region).allowed
	if setting.state == settingDisabled {
		return nil
	}
	verdict := img.owner == a || len(setting.criteria) == 0 ||
		slices.ContainsFunc(setting.criteria, func(k imageCriterion) bool { return k.met(img, s.now()) })
	return &verdict
}

// hiddenBySetting tells whether the setting, enforced, takes the image out of the caller's sight.
func (c *call) hiddenBySetting(img *image) bool {
	return c.server.hiddenIn(c.account, c.region, img)
}

func (s *Server) hiddenIn(a *account, region string, img *image) bool {
	verdict := s.imageAllowedIn(a, region, img)
	return verdict != nil && !*verdict && a.compute(region).allowed.state == settingEnabled
}

func (k imageCriterion) met(img *image, now time.Time) bool {
	if len(k.providers) > 0 && !slices.Contains(k.providers, img.owner.id) && !slices.Contains(k.providers, ownerAlias(img.owner)) {
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

func (c *call) getAllowedImages() (effect, error) {
	return func() (any, error) {
		setting := c.compute().allowed
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

func (c *call) enableAllowedImages() (effect, error) {
	state := c.form.get("AllowedImagesSettingsState")
	if state != settingEnabled && state != settingAudit {
		return nil, invalidValue("AllowedImagesSettingsState", state)
	}
	return c.setAllowedImages(state)
}

func (c *call) disableAllowedImages() (effect, error) { return c.setAllowedImages(settingDisabled) }

func (c *call) setAllowedImages(state string) (effect, error) {
	return func() (any, error) {
		c.compute().allowed.state = state
		return &struct {
			State string `xml:"allowedImagesSettingsState"`
		}{state}, nil
	}, nil
}

func (c *call) replaceImageCriteria() (effect, error) {
	criteria, err := readCriteria(c.form.structs("ImageCriterion"))
	if err != nil {
		return nil, err
	}
	return func() (any, error) {
		c.compute().allowed.criteria = criteria
		return &struct {
			Value bool `xml:"returnValue"`
		}{true}, nil
	}, nil
}

func readCriteria(given []form) ([]imageCriterion, error) {
	if len(given) > 10 {
		return nil, badRequest("InvalidParameterValue", "The number of image criteria can't be greater than 10.")
	}
	var criteria []imageCriterion
	for _, one := range given {
		k := imageCriterion{providers: one.list("ImageProvider"), names: one.list("ImageName")}
		for _, provider := range k.providers {
			if !isImageProvider(provider) {
				return nil, invalidValue("ImageProvider", provider)
			}
		}
		if text := one.get("CreationDateCondition.MaximumDaysSinceCreated"); text != "" {
			days, err := strconv.Atoi(text)
			if err != nil || days < 0 {
				return nil, invalidValue("MaximumDaysSinceCreated", text)
			}
			k.maxDays = days
		}
		criteria = append(criteria, k)
	}
	return criteria, nil
}

func isImageProvider(v string) bool {
	return isAccountID(v) || slices.Contains([]string{"amazon", "aws-marketplace", "aws-backup-vault", "none"}, v)
}

// imageBlockAnswer is the state of block public access for AMIs.
type imageBlockAnswer struct {
	State string `xml:"imageBlockPublicAccessState"`
}

func (c *call) getImageBlock() (effect, error) {
	return func() (any, error) {
		return &struct {
			imageBlockAnswer
			ManagedBy string `xml:"managedBy"`
		}{imageBlockAnswer{c.compute().imageBlock}, "account"}, nil
	}, nil
}

func (c *call) enableImageBlock() (effect, error) {
	if state := c.form.get("ImageBlockPublicAccessState"); state != publicBlockNew {
		return nil, invalidValue("ImageBlockPublicAccessState", state)
	}
	return c.setImageBlock(publicBlockNew)
}

func (c *call) disableImageBlock() (effect, error) { return c.setImageBlock(publicUnblocked) }

func (c *call) setImageBlock(state string) (effect, error) {
	return func() (any, error) {
		c.compute().imageBlock = state
		return &imageBlockAnswer{state}, nil
	}, nil
}

// snapshotBlockAnswer is the state of block public access for snapshots.
type snapshotBlockAnswer struct {
	State string `xml:"state"`
}

func (c *call) getSnapshotBlock() (effect, error) {
	return func() (any, error) {
		return &struct {
			snapshotBlockAnswer
			ManagedBy string `xml:"managedBy"`
		}{snapshotBlockAnswer{c.compute().snapshotBlock}, "account"}, nil
	}, nil
}

func (c *call) enableSnapshotBlock() (effect, error) {
	state := c.form.get("State")
	if state != publicBlockNew && state != publicBlockAll {
		return nil, invalidValue("State", state)
	}
	return c.setSnapshotBlock(state)
}

func (c *call) disableSnapshotBlock() (effect, error) { return c.setSnapshotBlock(publicUnblocked) }

func (c *call) setSnapshotBlock(state string) (effect, error) {
	return func() (any, error) {
		c.compute().snapshotBlock = state
		return &snapshotBlockAnswer{state}, nil
	}, nil
}
