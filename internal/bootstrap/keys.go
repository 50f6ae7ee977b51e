// SPDX-License-Identifier: MPL-2.0

package bootstrap

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/amishare/packer-plugin-ami-share/internal/policy"
	"github.com/amishare/packer-plugin-ami-share/internal/sharing"
)

// keyPolicy is what a key's policy becomes, or what to add to it where it can't be read.
type keyPolicy struct {
	arn   string
	file  string
	text  string
	whole bool
	kept  []string // names of the plugin's statements that are not of this configuration
	dead  []string // principals that were deleted, in statements of others
}

// keyPolicies are those of the keys, in the order of their Regions.
func (c Config) keyPolicies() []keyPolicy {
	keys := slices.Clone(c.Keys)
	slices.SortStableFunc(keys, func(a, b Key) int { return cmp.Compare(sharing.RegionOf(a.ARN), sharing.RegionOf(b.ARN)) })
	var policies []keyPolicy
	for _, key := range keys {
		region := sharing.RegionOf(key.ARN)
		alone := c
		alone.Config.Keys = []string{key.ARN}
		alone.Targets = slices.DeleteFunc(slices.Clone(c.Targets), func(t policy.Target) bool { return !t.In(region) })
		p := keyPolicy{arn: key.ARN, file: "key-policy." + string(region), text: policy.KeyPolicyStatements(alone.Config) + "\n"}
		if now, ok := decodedPolicy(key.Policy); ok {
			document, kept := alone.withStatements(now, decoded(p.text).([]any))
			p.whole, p.text, p.kept, p.dead = true, indented(document), kept, deadIn(document)
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

// check finds a policy that is too large for a key.
func (p keyPolicy) check() []sharing.Problem {
	if n := policy.Length(p.text); n > policy.KeyPolicyLimit {
		return []sharing.Problem{tooLarge(p.file, fmt.Sprintf("it has %d bytes, and a key policy holds %d", n, policy.KeyPolicyLimit),
			"Set organization_id to let in the organization's accounts instead of naming each, or take statements out that the key doesn't need any more.")}
	}
	return nil
}
