// SPDX-License-Identifier: MPL-2.0

package ec2

import (
	"cmp"
	"encoding/base64"

	"github.com/amishare/packer-plugin-ami-share/internal/awssim/cloud"
	"github.com/amishare/packer-plugin-ami-share/internal/awssim/network"
	"github.com/amishare/packer-plugin-ami-share/internal/awssim/resources"
	"github.com/amishare/packer-plugin-ami-share/internal/awssim/wire"
)

// What the machine itself is like does not matter to sharing: type, network and metadata options are accepted and have
// no effect. What is not in the list is refused.
const runParams = "ImageId InstanceType KeyName MinCount MaxCount SecurityGroupId.N SecurityGroup.N SubnetId ClientToken" +
	" UserData EbsOptimized Monitoring.Enabled InstanceInitiatedShutdownBehavior DisableApiTermination DisableApiStop" +
	" CreditSpecification.CpuCredits MetadataOptions.HttpEndpoint MetadataOptions.HttpTokens" +
	" MetadataOptions.HttpPutResponseHopLimit MetadataOptions.HttpProtocolIpv6 MetadataOptions.InstanceMetadataTags" +
	" Placement.AvailabilityZone Placement.Tenancy EnclaveOptions.Enabled" +
	" CapacityReservationSpecification.CapacityReservationPreference MaintenanceOptions.AutoRecovery" +
	" NetworkInterface.N.AssociatePublicIpAddress NetworkInterface.N.DeleteOnTermination NetworkInterface.N.DeviceIndex" +
	" NetworkInterface.N.SubnetId NetworkInterface.N.SecurityGroupId.N" +
	" LaunchTemplate.LaunchTemplateId LaunchTemplate.LaunchTemplateName LaunchTemplate.Version DryRun"

func instanceActions() map[string]action {
	return map[string]action{
		"RunInstances": {
			Params: runParams + deviceParams + resources.TagSpecParams, Write: true, Resources: onLaunch,
			Conditions: launchConditions, Handle: (*call).runInstances,
		},
		"DescribeInstances": {Params: "InstanceId.N DryRun" + resources.FilterParams + resources.PageParams, Handle: (*call).describeInstances},
		"DescribeInstanceStatus": {
			Params: "InstanceId.N IncludeAllInstances DryRun" + resources.FilterParams + resources.PageParams,
			Handle: (*call).describeInstanceStatus,
		},
		"StartInstances": {
			Params: "InstanceId.N DryRun", Write: true, Resources: onEach("instance", "InstanceId"),
			Handle: (*call).startInstances,
		},
		"StopInstances": {
			Params: "InstanceId.N Force Hibernate DryRun", Write: true, Resources: onEach("instance", "InstanceId"),
			Handle: (*call).stopInstances,
		},
		"TerminateInstances": {
			Params: "InstanceId.N Force DryRun", Write: true, Resources: onEach("instance", "InstanceId"),
			Handle: (*call).terminateInstances,
		},
		"ModifyInstanceAttribute": {
			Params: "InstanceId EnaSupport.Value SriovNetSupport.Value BlockDeviceMapping.N.DeviceName" +
				" BlockDeviceMapping.N.Ebs.DeleteOnTermination BlockDeviceMapping.N.Ebs.VolumeId DryRun", Write: true,
			Resources: on("instance", "InstanceId"), Handle: (*call).modifyInstanceAttribute,
		},
	}
}

// onLaunch names what RunInstances touches.
// https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/ExamplePolicies_EC2.html#iam-example-runinstances
func onLaunch(c *call) []string {
	template, _ := c.namedTemplate(c.Form.Sub("LaunchTemplate"))
	arns := c.LaunchARNs(c.Account, c.Region, Launch{c.Form.Get("ImageId"), template, c.Form.Get("LaunchTemplate.Version"), []string{c.launchSubnet()}, c.launchGroupIDs()})
	if name := c.Form.Get("KeyName"); name != "" {
		arns = append(arns, c.ARN("key-pair", name))
	}
	return arns
}

// launchConditions say by which template a launch is.
// https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonec2.html
func launchConditions(c *call) map[string][]string {
	template, _ := c.namedTemplate(c.Form.Sub("LaunchTemplate"))
	if template == nil {
		return nil
	}
	return map[string][]string{"ec2:LaunchTemplate": {c.ARN("launch-template", template.ID)}}
}

// Launch is what a launch names.
type Launch struct {
	Image    string          // "" for the template's
	Template *LaunchTemplate // nil for none
	Version  string          // of the template
	Subnets  []string        // "" for the default one
	Groups   []string        // security groups; none for the default one of the VPC
}

// LaunchARNs are the resources on which a launch takes ec2:RunInstances: what it names, and what it makes.
func (s *Service) LaunchARNs(a *cloud.Account, region string, l Launch) []string {
	c := s.at(a, region)
	var arns []string
	image := l.Image
	if l.Template != nil {
		arns = append(arns, c.ARN("launch-template", l.Template.ID))
		if found, _ := l.Template.Version(l.Version); found != nil {
			image = cmp.Or(image, found.Image)
		}
	}
	arns = append(arns, c.ImageARN(s.parameters.Value(a, region, image)), c.ARN("instance", "*"), c.ARN("volume", "*"), c.ARN("network-interface", "*"))
	for _, subnet := range l.Subnets {
		arns = append(arns, c.ARN("subnet", cmp.Or(subnet, network.DefaultSubnet)))
	}
	if len(l.Groups) == 0 {
		return append(arns, c.ARN("security-group", "*"))
	}
	for _, group := range l.Groups {
		arns = append(arns, c.ARN("security-group", group))
	}
	return arns
}

