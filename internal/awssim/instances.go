package awssim

import (
	"cmp"
	"encoding/base64"
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

func instanceOperations() map[string]operation {
	return map[string]operation{
		"RunInstances": {
			params: runParams + deviceParams + tagSpecParams, write: true, resources: onLaunch,
			handle: (*call).runInstances,
		},
		"DescribeInstances": {params: "InstanceId.N DryRun" + filterParams + pageParams, handle: (*call).describeInstances},
		"DescribeInstanceStatus": {
			params: "InstanceId.N IncludeAllInstances DryRun" + filterParams + pageParams,
			handle: (*call).describeInstanceStatus,
		},
		"StartInstances": {
			params: "InstanceId.N DryRun", write: true, resources: onEach("instance", "InstanceId"),
			handle: (*call).startInstances,
		},
		"StopInstances": {
			params: "InstanceId.N Force Hibernate DryRun", write: true, resources: onEach("instance", "InstanceId"),
			handle: (*call).stopInstances,
		},
		"TerminateInstances": {
			params: "InstanceId.N Force DryRun", write: true, resources: onEach("instance", "InstanceId"),
			handle: (*call).terminateInstances,
		},
		"ModifyInstanceAttribute": {
			params: "InstanceId EnaSupport.Value SriovNetSupport.Value BlockDeviceMapping.N.DeviceName" +
				" BlockDeviceMapping.N.Ebs.DeleteOnTermination BlockDeviceMapping.N.Ebs.VolumeId DryRun", write: true,
			resources: on("instance", "InstanceId"), handle: (*call).modifyInstanceAttribute,
		},
	}
}

// onLaunch names what RunInstances touches.
// https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/ExamplePolicies_EC2.html#iam-example-runinstances
func onLaunch(c *call) []string {
	imageID := c.form.get("ImageId")
	var arns []string
	if template, _ := c.templateNamed(c.form.sub("LaunchTemplate")); template != nil {
		arns = append(arns, c.ec2ARN("launch-template", template.id))
		if version, _ := template.version(c.form.get("LaunchTemplate.Version")); version != nil {
			imageID = cmp.Or(imageID, version.image)
		}
	}
	arns = append(arns, c.imageARN(imageID), c.ec2ARN("instance", "*"), c.ec2ARN("volume", "*"),
		c.ec2ARN("network-interface", "*"), c.ec2ARN("subnet", cmp.Or(c.form.get("SubnetId"), defaultSubnet)))
	for _, group := range c.form.list("SecurityGroupId") {
		arns = append(arns, c.ec2ARN("security-group", group))
	}
	if name := c.form.get("KeyName"); name != "" {
		arns = append(arns, c.ec2ARN("key-pair", name))
	}
	return arns
}

func (c *call) runInstances() (effect, error) {
	specs, err := c.tagSpecs("instance", "volume", "network-interface", "spot-instances-request")
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
		if token := c.form.get("ClientToken"); token != "" && c.compute().made[token] != "" {
			return c.reservation(c.compute().made[token]), nil
		}
		plan.reservation = c.server.newID("r-")
		for plan.index = range max(least, most) {
			inst := c.server.launch(plan)
			c.compute().setTags(inst.id, specs["instance"])
			for _, device := range inst.devices {
				c.compute().setTags(device.volume, specs["volume"])
			}
		}
		if token := c.form.get("ClientToken"); token != "" {
			c.compute().made[token] = plan.reservation
		}
		return c.reservation(plan.reservation), nil
	}, nil
}

// runPlan reads the launch from the call and the launch template it names.
func (c *call) runPlan() (launchPlan, error) {
	plan := launchPlan{account: c.account, region: c.region, principal: c.caller}
	devices, err := readDevices(c.form)
	if err != nil {
		return plan, err
	}
	version := &templateVersion{}
	if named := c.form.sub("LaunchTemplate"); len(named) > 0 {
		if version, err = c.templateVersionNamed(named); err != nil {
			return plan, err
		}
	}
	imageID := cmp.Or(c.form.get("ImageId"), version.image)
	if imageID == "" {
		return plan, badRequest("MissingParameter", "The request must contain the parameter ImageId")
	}
	if text := c.form.get("UserData"); text != "" {
		if _, err := base64.StdEncoding.DecodeString(text); err != nil {
			return plan, badRequest("InvalidParameterValue", "Invalid BASE64 encoding of user data.")
		}
	}
	img, problem := c.server.launchableImage(c.account, c.region, imageID)
	if problem != nil {
		return plan, problem
	}
	plan.image = img
	plan.devices = mergeDevices(mergeDevices(img.devices, version.devices), devices)
	plan.instanceType = cmp.Or(c.form.get("InstanceType"), cmp.Or(version.instanceType, "m1.small"))
	plan.keyName = c.form.get("KeyName")
	if plan.keyName != "" && c.compute().keyPairs[plan.keyName] == nil {
		return plan, badRequest("InvalidKeyPair.NotFound", "The key pair '%s' does not exist", plan.keyName)
	}
	plan.groups, err = c.launchGroups()
	return plan, err
}

func (c *call) launchGroups() ([]string, error) {
	ids := c.form.list("SecurityGroupId")
	for _, face := range c.form.structs("NetworkInterface") {
		ids = append(ids, face.list("SecurityGroupId")...)
	}
	for _, id := range ids {
		if c.compute().securityGroups[id] == nil {
			return nil, badRequest("InvalidGroup.NotFound", "The security group '%s' does not exist", id)
		}
	}
	return ids, nil
}

func (c *call) counts() (least, most int, err error) {
	if err := c.require("MinCount", "MaxCount"); err != nil {
		return 0, 0, err
	}
	if least, err = c.number("MinCount", 1); err != nil {
		return 0, 0, err
	}
	if most, err = c.number("MaxCount", 1); err != nil {
		return 0, 0, err
	}
	if least < 1 || most < least || most > 100 {
		return 0, 0, invalidValue("maxCount", c.form.get("MaxCount"))
	}
	return least, most, nil
}

func (c *call) instanceByID(id string) (*instance, error) {
	inst := c.compute().instances[id]
	if malformed("i-", id, inst != nil) {
		return nil, badRequest("InvalidInstanceID.Malformed", "Invalid id: %q", id)
	}
	if inst == nil {
		return nil, badRequest("InvalidInstanceID.NotFound", "The instance ID '%s' does not exist", id)
	}
	return inst, nil
}
