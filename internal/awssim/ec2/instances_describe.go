// SPDX-License-Identifier: MPL-2.0

package ec2

import (
	"cmp"
	"slices"

	"github.com/amishare/packer-plugin-ami-share/internal/awssim/cloud"
	"github.com/amishare/packer-plugin-ami-share/internal/awssim/network"
	"github.com/amishare/packer-plugin-ami-share/internal/awssim/resources"
	"github.com/amishare/packer-plugin-ami-share/internal/awssim/wire"
)

// reservationItem is a reservation with its instances on the wire.
type reservationItem struct {
	ID        string                        `xml:"reservationId"`
	Owner     string                        `xml:"ownerId"`
	Groups    resources.Items[groupRef]     `xml:"groupSet"`
	Instances resources.Items[instanceItem] `xml:"instancesSet"`
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
	ID             string                             `xml:"instanceId"`
	Image          string                             `xml:"imageId"`
	State          stateItem                          `xml:"instanceState"`
	PrivateDNS     string                             `xml:"privateDnsName"`
	DNS            string                             `xml:"dnsName"`
	Transition     string                             `xml:"reason"`
	KeyName        string                             `xml:"keyName,omitempty"`
	Index          int                                `xml:"amiLaunchIndex"`
	Type           string                             `xml:"instanceType"`
	Launched       string                             `xml:"launchTime"`
	Zone           string                             `xml:"placement>availabilityZone"`
	Tenancy        string                             `xml:"placement>tenancy"`
	Monitoring     string                             `xml:"monitoring>state"`
	Subnet         string                             `xml:"subnetId"`
	VPC            string                             `xml:"vpcId"`
	PrivateIP      string                             `xml:"privateIpAddress"`
	Groups         resources.Items[groupRef]          `xml:"groupSet"`
	Reason         *stateReason                       `xml:"stateReason"`
	Architecture   string                             `xml:"architecture"`
	RootDeviceType string                             `xml:"rootDeviceType"`
	RootDevice     string                             `xml:"rootDeviceName"`
	Devices        resources.Items[instanceDevice]    `xml:"blockDeviceMapping"`
	Virtualization string                             `xml:"virtualizationType"`
	Hypervisor     string                             `xml:"hypervisor"`
	ENA            bool                               `xml:"enaSupport"`
	Tags           resources.Items[resources.TagItem] `xml:"tagSet"`
}

type instanceDevice struct {
	Name     string `xml:"deviceName"`
	Volume   string `xml:"ebs>volumeId"`
	Status   string `xml:"ebs>status"`
	Attached string `xml:"ebs>attachTime"`
	Deletes  bool   `xml:"ebs>deleteOnTermination"`
}

func (c *call) describeInstance(inst *Instance) instanceItem {
	item := instanceItem{
		ID: inst.ID, Image: inst.image.id, State: state(inst.State), PrivateDNS: "ip-172-31-0-10." + c.Region + ".compute.internal",
		KeyName: inst.keyName, Index: inst.index, Type: inst.InstanceType, Launched: wire.Timestamp(inst.launched),
		Zone: c.Region + "a", Tenancy: "default", Monitoring: "disabled", Subnet: network.DefaultSubnet, VPC: network.DefaultVPC,
		PrivateIP: "172.31.0.10", Architecture: inst.image.architecture, RootDeviceType: "ebs",
		RootDevice: inst.image.rootDevice, Virtualization: inst.image.virtualization, Hypervisor: "xen",
		ENA: inst.image.enaSupport, Groups: c.groupRefs(inst.securityGroups), Tags: c.TagsOf(inst.ID),
	}
	if inst.State != instancePending {
		item.Reason = inst.Reason
		if inst.Reason != nil {
			item.Transition = inst.Reason.Message
		}
	}
	for _, device := range inst.devices {
		item.Devices.Items = append(item.Devices.Items, instanceDevice{
			Name: device.name, Volume: device.volume,
			Status: "attached", Attached: wire.Timestamp(device.attached), Deletes: device.deletes,
		})
	}
	return item
}

func (c *call) groupRefs(ids []string) resources.Items[groupRef] {
	var refs resources.Items[groupRef]
	for _, id := range ids {
		ref := groupRef{ID: id}
		if group, err := c.network.SecurityGroup(c.Account, c.Region, id); err == nil {
			ref.Name = group.Name
		}
		refs.Items = append(refs.Items, ref)
	}
	return refs
}

