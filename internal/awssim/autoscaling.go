package awssim

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"slices"
	"strings"
	"time"
)

const (
	groupParams = "AutoScalingGroupName MinSize MaxSize DesiredCapacity AvailabilityZones.member.N VPCZoneIdentifier" +
		" ServiceLinkedRoleARN LaunchConfigurationName" +
		" LaunchTemplate.LaunchTemplateId LaunchTemplate.LaunchTemplateName LaunchTemplate.Version"
)

// autoscalingOperations is the table of contents of Auto Scaling.
func (s *Server) autoscalingOperations() map[string]operation {
	return map[string]operation{
		"CreateAutoScalingGroup": {
			params: groupParams, write: true, resources: onScalingGroup, handle: (*call).createScalingGroup,
		},
		"UpdateAutoScalingGroup": {params: groupParams, write: true, resources: onScalingGroup, handle: (*call).updateScalingGroup},
		"DeleteAutoScalingGroup": {
			params: "AutoScalingGroupName ForceDelete", write: true, resources: onScalingGroup,
			handle: (*call).deleteScalingGroup,
		},
		"SetDesiredCapacity": {
			params: "AutoScalingGroupName DesiredCapacity", write: true,
			resources: onScalingGroup, handle: (*call).setDesiredCapacity,
		},
		"DescribeAutoScalingGroups": {
			params: "AutoScalingGroupNames.member.N MaxRecords NextToken",
			handle: (*call).describeScalingGroups,
		},
		"DescribeScalingActivities": {
			params: "AutoScalingGroupName ActivityIds.member.N MaxRecords NextToken",
			handle: (*call).describeScalingActivities,
		},
		"DescribeAutoScalingInstances": {
			params: "InstanceIds.member.N MaxRecords NextToken",
			handle: (*call).describeScalingInstances,
		},
		"CreateLaunchConfiguration": {
			params: "LaunchConfigurationName ImageId InstanceType" +
				" BlockDeviceMappings.member.N.DeviceName BlockDeviceMappings.member.N.Ebs.SnapshotId" +
				" BlockDeviceMappings.member.N.Ebs.VolumeSize BlockDeviceMappings.member.N.Ebs.VolumeType" +
				" BlockDeviceMappings.member.N.Ebs.Encrypted BlockDeviceMappings.member.N.Ebs.DeleteOnTermination", write: true,
			resources: onLaunchConfiguration, handle: (*call).createLaunchConfiguration,
		},
		"DeleteLaunchConfiguration": {
			params: "LaunchConfigurationName", write: true, resources: onLaunchConfiguration,
			handle: (*call).deleteLaunchConfiguration,
		},
		"DescribeLaunchConfigurations": {
			params: "LaunchConfigurationNames.member.N MaxRecords NextToken",
			handle: (*call).describeLaunchConfigurations,
		},
	}
}

// autoscalingService is the service principal whose service-linked roles groups launch with.
const autoscalingService = "autoscaling.amazonaws.com"

// scalingGroup is an Auto Scaling group.
type scalingGroup struct {
	name          string
	arn           string
	account       *account
	region        string
	template      *launchTemplate
	version       string // of the template, as given
	configuration *launchConfiguration
	role          string // ARN
	least         int
	most          int
	desired       int
	zones         []string
	subnets       string
	instances     []*instance
	activities    []scalingActivity // newest first
	created       time.Time
}

// scalingActivity is one attempt of a group to launch or to terminate.
type scalingActivity struct {
	id, group, description, cause, status, message string
	started                                        time.Time
}

// launchConfiguration is the older way to say what a group launches.
type launchConfiguration struct {
	name, arn    string
	image        string
	instanceType string
	devices      []blockDevice
	created      time.Time
}

// members is a list as Auto Scaling writes it.
type members[T any] struct {
	Items []T `xml:"member"`
}

func scalingARN(partition, region, accountID, kind, name string) string {
	digest := sha256.Sum256([]byte(region + accountID + kind + name))
	sum := hex.EncodeToString(digest[:16])
	uuid := strings.Join([]string{sum[:8], sum[8:12], sum[12:16], sum[16:20], sum[20:32]}, "-")
	return "arn:" + partition + ":autoscaling:" + region + ":" + accountID + ":" + kind + ":" + uuid + ":" + kind + "Name/" + name
}

func onScalingGroup(c *call) []string {
	return []string{scalingARN(c.server.partition, c.region, c.account.id, "autoScalingGroup", c.form.get("AutoScalingGroupName"))}
}

