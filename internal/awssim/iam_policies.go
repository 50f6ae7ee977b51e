package awssim

import (
	"cmp"
	"net/http"
	"net/url"

	"github.com/amishare/packer-plugin-ami-share/internal/awssim/iampolicy"
)

// rolePolicy is an inline policy of a role, with its text as it was put.
type rolePolicy struct {
	document *policyDocument
	text     []byte
}

// managedPolicy is a policy of an account that roles and sessions name by ARN.
type managedPolicy struct {
	arn      string
	document *policyDocument
}

// documents are all identity policies of the role, inline and attached.
func (r *role) documents() []*policyDocument {
	var documents []*policyDocument
	for _, policy := range sortedValues(r.policies) {
		documents = append(documents, policy.document)
	}
	for _, policy := range sortedValues(r.attached) {
		documents = append(documents, policy.document)
	}
	return documents
}

func (s *Server) managedPolicy(a *account, arn string) *managedPolicy { return a.policies[arn] }

func (s *Server) policyARN(a *account, path, name string) string {
	return "arn:" + s.partition + ":iam::" + a.id + ":policy" + path + name
}

func onPolicy(c *call) []string {
	return []string{c.server.policyARN(c.account, cmp.Or(c.form.get("Path"), "/"), c.form.get("PolicyName"))}
}

func policyCondition(c *call) map[string][]string {
	return map[string][]string{"iam:PolicyARN": {c.form.get("PolicyArn")}}
}

func malformedPolicy(err error) error {
	return errorf(http.StatusBadRequest, "MalformedPolicyDocument", "%v", err)
}

func (c *call) putRolePolicy() (effect, error) {
	r, err := c.ownRole()
	if err != nil {
		return nil, err
	}
	name, text := c.form.get("PolicyName"), []byte(c.form.get("PolicyDocument"))
	if !entityName.MatchString(name) {
		return nil, validationError("The specified value for policyName is invalid: %q", name)
	}
	document, err := parsePolicy(iampolicy.Identity, text)
	if err != nil {
		return nil, malformedPolicy(err)
	}
	return func() (any, error) {
		r.policies[name] = rolePolicy{document, text}
		return nil, nil
	}, nil
}

func (c *call) namedRolePolicy() (*role, string, error) {
	r, err := c.namedRole()
	if err != nil {
		return nil, "", err
	}
	name := c.form.get("PolicyName")
	if _, ok := r.policies[name]; !ok {
		return nil, "", errorf(http.StatusNotFound, "NoSuchEntity", "The role policy with name %s cannot be found.", name)
	}
	return r, name, nil
}

func (c *call) getRolePolicy() (effect, error) {
	r, name, err := c.namedRolePolicy()
	if err != nil {
		return nil, err
	}
	return answering(&struct {
		RoleName       string
		PolicyName     string
		PolicyDocument string
	}{r.name, name, url.QueryEscape(string(r.policies[name].text))}), nil
}

func (c *call) deleteRolePolicy() (effect, error) {
	r, name, err := c.namedRolePolicy()
	if err != nil {
		return nil, err
	}
	return func() (any, error) {
		delete(r.policies, name)
		return nil, nil
	}, nil
}

// createPolicy makes a managed policy of the caller's account.
// https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreatePolicy.html
func (c *call) createPolicy() (effect, error) {
	name, path := c.form.get("PolicyName"), cmp.Or(c.form.get("Path"), "/")
	arn := c.server.policyARN(c.account, path, name)
	switch {
	case !entityName.MatchString(name) || !entityPath.MatchString(path):
		return nil, validationError("The specified value for policyName or path is invalid: %q, %q", name, path)
	case c.server.managedPolicy(c.account, arn) != nil:
		return nil, errorf(http.StatusConflict, "EntityAlreadyExists", "A policy called %s already exists. Duplicate names are not allowed.", name)
	}
	document, err := parsePolicy(iampolicy.Identity, []byte(c.form.get("PolicyDocument")))
	if err != nil {
		return nil, malformedPolicy(err)
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
		c.server.addManagedPolicy(c.account, path, name, document)
		return answer, nil
	}, nil
}

func onNamedPolicy(c *call) []string { return []string{c.form.get("PolicyArn")} }

func (c *call) deletePolicy() (effect, error) {
	arn := c.form.get("PolicyArn")
	if c.server.managedPolicy(c.account, arn) == nil {
		return nil, errorf(http.StatusNotFound, "NoSuchEntity", "Policy %s was not found.", arn)
	}
	for _, r := range sortedValues(c.account.roles) {
		if r.attached[arn] != nil {
			return nil, errorf(http.StatusConflict, "DeleteConflict", "Cannot delete a policy attached to entities: it is attached to the role %s.", r.name)
		}
	}
	return func() (any, error) {
		delete(c.account.policies, arn)
		return nil, nil
	}, nil
}

func (s *Server) addManagedPolicy(a *account, path, name string, document *policyDocument) {
	arn := s.policyARN(a, path, name)
	a.policies[arn] = &managedPolicy{arn, document}
}

func (c *call) attachRolePolicy() (effect, error) {
	r, err := c.ownRole()
	if err != nil {
		return nil, err
	}
	arn := c.form.get("PolicyArn")
	policy := c.server.managedPolicy(c.account, arn)
	if policy == nil {
		return nil, errorf(http.StatusNotFound, "NoSuchEntity", "Policy %s does not exist or is not attachable.", arn)
	}
	return func() (any, error) {
		r.attached[arn] = policy
		return nil, nil
	}, nil
}

func (c *call) detachRolePolicy() (effect, error) {
	r, err := c.ownRole()
	if err != nil {
		return nil, err
	}
	arn := c.form.get("PolicyArn")
	if r.attached[arn] == nil {
		return nil, errorf(http.StatusNotFound, "NoSuchEntity", "Policy %s was not found.", arn)
	}
	return func() (any, error) {
		delete(r.attached, arn)
		return nil, nil
	}, nil
}
