package awssim

import (
	"cmp"
	"fmt"
	"slices"
)

// Statuses of a scaling activity.
const (
	activitySuccessful = "Successful"
	activityFailed     = "Failed"
)

// fill launches what a group is short of, and tries again at every look after a failure, so that a group recovers when
// its permissions are mended. https://docs.aws.amazon.com/autoscaling/ec2/userguide/ts-as-instancelaunchfailure.html
func (s *Server) fill(group *scalingGroup) {
	s.forgetEnded(group)
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
func (s *Server) forgetEnded(group *scalingGroup) {
	group.instances = slices.DeleteFunc(group.instances, func(inst *instance) bool {
		return inst.state == instanceTerminated || inst.state == instanceShuttingDown
	})
}

func (s *Server) shrink(group *scalingGroup) {
	last := len(group.instances) - 1
	inst := group.instances[last]
	group.instances = group.instances[:last]
	inst.state, inst.next = instanceShuttingDown, instanceTerminated
	s.record(group, "Terminating EC2 instance: "+inst.id, activitySuccessful, "")
}

// grow makes one attempt to launch and tells whether the instance came into service.
func (s *Server) grow(group *scalingGroup) bool {
	plan, problem := s.groupPlan(group)
	if problem != nil {
		s.record(group, "Launching a new EC2 instance.  Status Reason: "+problem.message+". Launching EC2 instance failed.",
			activityFailed, problem.message+". Launching EC2 instance failed.")
		return false
	}
	inst := s.launch(plan)
	s.advance(inst)
	description := "Launching a new EC2 instance: " + inst.id
	if inst.state != instanceRunning {
		message := "Instance became unhealthy while waiting for instance to be in InService state. Termination Reason: " + inst.reason.Message
		s.record(group, description+".  Status Reason: "+message, activityFailed, message)
		return false
	}
	group.instances = append(group.instances, inst)
	s.record(group, description, activitySuccessful, "")
	return true
}

// groupPlan is the launch of one instance of the group, in the name of the group's service-linked role.
func (s *Server) groupPlan(group *scalingGroup) (launchPlan, *apiError) {
	plan := launchPlan{account: group.account, region: group.region, group: group.name, reservation: s.newID("r-")}
	who, problem := s.servicePrincipalOf(group.role)
	if problem != nil {
		return plan, errorf(problem.status, problem.code, "Access denied when attempting to assume role %s", group.role)
	}
	plan.principal = who
	source, problem := group.source()
	if problem != nil {
		return plan, problem
	}
	plan.image, problem = s.launchableImage(group.account, group.region, source.image)
	if problem != nil {
		return plan, problem
	}
	plan.devices = mergeDevices(plan.image.devices, source.devices)
	plan.instanceType = cmp.Or(source.instanceType, "t3.micro")
	return plan, nil
}

// source is what the group launches, from its template or its configuration.
func (group *scalingGroup) source() (*templateVersion, *apiError) {
	if group.configuration != nil {
		return &templateVersion{
			image: group.configuration.image, instanceType: group.configuration.instanceType,
			devices: group.configuration.devices,
		}, nil
	}
	version, err := group.template.version(group.version)
	if err != nil {
		return nil, errorf(400, "ValidationError", "%s", err.Error())
	}
	if version.image == "" {
		return nil, errorf(400, "ValidationError", "You must use a valid fully-formed launch template. The request must contain the parameter ImageId")
	}
	return version, nil
}

func (s *Server) record(group *scalingGroup, description, status, message string) {
	now := s.now()
	cause := fmt.Sprintf("At %s an instance was started in response to a difference between desired and actual capacity, "+
		"the desired capacity being %d.", timestamp(now), group.desired)
	group.activities = slices.Insert(group.activities, 0, scalingActivity{
		id: s.newID(""), group: group.name, description: description, cause: cause, status: status, message: message, started: now,
	})
}
