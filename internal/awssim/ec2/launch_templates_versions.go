// SPDX-License-Identifier: MPL-2.0

package ec2

import (
	"cmp"
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/amishare/packer-plugin-ami-share/internal/awssim/cloud"
	"github.com/amishare/packer-plugin-ami-share/internal/awssim/resources"
	"github.com/amishare/packer-plugin-ami-share/internal/awssim/ssm"
	"github.com/amishare/packer-plugin-ami-share/internal/awssim/wire"
)

// TemplateVersion is what a launch takes from a template. It never changes.
type TemplateVersion struct {
	number       int
	description  string
	Image        string // an id, or resolve:ssm: and a parameter
	InstanceType string
	Devices      []BlockDevice
	created      time.Time
	creator      string // ARN
	atStart      bool   // it was there when the server started
}

// templateData reads LaunchTemplateData over that of another version. Snapshots of the other version's devices are ignored
// unless they are given again.
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateLaunchTemplateVersion.html
func (c *call) templateData(base *TemplateVersion) (*TemplateVersion, error) {
	data := c.Form.Sub("LaunchTemplateData")
	devices, err := parseDevices(data)
	if err != nil {
		return nil, err
	}
	if len([]rune(c.Form.Get("VersionDescription"))) > 255 {
		return nil, wire.InvalidValue("VersionDescription", c.Form.Get("VersionDescription"))
	}
	made := &TemplateVersion{
		description: c.Form.Get("VersionDescription"), Image: cmp.Or(data.Get("ImageId"), base.Image),
		InstanceType: cmp.Or(data.Get("InstanceType"), base.InstanceType), created: c.Now(), creator: c.Caller.ARN,
	}
	for _, device := range base.Devices {
		device.snapshot = ""
		made.Devices = append(made.Devices, device)
	}
	if len(devices) > 0 {
		made.Devices = devices
	}
	if _, named := ssm.Named(made.Image); made.Image != "" && !named && malformed("ami-", made.Image, c.image(c.Region, made.Image) != nil) {
		return nil, wire.BadRequest("InvalidAMIID.Malformed", "Invalid id: %q (expecting \"ami-...\")", made.Image)
	}
	return made, nil
}

// templateWarning has what is wrong with a version that was made all the same.
type templateWarning struct {
	Errors resources.Items[codeAndMessage] `xml:"errorSet"`
}

type codeAndMessage struct {
	Code    string `xml:"code"`
	Message string `xml:"message"`
}

func (v *TemplateVersion) warning() *templateWarning {
	err := checkDevices(v.Devices)
	if err == nil {
		return nil
	}
	problem := wire.AsError(err)
	return &templateWarning{resources.Items[codeAndMessage]{Items: []codeAndMessage{{problem.Code, problem.Message}}}}
}

type versionItem struct {
	ID          string       `xml:"launchTemplateId"`
	Name        string       `xml:"launchTemplateName"`
	Number      int          `xml:"versionNumber"`
	Description string       `xml:"versionDescription,omitempty"`
	Default     bool         `xml:"defaultVersion"`
	Created     string       `xml:"createTime"`
	Creator     string       `xml:"createdBy"`
	Data        templateData `xml:"launchTemplateData"`
}

type templateData struct {
	Image   string                          `xml:"imageId,omitempty"`
	Type    string                          `xml:"instanceType,omitempty"`
	Devices resources.Items[templateDevice] `xml:"blockDeviceMappingSet"`
}

type templateDevice struct {
	Name     string      `xml:"deviceName"`
	NoDevice *string     `xml:"noDevice"`
	EBS      templateEBS `xml:"ebs"`
}

type templateEBS struct {
	Deletes   bool   `xml:"deleteOnTermination"`
	Encrypted *bool  `xml:"encrypted"`
	Key       string `xml:"kmsKeyId,omitempty"`
	Snapshot  string `xml:"snapshotId,omitempty"`
	Size      int    `xml:"volumeSize,omitempty"`
	Type      string `xml:"volumeType,omitempty"`
}

func describeVersion(t *LaunchTemplate, v *TemplateVersion) versionItem {
	item := versionItem{
		ID: t.ID, Name: t.Name, Number: v.number, Description: v.description, Default: v.number == t.defaultVersion,
		Created: wire.Timestamp(v.created), Creator: v.creator, Data: templateData{Image: v.Image, Type: v.InstanceType},
	}
	for _, device := range v.Devices {
		shown := templateDevice{Name: device.name, EBS: templateEBS{
			device.deletes, device.encrypted, device.key, device.snapshot, device.size, device.volumeType,
		}}
		if device.noDevice {
			shown.NoDevice = new(string)
		}
		item.Data.Devices.Items = append(item.Data.Devices.Items, shown)
	}
	return item
}

// createLaunchTemplateVersion makes a version out of another one, SourceVersion, and of what the call has. What can't be
// launched is made all the same, with a warning.
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateLaunchTemplateVersion.html
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
	if len(c.Form.Sub("LaunchTemplateData")) == 0 {
		return nil, wire.BadRequest("MissingParameter", "The request must contain the parameter LaunchTemplateData")
	}
	version, err := c.templateData(base)
	if err != nil {
		return nil, err
	}
	shown, err := c.resolvedVersion(version)
	if err != nil {
		return nil, err
	}
	return func() (any, error) {
		token := c.Form.Get("ClientToken")
		if number, err := strconv.Atoi(c.own().made[token]); token != "" && err == nil && template.versions[number] != nil {
			shown = template.versions[number]
		} else {
			template.add(version)
			shown.number = version.number
			c.own().made[token] = strconv.Itoa(version.number)
		}
		return &struct {
			Version versionItem      `xml:"launchTemplateVersion"`
			Warning *templateWarning `xml:"warning"`
		}{describeVersion(template, shown), version.warning()}, nil
	}, nil
}

