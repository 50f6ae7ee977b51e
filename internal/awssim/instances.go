package awssim

import (
	"cmp"
	"encoding/base64"
	"slices"
	"time"
)

// What the machine itself is like does not matter to sharing: type, network and metadata options are accepted and have
// no effect. What is not in the list is refused.
const runParams = "ImageId InstanceType KeyName MinCount MaxCount SecurityGroupId.N SecurityGroup.N SubnetId ClientToken" +
	" UserData EbsOptimized Monitoring.Enabled InstanceInitiatedShutdownBehavior DisableApiTermination DisableApiStop" +
	" CreditSpecification.CpuCredits MetadataOptions.HttpEndpoint MetadataOptions.HttpTokens" +
	" MetadataOptions.HttpPutResponseHopLimit MetadataOptions.HttpProtocolIpv6 MetadataOptions.InstanceMetadataTags" +
	" Placement.AvailabilityZone Placement.Tenancy EnclaveOptions.Enabled MaintenanceOptions.AutoRecovery" +
	" NetworkInterface.N.AssociatePublicIpAddress NetworkInterface.N.DeleteOnTermination NetworkInterface.N.DeviceIndex" +
	" NetworkInterface.N.SubnetId NetworkInterface.N.SecurityGroupId.N" +
	" LaunchTemplate.LaunchTemplateId LaunchTemplate.LaunchTemplateName LaunchTemplate.Version DryRun"

func instanceOperations() map[string]operation {
	return map[string]operation{
		"RunInstances": {params: runParams + deviceParams + tagSpecParams, write: true, resources: onLaunch,
			handle: (*call).runInstances},
		"DescribeInstances": {params: "InstanceId.N DryRun" + filterParams + pageParams, handle: (*call).describeInstances},
		"DescribeInstanceStatus": {params: "InstanceId.N IncludeAllInstances DryRun" + filterParams + pageParams,
			handle: (*call).describeInstanceStatus},
		"StartInstances": {params: "InstanceId.N DryRun", write: true, resources: onEach("instance", "InstanceId"),
			handle: (*call).startInstances},
		"StopInstances": {params: "InstanceId.N Force Hibernate DryRun", write: true, resources: onEach("instance", "InstanceId"),
			handle: (*call).stopInstances},
		"TerminateInstances": {params: "InstanceId.N Force DryRun", write: true, resources: onEach("instance", "InstanceId"),
			handle: (*call).terminateInstances},
		"ModifyInstanceAttribute": {params: "InstanceId EnaSupport.Value SriovNetSupport.Value BlockDeviceMapping.N.DeviceName" +
			" BlockDeviceMapping.N.Ebs.DeleteOnTermination BlockDeviceMapping.N.Ebs.VolumeId DryRun", write: true,
			resources: on("instance", "InstanceId"), handle: (*call).modifyInstanceAttribute},
	}
}

// Instance states.
const (
	instancePending      = "pending"
	instanceRunning      = "running"
	instanceShuttingDown = "shutting-down"
	instanceTerminated   = "terminated"
	instanceStopping     = "stopping"
	instanceStopped      = "stopped"
)

var instanceStateCodes = map[string]int{
	instancePending: 0, instanceRunning: 16, instanceShuttingDown: 32, instanceTerminated: 48, instanceStopping: 64,
	instanceStopped: 80,
}

// instance is an EC2 instance. Its state moves on to next when somebody looks.
type instance struct {
	id             string
	account        *account
	region         string
	reservation    string
	index          int
	image          *image
	instanceType   string
	keyName        string
	securityGroups []string
	devices        []blockDevice
	state          string
	next           string
	reason         *stateReason
	launched       time.Time
	group          string // of Auto Scaling
}

// advance moves the instance on to the state it was heading for.
func (s *Server) advance(inst *instance) {
	if inst.next == "" {
		return
	}
	inst.state, inst.next = inst.next, ""
	if inst.state != instanceTerminated {
		return
	}
	r := inst.account.compute(inst.region)
	for _, device := range inst.devices {
		vol := r.volumes[device.volume]
		if vol == nil {
			continue
		}
		vol.instance, vol.device = "", ""
		if device.deletes {
			delete(r.volumes, vol.id)
		}
	}
	inst.devices = nil
}

