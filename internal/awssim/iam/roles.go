// SPDX-License-Identifier: MPL-2.0

package iam

import (
	"cmp"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/amishare/packer-plugin-ami-share/internal/awssim/cloud"
	"github.com/amishare/packer-plugin-ami-share/internal/awssim/iampolicy"
	"github.com/amishare/packer-plugin-ami-share/internal/awssim/wire"
)

// scope is the Region that calls of IAM are signed for. https://docs.aws.amazon.com/general/latest/gr/iam-service.html
var scope = map[string]string{
	"aws": "us-east-1", "aws-cn": "cn-north-1", "aws-us-gov": "us-gov-west-1", "aws-iso": "us-iso-east-1", "aws-iso-b": "us-isob-east-1",
	"aws-iso-e": "eu-isoe-west-1", "aws-iso-f": "us-isof-south-1", "aws-eusc": "eusc-de-east-1",
}

// api is IAM.
func (s *Service) api() *cloud.API {
	return &cloud.API{
		Name: "iam", Protocol: wire.Query, Version: "2010-05-08", Namespace: "https://iam.amazonaws.com/doc/2010-05-08/", Scope: scope,
		Actions: cloud.Actions(actions(), s.bind), ConditionKeys: "iam:AWSServiceName iam:PassedToService iam:PolicyARN iam:ResourceTag/",
		ResourceTags: func(_ *cloud.Call, arn string) map[string]string {
			if r := s.RoleByARN(arn); r != nil {
				return r.Tags
			}
			return nil
		},
	}
}

func actions() map[string]action {
	return map[string]action{
		"GetRole":                {Params: "RoleName", Resources: onRole, Handle: (*call).getRole},
		"ListRoles":              {Params: "PathPrefix Marker MaxItems", Handle: (*call).listRoles},
		"CreateRole":             {Params: "RoleName Path AssumeRolePolicyDocument MaxSessionDuration Description", Write: true, Resources: onRole, Handle: (*call).createRole},
		"DeleteRole":             {Params: "RoleName", Write: true, Resources: onRole, Handle: (*call).deleteRole},
		"UpdateAssumeRolePolicy": {Params: "RoleName PolicyDocument", Write: true, Resources: onRole, Handle: (*call).updateAssumeRolePolicy},
		"PutRolePolicy":          {Params: "RoleName PolicyName PolicyDocument", Write: true, Resources: onRole, Handle: (*call).putRolePolicy},
		"GetRolePolicy":          {Params: "RoleName PolicyName", Resources: onRole, Handle: (*call).getRolePolicy},
		"DeleteRolePolicy":       {Params: "RoleName PolicyName", Write: true, Resources: onRole, Handle: (*call).deleteRolePolicy},
		"AttachRolePolicy":       {Params: "RoleName PolicyArn", Write: true, Resources: onRole, Conditions: policyCondition, Handle: (*call).attachRolePolicy},
		"DetachRolePolicy":       {Params: "RoleName PolicyArn", Write: true, Resources: onRole, Conditions: policyCondition, Handle: (*call).detachRolePolicy},
		"DeletePolicy":           {Params: "PolicyArn", Write: true, Resources: onNamedPolicy, Handle: (*call).deletePolicy},
		"CreatePolicy":           {Params: "PolicyName PolicyDocument Path Description", Write: true, Resources: onPolicy, Handle: (*call).createPolicy},
		"CreateServiceLinkedRole": {
			Params: "AWSServiceName CustomSuffix Description", Write: true, Resources: onServiceRole,
			Conditions: serviceNameCondition, Handle: (*call).createServiceLinkedRole,
		},
		"DeleteServiceLinkedRole":            {Params: "RoleName", Write: true, Resources: onRole, Handle: (*call).deleteServiceLinkedRole},
		"GetServiceLinkedRoleDeletionStatus": {Params: "DeletionTaskId", Handle: (*call).deletionStatus},
	}
}

// onRole names the role's ARN, with its path if the role exists.
func onRole(c *call) []string {
	name := c.Form.Get("RoleName")
	if r := c.Account.Role(name); r != nil {
		return []string{r.ARN}
	}
	return []string{c.roleARN(c.Account, cmp.Or(c.Form.Get("Path"), "/"), name)}
}

