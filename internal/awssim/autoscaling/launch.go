// SPDX-License-Identifier: MPL-2.0

package autoscaling

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/amishare/packer-plugin-ami-share/internal/awssim/ec2"
	"github.com/amishare/packer-plugin-ami-share/internal/awssim/wire"
)

// Statuses of a scaling activity.
const (
	activitySuccessful = "Successful"
	activityFailed     = "Failed"
)

// fill launches what a group is short of, and tries again at every look after a failure, so that a group recovers when
// its permissions are mended. https://docs.aws.amazon.com/autoscaling/ec2/userguide/ts-as-instancelaunchfailure.html
func (s *Service) fill(group *Group) {
	group.forgetEnded()
	for len(group.instances) > group.desired {
		s.shrink(group)
	}
	for len(group.instances) < group.desired {
		if !s.grow(group) {
			return
		}
	}
}

// forgetEnded takes instances out of the group that somebody has terminated.
func (group *Group) forgetEnded() {
	group.instances = slices.DeleteFunc(group.instances, (*ec2.Instance).Ended)
}

func (s *Service) shrink(group *Group) {
	last := len(group.instances) - 1
	inst := group.instances[last]
	group.instances = group.instances[:last]
	inst.Terminate()
	s.record(group, "Terminating EC2 instance: "+inst.ID, activitySuccessful, "")
}

// grow makes one attempt to launch and tells whether the instance came into service.
func (s *Service) grow(group *Group) bool {
	plan, problem := s.groupPlan(group)
	if problem != nil {
		s.record(group, "Launching a new EC2 instance.  Status Reason: "+problem.Message+". Launching EC2 instance failed.",
			activityFailed, problem.Message+". Launching EC2 instance failed.")
		return false
	}
	inst := s.ec2.Launch(plan)
	s.ec2.Advance(inst)
	description := "Launching a new EC2 instance: " + inst.ID
	if inst.State != ec2.InstanceRunning {
		message := "Instance became unhealthy while waiting for instance to be in InService state. Termination Reason: " + inst.Reason.Message
		s.record(group, description+".  Status Reason: "+message, activityFailed, message)
		return false
	}
	group.instances = append(group.instances, inst)
	s.record(group, description, activitySuccessful, "")
	return true
}

// groupPlan is the launch of one instance of the group, in the name of the group's service-linked role.
func (s *Service) groupPlan(group *Group) (ec2.LaunchPlan, *wire.Error) {
	plan := ec2.LaunchPlan{Account: group.account, Region: group.region, Group: group.name, Reservation: s.NewID("r-")}
	who, problem := s.ServicePrincipal(group.role)
	if problem != nil {
		return plan, wire.Errorf(problem.Status, problem.Code, "Access denied when attempting to assume role %s", group.role)
	}
	plan.Principal = who
	from, problem := group.source()
	if problem != nil {
		return plan, problem
	}
	var err error
	if plan.Image, err = s.ec2.ImageToLaunch(who, group.region, from.Image); err != nil {
		return plan, wire.AsError(err)
	}
	plan.Devices = ec2.MergeDevices(plan.Image.Devices, from.Devices)
	plan.InstanceType = cmp.Or(from.InstanceType, "t3.micro")
	if err := cmp.Or(plan.Image.RunsOn(plan.InstanceType), s.ec2.Room(group.region, plan.InstanceType)); err != nil {
		return plan, wire.AsError(err)
	}
	return plan, nil
}

// source is what the group launches: from its configuration, or from the first of its sources.
func (group *Group) source() (*ec2.TemplateVersion, *wire.Error) {
	if group.configuration != nil {
		return &ec2.TemplateVersion{
			Image: group.configuration.image, InstanceType: group.configuration.instanceType,
			Devices: group.configuration.devices,
		}, nil
	}
	version, err := group.sources()[0].resolved()
	if err != nil {
		return nil, wire.Errorf(400, "ValidationError", "%s", err.Error())
	}
	if version.Image == "" {
		return nil, wire.Errorf(400, "ValidationError", "You must use a valid fully-formed launch template. The request must contain the parameter ImageId")
	}
	return version, nil
}

func (s *Service) record(group *Group, description, status, message string) {
	now := s.Now()
	cause := fmt.Sprintf("At %s an instance was started in response to a difference between desired and actual capacity, "+
		"the desired capacity being %d.", wire.Timestamp(now), group.desired)
	group.activities = slices.Insert(group.activities, 0, Activity{
		id: s.NewID(""), group: group.name, description: description, cause: cause, status: status, message: message, started: now,
	})
}
