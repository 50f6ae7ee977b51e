// SPDX-License-Identifier: MPL-2.0

package iam

import (
	"cmp"
	"net/http"
	"net/url"
	"strings"

	"github.com/amishare/packer-plugin-ami-share/internal/awssim/cloud"
	"github.com/amishare/packer-plugin-ami-share/internal/awssim/iampolicy"
	"github.com/amishare/packer-plugin-ami-share/internal/awssim/wire"
)

func (s *Service) policyARN(a *cloud.Account, path, name string) string {
	return "arn:" + s.Partition + ":iam::" + a.ID + ":policy" + path + name
}

func onPolicy(c *call) []string {
	return []string{c.policyARN(c.Account, cmp.Or(c.Form.Get("Path"), "/"), c.Form.Get("PolicyName"))}
}

func policyCondition(c *call) map[string][]string {
	return map[string][]string{"iam:PolicyARN": {c.Form.Get("PolicyArn")}}
}

func malformedPolicy(err error) error {
	return wire.Errorf(http.StatusBadRequest, "MalformedPolicyDocument", "%v", err)
}

func (c *call) putRolePolicy() (cloud.Effect, error) {
	r, err := c.ownRole()
	if err != nil {
		return nil, err
	}
	name, text := c.Form.Get("PolicyName"), []byte(c.Form.Get("PolicyDocument"))
	if !entityName.MatchString(name) {
		return nil, wire.ValidationError("The specified value for policyName is invalid: %q", name)
	}
	document, err := c.ParsePolicy(iampolicy.Identity, text)
	if err != nil {
		return nil, malformedPolicy(err)
	}
	if err := checkInlineSize(r, name, text); err != nil {
		return nil, err
	}
	return func() (any, error) {
		r.Policies[name] = cloud.InlinePolicy{Document: document, Text: text}
		return nil, nil
	}, nil
}

func (c *call) namedRolePolicy() (*cloud.Role, string, error) {
	r, err := c.namedRole()
	if err != nil {
		return nil, "", err
	}
	name := c.Form.Get("PolicyName")
	if _, ok := r.Policies[name]; !ok {
		return nil, "", wire.Errorf(http.StatusNotFound, "NoSuchEntity", "The role policy with name %s cannot be found.", name)
	}
	return r, name, nil
}

func (c *call) getRolePolicy() (cloud.Effect, error) {
	r, name, err := c.namedRolePolicy()
	if err != nil {
		return nil, err
	}
	return cloud.Answer(&struct {
		RoleName       string
		PolicyName     string
		PolicyDocument string
	}{r.Name, name, url.QueryEscape(string(r.Policies[name].Text))}), nil
}

func (c *call) deleteRolePolicy() (cloud.Effect, error) {
	r, name, err := c.namedRolePolicy()
	if err != nil {
		return nil, err
	}
	return func() (any, error) {
		delete(r.Policies, name)
		return nil, nil
	}, nil
}

// createPolicy makes a managed policy of the caller's account.
// https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreatePolicy.html
func (c *call) createPolicy() (cloud.Effect, error) {
	name, path := c.Form.Get("PolicyName"), cmp.Or(c.Form.Get("Path"), "/")
	arn := c.policyARN(c.Account, path, name)
	switch {
	case !entityName.MatchString(name) || !entityPath.MatchString(path):
		return nil, wire.ValidationError("The specified value for policyName or path is invalid: %q, %q", name, path)
	case c.managedPolicyNamed(name):
		return nil, wire.Errorf(http.StatusConflict, "EntityAlreadyExists", "A policy called %s already exists. Duplicate names are not allowed.", name)
	}
	document, err := c.managedPolicy([]byte(c.Form.Get("PolicyDocument")))
	if err != nil {
		return nil, err
	}
	answer := &struct {
		Policy struct {
			ARN  string `xml:"Arn"`
			Name string `xml:"PolicyName"`
			Path string
		}
	}{}
	answer.Policy.ARN, answer.Policy.Name, answer.Policy.Path = arn, name, path
	return func() (any, error) {
		c.addManagedPolicy(c.Account, path, name, document, []byte(c.Form.Get("PolicyDocument")))
		return answer, nil
	}, nil
}

// managedPolicy reads the document of a managed policy.
func (s *Service) managedPolicy(text []byte) (*iampolicy.Document, error) {
	document, err := s.ParsePolicy(iampolicy.Identity, text)
	if err != nil {
		return nil, malformedPolicy(err)
	}
	return document, checkManagedSize(text)
}

// managedPolicyNamed tells whether the caller's account has a policy of a name, whatever its path and case.
func (c *call) managedPolicyNamed(name string) bool {
	for arn := range c.Account.Policies {
		if strings.EqualFold(arn[strings.LastIndex(arn, "/")+1:], name) {
			return true
		}
	}
	return false
}

func onNamedPolicy(c *call) []string { return []string{c.Form.Get("PolicyArn")} }

func (c *call) deletePolicy() (cloud.Effect, error) {
	arn := c.Form.Get("PolicyArn")
	if c.ManagedPolicy(c.Account, arn) == nil {
		return nil, wire.Errorf(http.StatusNotFound, "NoSuchEntity", "Policy %s was not found.", arn)
	}
	for _, r := range cloud.SortedValues(c.Account.Roles) {
		if r.Attached[arn] != nil {
			return nil, wire.Errorf(http.StatusConflict, "DeleteConflict", "Cannot delete a policy attached to entities: it is attached to the role %s.", r.Name)
		}
	}
	return func() (any, error) {
		delete(c.Account.Policies, arn)
		return nil, nil
	}, nil
}

func (s *Service) addManagedPolicy(a *cloud.Account, path, name string, document *iampolicy.Document, text []byte) {
	arn := s.policyARN(a, path, name)
	a.Policies[arn] = &cloud.ManagedPolicy{ARN: arn, Document: document.WithARN(arn), Text: text}
}

func (c *call) attachRolePolicy() (cloud.Effect, error) {
	r, err := c.ownRole()
	if err != nil {
		return nil, err
	}
	arn := c.Form.Get("PolicyArn")
	policy := c.ManagedPolicy(c.Account, arn)
	if policy == nil {
		return nil, wire.Errorf(http.StatusNotFound, "NoSuchEntity", "Policy %s does not exist or is not attachable.", arn)
	}
	if err := checkAttached(r, arn); err != nil {
		return nil, err
	}
	return func() (any, error) {
		r.Attached[arn] = policy
		return nil, nil
	}, nil
}

func (c *call) detachRolePolicy() (cloud.Effect, error) {
	r, err := c.ownRole()
	if err != nil {
		return nil, err
	}
	arn := c.Form.Get("PolicyArn")
	if r.Attached[arn] == nil {
		return nil, wire.Errorf(http.StatusNotFound, "NoSuchEntity", "Policy %s was not found.", arn)
	}
	return func() (any, error) {
		delete(r.Attached, arn)
		return nil, nil
	}, nil
}