func onLaunchConfiguration(c *call) []string {
	return []string{scalingARN(c.server.partition, c.region, c.account.id, "launchConfiguration", c.form.get("LaunchConfigurationName"))}
}

func validationError(format string, args ...any) error {
	return badRequest("ValidationError", format, args...)
}

// requireNamed refuses a call without one of the parameters in the words of Auto Scaling's validation.
func (c *call) requireNamed(params ...string) error {
	for _, param := range params {
		if c.form.get(param) == "" {
			return validationError("1 validation error detected: Value null at '%s' failed to satisfy constraint: Member must not be null",
				strings.ToLower(param[:1])+param[1:])
		}
	}
	return nil
}

func (c *call) scalingGroup() (*scalingGroup, error) {
	if err := c.requireNamed("AutoScalingGroupName"); err != nil {
		return nil, err
	}
	group := c.compute().groups[c.form.get("AutoScalingGroupName")]
	if group == nil {
		return nil, validationError("AutoScalingGroup name not found - no such group: %s", c.form.get("AutoScalingGroupName"))
	}
	return group, nil
}

func (c *call) createScalingGroup() (effect, error) {
	if err := c.requireNamed("AutoScalingGroupName", "MinSize", "MaxSize"); err != nil {
		return nil, err
	}
	name := c.form.get("AutoScalingGroupName")
	if c.compute().groups[name] != nil {
		return nil, badRequest("AlreadyExists", "AutoScalingGroup by this name already exists - A group with the name %s already exists", name)
	}
	group := &scalingGroup{
		name: name, account: c.account, region: c.region, created: c.server.now(),
		arn: scalingARN(c.server.partition, c.region, c.account.id, "autoScalingGroup", name),
	}
	if err := c.setGroup(group); err != nil {
		return nil, err
	}
	if group.template == nil && group.configuration == nil {
		return nil, validationError("Valid requests must contain either LaunchTemplate, LaunchConfigurationName, InstanceId or MixedInstancesPolicy parameter.")
	}
	if len(group.zones) == 0 && group.subnets == "" {
		return nil, validationError("At least one Availability Zone or VPC Subnet is required.")
	}
	if group.role == "" {
		if err := c.mayHaveDefaultRole(); err != nil {
			return nil, err
		}
	}
	return func() (any, error) {
		if group.role == "" {
			group.role, _ = c.server.serviceLinkedRole(c.account, autoscalingService, "", true)
		}
		c.compute().groups[name] = group
		return nil, nil
	}, nil
}

func (c *call) updateScalingGroup() (effect, error) {
	group, err := c.scalingGroup()
	if err != nil {
		return nil, err
	}
	changed := *group
	if err := c.setGroup(&changed); err != nil {
		return nil, err
	}
	return func() (any, error) {
		*group = changed
		return nil, nil
	}, nil
}

// setGroup reads the parameters that creating and updating have in common.
func (c *call) setGroup(group *scalingGroup) error {
	if err := c.setGroupSize(group); err != nil {
		return err
	}
	if err := c.setGroupSource(group); err != nil {
		return err
	}
	if zones := c.form.list("AvailabilityZones.member"); len(zones) > 0 {
		group.zones = zones
	}
	group.subnets = cmp.Or(c.form.get("VPCZoneIdentifier"), group.subnets)
	if role := c.form.get("ServiceLinkedRoleARN"); role != "" && role != group.role {
		return c.setGroupRole(group, role)
	}
	return nil
}

func (c *call) setGroupSize(group *scalingGroup) error {
	for _, size := range []struct {
		param string
		value *int
	}{{"MinSize", &group.least}, {"MaxSize", &group.most}, {"DesiredCapacity", &group.desired}} {
		n, err := c.number(size.param, *size.value)
		if err != nil {
			return validationError("Value (%s) for parameter %s is invalid", c.form.get(size.param), size.param)
		}
		*size.value = n
	}
	if c.form.get("DesiredCapacity") == "" {
		group.desired = min(max(group.desired, group.least), group.most)
	}
	switch {
	case group.least > group.most:
		return validationError("Max bound, %d, must be greater than or equal to min bound, %d", group.most, group.least)
	case group.desired < group.least || group.desired > group.most:
		return validationError("Desired capacity:%d must be between the specified min size:%d and max size:%d", group.desired, group.least, group.most)
	}
	return nil
}