// resolvedVersion is a version as ResolveAlias shows it: with the AMI that its parameter names.
func (c *call) resolvedVersion(v *TemplateVersion) (*TemplateVersion, error) {
	shown := *v
	if !c.Form.Flag("ResolveAlias") {
		return &shown, nil
	}
	var err error
	shown.Image, err = c.parameters.Resolve(c.Caller, c.Region, v.Image)
	return &shown, err
}

type deletedVersion struct {
	ID     string          `xml:"launchTemplateId"`
	Name   string          `xml:"launchTemplateName"`
	Number string          `xml:"versionNumber"`
	Error  *codeAndMessage `xml:"responseError"`
}

// deleteLaunchTemplateVersions deletes each version that can be deleted, and answers which were not. The default version can't.
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DeleteLaunchTemplateVersions.html
func (c *call) deleteLaunchTemplateVersions() (cloud.Effect, error) {
	template, err := c.namedTemplate(c.Form)
	if err != nil {
		return nil, err
	}
	named := c.Form.List("LaunchTemplateVersion")
	if len(named) == 0 || len(named) > 200 {
		return nil, wire.BadRequest("InvalidParameterValue", "Between 1 and 200 launch template versions can be deleted at once, not %d", len(named))
	}
	return func() (any, error) {
		var answer struct {
			Deleted resources.Items[deletedVersion] `xml:"successfullyDeletedLaunchTemplateVersionSet"`
			Left    resources.Items[deletedVersion] `xml:"unsuccessfullyDeletedLaunchTemplateVersionSet"`
		}
		for _, name := range named {
			item := deletedVersion{ID: template.ID, Name: template.Name, Number: name}
			version, err := template.numbered(name)
			switch {
			case err != nil:
				item.Error = &codeAndMessage{"launchTemplateVersionDoesNotExist", wire.AsError(err).Message}
			case version.number == template.defaultVersion:
				item.Error = &codeAndMessage{"unexpectedError", "The default version of a launch template can't be deleted."}
			default:
				delete(template.versions, version.number)
				answer.Deleted.Items = append(answer.Deleted.Items, item)
				continue
			}
			answer.Left.Items = append(answer.Left.Items, item)
		}
		return &answer, nil
	}, nil
}

// describeLaunchTemplateVersions shows versions of one template, or the latest and default ones of all.
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeLaunchTemplateVersions.html
func (c *call) describeLaunchTemplateVersions() (cloud.Effect, error) {
	all, missing := c.versionItems()
	all, err := resources.Filtered(c.Request, all, resources.FilterFields[versionItem]{
		"create-time":        resources.One(func(v versionItem) string { return v.Created }),
		"image-id":           resources.One(func(v versionItem) string { return v.Data.Image }),
		"instance-type":      resources.One(func(v versionItem) string { return v.Data.Type }),
		"is-default-version": resources.One(func(v versionItem) string { return strconv.FormatBool(v.Default) }),
	}, nil)
	if err = cmp.Or(err, missing); err != nil {
		return nil, err
	}
	shown, next, err := cloud.Page(c.Call, all, "MaxResults", 200)
	if err != nil {
		return nil, err
	}
	return cloud.Answer(&struct {
		Versions resources.Items[versionItem] `xml:"launchTemplateVersionSet"`
		Next     string                       `xml:"nextToken,omitempty"`
	}{resources.Items[versionItem]{Items: shown}, next}), nil
}

// versionItems are the versions that the call names.
func (c *call) versionItems() ([]versionItem, error) {
	templates, err := c.templatesDescribed()
	if err != nil {
		return nil, err
	}
	var all []versionItem
	for _, template := range templates {
		versions, err := c.versionsDescribed(template)
		if err != nil {
			return nil, err
		}
		for _, version := range versions {
			if version, err = c.resolvedVersion(version); err != nil {
				return nil, err
			}
			all = append(all, describeVersion(template, version))
		}
	}
	return all, nil
}

// templatesDescribed is the template that the call names, or all when it asks for $Latest and $Default alone.
func (c *call) templatesDescribed() ([]*LaunchTemplate, error) {
	named := c.Form.List("LaunchTemplateVersion")
	ofAll := func(name string) bool { return name == "$Latest" || name == "$Default" }
	if c.Form.Get("LaunchTemplateId")+c.Form.Get("LaunchTemplateName") == "" && len(named) > 0 && !slices.ContainsFunc(named, func(n string) bool { return !ofAll(n) }) {
		return cloud.SortedValues(c.own().templates), nil
	}
	template, err := c.namedTemplate(c.Form)
	return []*LaunchTemplate{template}, err
}

// versionsDescribed are the versions of a template that the call names, or all between MinVersion and MaxVersion.
func (c *call) versionsDescribed(template *LaunchTemplate) ([]*TemplateVersion, error) {
	var versions []*TemplateVersion
	for _, name := range c.Form.List("LaunchTemplateVersion") {
		version, err := template.Version(name)
		if err != nil {
			return nil, err
		}
		versions = append(versions, version)
	}
	if len(versions) > 0 {
		return versions, nil
	}
	least, err := c.Number("MinVersion", 1)
	if err != nil {
		return nil, err
	}
	most, err := c.Number("MaxVersion", template.made)
	if err != nil {
		return nil, err
	}
	for _, number := range slices.Sorted(maps.Keys(template.versions)) {
		if number >= least && number <= most {
			versions = append(versions, template.versions[number])
		}
	}
	return versions, nil
}
