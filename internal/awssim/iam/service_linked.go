// SPDX-License-Identifier: MPL-2.0

package iam

import (
	"net/http"
	"regexp"
	"strings"

	"github.com/amishare/packer-plugin-ami-share/internal/awssim/cloud"
	"github.com/amishare/packer-plugin-ami-share/internal/awssim/iampolicy"
	"github.com/amishare/packer-plugin-ami-share/internal/awssim/wire"
)

// serviceRole is what is known of a service's role.
type serviceRole struct {
	name     string
	suffixed bool // whether the service takes a custom suffix
	managed  managedPolicy
}

// managedPolicy is a policy of AWS that is attached to the role, as far as it matters here.
type managedPolicy struct{ name, document string }

// launching lets Auto Scaling launch. It has nothing about keys.
// https://docs.aws.amazon.com/aws-managed-policy/latest/reference/AutoScalingServiceRolePolicy.html
var launching = managedPolicy{"AutoScalingServiceRolePolicy", `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Resource":"*","Action":[
	"ec2:CreateFleet","ec2:CreateTags","ec2:Describe*","ec2:RunInstances","ec2:StartInstances","ec2:StopInstances","ec2:TerminateInstances",
	"ssm:GetParameters"]}]}`}

// serviceRoles by service principal.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_aws-services-that-work-with-iam.html
var serviceRoles = map[string]serviceRole{
	"autoscaling.amazonaws.com":      {"AWSServiceRoleForAutoScaling", true, launching},
	"spot.amazonaws.com":             {"AWSServiceRoleForEC2Spot", false, managedPolicy{}},
	"spotfleet.amazonaws.com":        {"AWSServiceRoleForEC2SpotFleet", false, managedPolicy{}},
	"ec2fleet.amazonaws.com":         {"AWSServiceRoleForEC2Fleet", false, managedPolicy{}},
	"eks.amazonaws.com":              {"AWSServiceRoleForAmazonEKS", false, managedPolicy{}},
	"eks-nodegroup.amazonaws.com":    {"AWSServiceRoleForAmazonEKSNodegroup", false, managedPolicy{}},
	"batch.amazonaws.com":            {"AWSServiceRoleForBatch", false, managedPolicy{}},
	"imagebuilder.amazonaws.com":     {"AWSServiceRoleForImageBuilder", false, managedPolicy{}},
	"elasticbeanstalk.amazonaws.com": {"AWSServiceRoleForElasticBeanstalk", false, managedPolicy{}},
	"ecs.amazonaws.com":              {"AWSServiceRoleForECS", false, managedPolicy{}},
	"emr-containers.amazonaws.com":   {"AWSServiceRoleForAmazonEMRContainers", false, managedPolicy{}},
	"elasticmapreduce.amazonaws.com": {"AWSServiceRoleForEMRCleanup", false, managedPolicy{}},
	"pcs.amazonaws.com":              {"AWSServiceRoleForPCS", false, managedPolicy{}},
}

func (r serviceRole) roleName(suffix string) string {
	if suffix == "" {
		return r.name
	}
	return r.name + "_" + suffix
}

var roleSuffix = regexp.MustCompile(`^[\w+=,.@-]{1,64}$`)

// createServiceLinkedRole makes a role that only its service can assume.
// https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateServiceLinkedRole.html
func (c *call) createServiceLinkedRole() (cloud.Effect, error) {
	service, suffix := c.Form.Get("AWSServiceName"), c.Form.Get("CustomSuffix")
	known, ok := serviceRoles[service]
	name := known.roleName(suffix)
	switch {
	case !ok:
		return nil, invalidInput("Service %s does not support service-linked roles", service)
	case suffix != "" && !known.suffixed:
		return nil, invalidInput("Custom suffix is not allowed for %s", service)
	case suffix != "" && (!roleSuffix.MatchString(suffix) || len(name) > 64):
		return nil, invalidInput("The suffix %s is not valid", suffix)
	case c.Account.Role(name) != nil:
		return nil, invalidInput("Service role name %s has been taken in this account, please try a different suffix.", name)
	}
	return func() (any, error) {
		arn, _ := c.ServiceLinkedRole(c.Account, service, suffix, true)
		r := c.RoleByARN(arn)
		c.makeNew(r)
		return &roleAnswer{item(r)}, nil
	}, nil
}

func invalidInput(format string, args ...any) error {
	return wire.Errorf(http.StatusBadRequest, "InvalidInput", format, args...)
}

// ServiceLinkedRole finds a service's role in an account, or makes it. It returns the ARN that the role has or would
// have, and whether it exists.
func (s *Service) ServiceLinkedRole(a *cloud.Account, service, suffix string, create bool) (string, bool) {
	path, name := "/aws-service-role/"+service+"/", serviceRoles[service].roleName(suffix)
	if r := a.Role(name); r != nil {
		return r.ARN, r.Path == path
	}
	if !create {
		return s.roleARN(a, path, name), false
	}
	trust := `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"` + service + `"},"Action":"sts:AssumeRole"}]}`
	r, err := s.newRole(a, path, name, []byte(trust))
	if err != nil {
		return s.roleARN(a, path, name), false
	}
	r.Service = service
	if err := s.attachManaged(r, serviceRoles[service].managed); err != nil {
		return r.ARN, false
	}
	a.Roles[name] = r
	return r.ARN, true
}

// attachManaged attaches a policy of AWS to a service's role.
func (s *Service) attachManaged(r *cloud.Role, policy managedPolicy) error {
	if policy.name == "" {
		return nil
	}
	document, err := s.ParsePolicy(iampolicy.Identity, []byte(policy.document))
	if err != nil {
		return err
	}
	arn := "arn:" + s.Partition + ":iam::aws:policy/aws-service-role/" + policy.name
	r.Attached[arn] = &cloud.ManagedPolicy{ARN: arn, Document: document}
	return nil
}

// deletionTask begins the id of a deletion of a service-linked role, which is finished at once.
const deletionTask = "task"

// deleteServiceLinkedRole deletes the role, unless a group still uses it.
// https://docs.aws.amazon.com/IAM/latest/APIReference/API_DeleteServiceLinkedRole.html
func (c *call) deleteServiceLinkedRole() (cloud.Effect, error) {
	r, err := c.namedRole()
	if err != nil {
		return nil, err
	}
	if r.Service == "" {
		return nil, invalidInput("The role %s is not a service-linked role", r.Name)
	}
	id := deletionTask + r.Path + r.Name + "/" + r.ID
	inUse := c.InUse != nil && c.InUse(r)
	if inUse {
		id += "/in-use"
	}
	return func() (any, error) {
		if !inUse {
			delete(c.Account.Roles, r.Name)
		}
		return &struct {
			ID string `xml:"DeletionTaskId"`
		}{id}, nil
	}, nil
}

func (c *call) deletionStatus() (cloud.Effect, error) {
	id := c.Form.Get("DeletionTaskId")
	if !strings.HasPrefix(id, deletionTask+"/aws-service-role/") {
		return nil, wire.Errorf(http.StatusNotFound, "NoSuchEntity", "Deletion task %s cannot be found.", id)
	}
	status := "SUCCEEDED"
	if strings.HasSuffix(id, "/in-use") {
		status = "FAILED"
	}
	return cloud.Answer(&struct{ Status string }{status}), nil
}