func (c *call) runInstances() (cloud.Effect, error) {
	specs, err := c.TagSpecs("instance", "volume", "network-interface", "spot-instances-request")
	if err != nil {
		return nil, err
	}
	plan, err := c.runPlan()
	if err != nil {
		return nil, err
	}
	least, most, err := c.counts()
	if err != nil {
		return nil, err
	}
	return func() (any, error) {
		if token := c.Form.Get("ClientToken"); token != "" && c.own().made[token] != "" {
			return c.reservation(c.own().made[token]), nil
		}
		plan.Reservation = c.NewID("r-")
		for plan.index = range max(least, most) {
			inst := c.Launch(plan)
			c.SetTags(inst.ID, specs["instance"])
			for _, device := range inst.devices {
				c.SetTags(device.volume, specs["volume"])
			}
		}
		if token := c.Form.Get("ClientToken"); token != "" {
			c.own().made[token] = plan.Reservation
		}
		return c.reservation(plan.Reservation), nil
	}, nil
}

// runPlan reads the launch from the call and the launch template it names.
func (c *call) runPlan() (LaunchPlan, error) {
	plan := LaunchPlan{Account: c.Account, Region: c.Region, Principal: c.Caller}
	devices, err := readDevices(c.Form)
	if err != nil {
		return plan, err
	}
	version := &TemplateVersion{}
	if named := c.Form.Sub("LaunchTemplate"); len(named) > 0 {
		if version, err = c.namedVersion(named); err != nil {
			return plan, err
		}
	}
	imageID := cmp.Or(c.Form.Get("ImageId"), version.Image)
	if imageID == "" {
		return plan, wire.BadRequest("MissingParameter", "The request must contain the parameter ImageId")
	}
	if text := c.Form.Get("UserData"); text != "" {
		if _, err := base64.StdEncoding.DecodeString(text); err != nil {
			return plan, wire.BadRequest("InvalidParameterValue", "Invalid BASE64 encoding of user data.")
		}
	}
	img, err := c.ImageToLaunch(c.Caller, c.Region, imageID)
	if err != nil {
		return plan, err
	}
	plan.Image = img
	if err := checkDevices(version.Devices); err != nil {
		return plan, err
	}
	plan.Devices = MergeDevices(MergeDevices(img.Devices, version.Devices), devices)
	plan.InstanceType = cmp.Or(c.Form.Get("InstanceType"), cmp.Or(version.InstanceType, "m1.small"))
	if err := cmp.Or(img.RunsOn(plan.InstanceType), c.Room(c.Region, plan.InstanceType)); err != nil {
		return plan, err
	}
	plan.keyName = c.Form.Get("KeyName")
	if plan.keyName != "" && !c.network.HasKeyPair(c.Account, c.Region, plan.keyName) {
		return plan, wire.BadRequest("InvalidKeyPair.NotFound", "The key pair '%s' does not exist", plan.keyName)
	}
	if subnet := c.launchSubnet(); subnet != "" && subnet != network.DefaultSubnet {
		return plan, wire.BadRequest("InvalidSubnetID.NotFound", "The subnet ID '%s' does not exist", subnet)
	}
	plan.groups, err = c.launchGroups()
	return plan, err
}

// launchSubnet is the subnet that a launch names, "" for the default one.
func (c *call) launchSubnet() string {
	subnet := c.Form.Get("SubnetId")
	for _, face := range c.Form.Structs("NetworkInterface") {
		subnet = cmp.Or(subnet, face.Get("SubnetId"))
	}
	return subnet
}

// launchGroupIDs are the security groups that a launch names.
func (c *call) launchGroupIDs() []string {
	ids := c.Form.List("SecurityGroupId")
	for _, face := range c.Form.Structs("NetworkInterface") {
		ids = append(ids, face.List("SecurityGroupId")...)
	}
	return ids
}

func (c *call) launchGroups() ([]string, error) {
	ids := c.launchGroupIDs()
	for _, id := range ids {
		if _, err := c.network.SecurityGroup(c.Account, c.Region, id); err != nil {
			return nil, err
		}
	}
	return ids, nil
}

func (c *call) counts() (least, most int, err error) {
	if err := c.Require("MinCount", "MaxCount"); err != nil {
		return 0, 0, err
	}
	if least, err = c.Number("MinCount", 1); err != nil {
		return 0, 0, err
	}
	if most, err = c.Number("MaxCount", 1); err != nil {
		return 0, 0, err
	}
	if least < 1 || most < least || most > 100 {
		return 0, 0, wire.InvalidValue("maxCount", c.Form.Get("MaxCount"))
	}
	return least, most, nil
}

func (c *call) instanceByID(id string) (*Instance, error) {
	inst := c.own().instances[id]
	if malformed("i-", id, inst != nil) {
		return nil, wire.BadRequest("InvalidInstanceID.Malformed", "Invalid id: %q", id)
	}
	if inst == nil {
		return nil, wire.BadRequest("InvalidInstanceID.NotFound", "The instance ID '%s' does not exist", id)
	}
	return inst, nil
}
