// SPDX-License-Identifier: MPL-2.0

package ec2

import (
	"slices"
	"time"

	"github.com/amishare/packer-plugin-ami-share/internal/awssim/cloud"
	"github.com/amishare/packer-plugin-ami-share/internal/awssim/resources"
	"github.com/amishare/packer-plugin-ami-share/internal/awssim/wire"
)

// Instance states.
const (
	instancePending      = "pending"
	InstanceRunning      = "running"
	instanceShuttingDown = "shutting-down"
	instanceTerminated   = "terminated"
	instanceStopping     = "stopping"
	instanceStopped      = "stopped"
)

var instanceStateCodes = map[string]int{
	instancePending: 0, InstanceRunning: 16, instanceShuttingDown: 32, instanceTerminated: 48, instanceStopping: 64,
	instanceStopped: 80,
}

// Instance is an EC2 instance. Its state moves on to next when somebody looks.
type Instance struct {
	ID             string
	account        *cloud.Account
	region         string
	reservation    string
	index          int
	image          *Image
	InstanceType   string
	keyName        string
	securityGroups []string
	devices        []BlockDevice
	State          string
	next           string
	Reason         *stateReason
	launched       time.Time
	group          string // of Auto Scaling
}

// Ended tells whether somebody terminated the instance.
func (inst *Instance) Ended() bool {
	return inst.State == instanceTerminated || inst.State == instanceShuttingDown
}

// Terminate sends the instance to its end, which it reaches with the next look at it.
func (inst *Instance) Terminate() { inst.State, inst.next = instanceShuttingDown, instanceTerminated }

// Advance moves the instance on to the state it was heading for.
func (s *Service) Advance(inst *Instance) {
	if inst.next == "" {
		return
	}
	inst.State, inst.next = inst.next, ""
	if inst.State != instanceTerminated {
		return
	}
	r := s.regions.Of(inst.account, inst.region)
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

type stateChange struct {
	ID       string    `xml:"instanceId"`
	Current  stateItem `xml:"currentState"`
	Previous stateItem `xml:"previousState"`
}

func (c *call) startInstances() (cloud.Effect, error) {
	return c.changeState(instancePending, InstanceRunning, instanceStopped, InstanceRunning)
}

func (c *call) stopInstances() (cloud.Effect, error) {
	return c.changeState(instanceStopping, instanceStopped, InstanceRunning, instanceStopped)
}

func (c *call) terminateInstances() (cloud.Effect, error) {
	return c.changeState(instanceShuttingDown, instanceTerminated, instancePending, InstanceRunning, instanceStopping,
		instanceStopped, instanceShuttingDown, instanceTerminated)
}

// changeState sends instances by way of one state to another, from any of the states given.
func (c *call) changeState(by, to string, from ...string) (cloud.Effect, error) {
	ids := c.Form.List("InstanceId")
	if len(ids) == 0 {
		return nil, wire.BadRequest("MissingParameter", "The request must contain the parameter InstanceId")
	}
	var found []*Instance
	for _, id := range ids {
		inst, err := c.instanceByID(id)
		if err != nil {
			return nil, err
		}
		if !slices.Contains(from, inst.State) {
			return nil, wire.BadRequest("IncorrectInstanceState", "The instance '%s' is not in a state from which it can become %s.", id, to)
		}
		found = append(found, inst)
	}
	return func() (any, error) {
		var changes resources.Items[stateChange]
		for _, inst := range found {
			before := inst.State
			if before != to {
				inst.State, inst.next = by, to
			}
			changes.Items = append(changes.Items, stateChange{inst.ID, state(inst.State), state(before)})
		}
		return &struct {
			Changes resources.Items[stateChange] `xml:"instancesSet"`
		}{changes}, nil
	}, nil
}

// modifyInstanceAttribute takes what a builder sets on a stopped instance; only DeleteOnTermination has an effect.
func (c *call) modifyInstanceAttribute() (cloud.Effect, error) {
	if err := c.Require("InstanceId"); err != nil {
		return nil, err
	}
	inst, err := c.instanceByID(c.Form.Get("InstanceId"))
	if err != nil {
		return nil, err
	}
	return func() (any, error) {
		for _, mapping := range c.Form.Structs("BlockDeviceMapping") {
			at := slices.IndexFunc(inst.devices, func(d BlockDevice) bool { return d.name == mapping.Get("DeviceName") })
			if at < 0 {
				return nil, wire.BadRequest("InvalidInstanceAttributeValue", "No device is currently mapped at %s", mapping.Get("DeviceName"))
			}
			inst.devices[at].deletes = mapping.Flag("Ebs.DeleteOnTermination")
		}
		return resources.Done()
	}, nil
}
