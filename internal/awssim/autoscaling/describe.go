// SPDX-License-Identifier: MPL-2.0

package autoscaling

import (
	"slices"

	"github.com/amishare/packer-plugin-ami-share/internal/awssim/cloud"
	"github.com/amishare/packer-plugin-ami-share/internal/awssim/ec2"
	"github.com/amishare/packer-plugin-ami-share/internal/awssim/wire"
)

type groupItem struct {
	Name          string                 `xml:"AutoScalingGroupName"`
	ARN           string                 `xml:"AutoScalingGroupARN"`
	Template      *templateRef           `xml:"LaunchTemplate"`
	Mixed         *mixedItem             `xml:"MixedInstancesPolicy"`
	Operator      *operatorItem          `xml:"Operator"`
	Configuration string                 `xml:"LaunchConfigurationName,omitempty"`
	Least         int                    `xml:"MinSize"`
	Most          int                    `xml:"MaxSize"`
	Desired       int                    `xml:"DesiredCapacity"`
	Cooldown      int                    `xml:"DefaultCooldown"`
	Zones         members[string]        `xml:"AvailabilityZones"`
	HealthCheck   string                 `xml:"HealthCheckType"`
	Grace         int                    `xml:"HealthCheckGracePeriod"`
	Instances     members[groupInstance] `xml:"Instances"`
	Created       string                 `xml:"CreatedTime"`
	Subnets       string                 `xml:"VPCZoneIdentifier,omitempty"`
	Role          string                 `xml:"ServiceLinkedRoleARN"`
	Policies      members[string]        `xml:"TerminationPolicies"`
	Protected     bool                   `xml:"NewInstancesProtectedFromScaleIn"`
	Tags          members[groupTag]      `xml:"Tags"`
}

type operatorItem struct {
	Principal string
}

type templateRef struct {
	ID      string `xml:"LaunchTemplateId"`
	Name    string `xml:"LaunchTemplateName"`
	Version string `xml:"Version,omitempty"`
}

type groupInstance struct {
	ID            string       `xml:"InstanceId"`
	Type          string       `xml:"InstanceType"`
	Group         string       `xml:"AutoScalingGroupName,omitempty"`
	Zone          string       `xml:"AvailabilityZone"`
	Lifecycle     string       `xml:"LifecycleState"`
	Health        string       `xml:"HealthStatus"`
	Configuration string       `xml:"LaunchConfigurationName,omitempty"`
	Template      *templateRef `xml:"LaunchTemplate"`
	Protected     bool         `xml:"ProtectedFromScaleIn"`
}

func (from *source) ref() *templateRef {
	if from == nil {
		return nil
	}
	return &templateRef{from.template.ID, from.template.Name, from.version}
}

func (group *Group) describe() groupItem {
	item := groupItem{
		Name: group.name, ARN: group.arn, Least: group.least, Most: group.most,
		Desired: group.desired, Cooldown: 300, Zones: members[string]{group.zones}, HealthCheck: "EC2",
		Created: wire.Timestamp(group.created), Subnets: group.subnets, Role: group.role, Policies: members[string]{[]string{"Default"}},
		Tags: members[groupTag]{group.tags},
	}
	switch {
	case group.configuration != nil:
		item.Configuration = group.configuration.name
	case group.mixed != nil:
		item.Mixed = group.mixed.describe(group.base)
	default:
		item.Template = group.base.ref()
	}
	if group.operator != "" {
		item.Operator = &operatorItem{group.operator}
	}
	for _, inst := range group.instances {
		item.Instances.Items = append(item.Instances.Items, group.describeInstance(inst))
	}
	return item
}

func (group *Group) describeInstance(inst *ec2.Instance) groupInstance {
	item := groupInstance{
		ID: inst.ID, Type: inst.InstanceType, Zone: group.region + "a", Lifecycle: "InService",
		Health: "Healthy",
	}
	if sources := group.sources(); len(sources) > 0 {
		item.Template = sources[0].ref()
	}
	if group.configuration != nil {
		item.Configuration = group.configuration.name
	}
	if inst.State != ec2.InstanceRunning {
		item.Lifecycle = "Pending"
	}
	return item
}

