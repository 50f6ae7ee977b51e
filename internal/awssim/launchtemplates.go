package awssim

import (
	"cmp"
	"slices"
	"strconv"
	"time"
)

const templateDataParams = " LaunchTemplateData.ImageId LaunchTemplateData.InstanceType" +
	" LaunchTemplateData.BlockDeviceMapping.N.DeviceName LaunchTemplateData.BlockDeviceMapping.N.NoDevice" +
	" LaunchTemplateData.BlockDeviceMapping.N.Ebs.SnapshotId LaunchTemplateData.BlockDeviceMapping.N.Ebs.VolumeSize" +
	" LaunchTemplateData.BlockDeviceMapping.N.Ebs.VolumeType LaunchTemplateData.BlockDeviceMapping.N.Ebs.Encrypted" +
	" LaunchTemplateData.BlockDeviceMapping.N.Ebs.KmsKeyId LaunchTemplateData.BlockDeviceMapping.N.Ebs.DeleteOnTermination"

func launchTemplateOperations() map[string]operation {
	onTemplate := func(c *call) []string {
		template, _ := c.templateNamed(c.form)
		if template == nil {
			return []string{c.ec2ARN("launch-template", "*")}
		}
		return []string{c.ec2ARN("launch-template", template.id)}
	}
	return map[string]operation{
		"CreateLaunchTemplate": {
			params: "LaunchTemplateName VersionDescription ClientToken DryRun" + templateDataParams +
				tagSpecParams, write: true,
			resources: func(c *call) []string { return []string{c.ec2ARN("launch-template", "*")} },
			handle:    (*call).createLaunchTemplate,
		},
		"CreateLaunchTemplateVersion": {params: "LaunchTemplateId LaunchTemplateName SourceVersion VersionDescription ClientToken" +
			" DryRun" + templateDataParams, write: true, resources: onTemplate, handle: (*call).createLaunchTemplateVersion},
		"ModifyLaunchTemplate": {
			params: "LaunchTemplateId LaunchTemplateName SetDefaultVersion ClientToken DryRun", write: true,
			resources: onTemplate, handle: (*call).modifyLaunchTemplate,
		},
		"DeleteLaunchTemplate": {
			params: "LaunchTemplateId LaunchTemplateName DryRun", write: true, resources: onTemplate,
			handle: (*call).deleteLaunchTemplate,
		},
		"DescribeLaunchTemplates": {
			params: "LaunchTemplateId.N LaunchTemplateName.N DryRun" + filterParams + pageParams,
			handle: (*call).describeLaunchTemplates,
		},
		"DescribeLaunchTemplateVersions": {
			params: "LaunchTemplateId LaunchTemplateName LaunchTemplateVersion.N DryRun" + pageParams,
			handle: (*call).describeLaunchTemplateVersions,
		},
	}
}

// launchTemplate has versions from 1 up.
type launchTemplate struct {
	id, name       string
	versions       []*templateVersion
	defaultVersion int
	created        time.Time
}

// templateVersion is what a launch takes from a template.
type templateVersion struct {
	number       int
	description  string
	image        string
	instanceType string
	devices      []blockDevice
}

// version finds a version by its number, $Latest or $Default, which is what no version means.
func (t *launchTemplate) version(named string) (*templateVersion, error) {
	number := t.defaultVersion
	switch named {
	case "", "$Default":
	case "$Latest":
		number = len(t.versions)
	default:
		var err error
		if number, err = strconv.Atoi(named); err != nil {
			return nil, badRequest("InvalidLaunchTemplateId.VersionNotFound", "Invalid launch template version: %q", named)
		}
	}
	if number < 1 || number > len(t.versions) {
		return nil, badRequest("InvalidLaunchTemplateId.VersionNotFound", "Could not find launch template version %s of %s", named, t.id)
	}
	return t.versions[number-1], nil
}

// templateNamed finds the template by LaunchTemplateId or LaunchTemplateName.
func (c *call) templateNamed(by form) (*launchTemplate, error) {
	return c.compute().templateNamed(by.get("LaunchTemplateId"), by.get("LaunchTemplateName"))
}

func (r *computeRegion) templateNamed(id, name string) (*launchTemplate, error) {
	if (id == "") == (name == "") {
		return nil, badRequest("InvalidParameterCombination", "Either launch template ID or launch template name must be specified, but not both.")
	}
	for _, template := range r.templates {
		if template.id == id || template.name == name {
			return template, nil
		}
	}
	if id != "" {
		return nil, badRequest("InvalidLaunchTemplateId.NotFound", "The specified launch template, with template ID %s, does not exist.", id)
	}
	return nil, badRequest("InvalidLaunchTemplateName.NotFoundException", "The specified launch template, with template name %s, does not exist.", name)
}

func (c *call) templateVersionNamed(by form) (*templateVersion, error) {
	template, err := c.templateNamed(by)
	if err != nil {
		return nil, err
	}
	return template.version(by.get("Version"))
}

