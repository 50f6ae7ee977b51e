// SPDX-License-Identifier: MPL-2.0

package autoscaling

import (
	"slices"
	"time"

	"github.com/amishare/packer-plugin-ami-share/internal/awssim/cloud"
	"github.com/amishare/packer-plugin-ami-share/internal/awssim/ec2"
	"github.com/amishare/packer-plugin-ami-share/internal/awssim/wire"
)

// Configuration is the older way to say what a group launches.
type Configuration struct {
	name, arn    string
	image        string
	instanceType string
	devices      []ec2.BlockDevice
	created      time.Time
}

func onConfiguration(c *call) []string {
	return []string{arn(c.Partition, c.Region, c.Account.ID, "launchConfiguration", c.Form.Get("LaunchConfigurationName"))}
}

func (c *call) createConfiguration() (cloud.Effect, error) {
	if err := c.requireNamed("LaunchConfigurationName"); err != nil {
		return nil, err
	}
	name := c.Form.Get("LaunchConfigurationName")
	if c.own().configurations[name] != nil {
		return nil, wire.BadRequest("AlreadyExists", "Launch Configuration by this name already exists - A launch configuration already exists with the name %s", name)
	}
	if c.Form.Get("ImageId") == "" || c.Form.Get("InstanceType") == "" {
		return nil, wire.ValidationError("Valid requests must contain either the InstanceID parameter or both the ImageId and InstanceType parameters.")
	}
	made := &Configuration{
		name: name, image: c.Form.Get("ImageId"), instanceType: c.Form.Get("InstanceType"),
		arn: arn(c.Partition, c.Region, c.Account.ID, "launchConfiguration", name), created: c.Now(),
	}
	for _, given := range c.Form.Structs("BlockDeviceMappings.member") {
		device, err := ec2.ReadDevice(given)
		if err != nil {
			return nil, wire.ValidationError("%s", err)
		}
		made.devices = append(made.devices, device)
	}
	if _, problem := c.ec2.LaunchableImage(c.Account, c.Region, made.image); problem != nil {
		return nil, wire.ValidationError("AMI cannot be described: %s", problem.Message)
	}
	return func() (any, error) {
		c.own().configurations[name] = made
		return nil, nil
	}, nil
}

func (c *call) deleteConfiguration() (cloud.Effect, error) {
	if err := c.requireNamed("LaunchConfigurationName"); err != nil {
		return nil, err
	}
	name := c.Form.Get("LaunchConfigurationName")
	found := c.own().configurations[name]
	if found == nil {
		return nil, wire.ValidationError("Launch configuration name not found - Launch configuration %s not found", name)
	}
	for _, group := range c.own().groups {
		if group.configuration == found {
			return nil, wire.BadRequest("ResourceInUse", "Cannot delete launch configuration %s because it is attached to AutoScalingGroup %s", name, group.name)
		}
	}
	return func() (any, error) {
		delete(c.own().configurations, name)
		return nil, nil
	}, nil
}

type configurationItem struct {
	Name    string          `xml:"LaunchConfigurationName"`
	ARN     string          `xml:"LaunchConfigurationARN"`
	Image   string          `xml:"ImageId"`
	Type    string          `xml:"InstanceType"`
	KeyName string          `xml:"KeyName"`
	Groups  members[string] `xml:"SecurityGroups"`
	Created string          `xml:"CreatedTime"`
}

func (c *call) describeConfigurations() (cloud.Effect, error) {
	names := c.Form.List("LaunchConfigurationNames.member")
	var all []configurationItem
	for _, one := range cloud.SortedValues(c.own().configurations) {
		if len(names) == 0 || slices.Contains(names, one.name) {
			all = append(all, configurationItem{
				Name: one.name, ARN: one.arn, Image: one.image, Type: one.instanceType,
				Created: wire.Timestamp(one.created),
			})
		}
	}
	shown, next, err := cloud.Page(c.Call, all, "MaxRecords", 100)
	if err != nil {
		return nil, err
	}
	return cloud.Answer(&struct {
		Configurations members[configurationItem] `xml:"LaunchConfigurations"`
		Next           string                     `xml:"NextToken,omitempty"`
	}{members[configurationItem]{shown}, next}), nil
}
