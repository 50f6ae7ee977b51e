package awssim

import "slices"

type groupItem struct {
	Name          string                 `xml:"AutoScalingGroupName"`
	ARN           string                 `xml:"AutoScalingGroupARN"`
	Template      *templateRef           `xml:"LaunchTemplate"`
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
	Tags          members[struct{}]      `xml:"Tags"`
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

func (group *scalingGroup) templateRef() *templateRef {
	if group.template == nil {
		return nil
	}
	return &templateRef{group.template.id, group.template.name, group.version}
}

func (group *scalingGroup) describe() groupItem {
	item := groupItem{
		Name: group.name, ARN: group.arn, Template: group.templateRef(), Least: group.least, Most: group.most,
		Desired: group.desired, Cooldown: 300, Zones: members[string]{group.zones}, HealthCheck: "EC2",
		Created: timestamp(group.created), Subnets: group.subnets, Role: group.role, Policies: members[string]{[]string{"Default"}},
	}
	if group.configuration != nil {
		item.Configuration = group.configuration.name
	}
	for _, inst := range group.instances {
		item.Instances.Items = append(item.Instances.Items, group.describeInstance(inst))
	}
	return item
}

func (group *scalingGroup) describeInstance(inst *instance) groupInstance {
	item := groupInstance{
		ID: inst.id, Type: inst.instanceType, Zone: group.region + "a", Lifecycle: "InService",
		Health: "Healthy", Template: group.templateRef(),
	}
	if group.configuration != nil {
		item.Configuration = group.configuration.name
	}
	if inst.state != instanceRunning {
		item.Lifecycle = "Pending"
	}
	return item
}

func (c *call) describeScalingGroups() (effect, error) {
	found := c.groupsLookedAt(c.form.list("AutoScalingGroupNames.member"))
	shown, next, err := page(c, found, "MaxRecords", 100)
	if err != nil {
		return nil, err
	}
	var groups members[groupItem]
	for _, group := range shown {
		groups.Items = append(groups.Items, group.describe())
	}
	return answering(&struct {
		Groups members[groupItem] `xml:"AutoScalingGroups"`
		Next   string             `xml:"NextToken,omitempty"`
	}{groups, next}), nil
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

func (c *call) describeScalingActivities() (effect, error) {
	var names []string
	if c.form.get("AutoScalingGroupName") != "" {
		group, err := c.scalingGroup()
		if err != nil {
			return nil, err
		}
		names = []string{group.name}
	}
	ids := c.form.list("ActivityIds.member")
	var all []activityItem
	for _, group := range c.groupsLookedAt(names) {
		for _, a := range group.activities {
			if len(ids) == 0 || slices.Contains(ids, a.id) {
				all = append(all, activityItem{
					a.id, a.group, a.description, a.cause, timestamp(a.started),
					timestamp(a.started), a.status, a.message, 100, "{}",
				})
			}
		}
	}
	shown, next, err := page(c, all, "MaxRecords", 100)
	if err != nil {
		return nil, err
	}
	return answering(&struct {
		Activities members[activityItem] `xml:"Activities"`
		Next       string                `xml:"NextToken,omitempty"`
	}{members[activityItem]{shown}, next}), nil
}

func (c *call) describeScalingInstances() (effect, error) {
	ids := c.form.list("InstanceIds.member")
	var all []groupInstance
	for _, group := range c.groupsLookedAt(nil) {
		for _, inst := range group.instances {
			if len(ids) == 0 || slices.Contains(ids, inst.id) {
				item := group.describeInstance(inst)
				item.Group, item.Health = group.name, "HEALTHY"
				all = append(all, item)
			}
		}
	}
	shown, next, err := page(c, all, "MaxRecords", 50)
	if err != nil {
		return nil, err
	}
	return answering(&struct {
		Instances members[groupInstance] `xml:"AutoScalingInstances"`
		Next      string                 `xml:"NextToken,omitempty"`
	}{members[groupInstance]{shown}, next}), nil
}

func (c *call) createLaunchConfiguration() (effect, error) {
	if err := c.requireNamed("LaunchConfigurationName"); err != nil {
		return nil, err
	}
	name := c.form.get("LaunchConfigurationName")
	if c.compute().configurations[name] != nil {
		return nil, badRequest("AlreadyExists", "Launch Configuration by this name already exists - A launch configuration already exists with the name %s", name)
	}
	if c.form.get("ImageId") == "" || c.form.get("InstanceType") == "" {
		return nil, validationError("Valid requests must contain either the InstanceID parameter or both the ImageId and InstanceType parameters.")
	}
	made := &launchConfiguration{
		name: name, image: c.form.get("ImageId"), instanceType: c.form.get("InstanceType"),
		arn: scalingARN(c.server.partition, c.region, c.account.id, "launchConfiguration", name), created: c.server.now(),
	}
	for _, given := range c.form.structs("BlockDeviceMappings.member") {
		device, err := readDevice(given)
		if err != nil {
			return nil, validationError("%s", err)
		}
		made.devices = append(made.devices, device)
	}
	if _, problem := c.server.launchableImage(c.account, c.region, made.image); problem != nil {
		return nil, validationError("AMI cannot be described: %s", problem.message)
	}
	return func() (any, error) {
		c.compute().configurations[name] = made
		return nil, nil
	}, nil
}

func (c *call) deleteLaunchConfiguration() (effect, error) {
	if err := c.requireNamed("LaunchConfigurationName"); err != nil {
		return nil, err
	}
	name := c.form.get("LaunchConfigurationName")
	found := c.compute().configurations[name]
	if found == nil {
		return nil, validationError("Launch configuration name not found - Launch configuration %s not found", name)
	}
	for _, group := range c.compute().groups {
		if group.configuration == found {
			return nil, badRequest("ResourceInUse", "Cannot delete launch configuration %s because it is attached to AutoScalingGroup %s", name, group.name)
		}
	}
	return func() (any, error) {
		delete(c.compute().configurations, name)
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

func (c *call) describeLaunchConfigurations() (effect, error) {
	names := c.form.list("LaunchConfigurationNames.member")
	var all []configurationItem
	for _, one := range sortedValues(c.compute().configurations) {
		if len(names) == 0 || slices.Contains(names, one.name) {
			all = append(all, configurationItem{
				Name: one.name, ARN: one.arn, Image: one.image, Type: one.instanceType,
				Created: timestamp(one.created),
			})
		}
	}
	shown, next, err := page(c, all, "MaxRecords", 100)
	if err != nil {
		return nil, err
	}
	return answering(&struct {
		Configurations members[configurationItem] `xml:"LaunchConfigurations"`
		Next           string                     `xml:"NextToken,omitempty"`
	}{members[configurationItem]{shown}, next}), nil
}
