// SPDX-License-Identifier: MPL-2.0

package autoscaling

import (
	"net/http"
	"strings"

	"github.com/amishare/packer-plugin-ami-share/internal/awssim/ec2"
	"github.com/amishare/packer-plugin-ami-share/internal/awssim/wire"
)

// source is what a group launches from: a template in a version, as given, and what takes the place of the template's.
type source struct {
	template *ec2.LaunchTemplate
	version  string
	image    string // "" for the template's
	kind     string // of instances, "" for the template's
}

// oneSource is how AWS says that a group launches from one thing.
const oneSource = "Valid requests must contain either LaunchTemplate, LaunchConfigurationName, InstanceId or MixedInstancesPolicy parameter."

// setGroupSource reads what the group launches.
func (c *call) setGroupSource(group *Group) error {
	named, configuration, policy := c.Form.Sub("LaunchTemplate"), c.Form.Get("LaunchConfigurationName"), c.Form.Sub("MixedInstancesPolicy")
	given := 0
	for _, there := range []bool{len(named) > 0, configuration != "", len(policy) > 0} {
		if there {
			given++
		}
	}
	switch {
	case given > 1:
		return wire.ValidationError("%s", oneSource)
	case len(named) > 0:
		base, err := c.namedTemplate(named)
		if err != nil {
			return err
		}
		group.base, group.mixed, group.configuration = base, nil, nil
	case len(policy) > 0:
		return c.setMixed(group, policy)
	case configuration != "":
		found := c.own().configurations[configuration]
		if found == nil {
			return wire.ValidationError("Launch configuration name not found - Launch configuration %s not found", configuration)
		}
		group.base, group.mixed, group.configuration = nil, nil, found
	}
	return nil
}

// namedTemplate finds the template of a specification, and its version.
func (c *call) namedTemplate(named wire.Form) (*source, error) {
	template, err := c.ec2.Template(c.Account, c.Region, named.Get("LaunchTemplateId"), named.Get("LaunchTemplateName"))
	if err == nil {
		_, err = template.Version(named.Get("Version"))
	}
	if err != nil {
		return nil, unusableTemplate(err)
	}
	return &source{template: template, version: named.Get("Version")}, nil
}

func unusableTemplate(err error) error {
	return wire.ValidationError("You must use a valid fully-formed launch template. %s", wire.AsError(err).Message)
}

// ec2ARN is the ARN of a resource of EC2 in the caller's account.
func (c *call) ec2ARN(resource string) string {
	return "arn:" + c.Partition + ":ec2:" + c.Region + ":" + c.Account.ID + ":" + resource
}

// sources are what the group may launch from: its template, or the overrides of its mixed instances policy.
func (group *Group) sources() []source {
	switch {
	case group.base == nil:
		return nil
	case group.mixed == nil || len(group.mixed.overrides) == 0:
		return []source{*group.base}
	}
	var all []source
	for _, over := range group.mixed.overrides {
		all = append(all, over.on(*group.base))
	}
	return all
}

// mayLaunch refuses a caller who could not launch what the group does. Who creates or updates a group that has a launch template
// needs ec2:RunInstances, and ssm:GetParameters where a parameter names the AMI: for each template and AMI that it can launch. AWS
// does not say that an update which leaves the template be takes less. The answer names the template alone; the journal has the reason.
// https://docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-launch-template-permissions.html
// https://docs.aws.amazon.com/autoscaling/ec2/userguide/using-systems-manager-parameters.html
func (c *call) mayLaunch(group *Group) error {
	for _, from := range group.sources() {
		conditions := map[string][]string{"ec2:Region": {c.Region}, "ec2:LaunchTemplate": {c.ec2ARN("launch-template/" + from.template.ID)}}
		for _, arn := range c.ec2.LaunchARNs(c.Account, c.Region, ec2.Launch{
			Image: from.image, Template: from.template, Version: from.version, Subnets: strings.Split(group.subnets, ","),
		}) {
			if err := c.Allowed("ec2:RunInstances", arn, conditions); err != nil {
				return wire.Errorf(http.StatusForbidden, "AccessDenied", "You are not authorized to use launch template: %s", from.template.ID)
			}
		}
		version, err := from.resolved()
		if err != nil {
			return unusableTemplate(err)
		}
		if err := c.ec2.MayName(c.Caller, c.Region, version.Image); err != nil {
			return unusableTemplate(err)
		}
	}
	return nil
}

// resolved is the version of the template with what takes the place of its own.
func (from source) resolved() (*ec2.TemplateVersion, error) {
	version, err := from.template.Version(from.version)
	if err != nil {
		return nil, err
	}
	over := *version
	if from.image != "" {
		over.Image = from.image
	}
	if from.kind != "" {
		over.InstanceType = from.kind
	}
	return &over, nil
}