// reservation writes what one call of RunInstances started.
func (c *call) reservation(id string) *reservationItem {
	answer := &reservationItem{ID: id, Owner: c.Account.ID}
	for _, inst := range c.instancesByIndex() {
		if inst.reservation == id {
			answer.Instances.Items = append(answer.Instances.Items, c.describeInstance(inst))
		}
	}
	return answer
}

func (c *call) instancesByIndex() []*Instance {
	all := cloud.SortedValues(c.own().instances)
	slices.SortStableFunc(all, func(a, b *Instance) int {
		return cmp.Or(cmp.Compare(a.reservation, b.reservation), cmp.Compare(a.index, b.index))
	})
	return all
}

var instanceFilters = resources.FilterFields[instanceItem]{
	"image-id":            resources.One(func(i instanceItem) string { return i.Image }),
	"instance-id":         resources.One(func(i instanceItem) string { return i.ID }),
	"instance-state-name": resources.One(func(i instanceItem) string { return i.State.Name }),
	"instance-type":       resources.One(func(i instanceItem) string { return i.Type }),
	"key-name":            resources.One(func(i instanceItem) string { return i.KeyName }),
	"state-reason-code": resources.One(func(i instanceItem) string {
		if i.Reason == nil {
			return ""
		}
		return i.Reason.Code
	}),
}

// namedInstances returns the instances that the call names, or all.
func (c *call) namedInstances() ([]*Instance, error) {
	ids := c.Form.List("InstanceId")
	if len(ids) > 0 && c.Form.Get("MaxResults") != "" {
		return nil, wire.BadRequest("InvalidParameterCombination", "The parameter instancesSet cannot be used with the parameter maxResults")
	}
	var found []*Instance
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
	return found, nil
}

// lookAt lets each instance move on and describes those that fit the call's filters.
func (c *call) lookAt(found []*Instance) ([]instanceItem, error) {
	described := make([]instanceItem, 0, len(found))
	for _, inst := range found {
		c.Advance(inst)
		described = append(described, c.describeInstance(inst))
	}
	return resources.Filtered(c.Request, described, instanceFilters, func(i instanceItem) string { return i.ID })
}

func (c *call) describeInstances() (cloud.Effect, error) {
	found, err := c.namedInstances()
	if err != nil {
		return nil, err
	}
	return func() (any, error) {
		shown, err := c.lookAt(found)
		if err != nil {
			return nil, err
		}
		next := ""
		if len(c.Form.List("InstanceId")) == 0 {
			if shown, next, err = cloud.Page(c.Call, shown, "MaxResults", 1000); err != nil {
				return nil, err
			}
		}
		return &struct {
			Reservations resources.Items[reservationItem] `xml:"reservationSet"`
			Next         string                           `xml:"nextToken,omitempty"`
		}{c.byReservation(shown), next}, nil
	}, nil
}

// byReservation puts instances together that one call of RunInstances started.
func (c *call) byReservation(shown []instanceItem) resources.Items[reservationItem] {
	var reservations resources.Items[reservationItem]
	for _, item := range shown {
		id := c.own().instances[item.ID].reservation
		last := len(reservations.Items) - 1
		if last < 0 || reservations.Items[last].ID != id {
			reservations.Items = append(reservations.Items, reservationItem{ID: id, Owner: c.Account.ID})
			last++
		}
		reservations.Items[last].Instances.Items = append(reservations.Items[last].Instances.Items, item)
	}
	return reservations
}

type statusItem struct {
	ID       string    `xml:"instanceId"`
	Zone     string    `xml:"availabilityZone"`
	State    stateItem `xml:"instanceState"`
	System   string    `xml:"systemStatus>status"`
	Instance string    `xml:"instanceStatus>status"`
}

func (c *call) describeInstanceStatus() (cloud.Effect, error) {
	found, err := c.namedInstances()
	if err != nil {
		return nil, err
	}
	return func() (any, error) {
		described, err := c.lookAt(found)
		if err != nil {
			return nil, err
		}
		var statuses []statusItem
		for _, item := range described {
			if item.State.Name == InstanceRunning || c.Form.Flag("IncludeAllInstances") {
				statuses = append(statuses, statusItem{item.ID, item.Zone, item.State, "ok", "ok"})
			}
		}
		shown, next, err := cloud.Page(c.Call, statuses, "MaxResults", 1000)
		if err != nil {
			return nil, err
		}
		return &struct {
			Statuses resources.Items[statusItem] `xml:"instanceStatusSet"`
			Next     string                      `xml:"nextToken,omitempty"`
		}{resources.Items[statusItem]{Items: shown}, next}, nil
	}, nil
}
