// SPDX-License-Identifier: MPL-2.0

package autoscaling

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/amishare/packer-plugin-ami-share/internal/awssim/cloud"
	"github.com/amishare/packer-plugin-ami-share/internal/awssim/ec2"
	"github.com/amishare/packer-plugin-ami-share/internal/awssim/network"
	"github.com/amishare/packer-plugin-ami-share/internal/awssim/wire"
)

const (
	groupParams = "AutoScalingGroupName MinSize MaxSize DesiredCapacity AvailabilityZones.member.N VPCZoneIdentifier" +
		" ServiceLinkedRoleARN LaunchConfigurationName" +
		" LaunchTemplate.LaunchTemplateId LaunchTemplate.LaunchTemplateName LaunchTemplate.Version" + mixedParams
)

// api is Auto Scaling.
func (s *Service) api() *cloud.API {
	return &cloud.API{
		Name: "autoscaling", Protocol: wire.Query, Version: "2011-01-01", Namespace: "http://autoscaling.amazonaws.com/doc/2011-01-01/",
		Actions: cloud.Actions(actions(), s.bind),
	}
}

func actions() map[string]action {
	return map[string]action{
		"CreateAutoScalingGroup": {
			Params: groupParams + groupTagParams, Write: true, Resources: onGroup, Conditions: groupTagConditions, Handle: (*call).createGroup,
		},
		"UpdateAutoScalingGroup": {Params: groupParams, Write: true, Resources: onGroup, Handle: (*call).updateGroup},
		"DeleteAutoScalingGroup": {
			Params: "AutoScalingGroupName ForceDelete", Write: true, Resources: onGroup,
			Handle: (*call).deleteGroup,
		},
		"SetDesiredCapacity": {
			Params: "AutoScalingGroupName DesiredCapacity", Write: true,
			Resources: onGroup, Handle: (*call).setDesiredCapacity,
		},
		"DescribeAutoScalingGroups": {
			Params: "AutoScalingGroupNames.member.N MaxRecords NextToken Filters.member.N.Name Filters.member.N.Values.member.N",
			Handle: (*call).describeGroups,
		},
		"DescribeScalingActivities": {
			Params: "AutoScalingGroupName ActivityIds.member.N MaxRecords NextToken",
			Handle: (*call).describeActivities,
		},
		"DescribeAutoScalingInstances": {
			Params: "InstanceIds.member.N MaxRecords NextToken",
			Handle: (*call).describeInstances,
		},
		"CreateLaunchConfiguration": {
			Params: "LaunchConfigurationName ImageId InstanceType" +
				" BlockDeviceMappings.member.N.DeviceName BlockDeviceMappings.member.N.Ebs.SnapshotId" +
				" BlockDeviceMappings.member.N.Ebs.VolumeSize BlockDeviceMappings.member.N.Ebs.VolumeType" +
				" BlockDeviceMappings.member.N.Ebs.Encrypted BlockDeviceMappings.member.N.Ebs.DeleteOnTermination", Write: true,
			Resources: onConfiguration, Handle: (*call).createConfiguration,
		},
		"DeleteLaunchConfiguration": {
			Params: "LaunchConfigurationName", Write: true, Resources: onConfiguration,
			Handle: (*call).deleteConfiguration,
		},
		"DescribeLaunchConfigurations": {
			Params: "LaunchConfigurationNames.member.N MaxRecords NextToken",
			Handle: (*call).describeConfigurations,
		},
	}
}

// servicePrincipal is the service principal whose service-linked roles groups launch with.
const servicePrincipal = "autoscaling.amazonaws.com"

// inventory is what an account has in a Region.
type inventory struct {
	groups         map[string]*Group
	configurations map[string]*Configuration
}

func newInventory() *inventory {
	return &inventory{groups: map[string]*Group{}, configurations: map[string]*Configuration{}}
}

// own is what the caller's account has in the Region of the call.
func (c *call) own() *inventory { return c.regions.Of(c.Account, c.Region) }

// InUse tells whether an Auto Scaling group launches with the role.
func (s *Service) InUse(r *cloud.Role) bool {
	for _, region := range s.regions.Each() {
		for _, group := range region.groups {
			if group.role == r.ARN {
				return true
			}
		}
	}
	return false
}

// Group is an Auto Scaling group.
type Group struct {
	name          string
	arn           string
	account       *cloud.Account
	region        string
	base          *source // the launch template, or that of the mixed instances policy; nil for none
	mixed         *mixed  // nil for none
	operator      string  // the service that manages the group, "" for none
	configuration *Configuration
	role          string // ARN
	least         int
	most          int
	desired       int
	zones         []string
	subnets       string
	tags          []groupTag
	instances     []*ec2.Instance
	activities    []Activity // newest first
	created       time.Time
}

