// SPDX-License-Identifier: MPL-2.0

// Package sharing is the vocabulary of the plugin: accounts, AMIs, keys, grantees and grants, what a user asks for
// ([Request]) and what AWS says is there ([Facts]).
//
// It holds values and the rules of their shape. It reads no configuration, calls no service and decides nothing:
// internal/plan decides what has to change, and internal/awsapi changes it.
package sharing

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// Region is a Region's code, as in "eu-central-1".
type Region string

// ImageRef names an AMI. AMI ids are unique within a Region only.
type ImageRef struct {
	Region Region
	ID     string
}

// String returns "region:ami-…", the form of Packer's artifact ids.
func (r ImageRef) String() string { return string(r.Region) + ":" + r.ID }

// CompareImages orders by Region, then by id.
func CompareImages(a, b ImageRef) int {
	return cmp.Or(cmp.Compare(a.Region, b.Region), strings.Compare(a.ID, b.ID))
}

// Scope is a place where sharing succeeds or fails on its own: one account in one Region. An empty Region stands for
// all Regions of the account, as when its role can't be assumed.
type Scope struct {
	Account AccountID
	Region  Region
}

// Covers tells whether what happens in s also happens in other: the same account, and the same Region or all.
func (s Scope) Covers(other Scope) bool {
	return s.Account == other.Account && (s.Region == "" || s.Region == other.Region)
}

// String names the scope for people: "222222222222 in eu-central-1".
func (s Scope) String() string {
	if s.Region == "" {
		return string(s.Account)
	}
	return string(s.Account) + " in " + string(s.Region)
}

// CompareScopes orders by account, then by Region.
func CompareScopes(a, b Scope) int {
	return cmp.Or(cmp.Compare(a.Account, b.Account), cmp.Compare(a.Region, b.Region))
}

// Counted writes a number of things for people: "1 AMI", "2 AMIs".
func Counted(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// Named lists ids for people: "AMI a", "AMIs a and b", "AMIs a, b and 7 more".
func Named(noun string, ids []string) string {
	switch {
	case len(ids) == 1:
		return noun + " " + ids[0]
	case len(ids) <= 3:
		return noun + "s " + strings.Join(ids[:len(ids)-1], ", ") + " and " + ids[len(ids)-1]
	default:
		return noun + "s " + ids[0] + ", " + ids[1] + " and " + strconv.Itoa(len(ids)-2) + " more"
	}
}

// TagText writes tags for people, sorted: `team="web", os="linux"`.
func TagText(tags map[string]string) string {
	var parts []string
	for _, key := range slices.Sorted(maps.Keys(tags)) {
		parts = append(parts, fmt.Sprintf("%s=%q", key, tags[key]))
	}
	return strings.Join(parts, ", ")
}

// DefaultGrantOperations are the operations that Auto Scaling's service-linked role needs on a shared key, in the order
// of AWS's page https://docs.aws.amazon.com/autoscaling/ec2/userguide/key-policy-requirements-EBS-encryption.html.
// The result is the caller's own.
func DefaultGrantOperations() []string {
	return []string{
		"Encrypt", "Decrypt", "ReEncryptFrom", "ReEncryptTo",
		"GenerateDataKey", "GenerateDataKeyWithoutPlaintext", "DescribeKey", "CreateGrant",
	}
}

// GrantOperations are all operations that a grant on a symmetric encryption key can carry, sorted.
// https://docs.aws.amazon.com/kms/latest/developerguide/grants.html
func GrantOperations() []string {
	all := append(DefaultGrantOperations(), "GenerateDataKeyPair", "GenerateDataKeyPairWithoutPlaintext", "RetireGrant")
	slices.Sort(all)
	return all
}
