package awssim

import (
	"slices"
	"time"
)

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

type stateChange struct {
	ID       string    `xml:"instanceId"`
	Current  stateItem `xml:"currentState"`
	Previous stateItem `xml:"previousState"`
}

func (c *call) startInstances() (effect, error) {
	return c.changeState(instancePending, instanceRunning, instanceStopped, instanceRunning)
}

func (c *call) stopInstances() (effect, error) {
	return c.changeState(instanceStopping, instanceStopped, instanceRunning, instanceStopped)
}

func (c *call) terminateInstances() (effect, error) {
	return c.changeState(instanceShuttingDown, instanceTerminated, instancePending, instanceRunning, instanceStopping,
		instanceStopped, instanceShuttingDown, instanceTerminated)
}

// changeState sends instances by way of one state to another, from any of the states given.
func (c *call) changeState(by, to string, from ...string) (effect, error) {
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
	return func() (any, error) {
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
	}, nil
}

// modifyInstanceAttribute takes what a builder sets on a stopped instance; only DeleteOnTermination has an effect.
func (c *call) modifyInstanceAttribute() (effect, error) {
	if err := c.require("InstanceId"); err != nil {
		return nil, err
	}
	inst, err := c.instanceByID(c.form.get("InstanceId"))
	if err != nil {
		return nil, err
	}
	return func() (any, error) {
		for _, mapping := range c.form.structs("BlockDeviceMapping") {
			at := slices.IndexFunc(inst.devices, func(d blockDevice) bool { return d.name == mapping.get("DeviceName") })
			if at < 0 {
				return nil, badRequest("InvalidInstanceAttributeValue", "No device is currently mapped at %s", mapping.get("DeviceName"))
			}
			inst.devices[at].deletes = mapping.flag("Ebs.DeleteOnTermination")
		}
		return done()
	}, nil
}
