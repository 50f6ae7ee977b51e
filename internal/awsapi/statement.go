package awsapi

import (
	"bytes"
	"encoding/json"
	"strings"

	"github.com/amishare/packer-plugin-ami-share/internal/sharing"
)

// statement is one of a policy document, for people to paste.
type statement struct {
	Sid       string `json:",omitempty"`
	Effect    string
	Principal map[string]string `json:",omitempty"`
	Action    any
	Resource  any                       `json:",omitempty"`
	Condition map[string]map[string]any `json:",omitempty"`
}

func (s statement) String() string {
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(s); err != nil {
		return err.Error()
	}
	return strings.TrimSpace(b.String())
}

// identityStatement is what an identity policy lacks.
func identityStatement(a act) statement {
	resource := a.resource
	if resource == "" {
		resource = "*"
	}
	s := statement{Effect: "Allow", Action: a.action, Resource: resource}
	if a.action == "iam:GetRole" {
		// IAM knows the path of a role that exists only.
		s.Resource = []string{resource, withoutPath(resource)}
	}
	return s
}

// withoutPath returns the ARN that a role has without its path.
func withoutPath(role string) string {
	arn, err := sharing.ParseARN(role)
	if err != nil {
		return role
	}
	arn.Resource = "role/" + arn.Resource[strings.LastIndexByte(arn.Resource, '/')+1:]
	return arn.String()
}

// keyStatement is what a key policy lacks. The conditions limit grants to the very ones that a run makes.
// https://docs.aws.amazon.com/kms/latest/developerguide/conditions-kms.html
func keyStatement(a act, principal string) statement {
	s := statement{Effect: "Allow", Principal: map[string]string{"AWS": principal}, Action: a.action, Resource: "*"}
	if a.action == "kms:CreateGrant" && a.grantee != "" {
		s.Condition = map[string]map[string]any{
			"StringEquals":              {"kms:GranteePrincipal": a.grantee},
			"ForAllValues:StringEquals": {"kms:GrantOperations": a.operations},
		}
	}
	return s
}

// trustStatement is what a role's trust policy lacks.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_create_for-user_externalid.html
func trustStatement(principal, externalID string, actions ...string) statement {
	s := statement{Effect: "Allow", Principal: map[string]string{"AWS": principal}, Action: "sts:AssumeRole"}
	if len(actions) > 0 {
		s.Action = append([]string{"sts:AssumeRole"}, actions...)
	}
	if externalID != "" {
		s.Condition = map[string]map[string]any{"StringEquals": {"sts:ExternalId": externalID}}
	}
	return s
}

// roleOf turns the ARN of a role's session into that of the role. A path can't be told from it.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html
func roleOf(caller string) string {
	arn, err := sharing.ParseARN(caller)
	if err != nil || arn.Service != "sts" {
		return caller
	}
	parts := strings.Split(arn.Resource, "/")
	if len(parts) != 3 || parts[0] != "assumed-role" {
		return caller
	}
	arn.Service, arn.Resource = "iam", "role/"+parts[1]
	return arn.String()
}