// Activity is one attempt of a group to launch or to terminate.
type Activity struct {
	id, group, description, cause, status, message string
	started                                        time.Time
}

// members is a list as Auto Scaling writes it.
type members[T any] struct {
	Items []T `xml:"member"`
}

func arn(partition, region, accountID, kind, name string) string {
	digest := sha256.Sum256([]byte(region + accountID + kind + name))
	sum := hex.EncodeToString(digest[:16])
	uuid := strings.Join([]string{sum[:8], sum[8:12], sum[12:16], sum[16:20], sum[20:32]}, "-")
	return "arn:" + partition + ":autoscaling:" + region + ":" + accountID + ":" + kind + ":" + uuid + ":" + kind + "Name/" + name
}

func onGroup(c *call) []string {
	return []string{arn(c.Partition, c.Region, c.Account.ID, "autoScalingGroup", c.Form.Get("AutoScalingGroupName"))}
}

// requireNamed refuses a call without one of the parameters in the words of Auto Scaling's validation.
func (c *call) requireNamed(params ...string) error {
	for _, param := range params {
		if c.Form.Get(param) == "" {
			return wire.ValidationError("1 validation error detected: Value null at '%s' failed to satisfy constraint: Member must not be null",
				strings.ToLower(param[:1])+param[1:])
		}
	}
	return nil
}

func (c *call) group() (*Group, error) {
	if err := c.requireNamed("AutoScalingGroupName"); err != nil {
		return nil, err
	}
	group := c.own().groups[c.Form.Get("AutoScalingGroupName")]
	if group == nil {
		return nil, wire.ValidationError("AutoScalingGroup name not found - no such group: %s", c.Form.Get("AutoScalingGroupName"))
	}
	return group, nil
}

// groupToChange finds the group of a call that changes it. Of a group that a service manages, AWS refuses that to everybody else.
// https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_CreateAutoScalingGroup.html
func (c *call) groupToChange() (*Group, error) {
	group, err := c.group()
	if err == nil && group.operator != "" {
		c.Entry.Reason = "the group is managed by " + group.operator
		return nil, wire.Errorf(http.StatusForbidden, "AccessDenied", "AutoScalingGroup %s is managed by %s, and only it can change the group", group.name, group.operator)
	}
	return group, err
}

func (c *call) createGroup() (cloud.Effect, error) {
	if err := c.requireNamed("AutoScalingGroupName", "MinSize", "MaxSize"); err != nil {
		return nil, err
	}
	name := c.Form.Get("AutoScalingGroupName")
	if c.own().groups[name] != nil {
		return nil, wire.BadRequest("AlreadyExists", "AutoScalingGroup by this name already exists - A group with the name %s already exists", name)
	}
	group := &Group{
		name: name, account: c.Account, region: c.Region, created: c.Now(),
		arn: arn(c.Partition, c.Region, c.Account.ID, "autoScalingGroup", name),
	}
	if err := c.setGroup(group); err != nil {
		return nil, err
	}
	if err := c.tagGroup(group); err != nil {
		return nil, err
	}
	if group.base == nil && group.configuration == nil {
		return nil, wire.ValidationError("Valid requests must contain either LaunchTemplate, LaunchConfigurationName, InstanceId or MixedInstancesPolicy parameter.")
	}
	if len(group.zones) == 0 && group.subnets == "" {
		return nil, wire.ValidationError("At least one Availability Zone or VPC Subnet is required.")
	}
	if group.role == "" {
		if err := c.mayHaveDefaultRole(); err != nil {
			return nil, err
		}
	}
	return func() (any, error) {
		if group.role == "" {
			group.role, _ = c.roles.ServiceLinkedRole(c.Account, servicePrincipal, "", true)
		}
		c.own().groups[name] = group
		return nil, nil
	}, nil
}

