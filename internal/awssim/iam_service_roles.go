package awssim

import (
	"net/http"
	"regexp"
	"strings"
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
func (c *call) createServiceLinkedRole() (effect, error) {
	service, suffix := c.form.get("AWSServiceName"), c.form.get("CustomSuffix")
	known, ok := serviceRoles[service]
	name := known.roleName(suffix)
	switch {
	case !ok:
		return nil, invalidInput("Service %s does not support service-linked roles", service)
	case suffix != "" && !known.suffixed:
		return nil, invalidInput("Custom suffix is not allowed for %s", service)
	case suffix != "" && (!roleSuffix.MatchString(suffix) || len(name) > 64):
		return nil, invalidInput("The suffix %s is not valid", suffix)
	case c.account.roles[name] != nil:
		return nil, invalidInput("Service role name %s has been taken in this account, please try a different suffix.", name)
	}
	return func() (any, error) {
		arn, _ := c.server.serviceLinkedRole(c.account, service, suffix, true)
		r := c.server.roleByARN(arn)
		r.unknown = c.server.hostility.NewRoleUnknownToKMS
		return &roleAnswer{r.item()}, nil
	}, nil
}

func invalidInput(format string, args ...any) error {
	return errorf(http.StatusBadRequest, "InvalidInput", format, args...)
}

// serviceLinkedRole finds a service's role in an account, or makes it. It returns the ARN that the role has or would
// have, and whether it exists.
func (s *Server) serviceLinkedRole(a *account, service, suffix string, create bool) (string, bool) {
	path, name := "/aws-service-role/"+service+"/", serviceRoles[service].roleName(suffix)
	if r := a.roles[name]; r != nil {
		return r.arn, r.path == path
	}
	if !create {
		return s.roleARN(a, path, name), false
	}
	trust := `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"` + service + `"},"Action":"sts:AssumeRole"}]}`
	r, err := s.newRole(a, path, name, []byte(trust))
	if err != nil {
		return s.roleARN(a, path, name), false
	}
	r.service = service
	a.roles[name] = r
	return r.arn, true
}

// deletionTask begins the id of a deletion of a service-linked role, which is finished at once.
const deletionTask = "task"

// deleteServiceLinkedRole deletes the role, unless a group still uses it.
// https://docs.aws.amazon.com/IAM/latest/APIReference/API_DeleteServiceLinkedRole.html
func (c *call) deleteServiceLinkedRole() (effect, error) {
	r, err := c.namedRole()
	if err != nil {
		return nil, err
	}
	if r.service == "" {
		return nil, invalidInput("The role %s is not a service-linked role", r.name)
	}
	id := deletionTask + r.path + r.name + "/" + r.id
	inUse := c.server.roleInUse(r)
	if inUse {
		id += "/in-use"
	}
	return func() (any, error) {
		if !inUse {
			delete(c.account.roles, r.name)
		}
		return &struct {
			ID string `xml:"DeletionTaskId"`
		}{id}, nil
	}, nil
}

// roleInUse tells whether an Auto Scaling group launches with the role.
func (s *Server) roleInUse(r *role) bool {
	for _, region := range r.account.regions {
		for _, group := range region.groups {
			if group.role == r.arn {
				return true
			}
		}
	}
	return false
}

func (c *call) deletionStatus() (effect, error) {
	id := c.form.get("DeletionTaskId")
	if !strings.HasPrefix(id, deletionTask+"/aws-service-role/") {
		return nil, errorf(http.StatusNotFound, "NoSuchEntity", "Deletion task %s cannot be found.", id)
	}
	status := "SUCCEEDED"
	if strings.HasSuffix(id, "/in-use") {
		status = "FAILED"
	}
	return answering(&struct{ Status string }{status}), nil
}
