// SPDX-License-Identifier: MPL-2.0

package sts

import (
	"net/http"
	"unicode/utf8"

	"github.com/amishare/packer-plugin-ami-share/internal/awssim/cloud"
	"github.com/amishare/packer-plugin-ami-share/internal/awssim/iampolicy"
	"github.com/amishare/packer-plugin-ami-share/internal/awssim/wire"
)

// Session policies have a limit in characters, and another one when they are packed together with the session tags.
// https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html
const (
	largestSessionPolicy = 2048
	mostSessionPolicies  = 10
)

// AWS does not say how it packs. This estimate takes more than what was seen: the page above tells of a policy of 103
// characters that takes 6 percent, which is 7 here; six tags of EKS Pod Identity take 74 percent
// (https://github.com/aws/containers-roadmap/issues/2413), and six with short values 90 percent here; nine
// tags of 250 characters take 498 percent (https://github.com/aws-actions/configure-aws-credentials/issues/1898), which
// are 840 here. world.Hostility.PackedPolicySpace changes the space.
const (
	packedSpace     = 1400 // in characters of policies
	packedPerTag    = 8
	packedOfTagChar = 5
)

// sessionPolicies returns the session policies of the call, nil when there are none.
func (c *call) sessionPolicies(r *cloud.Role) ([]*iampolicy.Document, error) {
	var documents []*iampolicy.Document
	inline := c.Form.Get("Policy")
	if size := utf8.RuneCountInString(inline); size > largestSessionPolicy {
		return nil, wire.ValidationError("1 validation error detected: Value at 'policy' failed to satisfy constraint: Member must have length less than or equal to %d", largestSessionPolicy)
	}
	if inline != "" {
		document, err := c.ParsePolicy(iampolicy.Session, []byte(inline))
		if err != nil {
			return nil, wire.Errorf(http.StatusBadRequest, "MalformedPolicyDocument", "%v", err)
		}
		documents = append(documents, document)
	}
	members := c.Form.Structs("PolicyArns.member")
	if len(members) > mostSessionPolicies {
		return nil, wire.ValidationError("1 validation error detected: Value at 'policyArns' failed to satisfy constraint: Member must have length less than or equal to %d", mostSessionPolicies)
	}
	plain := len(inline)
	for _, member := range members {
		arn := member.Get("arn")
		policy := c.ManagedPolicy(r.Account, arn)
		if policy == nil {
			return nil, wire.ValidationError("the policy %s does not exist or is not attachable in account %s", arn, r.Account.ID)
		}
		plain += len(arn)
		documents = append(documents, policy.Document)
	}
	if plain > largestSessionPolicy {
		return nil, wire.ValidationError("The inline session policy and the ARNs of managed session policies are %d characters together, and %d are allowed", plain, largestSessionPolicy)
	}
	return documents, nil
}

// pack returns how many percent of the space session policies and tags take, and refuses more than all of it. The
// transitive tags that come from the caller's session count too.
func (c *call) pack() (int, error) {
	size := utf8.RuneCountInString(c.Form.Get("Policy"))
	for _, member := range c.Form.Structs("PolicyArns.member") {
		size += len(member.Get("arn"))
	}
	kind, tag := "policy", func(key, value string) {
		size += packedPerTag + packedOfTagChar*(utf8.RuneCountInString(key)+utf8.RuneCountInString(value))
	}
	for _, one := range c.Form.Structs("Tags.member") {
		tag(one.Get("Key"), one.Get("Value"))
		kind = "session policies and tags"
	}
	for _, key := range c.transitive() {
		tag(key, c.Caller.Tags[key])
		kind = "session policies and tags"
	}
	space := c.Hostility.PackedPolicySpace
	if space == 0 {
		space = packedSpace
	}
	percent := (size*100 + space - 1) / space
	if percent > 100 {
		return percent, wire.Errorf(http.StatusBadRequest, "PackedPolicyTooLarge", "Packed size of %s consumes %d%% of allotted space.", kind, percent)
	}
	return percent, nil
}
