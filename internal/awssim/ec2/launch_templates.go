package ec2

import (
	"cmp"
	"slices"
	"strconv"
	"time"

	"github.com/amishare/packer-plugin-ami-share/internal/awssim/cloud"
	"github.com/amishare/packer-plugin-ami-share/internal/awssim/wire"
)

const templateDataParams = " LaunchTemplateData.ImageId LaunchTemplateData.InstanceType" +
	" LaunchTemplateData.BlockDeviceMapping.N.DeviceName LaunchTemplateData.BlockDeviceMapping.N.NoDevice" +
	" LaunchTemplateData.BlockDeviceMapping.N.Ebs.SnapshotId LaunchTemplateData.BlockDeviceMapping.N.Ebs.VolumeSize" +
	" LaunchTemplateData.BlockDeviceMapping.N.Ebs.VolumeType LaunchTemplateData.BlockDeviceMapping.N.Ebs.Encrypted" +
	" LaunchTemplateData.BlockDeviceMapping.N.Ebs.KmsKeyId LaunchTemplateData.BlockDeviceMapping.N.Ebs.DeleteOnTermination"

func launchTemplateActions() map[string]action {
	onTemplate := func(c *call) []string {
		template, _ := c.namedTemplate(c.Form)
		if template == nil {
			return []string{c.arn("launch-template", "*")}
		}
		return []string{c.arn("launch-template", template.ID)}
	}
	return map[string]action{
		"CreateLaunchTemplate": {
			Params: "LaunchTemplateName VersionDescription ClientToken DryRun" + templateDataParams +
				tagSpecParams, Write: true,
			Resources: func(c *call) []string { return []string{c.arn("launch-template", "*")} },
			Handle:    (*call).createLaunchTemplate,
		},
		"CreateLaunchTemplateVersion": {Params: "LaunchTemplateId LaunchTemplateName SourceVersion VersionDescription ClientToken" +
			" DryRun" + templateDataParams, Write: true, Resources: onTemplate, Handle: (*call).createLaunchTemplateVersion},
		"ModifyLaunchTemplate": {
			Params: "LaunchTemplateId LaunchTemplateName SetDefaultVersion ClientToken DryRun", Write: true,
			Resources: onTemplate, Handle: (*call).modifyLaunchTemplate,
		},
		"DeleteLaunchTemplate": {
			Params: "LaunchTemplateId LaunchTemplateName DryRun", Write: true, Resources: onTemplate,
			Handle: (*call).deleteLaunchTemplate,
		},
		"DescribeLaunchTemplates": {
			Params: "LaunchTemplateId.N LaunchTemplateName.N DryRun" + filterParams + pageParams,
			Handle: (*call).describeLaunchTemplates,
		},
		"DescribeLaunchTemplateVersions": {
			Params: "LaunchTemplateId LaunchTemplateName LaunchTemplateVersion.N DryRun" + pageParams,
			Handle: (*call).describeLaunchTemplateVersions,
		},
	}
}

// LaunchTemplate has versions from 1 up.
type LaunchTemplate struct {
	ID, Name       string
	versions       []*TemplateVersion
	defaultVersion int
	created        time.Time
}

// TemplateVersion is what a launch takes from a template.
type TemplateVersion struct {
	number       int
	description  string
	Image        string
	InstanceType string
	Devices      []BlockDevice
}

// Version finds a version by its number, $Latest or $Default, which is what no version means.
func (t *LaunchTemplate) Version(named string) (*TemplateVersion, error) {
	number := t.defaultVersion
	switch named {
	case "", "$Default":
	case "$Latest":
		number = len(t.versions)
	default:
		var err error
		if number, err = strconv.Atoi(named); err != nil {
			return nil, wire.BadRequest("InvalidLaunchTemplateId.VersionNotFound", "Invalid launch template version: %q", named)
		}
	}
	if number < 1 || number > len(t.versions) {
		return nil, wire.BadRequest("InvalidLaunchTemplateId.VersionNotFound", "Could not find launch template version %s of %s", named, t.ID)
	}
	return t.versions[number-1], nil
}

// namedTemplate finds the template that a form names by LaunchTemplateId or LaunchTemplateName.
func (c *call) namedTemplate(by wire.Form) (*LaunchTemplate, error) {
	return c.own().templateNamed(by.Get("LaunchTemplateId"), by.Get("LaunchTemplateName"))
}