// onLaunch names what RunInstances touches.
// https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/ExamplePolicies_EC2.html#iam-example-runinstances
func onLaunch(c *call) []string {
	imageID := c.form.get("ImageId")
	var arns []string
	if template, _ := c.templateNamed(c.form.sub("LaunchTemplate")); template != nil {
		arns = append(arns, c.ec2ARN("launch-template", template.id))
		if version, _ := template.version(c.form.get("LaunchTemplate.Version")); version != nil {
			imageID = orElse(imageID, version.image)
		}
	}
	arns = append(arns, c.imageARN(imageID), c.ec2ARN("instance", "*"), c.ec2ARN("volume", "*"),
		c.ec2ARN("network-interface", "*"), c.ec2ARN("subnet", orElse(c.form.get("SubnetId"), defaultSubnet)))
	for _, group := range c.form.list("SecurityGroupId") {
		arns = append(arns, c.ec2ARN("security-group", group))
	}
	if name := c.form.get("KeyName"); name != "" {
		arns = append(arns, c.ec2ARN("key-pair", name))
	}
	return arns
}

func (c *call) runInstances() (any, error) {
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
	if err := c.dryRunEC2(); err != nil {
		return nil, err
	}
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
	imageID := orElse(c.form.get("ImageId"), version.image)
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
	plan.instanceType = orElse(c.form.get("InstanceType"), orElse(version.instanceType, "m1.small"))
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
	if !wellFormed("i-", id) {
		return nil, badRequest("InvalidInstanceID.Malformed", "Invalid id: %q", id)
	}
	inst := c.compute().instances[id]
	if inst == nil {
		return nil, badRequest("InvalidInstanceID.NotFound", "The instance ID '%s' does not exist", id)
	}
	return inst, nil
}

// reservationItem is a reservation with its instances on the wire.
type reservationItem struct {
	ID        string              `xml:"reservationId"`
	Owner     string              `xml:"ownerId"`
	Groups    items[groupRef]     `xml:"groupSet"`
	Instances items[instanceItem] `xml:"instancesSet"`
}

type groupRef struct {
	ID   string `xml:"groupId"`
	Name string `xml:"groupName"`
}

type stateItem struct {
	Code int    `xml:"code"`
	Name string `xml:"name"`
}

func state(name string) stateItem { return stateItem{instanceStateCodes[name], name} }

type instanceItem struct {
	ID             string                `xml:"instanceId"`
	Image          string                `xml:"imageId"`
	State          stateItem             `xml:"instanceState"`
	PrivateDNS     string                `xml:"privateDnsName"`
	DNS            string                `xml:"dnsName"`
	Transition     string                `xml:"reason"`
	KeyName        string                `xml:"keyName,omitempty"`
	Index          int                   `xml:"amiLaunchIndex"`
	Type           string                `xml:"instanceType"`
	Launched       string                `xml:"launchTime"`
	Zone           string                `xml:"placement>availabilityZone"`
	Tenancy        string                `xml:"placement>tenancy"`
	Monitoring     string                `xml:"monitoring>state"`
	Subnet         string                `xml:"subnetId"`
	VPC            string                `xml:"vpcId"`
	PrivateIP      string                `xml:"privateIpAddress"`
	Groups         items[groupRef]       `xml:"groupSet"`
	Reason         *stateReason          `xml:"stateReason"`
	Architecture   string                `xml:"architecture"`
	RootDeviceType string                `xml:"rootDeviceType"`
	RootDevice     string                `xml:"rootDeviceName"`
	Devices        items[instanceDevice] `xml:"blockDeviceMapping"`
	Virtualization string                `xml:"virtualizationType"`
	Hypervisor     string                `xml:"hypervisor"`
	ENA            bool                  `xml:"enaSupport"`
	Tags           items[tagItem]        `xml:"tagSet"`
}

type instanceDevice struct {
	Name     string `xml:"deviceName"`
	Volume   string `xml:"ebs>volumeId"`
	Status   string `xml:"ebs>status"`
	Attached string `xml:"ebs>attachTime"`
	Deletes  bool   `xml:"ebs>deleteOnTermination"`
}

