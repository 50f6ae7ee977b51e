// SPDX-License-Identifier: MPL-2.0

package bootstrap

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
)

type object = map[string]any

// stack is the CloudFormation template of the role. It is fit for StackSets, which take no transforms: pseudo parameters
// stand where an account or partition would, and a mapping has the external IDs where they differ.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/stacksets-concepts.html
func (r role) stack() string {
	template := object{
		"AWSTemplateFormatVersion": "2010-09-09",
		"Description":              "The role that the Packer plugin ami-share assumes to let this account launch shared AMIs.",
		"Parameters": object{
			"RoleName":            object{"Type": "String", "Default": r.name, "Description": "Name of the role, as in role_name of the target."},
			"RolePath":            object{"Type": "String", "Default": r.path, "Description": "Path of the role, as in role_name of the target."},
			"PermissionsBoundary": object{"Type": "String", "Default": "", "Description": "ARN of the permissions boundary, if the organization demands one."},
		},
		"Conditions": object{"HasBoundary": object{"Fn::Not": []any{object{"Fn::Equals": []any{ref("PermissionsBoundary"), ""}}}}},
		"Resources": object{"Role": object{
			"Type": "AWS::IAM::Role",
			"Properties": object{
				"RoleName": ref("RoleName"), "Path": ref("RolePath"),
				"PermissionsBoundary":      object{"Fn::If": []any{"HasBoundary", ref("PermissionsBoundary"), ref("AWS::NoValue")}},
				"AssumeRolePolicyDocument": r.forStack(r.trust),
				"Policies":                 []any{object{"PolicyName": "ami-share", "PolicyDocument": r.forStack(r.policy)}},
			},
		}},
		"Outputs": object{"RoleArn": object{"Value": object{"Fn::GetAtt": []any{"Role", "Arn"}}}},
	}
	switch id, same := r.same(); {
	case same && id != "":
		template["Parameters"].(object)["ExternalId"] = object{"Type": "String", "Default": id, "Description": "The external ID, as in external_id of the target."}
	case !same:
		ids := object{}
		for account, id := range r.externalIDs {
			ids[string(account)] = object{"ExternalId": id}
		}
		template["Mappings"] = object{"Accounts": ids}
	}
	return indented(template)
}

func ref(name string) object { return object{"Ref": name} }

// forStack turns a document into CloudFormation's words.
func (r role) forStack(document string) any {
	return transformed(decoded(document), func(s string) any {
		if s == externalIDHere {
			if _, same := r.same(); same {
				return ref("ExternalId")
			}
			return object{"Fn::FindInMap": []any{"Accounts", ref("AWS::AccountId"), "ExternalId"}}
		}
		if !strings.Contains(s, accountHere) {
			return s
		}
		return object{"Fn::Sub": strings.ReplaceAll(s, accountHere, "${AWS::AccountId}")}
	})
}

// transformed replaces the texts in a document.
func transformed(v any, replace func(string) any) any {
	switch v := v.(type) {
	case string:
		return replace(v)
	case []any:
		for i := range v {
			v[i] = transformed(v[i], replace)
		}
		return v
	case object:
		for key := range v {
			v[key] = transformed(v[key], replace)
		}
		return v
	default:
		return v
	}
}

// decoded reads a document that internal/policy or AWS wrote.
func decoded(document string) any {
	var v any
	if err := json.Unmarshal([]byte(document), &v); err != nil {
		return fmt.Sprintf("no JSON: %v", err)
	}
	return v
}

func indented(v any) string {
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	_ = encoder.Encode(v) // texts, lists and maps of them always have a JSON form
	return out.String()
}

func sorted[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