func (c *call) setGroupSource(group *scalingGroup) error {
	named, configuration := c.form.sub("LaunchTemplate"), c.form.get("LaunchConfigurationName")
	switch {
	case len(named) > 0 && configuration != "":
		return validationError("Valid requests must contain either LaunchTemplate, LaunchConfigurationName, InstanceId or MixedInstancesPolicy parameter.")
	case len(named) > 0:
		template, err := c.templateNamed(named)
		if err != nil {
			return validationError("You must use a valid fully-formed launch template. %s", asAPIError(err).message)
		}
		if _, err := template.version(named.get("Version")); err != nil {
			return validationError("You must use a valid fully-formed launch template. %s", asAPIError(err).message)
		}
		group.template, group.version, group.configuration = template, named.get("Version"), nil
	case configuration != "":
		found := c.compute().configurations[configuration]
		if found == nil {
			return validationError("Launch configuration name not found - Launch configuration %s not found", configuration)
		}
		group.template, group.configuration = nil, found
	}
	return nil
}

// setGroupRole sets another service-linked role than the default one, which takes iam:PassRole.
// https://docs.aws.amazon.com/autoscaling/ec2/userguide/autoscaling-service-linked-role.html
func (c *call) setGroupRole(group *scalingGroup, arn string) error {
	prefix := "arn:" + c.server.partition + ":iam::" + c.account.id + ":role/aws-service-role/" + autoscalingService + "/AWSServiceRoleForAutoScaling"
	if !strings.HasPrefix(arn, prefix) {
		return validationError("ARN specified for Service-Linked Role is not one of a role of account %s for %s: %s", c.account.id, autoscalingService, arn)
	}
	if err := c.allowed("iam:PassRole", arn, map[string][]string{"iam:PassedToService": {autoscalingService}}); err != nil {
		return err
	}
	if _, problem := c.server.servicePrincipalOf(arn); problem != nil {
		return validationError("ARN specified for Service-Linked Role does not exist.")
	}
	group.role = arn
	return nil
}

// mayHaveDefaultRole refuses a caller who may not create AWSServiceRoleForAutoScaling where the account has none yet.
func (c *call) mayHaveDefaultRole() error {
	arn, ok := c.server.serviceLinkedRole(c.account, autoscalingService, "", false)
	if ok {
		return nil
	}
	conditions := map[string][]string{"iam:AWSServiceName": {autoscalingService}}
	if err := c.allowed("iam:CreateServiceLinkedRole", arn, conditions); err != nil {
		return errorf(http.StatusInternalServerError, "ServiceLinkedRoleFailure",
			"The default Service-Linked Role for Auto Scaling could not be created. %s", err)
	}
	return nil
}

func (c *call) deleteScalingGroup() (effect, error) {
	group, err := c.scalingGroup()
	if err != nil {
		return nil, err
	}
	c.server.forgetEnded(group)
	if len(group.instances) > 0 && !c.form.flag("ForceDelete") {
		return nil, badRequest("ResourceInUse", "You cannot delete an AutoScalingGroup while there are instances or pending Spot instance request(s) still in the group.")
	}
	return func() (any, error) {
		for _, inst := range group.instances {
			inst.state, inst.next = instanceShuttingDown, instanceTerminated
		}
		delete(c.compute().groups, group.name)
		return nil, nil
	}, nil
}

func (c *call) setDesiredCapacity() (effect, error) {
	group, err := c.scalingGroup()
	if err != nil {
		return nil, err
	}
	if err := c.requireNamed("DesiredCapacity"); err != nil {
		return nil, err
	}
	wanted, err := c.number("DesiredCapacity", 0)
	switch {
	case err != nil:
		return nil, validationError("Value (%s) for parameter DesiredCapacity is invalid", c.form.get("DesiredCapacity"))
	case wanted > group.most:
		return nil, validationError("New SetDesiredCapacity value %d is above max value %d for the AutoScalingGroup.", wanted, group.most)
	case wanted < group.least:
		return nil, validationError("New SetDesiredCapacity value %d is below min value %d for the AutoScalingGroup.", wanted, group.least)
	}
	return func() (any, error) {
		group.desired = wanted
		return nil, nil
	}, nil
}

// groupsLookedAt returns the named groups, or all, by name, each given the occasion to launch.
func (c *call) groupsLookedAt(names []string) []*scalingGroup {
	var found []*scalingGroup
	for _, group := range sortedValues(c.compute().groups) {
		if len(names) == 0 || slices.Contains(names, group.name) {
			c.server.fill(group)
			found = append(found, group)
		}
	}
	return found
}