// templateData reads LaunchTemplateData over that of another version.
func (c *call) templateData(base templateVersion) (*templateVersion, error) {
	data := c.form.sub("LaunchTemplateData")
	devices, err := readDevices(data)
	if err != nil {
		return nil, err
	}
	made := &templateVersion{
		description: c.form.get("VersionDescription"), image: cmp.Or(data.get("ImageId"), base.image),
		instanceType: cmp.Or(data.get("InstanceType"), base.instanceType), devices: base.devices,
	}
	if len(devices) > 0 {
		made.devices = devices
	}
	if made.image != "" && malformed("ami-", made.image, c.server.image(c.region, made.image) != nil) {
		return nil, badRequest("InvalidAMIID.Malformed", "Invalid id: %q (expecting \"ami-...\")", made.image)
	}
	return made, nil
}

func (c *call) createLaunchTemplate() (effect, error) {
	if err := c.require("LaunchTemplateName"); err != nil {
		return nil, err
	}
	name := c.form.get("LaunchTemplateName")
	if existing, _ := c.compute().templateNamed("", name); existing != nil {
		return nil, badRequest("InvalidLaunchTemplateName.AlreadyExistsException", "Launch template name already in use.")
	}
	version, err := c.templateData(templateVersion{})
	if err != nil {
		return nil, err
	}
	specs, err := c.tagSpecs("launch-template")
	if err != nil {
		return nil, err
	}
	return func() (any, error) {
		version.number = 1
		template := &launchTemplate{
			id: c.server.newID("lt-"), name: name, versions: []*templateVersion{version},
			defaultVersion: 1, created: c.server.now(),
		}
		c.compute().templates[template.id] = template
		c.compute().setTags(template.id, specs["launch-template"])
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

func (c *call) describeTemplate(t *launchTemplate) templateItem {
	return templateItem{t.id, t.name, timestamp(t.created), t.defaultVersion, len(t.versions), c.tagsOf(t.id)}
}

func (c *call) templateAnswer(t *launchTemplate) any {
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

func describeVersion(t *launchTemplate, v *templateVersion) versionItem {
	item := versionItem{
		ID: t.id, Name: t.name, Number: v.number, Description: v.description,
		Default: v.number == t.defaultVersion, Created: timestamp(t.created), Image: v.image, Type: v.instanceType,
	}
	for _, device := range v.devices {
		item.Devices = append(item.Devices, deviceOf{device.name, device.encrypted, device.key})
	}
	return item
}

func (c *call) createLaunchTemplateVersion() (effect, error) {
	template, err := c.templateNamed(c.form)
	if err != nil {
		return nil, err
	}
	base := &templateVersion{}
	if named := c.form.get("SourceVersion"); named != "" {
		if base, err = template.version(named); err != nil {
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

func (c *call) modifyLaunchTemplate() (effect, error) {
	template, err := c.templateNamed(c.form)
	if err != nil {
		return nil, err
	}
	version, err := template.version(c.form.get("SetDefaultVersion"))
	if err != nil {
		return nil, err
	}
	return func() (any, error) {
		template.defaultVersion = version.number
		return c.templateAnswer(template), nil
	}, nil
}

func (c *call) deleteLaunchTemplate() (effect, error) {
	template, err := c.templateNamed(c.form)
	if err != nil {
		return nil, err
	}
	return func() (any, error) {
		answer := c.templateAnswer(template)
		delete(c.compute().templates, template.id)
		delete(c.compute().tags, template.id)
		return answer, nil
	}, nil
}

func (c *call) describeLaunchTemplates() (effect, error) {
	ids, names := c.form.list("LaunchTemplateId"), c.form.list("LaunchTemplateName")
	for _, id := range ids {
		if _, err := c.compute().templateNamed(id, ""); err != nil {
			return nil, err
		}
	}
	for _, name := range names {
		if _, err := c.compute().templateNamed("", name); err != nil {
			return nil, err
		}
	}
	var all []templateItem
	for _, t := range sortedValues(c.compute().templates) {
		if len(ids)+len(names) == 0 || slices.Contains(ids, t.id) || slices.Contains(names, t.name) {
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
		shown, next, err := page(c, all, "MaxResults", 200)
		if err != nil {
			return nil, err
		}
		return &struct {
			Templates items[templateItem] `xml:"launchTemplates"`
			Next      string              `xml:"nextToken,omitempty"`
		}{items[templateItem]{shown}, next}, nil
	}, nil
}

func (c *call) describeLaunchTemplateVersions() (effect, error) {
	template, err := c.templateNamed(c.form)
	if err != nil {
		return nil, err
	}
	shown := template.versions
	if named := c.form.list("LaunchTemplateVersion"); len(named) > 0 {
		shown = nil
		for _, name := range named {
			version, err := template.version(name)
			if err != nil {
				return nil, err
			}
			shown = append(shown, version)
		}
	}
	return func() (any, error) {
		paged, next, err := page(c, shown, "MaxResults", 200)
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
