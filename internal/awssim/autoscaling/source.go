// SPDX-License-Identifier: MPL-2.0

package autoscaling

import (
	"net/http"
	"strings"

	"github.com/amishare/packer-plugin-ami-share/internal/awssim/ec2"
	"github.com/amishare/packer-plugin-ami-share/internal/awssim/wire"
)

// setGroupSource reads what the group launches.
func (c *call) setGroupSource(group *Group) error {
	named, configuration := c.Form.Sub("LaunchTemplate"), c.Form.Get("LaunchConfigurationName")
	switch {
	case len(named) > 0 && configuration != "":
		return wire.ValidationError("Valid requests must contain either LaunchTemplate, LaunchConfigurationName, InstanceId or MixedInstancesPolicy parameter.")
	case len(named) > 0:
		template, err := c.namedTemplate(named)
		if err != nil {
			return err
		}
		group.template, group.version, group.configuration = template, named.Get("Version"), nil
	case configuration != "":
		found := c.own().configurations[configuration]
		if found == nil {
			return wire.ValidationError("Launch configuration name not found - Launch configuration %s not found", configuration)
		}
		group.template, group.configuration = nil, found
	}
	return nil
}

// namedTemplate finds the template of a specification, and its version.
func (c *call) namedTemplate(named wire.Form) (*ec2.LaunchTemplate, error) {
	template, err := c.ec2.Template(c.Account, c.Region, named.Get("LaunchTemplateId"), named.Get("LaunchTemplateName"))
	if err == nil {
		_, err = template.Version(named.Get("Version"))
	}
	if err != nil {
		return nil, unusableTemplate(err)
	}
	return template, nil
}

func unusableTemplate(err error) error {
	return wire.ValidationError("You must use a valid fully-formed launch template. %s", wire.AsError(err).Message)
}

// ec2ARN is the ARN of a resource of EC2 in the caller's account.
func (c *call) ec2ARN(resource string) string {
	return "arn:" + c.Partition + ":ec2:" + c.Region + ":" + c.Account.ID + ":" + resource
}

// mayLaunch refuses a caller who could not launch what the group does. Who creates or updates a group that has a launch template
// needs ec2:RunInstances, and ssm:GetParameters where a parameter names the AMI. AWS does not say that an update which leaves the
// template be takes less. The answer names the template alone; the journal has the reason.
// https://docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-launch-template-permissions.html
// https://docs.aws.amazon.com/autoscaling/ec2/userguide/using-systems-manager-parameters.html
func (c *call) mayLaunch(group *Group) error {
	if group.template == nil {
		return nil
	}
	arns := c.ec2.LaunchARNs(c.Account, c.Region, ec2.Launch{Template: group.template, Version: group.version, Subnets: strings.Split(group.subnets, ",")})
	conditions := map[string][]string{"ec2:Region": {c.Region}, "ec2:LaunchTemplate": {c.ec2ARN("launch-template/" + group.template.ID)}}
	for _, arn := range arns {
		if err := c.Allowed("ec2:RunInstances", arn, conditions); err != nil {
			return wire.Errorf(http.StatusForbidden, "AccessDenied", "You are not authorized to use launch template: %s", group.template.ID)
		}
	}
	version, err := group.template.Version(group.version)
	if err != nil {
		return unusableTemplate(err)
	}
	if err := c.ec2.MayName(c.Caller, c.Region, version.Image); err != nil {
		return unusableTemplate(err)
	}
	return nil
}
