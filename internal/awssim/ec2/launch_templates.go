// SPDX-License-Identifier: MPL-2.0

package ec2

import (
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/amishare/packer-plugin-ami-share/internal/awssim/cloud"
	"github.com/amishare/packer-plugin-ami-share/internal/awssim/resources"
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
			return []string{c.ARN("launch-template", "*")}
		}
		return []string{c.ARN("launch-template", template.ID)}
	}
	return map[string]action{
		"CreateLaunchTemplate": {
			Params: "LaunchTemplateName VersionDescription ClientToken DryRun" + templateDataParams +
				resources.TagSpecParams, Write: true,
			Resources: func(c *call) []string { return []string{c.ARN("launch-template", "*")} },
			Handle:    (*call).createLaunchTemplate,
		},
		"CreateLaunchTemplateVersion": {
			Params: "LaunchTemplateId LaunchTemplateName SourceVersion VersionDescription ClientToken ResolveAlias DryRun" +
				templateDataParams, Write: true, Resources: onTemplate, Handle: (*call).createLaunchTemplateVersion,
		},
		"DeleteLaunchTemplateVersions": {
			Params: "LaunchTemplateId LaunchTemplateName LaunchTemplateVersion.N DryRun", Write: true, Resources: onTemplate,
			Handle: (*call).deleteLaunchTemplateVersions,
		},
		"ModifyLaunchTemplate": {
			Params: "LaunchTemplateId LaunchTemplateName SetDefaultVersion ClientToken DryRun", Write: true,
			Resources: onTemplate, Handle: (*call).modifyLaunchTemplate,
		},
		"DeleteLaunchTemplate": {
			Params: "LaunchTemplateId LaunchTemplateName DryRun", Write: true, Resources: onTemplate,
			Handle: (*call).deleteLaunchTemplate,
		},
		"DescribeLaunchTemplates": {
			Params: "LaunchTemplateId.N LaunchTemplateName.N DryRun" + resources.FilterParams + resources.PageParams,
			Handle: (*call).describeLaunchTemplates,
		},
		"DescribeLaunchTemplateVersions": {
			Params: "LaunchTemplateId LaunchTemplateName LaunchTemplateVersion.N MinVersion MaxVersion ResolveAlias DryRun" +
				resources.FilterParams + resources.PageParams,
			Handle: (*call).describeLaunchTemplateVersions,
		},
	}
}

// LaunchTemplate has versions, by their numbers, which begin with 1. The number of one that was deleted is never used again.
type LaunchTemplate struct {
	ID, Name       string
	versions       map[int]*TemplateVersion
	made           int // versions so far
	defaultVersion int
	created        time.Time
}

// add gives a version the next number.
func (t *LaunchTemplate) add(v *TemplateVersion) {
	if t.versions == nil {
		t.versions = map[int]*TemplateVersion{}
	}
	t.made++
	v.number = t.made
	t.versions[v.number] = v
}

func (t *LaunchTemplate) latest() int { return slices.Max(slices.Collect(maps.Keys(t.versions))) }

// Version finds a version by its number, $Latest or $Default, which is what no version means.
func (t *LaunchTemplate) Version(named string) (*TemplateVersion, error) {
	switch named {
	case "", "$Default":
		return t.versions[t.defaultVersion], nil
	case "$Latest":
		return t.versions[t.latest()], nil
	default:
		return t.numbered(named)
	}
}

// numbered finds a version by its number.
func (t *LaunchTemplate) numbered(named string) (*TemplateVersion, error) {
	number, err := strconv.Atoi(named)
	if err != nil {
		return nil, wire.BadRequest("InvalidLaunchTemplateId.VersionNotFound", "Invalid launch template version: %q", named)
	}
	if t.versions[number] == nil {
		return nil, wire.BadRequest("InvalidLaunchTemplateId.VersionNotFound", "Could not find launch template version %s of %s", named, t.ID)
	}
	return t.versions[number], nil
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

func (c *call) createLaunchTemplate() (cloud.Effect, error) {
	if err := c.Require("LaunchTemplateName"); err != nil {
		return nil, err
	}
	name := c.Form.Get("LaunchTemplateName")
	if existing, _ := c.own().templateNamed("", name); existing != nil {
		return nil, wire.BadRequest("InvalidLaunchTemplateName.AlreadyExistsException", "Launch template name already in use.")
	}
	version, err := c.templateData(&TemplateVersion{})
	if err != nil {
		return nil, err
	}
	specs, err := c.TagSpecs("launch-template")
	if err != nil {
		return nil, err
	}
	return func() (any, error) {
		template := &LaunchTemplate{ID: c.NewID("lt-"), Name: name, defaultVersion: 1, created: c.Now()}
		template.add(version)
		c.own().templates[template.ID] = template
		c.SetTags(template.ID, specs["launch-template"])
		return &struct {
			Template templateItem     `xml:"launchTemplate"`
			Warning  *templateWarning `xml:"warning"`
		}{c.describeTemplate(template), version.warning()}, nil
	}, nil
}

type templateItem struct {
	ID      string                             `xml:"launchTemplateId"`
	Name    string                             `xml:"launchTemplateName"`
	Created string                             `xml:"createTime"`
	Default int                                `xml:"defaultVersionNumber"`
	Latest  int                                `xml:"latestVersionNumber"`
	Tags    resources.Items[resources.TagItem] `xml:"tagSet"`
}

func (c *call) describeTemplate(t *LaunchTemplate) templateItem {
	return templateItem{t.ID, t.Name, wire.Timestamp(t.created), t.defaultVersion, t.latest(), c.TagsOf(t.ID)}
}

func (c *call) templateAnswer(t *LaunchTemplate) any {
	return &struct {
		Template templateItem `xml:"launchTemplate"`
	}{c.describeTemplate(t)}
}

// modifyLaunchTemplate makes a version, by its number, the default.
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_ModifyLaunchTemplate.html
func (c *call) modifyLaunchTemplate() (cloud.Effect, error) {
	template, err := c.namedTemplate(c.Form)
	if err != nil {
		return nil, err
	}
	if err := c.Require("SetDefaultVersion"); err != nil {
		return nil, err
	}
	version, err := template.numbered(c.Form.Get("SetDefaultVersion"))
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
		c.DropTags(template.ID)
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
	all, err := resources.Filtered(c.Request, all, resources.FilterFields[templateItem]{
		"launch-template-name": resources.One(func(i templateItem) string { return i.Name }),
		"create-time":          resources.One(func(i templateItem) string { return i.Created }),
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
			Templates resources.Items[templateItem] `xml:"launchTemplates"`
			Next      string                        `xml:"nextToken,omitempty"`
		}{resources.Items[templateItem]{Items: shown}, next}, nil
	}, nil
}
