package awssim

import (
	"cmp"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/amishare/packer-plugin-ami-share/internal/awssim/iampolicy"
)

// iamOperations is the table of contents of IAM.
func iamOperations() map[string]operation {
	return map[string]operation{
		"GetRole":                {params: "RoleName", resources: onRole, handle: (*call).getRole},
		"ListRoles":              {params: "PathPrefix Marker MaxItems", handle: (*call).listRoles},
		"CreateRole":             {params: "RoleName Path AssumeRolePolicyDocument MaxSessionDuration Description", write: true, resources: onRole, handle: (*call).createRole},
		"DeleteRole":             {params: "RoleName", write: true, resources: onRole, handle: (*call).deleteRole},
		"UpdateAssumeRolePolicy": {params: "RoleName PolicyDocument", write: true, resources: onRole, handle: (*call).updateAssumeRolePolicy},
		"PutRolePolicy":          {params: "RoleName PolicyName PolicyDocument", write: true, resources: onRole, handle: (*call).putRolePolicy},
		"GetRolePolicy":          {params: "RoleName PolicyName", resources: onRole, handle: (*call).getRolePolicy},
		"DeleteRolePolicy":       {params: "RoleName PolicyName", write: true, resources: onRole, handle: (*call).deleteRolePolicy},
		"AttachRolePolicy":       {params: "RoleName PolicyArn", write: true, resources: onRole, conditions: policyCondition, handle: (*call).attachRolePolicy},
		"DetachRolePolicy":       {params: "RoleName PolicyArn", write: true, resources: onRole, conditions: policyCondition, handle: (*call).detachRolePolicy},
		"DeletePolicy":           {params: "PolicyArn", write: true, resources: onNamedPolicy, handle: (*call).deletePolicy},
		"CreatePolicy":           {params: "PolicyName PolicyDocument Path Description", write: true, resources: onPolicy, handle: (*call).createPolicy},
		"CreateServiceLinkedRole": {
			params: "AWSServiceName CustomSuffix Description", write: true, resources: onServiceRole,
			conditions: serviceNameCondition, handle: (*call).createServiceLinkedRole,
		},
		"DeleteServiceLinkedRole":            {params: "RoleName", write: true, resources: onRole, handle: (*call).deleteServiceLinkedRole},
		"GetServiceLinkedRoleDeletionStatus": {params: "DeletionTaskId", handle: (*call).deletionStatus},
	}
}

// role is an IAM role. A role that is made again under the same name is another role, with another id.
type role struct {
	account    *account
	name, path string
	arn, id    string
	trust      trustPolicy
	policies   map[string]rolePolicy
	attached   map[string]*managedPolicy // by ARN
	maxSession int
	service    string // of a service-linked role
	tags       map[string]string
	created    time.Time
	unknown    int // calls for which KMS does not know it yet
}

// trustPolicy says who may assume a role.
type trustPolicy struct {
	document *policyDocument // bound to the principals as they were
	text     []byte
}

// onRole names the role's ARN, with its path if the role exists.
func onRole(c *call) []string {
	name := c.form.get("RoleName")
	if r := c.account.roles[name]; r != nil {
		return []string{r.arn}
	}
	return []string{c.server.roleARN(c.account, cmp.Or(c.form.get("Path"), "/"), name)}
}

func onServiceRole(c *call) []string {
	service := c.form.get("AWSServiceName")
	known := serviceRoles[service]
	return []string{c.server.roleARN(c.account, "/aws-service-role/"+service+"/", known.roleName(c.form.get("CustomSuffix")))}
}

func serviceNameCondition(c *call) map[string][]string {
	return map[string][]string{"iam:AWSServiceName": {c.form.get("AWSServiceName")}}
}

