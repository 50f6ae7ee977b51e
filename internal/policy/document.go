// SPDX-License-Identifier: MPL-2.0

package policy

import (
	"bytes"
	"encoding/json"
	"maps"
	"strings"
)

// statement is a statement of a policy document, in the order in which people write its elements.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements.html
type statement struct {
	Sid       string              `json:"Sid,omitempty"`
	Effect    string              `json:"Effect"`
	Principal map[string]anyOf    `json:"Principal,omitempty"`
	Action    anyOf               `json:"Action"`
	Resource  anyOf               `json:"Resource,omitempty"`
	Condition map[string]operands `json:"Condition,omitempty"`
}

// operands are the values of an operator's condition keys.
type operands map[string]anyOf

// document is a whole policy.
type document struct {
	Version   string      `json:"Version"`
	Statement []statement `json:"Statement"`
}

// anyOf is a list of which one stands alone without brackets.
type anyOf []string

// MarshalJSON implements json.Marshaler.
func (a anyOf) MarshalJSON() ([]byte, error) {
	if len(a) == 1 {
		return compact(a[0]), nil
	}
	return compact([]string(a)), nil
}

func allow(sid string, actions, resources []string) statement {
	return statement{Sid: sid, Effect: "Allow", Action: actions, Resource: resources}
}

func (s statement) to(principals ...string) statement {
	s.Principal = map[string]anyOf{"AWS": principals}
	return s
}

// when adds a condition. Without values there is none.
func (s statement) when(operator, key string, values ...string) statement {
	if len(values) == 0 {
		return s
	}
	conditions := map[string]operands{}
	maps.Copy(conditions, s.Condition)
	conditions[operator] = operands{key: values}
	maps.Copy(conditions[operator], s.Condition[operator])
	s.Condition = conditions
	return s
}

// matching is when with the operator that values with and without wildcards need.
func (s statement) matching(key string, values ...string) statement {
	for _, value := range values {
		if strings.Contains(value, "*") {
			return s.when("StringLike", key, values...)
		}
	}
	return s.when("StringEquals", key, values...)
}

// whole makes a document of those statements that have a resource to be about, or a principal.
func whole(statements ...statement) document {
	doc := document{Version: "2012-10-17", Statement: []statement{}}
	for _, s := range statements {
		if len(s.Resource) > 0 || len(s.Principal) > 0 {
			doc.Statement = append(doc.Statement, s)
		}
	}
	return doc
}

// How long policies can be, in characters without white space. A role takes ten managed policies, unless its account has a
// higher quota. https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
const (
	ManagedPolicyLimit = 6144
	InlinePolicyLimit  = 10240 // all inline policies of a role together
	TrustPolicyLimit   = 2048
	ManagedPolicies    = 10 // that can be attached to a role
)

// Length returns how many characters of a document count.
func Length(document string) int {
	var out bytes.Buffer
	if err := json.Compact(&out, []byte(document)); err != nil {
		return len(document)
	}
	return out.Len()
}

// fits tells whether a document fits into a managed policy.
func (d document) fits() bool { return len(compact(d)) <= ManagedPolicyLimit }

// indented returns v as JSON to be read by people.
func indented(v any) string {
	var out bytes.Buffer
	// The values are strings, lists and maps of them: they always have a JSON form, and what compact returns is JSON.
	_ = json.Indent(&out, compact(v), "", "  ")
	return out.String()
}

func compact(v any) []byte {
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	_ = encoder.Encode(v) // see indented
	return bytes.TrimSpace(out.Bytes())
}