func (c *call) updateGroup() (cloud.Effect, error) {
	group, err := c.groupToChange()
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
func (c *call) setGroup(group *Group) error {
	if err := c.setGroupSize(group); err != nil {
		return err
	}
	if err := c.setGroupSource(group); err != nil {
		return err
	}
	if zones := c.Form.List("AvailabilityZones.member"); len(zones) > 0 {
		group.zones = zones
	}
	group.subnets = cmp.Or(c.Form.Get("VPCZoneIdentifier"), group.subnets)
	for subnet := range strings.SplitSeq(group.subnets, ",") {
		if subnet = strings.TrimSpace(subnet); subnet != "" && subnet != network.DefaultSubnet {
			return wire.ValidationError("The subnet ID '%s' does not exist", subnet)
		}
	}
	if err := c.mayLaunch(group); err != nil {
		return err
	}
	if role := c.Form.Get("ServiceLinkedRoleARN"); role != "" && role != group.role {
		return c.setGroupRole(group, role)
	}
	return nil
}

func (c *call) setGroupSize(group *Group) error {
	for _, size := range []struct {
		param string
		value *int
	}{{"MinSize", &group.least}, {"MaxSize", &group.most}, {"DesiredCapacity", &group.desired}} {
		n, err := c.Number(size.param, *size.value)
		if err != nil {
			return wire.ValidationError("Value (%s) for parameter %s is invalid", c.Form.Get(size.param), size.param)
		}
		*size.value = n
	}
	if c.Form.Get("DesiredCapacity") == "" {
		group.desired = min(max(group.desired, group.least), group.most)
	}
	switch {
	case group.least > group.most:
		return wire.ValidationError("Max bound, %d, must be greater than or equal to min bound, %d", group.most, group.least)
	case group.desired < group.least || group.desired > group.most:
		return wire.ValidationError("Desired capacity:%d must be between the specified min size:%d and max size:%d", group.desired, group.least, group.most)
	}
	return nil
}

// setGroupRole sets another service-linked role than the default one, which takes iam:PassRole.
// https://docs.aws.amazon.com/autoscaling/ec2/userguide/autoscaling-service-linked-role.html
func (c *call) setGroupRole(group *Group, arn string) error {
	prefix := "arn:" + c.Partition + ":iam::" + c.Account.ID + ":role/aws-service-role/" + servicePrincipal + "/AWSServiceRoleForAutoScaling"
	if !strings.HasPrefix(arn, prefix) {
		return wire.ValidationError("ARN specified for Service-Linked Role is not one of a role of account %s for %s: %s", c.Account.ID, servicePrincipal, arn)
	}
	if err := c.Allowed("iam:PassRole", arn, map[string][]string{"iam:PassedToService": {servicePrincipal}}); err != nil {
		return err
	}
	if _, problem := c.ServicePrincipal(arn); problem != nil {
		return wire.ValidationError("ARN specified for Service-Linked Role does not exist.")
	}
	group.role = arn
	return nil
}

// mayHaveDefaultRole refuses a caller who may not create AWSServiceRoleForAutoScaling where the account has none yet.
func (c *call) mayHaveDefaultRole() error {
	arn, ok := c.roles.ServiceLinkedRole(c.Account, servicePrincipal, "", false)
	if ok {
		return nil
	}
	conditions := map[string][]string{"iam:AWSServiceName": {servicePrincipal}}
	if err := c.Allowed("iam:CreateServiceLinkedRole", arn, conditions); err != nil {
		return wire.Errorf(http.StatusInternalServerError, "ServiceLinkedRoleFailure",
			"The default Service-Linked Role for Auto Scaling could not be created. %s", err)
	}
	return nil
}

func (c *call) deleteGroup() (cloud.Effect, error) {
	group, err := c.groupToChange()
	if err != nil {
		return nil, err
	}
	left := slices.ContainsFunc(group.instances, func(inst *ec2.Instance) bool { return !inst.Ended() })
	if left && !c.Form.Flag("ForceDelete") {
		return nil, wire.BadRequest("ResourceInUse", "You cannot delete an AutoScalingGroup while there are instances or pending Spot instance request(s) still in the group.")
	}
	return func() (any, error) {
		for _, inst := range group.instances {
			if !inst.Ended() {
				inst.Terminate()
			}
		}
		delete(c.own().groups, group.name)
		return nil, nil
	}, nil
}

func (c *call) setDesiredCapacity() (cloud.Effect, error) {
	group, err := c.groupToChange()
	if err != nil {
		return nil, err
	}
	if err := c.requireNamed("DesiredCapacity"); err != nil {
		return nil, err
	}
	wanted, err := c.Number("DesiredCapacity", 0)
	switch {
	case err != nil:
		return nil, wire.ValidationError("Value (%s) for parameter DesiredCapacity is invalid", c.Form.Get("DesiredCapacity"))
	case wanted > group.most:
		return nil, wire.ValidationError("New SetDesiredCapacity value %d is above max value %d for the AutoScalingGroup.", wanted, group.most)
	case wanted < group.least:
		return nil, wire.ValidationError("New SetDesiredCapacity value %d is below min value %d for the AutoScalingGroup.", wanted, group.least)
	}
	return func() (any, error) {
		group.desired = wanted
		return nil, nil
	}, nil
}

// groupsLookedAt returns the named groups, or all, sorted by name. Each launches what it is short of.
func (c *call) groupsLookedAt(names []string) []*Group {
	var found []*Group
	for _, group := range cloud.SortedValues(c.own().groups) {
		if len(names) == 0 || slices.Contains(names, group.name) {
			if c.Form.Get("NextToken") == "" { // another page of the same look
				c.fill(group)
			}
			found = append(found, group)
		}
	}
	return found
}