func (s *Server) roleARN(a *account, path, name string) string {
	return "arn:" + s.partition + ":iam::" + a.id + ":role" + path + name
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

func (r *role) item() roleItem {
	return roleItem{r.path, r.name, r.id, r.arn, r.created.Format(time.RFC3339), url.QueryEscape(string(r.trust.text)), r.maxSession}
}

type roleAnswer struct {
	Role roleItem
}

func (c *call) namedRole() (*role, error) {
	name := c.form.get("RoleName")
	if name == "" || strings.ContainsAny(name, "/:") {
		return nil, validationError("The specified value for roleName is invalid. It must contain only alphanumeric characters and/or the following: +=,.@_-")
	}
	r := c.account.roles[name]
	if r == nil {
		return nil, errorf(http.StatusNotFound, "NoSuchEntity", "The role with name %s cannot be found.", name)
	}
	return r, nil
}

func (c *call) getRole() (effect, error) {
	r, err := c.namedRole()
	if err != nil {
		return nil, err
	}
	return answering(&roleAnswer{r.item()}), nil
}

func (c *call) listRoles() (effect, error) {
	roles := sortedValues(c.account.roles)
	roles = slices.DeleteFunc(roles, func(r *role) bool { return !strings.HasPrefix(r.path, c.form.get("PathPrefix")) })
	start, err := c.number("Marker", 0)
	if err != nil {
		return nil, validationError("Invalid Marker.")
	}
	size, err := c.number("MaxItems", 100)
	if err != nil || size < 1 || size > 1000 {
		return nil, validationError("1 validation error detected: Value '%s' at 'maxItems' failed to satisfy constraint: Member must be between 1 and 1000", c.form.get("MaxItems"))
	}
	end := min(start+c.server.pageSize(size, 1000), len(roles))
	answer := &struct {
		Roles struct {
			Members []roleItem `xml:"member"`
		}
		IsTruncated bool
		Marker      string `xml:",omitempty"`
	}{IsTruncated: end < len(roles)}
	for _, r := range roles[min(start, end):end] {
		answer.Roles.Members = append(answer.Roles.Members, r.item())
	}
	if answer.IsTruncated {
		answer.Marker = strconv.Itoa(end)
	}
	return answering(answer), nil
}

func (c *call) createRole() (effect, error) {
	name := c.form.get("RoleName")
	if c.account.roles[name] != nil {
		return nil, errorf(http.StatusConflict, "EntityAlreadyExists", "Role with name %s already exists.", name)
	}
	if strings.HasPrefix(c.form.get("Path"), "/aws-service-role/") {
		return nil, errorf(http.StatusBadRequest, "InvalidInput", "The path /aws-service-role/ is reserved for service-linked roles")
	}
	maxSession, err := c.number("MaxSessionDuration", 3600)
	if err != nil {
		return nil, err
	}
	if err := checkMaxSession(maxSession); err != nil {
		return nil, err
	}
	r, err := c.server.newRole(c.account, cmp.Or(c.form.get("Path"), "/"), name, []byte(c.form.get("AssumeRolePolicyDocument")))
	if err != nil {
		return nil, err
	}
	return func() (any, error) {
		r.maxSession, r.unknown = maxSession, c.server.hostility.NewRoleUnknownToKMS
		c.account.roles[name] = r
		return &roleAnswer{r.item()}, nil
	}, nil
}

// Names and paths. https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateRole.html
var (
	entityName = regexp.MustCompile(`^[\w+=,.@-]{1,64}$`)
	entityPath = regexp.MustCompile(`^/([!-~]+/)?$`)
)

func checkMaxSession(seconds int) error {
	if seconds < 3600 || seconds > 43200 {
		return validationError("1 validation error detected: Value '%d' at 'maxSessionDuration' failed to satisfy constraint: Member must be between 3600 and 43200", seconds)
	}
	return nil
}

// newRole makes a role, which the account has not yet. Principals of its trust policy that don't exist make it malformed.
func (s *Server) newRole(a *account, path, name string, trust []byte) (*role, error) {
	if !entityName.MatchString(name) || !entityPath.MatchString(path) || len(path) > 512 {
		return nil, validationError("The specified value for roleName or path is invalid: %q, %q", name, path)
	}
	r := &role{
		account: a, name: name, path: path, arn: s.roleARN(a, path, name), id: strings.ToUpper(s.newID("AROA")),
		policies: map[string]rolePolicy{}, attached: map[string]*managedPolicy{}, maxSession: 3600, created: s.now(),
	}
	var err error
	r.trust, err = s.trustPolicy(trust)
	return r, err
}

// trustPolicy reads a trust policy and binds it to the principals as they are now.
func (s *Server) trustPolicy(text []byte) (trustPolicy, error) {
	document, err := parsePolicy(iampolicy.Trust, text)
	if err != nil {
		return trustPolicy{}, errorf(http.StatusBadRequest, "MalformedPolicyDocument", "%v", err)
	}
	bound, unknown := document.Bind(s.uniqueIDOf)
	if len(unknown) > 0 {
		return trustPolicy{}, errorf(http.StatusBadRequest, "MalformedPolicyDocument", "Invalid principal in policy: \"AWS\":%q", unknown[0])
	}
	return trustPolicy{bound, text}, nil
}

// protected is the refusal to change a role that belongs to a service.
func (r *role) protected() error {
	return errorf(http.StatusBadRequest, "UnmodifiableEntity", "Cannot perform the operation on the protected role '%s' - this role is only modifiable by AWS", r.name)
}

// ownRole is the named role, unless it is a service's.
func (c *call) ownRole() (*role, error) {
	r, err := c.namedRole()
	if err == nil && r.service != "" {
		return nil, r.protected()
	}
	return r, err
}

func (c *call) updateAssumeRolePolicy() (effect, error) {
	r, err := c.ownRole()
	if err != nil {
		return nil, err
	}
	trust, err := c.server.trustPolicy([]byte(c.form.get("PolicyDocument")))
	if err != nil {
		return nil, err
	}
	return func() (any, error) {
		r.trust = trust
		return nil, nil
	}, nil
}

func (c *call) deleteRole() (effect, error) {
	r, err := c.namedRole()
	switch {
	case err != nil:
		return nil, err
	case r.service != "":
		return nil, r.protected()
	case len(r.policies) > 0:
		return nil, errorf(http.StatusConflict, "DeleteConflict", "Cannot delete entity, must delete policies first.")
	case len(r.attached) > 0:
		return nil, errorf(http.StatusConflict, "DeleteConflict", "Cannot delete entity, must detach all policies first.")
	}
	return func() (any, error) {
		delete(c.account.roles, r.name)
		return nil, nil
	}, nil
}
