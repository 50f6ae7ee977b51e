// SPDX-License-Identifier: MPL-2.0

package bootstrap

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/amishare/packer-plugin-ami-share/internal/policy"
	"github.com/amishare/packer-plugin-ami-share/internal/sharing"
)

// keyPolicy is what a key's policy becomes, or what to add to it where it can't be read.
type keyPolicy struct {
	arn   string
	file  string
	text  string
	whole bool
}

// keyPolicies are those of the keys, in the order of their Regions.
func (c Config) keyPolicies() []keyPolicy {
	keys := slices.Clone(c.Keys)
	slices.SortFunc(keys, func(a, b Key) int { return cmp.Compare(sharing.RegionOf(a.ARN), sharing.RegionOf(b.ARN)) })
	var policies []keyPolicy
	for _, key := range keys {
		region := sharing.RegionOf(key.ARN)
		alone := c.Config
		alone.Keys = []string{key.ARN}
		alone.Targets = slices.DeleteFunc(slices.Clone(c.Targets), func(t policy.Target) bool { return !t.In(region) })
		p := keyPolicy{arn: key.ARN, file: "key-policy." + string(region), text: policy.KeyPolicyStatements(alone) + "\n"}
		if now, ok := decodedPolicy(key.Policy); ok {
			p.whole, p.text = true, indented(withStatements(now, decoded(p.text).([]any)))
		} else {
			p.file = "key-policy-statements." + string(region)
		}
		policies = append(policies, p)
	}
	return policies
}

// decodedPolicy reads the policy that a key has.
func decodedPolicy(text string) (object, bool) {
	if text == "" {
		return nil, false
	}
	document, ok := decoded(text).(object)
	return document, ok
}

// withStatements puts statements into a key's policy, in the place of those that the plugin had written before.
func withStatements(document object, statements []any) object {
	var kept []any
	switch now := document["Statement"].(type) {
	case []any:
		kept = now
	case object:
		kept = []any{now}
	}
	kept = slices.DeleteFunc(kept, func(s any) bool {
		statement, _ := s.(object)
		sid, _ := statement["Sid"].(string)
		return strings.HasPrefix(sid, policy.SidPrefix)
	})
	document["Statement"] = append(kept, statements...)
	return document
}

// check finds a policy that is too large for a key.
func (p keyPolicy) check() []sharing.Problem {
	if n := policy.Length(p.text); n > policy.KeyPolicyLimit {
		return []sharing.Problem{tooLarge(p.file, fmt.Sprintf("it has %d bytes, and a key policy holds %d", n, policy.KeyPolicyLimit),
			"Set organization_id to let in the organization's accounts instead of naming each, or take statements out that the key doesn't need any more.")}
	}
	return nil
}