// Template finds a launch template of an account by its id or its name.
func (s *Service) Template(a *cloud.Account, region, id, name string) (*LaunchTemplate, error) {
	return s.regions.Of(a, region).templateNamed(id, name)
}

func (r *inventory) templateNamed(id, name string) (*LaunchTemplate, error) {
	if (id == "") == (name == "") {
		return nil, wire.BadRequest("InvalidParameterCombination", "Either launch template ID or launch template name must be specified, but not both.")
	}
	for _, template := range r.templates {
		if template.ID == id || template.Name == name {
			return template, nil
		}
	}
	if id != "" {
		return nil, wire.BadRequest("InvalidLaunchTemplateId.NotFound", "The specified launch template, with template ID %s, does not exist.", id)
	}
	return nil, wire.BadRequest("InvalidLaunchTemplateName.NotFoundException", "The specified launch template, with template name %s, does not exist.", name)
}

func (c *call) namedVersion(by wire.Form) (*TemplateVersion, error) {
	template, err := c.namedTemplate(by)
	if err != nil {
		return nil, err
	}
	return template.Version(by.Get("Version"))
}

// templateData reads LaunchTemplateData over that of another version.
func (c *call) templateData(base TemplateVersion) (*TemplateVersion, error) {
	data := c.Form.Sub("LaunchTemplateData")
	devices, err := readDevices(data)
	if err != nil {
		return nil, err
	}
	made := &TemplateVersion{
		description: c.Form.Get("VersionDescription"), Image: cmp.Or(data.Get("ImageId"), base.Image),
		InstanceType: cmp.Or(data.Get("InstanceType"), base.InstanceType), Devices: base.Devices,
	}
	if len(devices) > 0 {
		made.Devices = devices
	}
	if made.Image != "" && malformed("ami-", made.Image, c.image(c.Region, made.Image) != nil) {
		return nil, wire.BadRequest("InvalidAMIID.Malformed", "Invalid id: %q (expecting \"ami-...\")", made.Image)
	}
	return made, nil
}

func (c *call) createLaunchTemplate() (cloud.Effect, error) {
	if err := c.require("LaunchTemplateName"); err != nil {
		return nil, err
	}
	name := c.Form.Get("LaunchTemplateName")
	if existing, _ := c.own().templateNamed("", name); existing != nil {
		return nil, wire.BadRequest("InvalidLaunchTemplateName.AlreadyExistsException", "Launch template name already in use.")
	}
	version, err := c.templateData(TemplateVersion{})
	if err != nil {
		return nil, err
	}
	specs, err := c.tagSpecs("launch-template")
	if err != nil {
		return nil, err
	}
	return func() (any, error) {
		version.number = 1
		template := &LaunchTemplate{
			ID: c.NewID("lt-"), Name: name, versions: []*TemplateVersion{version},
			defaultVersion: 1, created: c.Now(),
		}
		c.own().templates[template.ID] = template
		c.own().setTags(template.ID, specs["launch-template"])
		return c.templateAnswer(template), nil
	}, nil
}

type templateItem struct {
	ID      string         `xml:"launchTemplateId"`
	Name    string         `xml:"launchTemplateName"`
	Created string         `xml:"createTime"`
	Default int            `xml:"defaultVersionNumber"`
	Latest  int            `xml:"latestVersionNumber"`
	Tags    items[tagItem] `xml:"tagSet"`
}

func (c *call) describeTemplate(t *LaunchTemplate) templateItem {
	return templateItem{t.ID, t.Name, wire.Timestamp(t.created), t.defaultVersion, len(t.versions), c.tagsOf(t.ID)}
}

func (c *call) templateAnswer(t *LaunchTemplate) any {
	return &struct {
		Template templateItem `xml:"launchTemplate"`
	}{c.describeTemplate(t)}
}

type versionItem struct {
	ID          string     `xml:"launchTemplateId"`
	Name        string     `xml:"launchTemplateName"`
	Number      int        `xml:"versionNumber"`
	Description string     `xml:"versionDescription,omitempty"`
	Default     bool       `xml:"defaultVersion"`
	Created     string     `xml:"createTime"`
	Image       string     `xml:"launchTemplateData>imageId,omitempty"`
	Type        string     `xml:"launchTemplateData>instanceType,omitempty"`
	Devices     []deviceOf `xml:"launchTemplateData>blockDeviceMappingSet>item"`
}

