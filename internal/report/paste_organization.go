// SPDX-License-Identifier: MPL-2.0

package report

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/amishare/packer-plugin-ami-share/internal/policy"
	"github.com/amishare/packer-plugin-ami-share/internal/sharing"
)

// pasted is a statement of a resource's policy, as the remedies have it.
type pasted struct {
	Sid       string                          `json:",omitempty"`
	Effect    string                          `json:""`
	Principal principals                      `json:""`
	Action    json.RawMessage                 `json:",omitempty"`
	Resource  json.RawMessage                 `json:",omitempty"`
	Condition map[string]map[string]oneOrMore `json:",omitempty"`
}

type principals struct{ AWS oneOrMore }

// oneOrMore are strings of a policy, where one may stand without its brackets.
type oneOrMore []string

// UnmarshalJSON implements json.Unmarshaler.
func (o *oneOrMore) UnmarshalJSON(text []byte) error {
	var one string
	if json.Unmarshal(text, &one) == nil {
		*o = oneOrMore{one}
		return nil
	}
	return json.Unmarshal(text, (*[]string)(o))
}

// MarshalJSON implements json.Marshaler.
func (o oneOrMore) MarshalJSON() ([]byte, error) {
	if len(o) == 1 {
		return json.Marshal(o[0])
	}
	return json.Marshal([]string(o))
}

// exampleOrganization stands where nobody but the reader knows the id.
const exampleOrganization = "o-exampleorgid"

// document finds the JSON document in a remedy: where it begins and ends.
func document(remedy string) (begin, end int, ok bool) {
	for begin = 0; begin < len(remedy); begin++ {
		if atLine := begin == 0 || remedy[begin-1] == '\n'; !atLine || remedy[begin] != '{' && remedy[begin] != '[' {
			continue
		}
		decoder := json.NewDecoder(strings.NewReader(remedy[begin:]))
		var any json.RawMessage
		if decoder.Decode(&any) == nil {
			return begin, begin + int(decoder.InputOffset()), true
		}
	}
	return 0, 0, false
}

// tooLong tells whether a remedy has a document that no key's policy has room for.
func tooLong(remedy string) bool {
	begin, end, ok := document(remedy)
	return ok && policy.TooLong(remedy[begin:end])
}

// forOrganization writes the statement of a remedy for every account of the organization, by conditions on who acts, in place of a list of
// principals. It can't where the remedy is no such statement.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html
func forOrganization(remedy string, first sharing.Scope, others []sharing.Problem) (string, bool) {
	begin, end, ok := document(remedy)
	if !ok || first.Account == "" {
		return "", false
	}
	var s pasted
	decoder := json.NewDecoder(strings.NewReader(remedy[begin:end]))
	decoder.DisallowUnknownFields()
	if decoder.Decode(&s) != nil || !s.widen(string(first.Account)) {
		return "", false
	}
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	if encoder.Encode(s) != nil {
		return "", false
	}
	accounts := map[sharing.AccountID]bool{first.Account: true}
	for _, p := range others {
		accounts[p.Scope.Account] = true
	}
	note := fmt.Sprintf("A statement that names %d accounts has no room in a key's policy, which holds %d bytes. This one is for the accounts of your "+
		"organization: put its id in the place of %s. The data source ami-share-key writes the whole of it with organization_id.\n",
		len(accounts), policy.KeyPolicyLimit, exampleOrganization)
	return remedy[:begin] + note + strings.TrimSuffix(out.String(), "\n") + remedy[end:], true
}

// widen makes of a statement for one account one for those of an organization. It can't where others are named beside it.
func (s *pasted) widen(account string) bool {
	named := func(text string) bool { return strings.Contains(text, account) }
	if len(s.Principal.AWS) == 0 || !all(s.Principal.AWS, named) {
		return false
	}
	if s.Condition == nil {
		s.Condition = map[string]map[string]oneOrMore{}
	}
	for operator, keys := range s.Condition {
		for key, values := range keys {
			if slices.ContainsFunc(values, named) {
				delete(keys, key)
				s.when(strings.Replace(operator, "Equals", "Like", 1), key, anywhere(values, account)...)
			}
		}
		if len(keys) == 0 {
			delete(s.Condition, operator)
		}
	}
	s.when("StringEquals", "aws:PrincipalOrgID", exampleOrganization)
	if !all(s.Principal.AWS, func(arn string) bool { return strings.HasSuffix(arn, ":root") }) {
		s.when("StringLike", "aws:PrincipalArn", anywhere(s.Principal.AWS, account)...)
	}
	s.Principal.AWS = oneOrMore{"*"}
	return true
}

func (s *pasted) when(operator, key string, values ...string) {
	if s.Condition[operator] == nil {
		s.Condition[operator] = map[string]oneOrMore{}
	}
	s.Condition[operator][key] = values
}

func anywhere(texts []string, account string) []string {
	return mapped(texts, func(text string) string { return strings.ReplaceAll(text, account, "*") })
}

func all(texts []string, is func(string) bool) bool {
	return !slices.ContainsFunc(texts, func(text string) bool { return !is(text) })
}