func onServiceRole(c *call) []string {
	service := c.Form.Get("AWSServiceName")
	known := serviceRoles[service]
	return []string{c.roleARN(c.Account, "/aws-service-role/"+service+"/", known.roleName(c.Form.Get("CustomSuffix")))}
}

func serviceNameCondition(c *call) map[string][]string {
	return map[string][]string{"iam:AWSServiceName": {c.Form.Get("AWSServiceName")}}
}

func (s *Service) roleARN(a *cloud.Account, path, name string) string {
	return "arn:" + s.Partition + ":iam::" + a.ID + ":role" + path + name
}

type roleItem struct {
	Path       string
	RoleName   string
	ID         string `xml:"RoleId"`
	ARN        string `xml:"Arn"`
	CreateDate string
	Trust      string `xml:"AssumeRolePolicyDocument"`
	MaxSession int    `xml:"MaxSessionDuration"`
}

func item(r *cloud.Role) roleItem {
	return roleItem{r.Path, r.Name, r.ID, r.ARN, r.Created.Format(time.RFC3339), url.QueryEscape(string(r.Trust.Text)), r.MaxSession}
}

type roleAnswer struct {
	Role roleItem
}

func (c *call) namedRole() (*cloud.Role, error) {
	name := c.Form.Get("RoleName")
	if name == "" || strings.ContainsAny(name, "/:") {
		return nil, wire.ValidationError("The specified value for roleName is invalid. It must contain only alphanumeric characters and/or the following: +=,.@_-")
	}
	r := c.Account.Role(name)
	if r == nil {
		return nil, wire.Errorf(http.StatusNotFound, "NoSuchEntity", "The role with name %s cannot be found.", name)
	}
	return r, nil
}

func (c *call) getRole() (cloud.Effect, error) {
	r, err := c.namedRole()
	if err != nil {
		return nil, err
	}
	return cloud.Answer(&roleAnswer{item(r)}), nil
}

func (c *call) listRoles() (cloud.Effect, error) {
	roles := cloud.SortedValues(c.Account.Roles)
	roles = slices.DeleteFunc(roles, func(r *cloud.Role) bool { return !strings.HasPrefix(r.Path, c.Form.Get("PathPrefix")) })
	size, err := c.Number("MaxItems", 100)
	if err != nil || size < 1 || size > 1000 {
		return nil, wire.ValidationError("1 validation error detected: Value '%s' at 'maxItems' failed to satisfy constraint: Member must be between 1 and 1000", c.Form.Get("MaxItems"))
	}
	shown, next, ok := cloud.Cut(c.Call, roles, c.Form.Get("Marker"), size, 1000)
	if !ok {
		return nil, wire.ValidationError("Invalid Marker.")
	}
	answer := &struct {
		Roles struct {
			Members []roleItem `xml:"member"`
		}
		IsTruncated bool
		Marker      string `xml:",omitempty"`
	}{IsTruncated: next != "", Marker: next}
	for _, r := range shown {
		answer.Roles.Members = append(answer.Roles.Members, item(r))
	}
	return cloud.Answer(answer), nil
}

func (c *call) createRole() (cloud.Effect, error) {
	name := c.Form.Get("RoleName")
	if c.Account.Role(name) != nil {
		return nil, wire.Errorf(http.StatusConflict, "EntityAlreadyExists", "Role with name %s already exists.", name)
	}
	if strings.HasPrefix(c.Form.Get("Path"), "/aws-service-role/") {
		return nil, wire.Errorf(http.StatusBadRequest, "InvalidInput", "The path /aws-service-role/ is reserved for service-linked roles")
	}
	maxSession, err := c.Number("MaxSessionDuration", 3600)
	if err != nil {
		return nil, err
	}
	if err := checkMaxSession(maxSession); err != nil {
		return nil, err
	}
	r, err := c.newRole(c.Account, cmp.Or(c.Form.Get("Path"), "/"), name, []byte(c.Form.Get("AssumeRolePolicyDocument")))
	if err != nil {
		return nil, err
	}
	return func() (any, error) {
		r.MaxSession = maxSession
		c.makeNew(r)
		c.Account.Roles[name] = r
		return &roleAnswer{item(r)}, nil
	}, nil
}