type deviceOf struct {
	Name      string `xml:"deviceName"`
	Encrypted *bool  `xml:"ebs>encrypted"`
	Key       string `xml:"ebs>kmsKeyId,omitempty"`
}

func describeVersion(t *LaunchTemplate, v *TemplateVersion) versionItem {
	item := versionItem{
		ID: t.ID, Name: t.Name, Number: v.number, Description: v.description,
		Default: v.number == t.defaultVersion, Created: wire.Timestamp(t.created), Image: v.Image, Type: v.InstanceType,
	}
	for _, device := range v.Devices {
		item.Devices = append(item.Devices, deviceOf{device.name, device.encrypted, device.key})
	}
	return item
}

func (c *call) createLaunchTemplateVersion() (cloud.Effect, error) {
	template, err := c.namedTemplate(c.Form)
	if err != nil {
		return nil, err
	}
	base := &TemplateVersion{}
	if named := c.Form.Get("SourceVersion"); named != "" {
		if base, err = template.Version(named); err != nil {
			return nil, err
		}
	}
	version, err := c.templateData(*base)
	if err != nil {
		return nil, err
	}
	return func() (any, error) {
		version.number = len(template.versions) + 1
		template.versions = append(template.versions, version)
		return &struct {
			Version versionItem `xml:"launchTemplateVersion"`
		}{describeVersion(template, version)}, nil
	}, nil
}

func (c *call) modifyLaunchTemplate() (cloud.Effect, error) {
	template, err := c.namedTemplate(c.Form)
	if err != nil {
		return nil, err
	}
	version, err := template.Version(c.Form.Get("SetDefaultVersion"))
	if err != nil {
		return nil, err
	}
	return func() (any, error) {
		template.defaultVersion = version.number
		return c.templateAnswer(template), nil
	}, nil
}

func (c *call) deleteLaunchTemplate() (cloud.Effect, error) {
	template, err := c.namedTemplate(c.Form)
	if err != nil {
		return nil, err
	}
	return func() (any, error) {
		answer := c.templateAnswer(template)
		delete(c.own().templates, template.ID)
		delete(c.own().tags, template.ID)
		return answer, nil
	}, nil
}

func (c *call) describeLaunchTemplates() (cloud.Effect, error) {
	ids, names := c.Form.List("LaunchTemplateId"), c.Form.List("LaunchTemplateName")
	for _, id := range ids {
		if _, err := c.own().templateNamed(id, ""); err != nil {
			return nil, err
		}
	}
	for _, name := range names {
		if _, err := c.own().templateNamed("", name); err != nil {
			return nil, err
		}
	}
	var all []templateItem
	for _, t := range cloud.SortedValues(c.own().templates) {
		if len(ids)+len(names) == 0 || slices.Contains(ids, t.ID) || slices.Contains(names, t.Name) {
			all = append(all, c.describeTemplate(t))
		}
	}
	all, err := filtered(c, all, filterFields[templateItem]{
		"launch-template-name": one(func(i templateItem) string { return i.Name }),
		"create-time":          one(func(i templateItem) string { return i.Created }),
	}, func(i templateItem) string { return i.ID })
	if err != nil {
		return nil, err
	}
	return func() (any, error) {
		shown, next, err := cloud.Page(c.Call, all, "MaxResults", 200)
		if err != nil {
			return nil, err
		}
		return &struct {
			Templates items[templateItem] `xml:"launchTemplates"`
			Next      string              `xml:"nextToken,omitempty"`
		}{items[templateItem]{shown}, next}, nil
	}, nil
}

func (c *call) describeLaunchTemplateVersions() (cloud.Effect, error) {
	template, err := c.namedTemplate(c.Form)
	if err != nil {
		return nil, err
	}
	shown := template.versions
	if named := c.Form.List("LaunchTemplateVersion"); len(named) > 0 {
		shown = nil
		for _, name := range named {
			version, err := template.Version(name)
			if err != nil {
				return nil, err
			}
			shown = append(shown, version)
		}
	}
	return func() (any, error) {
		paged, next, err := cloud.Page(c.Call, shown, "MaxResults", 200)
		if err != nil {
			return nil, err
		}
		var versions items[versionItem]
		for _, version := range paged {
			versions.Items = append(versions.Items, describeVersion(template, version))
		}
		return &struct {
			Versions items[versionItem] `xml:"launchTemplateVersionSet"`
			Next     string             `xml:"nextToken,omitempty"`
		}{versions, next}, nil
	}, nil
}
