// SPDX-License-Identifier: MPL-2.0

package kms

import (
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/amishare/packer-plugin-ami-share/internal/awssim/cloud"
)

// Grant is a grant on a key. Its principals are kept by unique id, as KMS does.
type Grant struct {
	id, token, name string
	key             *Key
	issuer          *cloud.Account
	grantee         grantee
	retiring        *grantee
	operations      []string // sorted
	constraints     constraints
	created         time.Time
	unlisted        cloud.Lag // ListGrants that don't show it yet
	listed          cloud.Lag // ListGrants that show it after its end
	unusable        cloud.Lag // uses that it does not allow yet
}

// grantee is a user, a role, a session or an account.
type grantee struct {
	arn string // as it was given
	id  string // unique id of a user or role, "" for others
}

type constraints struct {
	Equals map[string]string `json:"EncryptionContextEquals,omitempty"`
	Subset map[string]string `json:"EncryptionContextSubset,omitempty"`
}

// fit compares with the encryption context of cryptographic operations; others have none.
// https://docs.aws.amazon.com/kms/latest/APIReference/API_GrantConstraints.html
func (g constraints) fit(use Use) bool {
	if slices.Contains([]string{"DescribeKey", "CreateGrant", "RetireGrant"}, use.Op) {
		return true
	}
	if g.Equals != nil && !maps.Equal(g.Equals, use.EncryptionContext) {
		return false
	}
	for name, value := range g.Subset {
		if use.EncryptionContext[name] != value {
			return false
		}
	}
	return true
}

// within tells whether a child's constraints are as strict as the parent's, or stricter.
func (g constraints) within(parent constraints) bool {
	if parent.Equals != nil && !maps.Equal(parent.Equals, g.Equals) {
		return false
	}
	for name, value := range parent.Subset {
		if g.Subset[name] != value && g.Equals[name] != value {
			return false
		}
	}
	return true
}

// conditions are the condition keys about constraints.
// https://docs.aws.amazon.com/kms/latest/developerguide/conditions-kms.html#conditions-kms-grant-constraint-type
func (g constraints) conditions() map[string][]string {
	switch {
	case g.Equals != nil:
		conditions := encryptionConditions(g.Equals)
		conditions["kms:GrantConstraintType"] = []string{"EncryptionContextEquals"}
		return conditions
	case g.Subset != nil:
		conditions := encryptionConditions(g.Subset)
		conditions["kms:GrantConstraintType"] = []string{"EncryptionContextSubset"}
		return conditions
	default:
		return nil
	}
}

func (g constraints) some() bool { return g.Equals != nil || g.Subset != nil }

// check refuses more than KMS keeps: 8 pairs with values of 384 characters.
// https://docs.aws.amazon.com/kms/latest/APIReference/API_GrantConstraints.html
func (g constraints) check() error {
	for _, pairs := range []map[string]string{g.Equals, g.Subset} {
		if len(pairs) > 8 {
			return validation("1 validation error detected: Value at 'constraints' failed to satisfy constraint: Member must have length less than or equal to 8")
		}
		for name, value := range pairs {
			if name == "" || len(value) > 384 {
				return validation("1 validation error detected: Value at 'constraints.%s' failed to satisfy constraint: Member must have length from 1 to 384", name)
			}
		}
	}
	return nil
}

// passesOn tells whether the grantee may pass on operations under constraints.
// https://docs.aws.amazon.com/kms/latest/developerguide/create-grant-overview.html
func (g *Grant) passesOn(operations []string, under constraints) bool {
	return containsAll(g.operations, operations) && under.within(g.constraints)
}

// LacksForLaunch returns the operations that AWS documents for a grant to a service-linked role on a key of another account,
// and that this one does not allow. AWS does not publish which of the eight a launch can do without; here it can do without
// none. Any other principal, and nil, lacks nothing.
// https://docs.aws.amazon.com/autoscaling/ec2/userguide/key-policy-requirements-EBS-encryption.html
func (g *Grant) LacksForLaunch(who *cloud.Principal) []string {
	if g == nil || who.Role == nil || who.Role.Service == "" || g.key.account == who.Account {
		return nil
	}
	return slices.DeleteFunc([]string{
		"Encrypt", "Decrypt", "ReEncryptFrom", "ReEncryptTo", "GenerateDataKey", "GenerateDataKeyWithoutPlaintext", "DescribeKey", "CreateGrant",
	}, func(op string) bool { return slices.Contains(g.operations, op) })
}

// covers tells whether the grant is for a principal: a role covers its sessions, an account those that its own
// policies allow it.
func (g *Grant) covers(who *cloud.Principal, ownAllows, inSession bool) bool {
	if g.grantee.id != "" {
		return g.grantee.id == who.UniqueID && inSession
	}
	return g.grantee.arn == who.ARN || ownAllows && strings.HasSuffix(g.grantee.arn, ":iam::"+who.Account.ID+":root")
}

var (
	grantName         = regexp.MustCompile(`^[a-zA-Z0-9:/_-]{1,256}$`)
	grantPrincipalARN = regexp.MustCompile(`^arn:(aws[a-z-]*):(?:iam::([0-9]{12}):(?:root|user/\S+|role/\S+)|sts::([0-9]{12}):(?:assumed-role|federated-user)/\S+)$`)
)

// The operations that a grant can allow: those of every key, and those of each usage of a key; only symmetric keys have
// data keys. https://docs.aws.amazon.com/kms/latest/developerguide/grants.html#terms-grant-operations
var (
	grantOperationsOfAll   = []string{"CreateGrant", "DescribeKey", "RetireGrant"}
	grantOperationsByUsage = map[string][]string{
		"ENCRYPT_DECRYPT":     {"Decrypt", "Encrypt", "ReEncryptFrom", "ReEncryptTo"},
		"SIGN_VERIFY":         {"Sign", "Verify"},
		"GENERATE_VERIFY_MAC": {"GenerateMac", "VerifyMac"},
		"KEY_AGREEMENT":       {"DeriveSharedSecret"},
	}
	grantOperationsOfSymmetric  = []string{"GenerateDataKey", "GenerateDataKeyPair", "GenerateDataKeyPairWithoutPlaintext", "GenerateDataKeyWithoutPlaintext"}
	grantOperationsOfAsymmetric = []string{"GetPublicKey"}
)

// grantable returns the operations that a grant on the key can allow.
func (k *Key) grantable() []string {
	switch {
	case k.symmetric():
		return slices.Concat(grantOperationsOfAll, grantOperationsByUsage[k.usage], grantOperationsOfSymmetric)
	case k.usage == "GENERATE_VERIFY_MAC":
		return slices.Concat(grantOperationsOfAll, grantOperationsByUsage[k.usage])
	default:
		return slices.Concat(grantOperationsOfAll, grantOperationsByUsage[k.usage], grantOperationsOfAsymmetric)
	}
}

func isGrantOperation(op string) bool {
	all := slices.Concat(grantOperationsOfAll, grantOperationsOfSymmetric, grantOperationsOfAsymmetric)
	for _, of := range grantOperationsByUsage {
		all = append(all, of...)
	}
	return slices.Contains(all, op)
}