// Names and paths. https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateRole.html
var (
	entityName = regexp.MustCompile(`^[\w+=,.@-]{1,64}$`)
	entityPath = regexp.MustCompile(`^/([!-~]+/)?$`)
)

// makeNew has services learn late of a role.
func (s *Service) makeNew(r *cloud.Role) {
	r.Unknown, r.ListedByID = cloud.Lag(s.Hostility.NewRoleUnknownToKMS), cloud.Lag(s.Hostility.NewRoleListedByID)
	r.OldTrust.Change(cloud.TrustPolicy{}, cloud.Lag(s.Hostility.TrustPolicyUnseen))
}

func checkMaxSession(seconds int) error {
	if seconds < 3600 || seconds > 43200 {
		return wire.ValidationError("1 validation error detected: Value '%d' at 'maxSessionDuration' failed to satisfy constraint: Member must be between 3600 and 43200", seconds)
	}
	return nil
}

// newRole makes a role that is not in the account yet. A trust policy with a principal that does not exist is malformed.
func (s *Service) newRole(a *cloud.Account, path, name string, trust []byte) (*cloud.Role, error) {
	if !entityName.MatchString(name) || !entityPath.MatchString(path) || len(path) > 512 {
		return nil, wire.ValidationError("The specified value for roleName or path is invalid: %q, %q", name, path)
	}
	r := &cloud.Role{
		Account: a, Name: name, Path: path, ARN: s.roleARN(a, path, name), ID: strings.ToUpper(s.NewID("AROA")),
		Policies: map[string]cloud.InlinePolicy{}, Attached: map[string]*cloud.ManagedPolicy{}, MaxSession: 3600, Created: s.Now(),
	}
	var err error
	r.Trust, err = s.trustPolicy(a, trust)
	return r, err
}

// trustPolicy reads a trust policy of an account and binds it to the principals as they are now.
func (s *Service) trustPolicy(a *cloud.Account, text []byte) (cloud.TrustPolicy, error) {
	if err := checkTrustSize(a, text); err != nil {
		return cloud.TrustPolicy{}, err
	}
	document, err := s.ParsePolicy(iampolicy.Trust, text)
	if err != nil {
		return cloud.TrustPolicy{}, wire.Errorf(http.StatusBadRequest, "MalformedPolicyDocument", "%v", err)
	}
	bound, unknown := s.Bind(document, s.UniqueIDOf)
	if len(unknown) > 0 {
		return cloud.TrustPolicy{}, wire.Errorf(http.StatusBadRequest, "MalformedPolicyDocument", "Invalid principal in policy: \"AWS\":%q", unknown[0])
	}
	return cloud.TrustPolicy{Document: bound, Text: text}, nil
}

// protected is the refusal to change a role that belongs to a service.
func protected(r *cloud.Role) error {
	return wire.Errorf(http.StatusBadRequest, "UnmodifiableEntity", "Cannot perform the operation on the protected role '%s' - this role is only modifiable by AWS", r.Name)
}

// ownRole is the named role, unless it is a service's.
func (c *call) ownRole() (*cloud.Role, error) {
	r, err := c.namedRole()
	if err == nil && r.Service != "" {
		return nil, protected(r)
	}
	return r, err
}

func (c *call) updateAssumeRolePolicy() (cloud.Effect, error) {
	r, err := c.ownRole()
	if err != nil {
		return nil, err
	}
	trust, err := c.trustPolicy(c.Account, []byte(c.Form.Get("PolicyDocument")))
	if err != nil {
		return nil, err
	}
	return func() (any, error) {
		r.SetTrust(trust, cloud.Lag(c.Hostility.TrustPolicyUnseen))
		return nil, nil
	}, nil
}

func (c *call) deleteRole() (cloud.Effect, error) {
	r, err := c.namedRole()
	switch {
	case err != nil:
		return nil, err
	case r.Service != "":
		return nil, protected(r)
	case len(r.Policies) > 0:
		return nil, wire.Errorf(http.StatusConflict, "DeleteConflict", "Cannot delete entity, must delete policies first.")
	case len(r.Attached) > 0:
		return nil, wire.Errorf(http.StatusConflict, "DeleteConflict", "Cannot delete entity, must detach all policies first.")
	}
	return func() (any, error) {
		delete(c.Account.Roles, r.Name)
		return nil, nil
	}, nil
}