func (c *call) describeInstance(inst *instance) instanceItem {
	item := instanceItem{
		ID: inst.id, Image: inst.image.id, State: state(inst.state), PrivateDNS: "ip-172-31-0-10." + c.region + ".compute.internal",
		KeyName: inst.keyName, Index: inst.index, Type: inst.instanceType, Launched: timestamp(inst.launched),
		Zone: c.region + "a", Tenancy: "default", Monitoring: "disabled", Subnet: defaultSubnet, VPC: defaultVPC,
		PrivateIP: "172.31.0.10", Architecture: inst.image.architecture, RootDeviceType: "ebs",
		RootDevice: inst.image.rootDevice, Virtualization: inst.image.virtualization, Hypervisor: "xen",
		ENA: inst.image.enaSupport, Groups: c.groupRefs(inst.securityGroups), Tags: c.tagsOf(inst.id),
	}
	if inst.state != instancePending {
		item.Reason = inst.reason
		if inst.reason != nil {
			item.Transition = inst.reason.Message
		}
	}
	for _, device := range inst.devices {
		item.Devices.Items = append(item.Devices.Items, instanceDevice{Name: device.name, Volume: device.volume,
			Status: "attached", Attached: timestamp(device.attached), Deletes: device.deletes})
	}
	return item
}

func (c *call) groupRefs(ids []string) items[groupRef] {
	var refs items[groupRef]
	for _, id := range ids {
		ref := groupRef{ID: id}
		if group := c.compute().securityGroups[id]; group != nil {
			ref.Name = group.name
		}
		refs.Items = append(refs.Items, ref)
	}
	return refs
}

// reservation writes what one call of RunInstances started.
func (c *call) reservation(id string) *reservationItem {
	answer := &reservationItem{ID: id, Owner: c.account.id}
	for _, inst := range c.instancesByIndex() {
		if inst.reservation == id {
			answer.Instances.Items = append(answer.Instances.Items, c.describeInstance(inst))
		}
	}
	return answer
}

func (c *call) instancesByIndex() []*instance {
	all := sortedValues(c.compute().instances)
	slices.SortStableFunc(all, func(a, b *instance) int {
		return cmp.Or(cmp.Compare(a.reservation, b.reservation), cmp.Compare(a.index, b.index))
	})
	return all
}

var instanceFilters = filterFields[instanceItem]{
	"image-id":            one(func(i instanceItem) string { return i.Image }),
	"instance-id":         one(func(i instanceItem) string { return i.ID }),
	"instance-state-name": one(func(i instanceItem) string { return i.State.Name }),
	"instance-type":       one(func(i instanceItem) string { return i.Type }),
	"key-name":            one(func(i instanceItem) string { return i.KeyName }),
	"state-reason-code": one(func(i instanceItem) string {
		if i.Reason == nil {
			return ""
		}
		return i.Reason.Code
	}),
}

// lookAtInstances returns the instances that the call names, or all, after letting each move on.
func (c *call) lookAtInstances() ([]instanceItem, error) {
	ids := c.form.list("InstanceId")
	if len(ids) > 0 && c.form.get("MaxResults") != "" {
		return nil, badRequest("InvalidParameterCombination", "The parameter instancesSet cannot be used with the parameter maxResults")
	}
	var found []*instance
	for _, id := range ids {
		inst, err := c.instanceByID(id)
		if err != nil {
			return nil, err
		}
		found = append(found, inst)
	}
	if len(ids) == 0 {
		found = c.instancesByIndex()
	}
	if err := c.dryRunEC2(); err != nil {
		return nil, err
	}
	described := make([]instanceItem, 0, len(found))
	for _, inst := range found {
		c.server.advance(inst)
		described = append(described, c.describeInstance(inst))
	}
	return filtered(c, described, instanceFilters, func(i instanceItem) string { return i.ID })
}

