// SPDX-License-Identifier: MPL-2.0

package iam

import (
	"bytes"
	"encoding/json"
	"net/http"
	"unicode/utf8"

	"github.com/amishare/packer-plugin-ami-share/internal/awssim/cloud"
	"github.com/amishare/packer-plugin-ami-share/internal/awssim/wire"
)

// How large policies can be, in characters without white space, and how many can be attached to a role. AWS raises the
// quota of trust policies on request: see world.Account.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html#reference_iam-quotas-entity-length
const (
	largestManagedPolicy = 6144
	largestInlineOfRole  = 10240 // all inline policies of a role together
	largestInlineOfUser  = 2048  // all inline policies of a user together
	mostAttachedPolicies = 10
)

// sizeOf returns the characters of a document that count.
func sizeOf(text []byte) int {
	var compact bytes.Buffer
	if json.Compact(&compact, text) != nil {
		return utf8.RuneCount(text)
	}
	return utf8.RuneCount(compact.Bytes())
}

func checkTrustSize(a *cloud.Account, text []byte) error {
	if quota := a.TrustPolicyQuota; sizeOf(text) > quota {
		return overQuota("Cannot exceed quota for ACLSizePerRole: %d", quota)
	}
	return nil
}

func checkManagedSize(text []byte) error {
	if sizeOf(text) > largestManagedPolicy {
		return overQuota("Cannot exceed quota for PolicySize: %d", largestManagedPolicy)
	}
	return nil
}

// checkInlineSize adds up the inline policies that a role would have with one more or another one.
func checkInlineSize(r *cloud.Role, name string, text []byte) error {
	sum := sizeOf(text)
	for other, policy := range r.Policies {
		if other != name {
			sum += sizeOf(policy.Text)
		}
	}
	if sum > largestInlineOfRole {
		return overQuota("Maximum policy size of %d bytes exceeded for role %s", largestInlineOfRole, r.Name)
	}
	return nil
}

func checkAttached(r *cloud.Role, arn string) error {
	if r.Attached[arn] == nil && len(r.Attached) >= mostAttachedPolicies {
		return overQuota("Cannot exceed quota for PoliciesPerRole: %d", mostAttachedPolicies)
	}
	return nil
}

func overQuota(format string, args ...any) error {
	return wire.Errorf(http.StatusConflict, "LimitExceeded", format, args...)
}
