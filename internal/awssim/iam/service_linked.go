package iam

import (
	"net/http"
	"regexp"
	"strings"

	"github.com/amishare/packer-plugin-ami-share/internal/awssim/cloud"
	"github.com/amishare/packer-plugin-ami-share/internal/awssim/wire"
)

// serviceRole is what is known of a service's role.
type serviceRole struct {
	name     string
	suffixed bool // whether the service takes a custom suffix
}

// serviceRoles by service principal.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_aws-services-that-work-with-iam.html
var serviceRoles = map[string]serviceRole{
	"autoscaling.amazonaws.com":      {"AWSServiceRoleForAutoScaling", true},
	"spot.amazonaws.com":             {"AWSServiceRoleForEC2Spot", false},
	"spotfleet.amazonaws.com":        {"AWSServiceRoleForEC2SpotFleet", false},
	"ec2fleet.amazonaws.com":         {"AWSServiceRoleForEC2Fleet", false},
	"eks.amazonaws.com":              {"AWSServiceRoleForAmazonEKS", false},
	"eks-nodegroup.amazonaws.com":    {"AWSServiceRoleForAmazonEKSNodegroup", false},
	"batch.amazonaws.com":            {"AWSServiceRoleForBatch", false},
	"imagebuilder.amazonaws.com":     {"AWSServiceRoleForImageBuilder", false},
	"elasticbeanstalk.amazonaws.com": {"AWSServiceRoleForElasticBeanstalk", false},
	"ecs.amazonaws.com":              {"AWSServiceRoleForECS", false},
	"emr-containers.amazonaws.com":   {"AWSServiceRoleForAmazonEMRContainers", false},
	"elasticmapreduce.amazonaws.com": {"AWSServiceRoleForEMRCleanup", false},
	"pcs.amazonaws.com":              {"AWSServiceRoleForPCS", false},
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
	case c.Account.Roles[name] != nil:
		return nil, invalidInput("Service role name %s has been taken in this account, please try a different suffix.", name)
	}
	return func() (any, error) {
		arn, _ := c.ServiceLinkedRole(c.Account, service, suffix, true)
		r := c.RoleByARN(arn)
		r.Unknown = cloud.Lag(c.Hostility.NewRoleUnknownToKMS)
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
	if r := a.Roles[name]; r != nil {
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
	a.Roles[name] = r
	return r.ARN, true
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
