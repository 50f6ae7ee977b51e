// SPDX-License-Identifier: MPL-2.0

// Package keypolicy reads the policy of a KMS key, to say what it does to one call: lets it in, denies it, or is silent. It
// says so where that can't be told from the policy alone.
//
// It explains refusals that KMS has given, and warns of launches that nobody can try. It decides nothing that AWS can be
// asked with DryRun.
package keypolicy

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
)

// statement is a statement of a key policy.
// https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-overview.html
type statement struct {
	Sid          string
	Effect       string
	Principal    json.RawMessage
	NotPrincipal json.RawMessage
	Action       values
	NotAction    values
	Resource     values
	NotResource  values
	Condition    map[string]map[string]values

	text string
}

// values reads one string, boolean or number, or a list of them.
type values []string

// UnmarshalJSON implements json.Unmarshaler.
func (v *values) UnmarshalJSON(data []byte) error {
	var list []any
	if err := json.Unmarshal(data, &list); err != nil {
		var one any
		if err := json.Unmarshal(data, &one); err != nil {
			return err
		}
		list = []any{one}
	}
	*v = nil
	for _, item := range list {
		switch item.(type) {
		case string, bool, float64:
			*v = append(*v, fmt.Sprint(item))
		default:
			return fmt.Errorf("%s is neither a string nor a list of them", data)
		}
	}
	return nil
}

func read(document string) ([]statement, error) {
	var policy struct{ Statement json.RawMessage }
	if err := json.Unmarshal([]byte(document), &policy); err != nil {
		return nil, err
	}
	var raws []json.RawMessage
	if err := json.Unmarshal(policy.Statement, &raws); err != nil {
		raws = []json.RawMessage{policy.Statement}
	}
	statements := make([]statement, len(raws))
	for i, raw := range raws {
		if err := json.Unmarshal(raw, &statements[i]); err != nil {
			return nil, err
		}
		statements[i].text = pretty(raw)
	}
	return statements, nil
}

func pretty(raw json.RawMessage) string {
	var text bytes.Buffer
	if err := json.Indent(&text, raw, "", "  "); err != nil {
		return string(raw)
	}
	return text.String()
}

func (s statement) name() string {
	if s.Sid == "" {
		return "a statement of the key's policy"
	}
	return fmt.Sprintf("the statement %q of the key's policy", s.Sid)
}

// like matches with the wildcards of policies: * for any number of characters, ? for one. It goes back to the last star
// only, so that many stars cost no more than few.
func like(pattern, s string) bool {
	p, i, star, from := 0, 0, -1, 0
	for i < len(s) {
		switch {
		case p < len(pattern) && pattern[p] == '*':
			star, from = p, i
			p++
		case p < len(pattern) && (pattern[p] == '?' || pattern[p] == s[i]):
			p, i = p+1, i+1
		case star >= 0:
			from++
			p, i = star+1, from
		default:
			return false
		}
	}
	return strings.Trim(pattern[p:], "*") == ""
}

// arnLike matches ARNs part by part: a wildcard does not reach across a colon.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html#Conditions_ARN
func arnLike(pattern, s string) bool {
	const parts = 6
	patterns, values := strings.SplitN(pattern, ":", parts), strings.SplitN(s, ":", parts)
	if len(patterns) != parts || len(values) != parts {
		return strings.Trim(pattern, "*") == "" || pattern == s
	}
	for i := range patterns {
		if !like(patterns[i], values[i]) {
			return false
		}
	}
	return true
}