// checkMaxRecords refuses a page that is too small or too large.
func (c *call) checkMaxRecords() error {
	size, err := c.Number("MaxRecords", 50)
	if err == nil && (size < 1 || size > 100) {
		return wire.ValidationError("The number of records requested cannot be more than 100 or less than 1")
	}
	return err
}

// describeGroups: https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_DescribeAutoScalingGroups.html
func (c *call) describeGroups() (cloud.Effect, error) {
	names := c.Form.List("AutoScalingGroupNames.member")
	if len(names) > 50 {
		return nil, wire.ValidationError("The number of group names cannot be more than 50")
	}
	if err := c.checkMaxRecords(); err != nil {
		return nil, err
	}
	wanted, err := c.groupFilters()
	if err != nil {
		return nil, err
	}
	return func() (any, error) {
		found := slices.DeleteFunc(c.groupsLookedAt(names), func(group *Group) bool { return !wanted(group) })
		shown, next, err := cloud.PageOf(c.Call, found, "MaxRecords", 50, 100)
		if err != nil {
			return nil, err
		}
		var groups members[groupItem]
		for _, group := range shown {
			groups.Items = append(groups.Items, group.describe())
		}
		return &struct {
			Groups members[groupItem] `xml:"AutoScalingGroups"`
			Next   string             `xml:"NextToken,omitempty"`
		}{groups, next}, nil
	}, nil
}

type activityItem struct {
	ID          string `xml:"ActivityId"`
	Group       string `xml:"AutoScalingGroupName"`
	Description string `xml:"Description"`
	Cause       string `xml:"Cause"`
	Started     string `xml:"StartTime"`
	Ended       string `xml:"EndTime"`
	Status      string `xml:"StatusCode"`
	Message     string `xml:"StatusMessage,omitempty"`
	Progress    int    `xml:"Progress"`
	Details     string `xml:"Details"`
}

func (c *call) describeActivities() (cloud.Effect, error) {
	var names []string
	if c.Form.Get("AutoScalingGroupName") != "" {
		group, err := c.group()
		if err != nil {
			return nil, err
		}
		names = []string{group.name}
	}
	ids := c.Form.List("ActivityIds.member")
	return func() (any, error) {
		var all []activityItem
		for _, group := range c.groupsLookedAt(names) {
			for _, a := range group.activities {
				if len(ids) == 0 || slices.Contains(ids, a.id) {
					all = append(all, activityItem{
						a.id, a.group, a.description, a.cause, wire.Timestamp(a.started),
						wire.Timestamp(a.started), a.status, a.message, 100, "{}",
					})
				}
			}
		}
		shown, next, err := cloud.Page(c.Call, all, "MaxRecords", 100)
		if err != nil {
			return nil, err
		}
		return &struct {
			Activities members[activityItem] `xml:"Activities"`
			Next       string                `xml:"NextToken,omitempty"`
		}{members[activityItem]{shown}, next}, nil
	}, nil
}

func (c *call) describeInstances() (cloud.Effect, error) {
	ids := c.Form.List("InstanceIds.member")
	return func() (any, error) {
		var all []groupInstance
		for _, group := range c.groupsLookedAt(nil) {
			for _, inst := range group.instances {
				if len(ids) == 0 || slices.Contains(ids, inst.ID) {
					item := group.describeInstance(inst)
					item.Group, item.Health = group.name, "HEALTHY"
					all = append(all, item)
				}
			}
		}
		shown, next, err := cloud.Page(c.Call, all, "MaxRecords", 50)
		if err != nil {
			return nil, err
		}
		return &struct {
			Instances members[groupInstance] `xml:"AutoScalingInstances"`
			Next      string                 `xml:"NextToken,omitempty"`
		}{members[groupInstance]{shown}, next}, nil
	}, nil
}