func (c *call) describeInstances() (any, error) {
	described, err := c.lookAtInstances()
	if err != nil {
		return nil, err
	}
	shown, next := described, ""
	if len(c.form.list("InstanceId")) == 0 {
		if shown, next, err = page(c, described, "MaxResults", 1000); err != nil {
			return nil, err
		}
	}
	var reservations items[reservationItem]
	for _, item := range shown {
		id := c.compute().instances[item.ID].reservation
		last := len(reservations.Items) - 1
		if last < 0 || reservations.Items[last].ID != id {
			reservations.Items = append(reservations.Items, reservationItem{ID: id, Owner: c.account.id})
			last++
		}
		reservations.Items[last].Instances.Items = append(reservations.Items[last].Instances.Items, item)
	}
	return &struct {
		Reservations items[reservationItem] `xml:"reservationSet"`
		Next         string                 `xml:"nextToken,omitempty"`
	}{reservations, next}, nil
}

type statusItem struct {
	ID       string    `xml:"instanceId"`
	Zone     string    `xml:"availabilityZone"`
	State    stateItem `xml:"instanceState"`
	System   string    `xml:"systemStatus>status"`
	Instance string    `xml:"instanceStatus>status"`
}

func (c *call) describeInstanceStatus() (any, error) {
	described, err := c.lookAtInstances()
	if err != nil {
		return nil, err
	}
	var statuses []statusItem
	for _, item := range described {
		if item.State.Name == instanceRunning || c.form.flag("IncludeAllInstances") {
			statuses = append(statuses, statusItem{item.ID, item.Zone, item.State, "ok", "ok"})
		}
	}
	shown, next, err := page(c, statuses, "MaxResults", 1000)
	if err != nil {
		return nil, err
	}
	return &struct {
		Statuses items[statusItem] `xml:"instanceStatusSet"`
		Next     string            `xml:"nextToken,omitempty"`
	}{items[statusItem]{shown}, next}, nil
}

type stateChange struct {
	ID       string    `xml:"instanceId"`
	Current  stateItem `xml:"currentState"`
	Previous stateItem `xml:"previousState"`
}

func (c *call) startInstances() (any, error) {
	return c.changeState(instancePending, instanceRunning, instanceStopped, instanceRunning)
}

func (c *call) stopInstances() (any, error) {
	return c.changeState(instanceStopping, instanceStopped, instanceRunning, instanceStopped)
}

func (c *call) terminateInstances() (any, error) {
	return c.changeState(instanceShuttingDown, instanceTerminated, instancePending, instanceRunning, instanceStopping,
		instanceStopped, instanceShuttingDown, instanceTerminated)
}

// changeState sends instances by way of one state to another, from any of the states given.
func (c *call) changeState(by, to string, from ...string) (any, error) {
	ids := c.form.list("InstanceId")
	if len(ids) == 0 {
		return nil, badRequest("MissingParameter", "The request must contain the parameter InstanceId")
	}
	var found []*instance
	for _, id := range ids {
		inst, err := c.instanceByID(id)
		if err != nil {
			return nil, err
		}
		if !slices.Contains(from, inst.state) {
			return nil, badRequest("IncorrectInstanceState", "The instance '%s' is not in a state from which it can become %s.", id, to)
		}
		found = append(found, inst)
	}
	if err := c.dryRunEC2(); err != nil {
		return nil, err
	}
	var changes items[stateChange]
	for _, inst := range found {
		before := inst.state
		if before != to {
			inst.state, inst.next = by, to
		}
		changes.Items = append(changes.Items, stateChange{inst.id, state(inst.state), state(before)})
	}
	return &struct {
		Changes items[stateChange] `xml:"instancesSet"`
	}{changes}, nil
}

// modifyInstanceAttribute takes what a builder sets on a stopped instance; only DeleteOnTermination has an effect.
func (c *call) modifyInstanceAttribute() (any, error) {
	if err := c.require("InstanceId"); err != nil {
		return nil, err
	}
	inst, err := c.instanceByID(c.form.get("InstanceId"))
	if err != nil {
		return nil, err
	}
	if err := c.dryRunEC2(); err != nil {
		return nil, err
	}
	for _, mapping := range c.form.structs("BlockDeviceMapping") {
		at := slices.IndexFunc(inst.devices, func(d blockDevice) bool { return d.name == mapping.get("DeviceName") })
		if at < 0 {
			return nil, badRequest("InvalidInstanceAttributeValue", "No device is currently mapped at %s", mapping.get("DeviceName"))
		}
		inst.devices[at].deletes = mapping.flag("Ebs.DeleteOnTermination")
	}
	return done()
}
