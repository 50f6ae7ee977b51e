// SPDX-License-Identifier: MPL-2.0

package usage

import (
	"slices"
	"strconv"

	"github.com/amishare/packer-plugin-ami-share/internal/awssim/cloud"
	"github.com/amishare/packer-plugin-ami-share/internal/awssim/resources"
	"github.com/amishare/packer-plugin-ami-share/internal/awssim/wire"
)

// kinds reads ResourceType of a call, of which some are known to it. depth is how many versions of a template are looked at unless
// the call says it.
func (c *call) kinds(depth int, known ...string) ([]kind, error) {
	var kinds []kind
	for _, given := range c.Form.Structs("ResourceType") {
		k := kind{name: given.Get("ResourceType"), depth: depth}
		if !slices.Contains(known, k.name) || slices.ContainsFunc(kinds, func(other kind) bool { return other.name == k.name }) {
			return nil, wire.InvalidValue("ResourceType", k.name)
		}
		for _, option := range given.Structs("ResourceTypeOption") {
			if err := k.set(option.Get("OptionName"), option.List("OptionValue")); err != nil {
				return nil, err
			}
		}
		kinds = append(kinds, k)
	}
	return kinds, nil
}

// set reads an option: version-depth of templates, state-name of instances.
func (k *kind) set(name string, values []string) error {
	switch {
	case name == "version-depth" && k.name == templates && len(values) == 1:
		depth, err := strconv.Atoi(values[0])
		if err != nil || depth < 1 || depth > 10000 {
			return wire.InvalidValue(name, values[0])
		}
		k.depth = depth
	case name == "state-name" && k.name == instances:
		k.states = values
	default:
		return wire.InvalidValue("OptionName", name)
	}
	return nil
}

// lookingFor are the permissions that it takes to look for a kind of resource, which EC2 uses in the caller's name.
// https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/ec2-ami-references.html
var lookingFor = map[string][]string{
	instances: {"ec2:DescribeInstances"},
	templates: {"ec2:DescribeLaunchTemplates", "ec2:DescribeLaunchTemplateVersions"},
	parameter: {"ssm:DescribeParameters", "ssm:GetParameters"},
	recipes:   {"imagebuilder:ListImageRecipes"},
	container: {"imagebuilder:ListContainerRecipes", "imagebuilder:GetContainerRecipe"},
}

type referenceItem struct {
	Image string `xml:"imageId"`
	Kind  string `xml:"resourceType"`
	ARN   string `xml:"arn"`
}

// describeReferences finds what names an AMI of any owner in the caller's account: instances, launch templates, parameters. There is
// no Image Builder here, so that no recipe does.
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeImageReferences.html
func (c *call) describeReferences() (cloud.Effect, error) {
	images := c.Form.List("ImageId")
	if len(images) == 0 {
		return nil, wire.BadRequest("MissingParameter", "The request must contain the parameter ImageId")
	}
	kinds, err := c.kinds(10, instances, templates, parameter, recipes, container)
	if err != nil {
		return nil, err
	}
	if len(kinds) == 0 && !c.Form.Flag("IncludeAllResourceTypes") {
		return nil, wire.BadRequest("MissingParameter", "The request must contain the parameter ResourceType or IncludeAllResourceTypes")
	}
	if c.Form.Flag("IncludeAllResourceTypes") {
		for _, name := range []string{instances, templates, parameter, recipes, container} {
			if !slices.ContainsFunc(kinds, func(k kind) bool { return k.name == name }) {
				kinds = append(kinds, kind{name: name, depth: 10})
			}
		}
	}
	if err := c.mayLook(kinds); err != nil {
		return nil, err
	}
	var all []referenceItem
	for _, image := range images {
		for _, k := range kinds {
			for _, arn := range c.references(k, image) {
				all = append(all, referenceItem{image, k.name, arn})
			}
		}
	}
	shown, next, err := cloud.Page(c.Call, all, "MaxResults", 1000)
	if err != nil {
		return nil, err
	}
	return cloud.Answer(&struct {
		References resources.Items[referenceItem] `xml:"imageReferenceSet"`
		Next       string                         `xml:"nextToken,omitempty"`
	}{resources.Items[referenceItem]{Items: shown}, next}), nil
}

func (c *call) references(k kind, image string) []string {
	switch k.name {
	case instances, templates:
		return c.using(c.Account, k, image, false)
	case parameter:
		return c.parameters.Having(c.Account, c.Region, image)
	default:
		return nil
	}
}

// mayLook asks for the permission to find each kind, in a call that comes through EC2.
func (c *call) mayLook(kinds []kind) error {
	through := map[string][]string{"aws:ViaAWSService": cloud.Boolean(true), "aws:CalledVia": {"ec2-images.amazonaws.com"}}
	for _, k := range kinds {
		for _, action := range lookingFor[k.name] {
			if err := c.Allowed(action, "*", through); err != nil {
				return err
			}
		}
	}
	return nil
}
