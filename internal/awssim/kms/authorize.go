// SPDX-License-Identifier: MPL-2.0

package kms

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"github.com/amishare/packer-plugin-ami-share/internal/awssim/cloud"
	"github.com/amishare/packer-plugin-ami-share/internal/awssim/iampolicy"
)

// Who may use a key: the key's policy, grants, and the caller's own policies together.
// https://docs.aws.amazon.com/kms/latest/developerguide/policy-evaluation.html

// Use is what somebody wants to do with a key.
type Use struct {
	Principal         *cloud.Principal
	Op                string
	ViaService        string // the service that calls in the principal's name, "" for a direct call
	ForAWSResource    bool   // kms:GrantIsForAWSResource
	EncryptionContext map[string]string
	conditions        map[string][]string // more condition keys
	tokens            []string            // grant tokens, which make a new grant usable at once
}

// crossAccount are the operations that reach keys of other accounts; for others, permissions have no effect.
// https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-modifying-external-accounts.html
var crossAccount = []string{
	"CreateGrant", "DescribeKey", "GetKeyRotationStatus", "GetPublicKey", "ListGrants", "RetireGrant", "RevokeGrant", "Encrypt", "Decrypt",
	"ReEncryptFrom", "ReEncryptTo", "GenerateDataKey", "GenerateDataKeyWithoutPlaintext", "GenerateDataKeyPair", "GenerateDataKeyPairWithoutPlaintext",
}

// Allow decides. An explicit deny overrides. Otherwise somebody has to let the principal use the key (the key's
// policy by name; the key's policy by account and the principal's own policies; or a grant), and for a key of another
// account, something in the principal's own account has to trust the key: its own policies, or a grant that was issued
// there. It returns the grant that allowed the use, nil when policies alone did.
func (s *Service) Allow(key *Key, use Use) (cloud.Decision, *Grant) {
	who, action := use.Principal, "kms:"+use.Op
	context := s.keyContext(key, use)
	policy := key.policy.Decide(iampolicy.Request{Action: action, Resource: key.ARN, Principal: who.ForPolicies(s.Partition), Context: context})
	own := s.IdentityAllows(who, context, action, key.ARN)
	foreign := key.account != who.Account
	switch {
	case policy.Effect == iampolicy.Deny:
		return cloud.DecisionOf(policy, action), nil
	case own.Denied:
		return own, nil
	case foreign && !slices.Contains(crossAccount, use.Op):
		return cloud.Decision{Reason: action + " does not reach keys of other accounts"}, nil
	}
	inSession := s.SessionAllows(who, context, action, key.ARN)
	byPolicy := policy.Effect == iampolicy.Allow && (policy.Itself || policy.Named && inSession || own.Allowed)
	granted := s.grantFor(key, use, own.Allowed, inSession)
	switch {
	case !byPolicy && granted == nil:
		return s.refused(key, use, policy, own), nil
	case foreign && !own.Allowed && (granted == nil || granted.issuer != who.Account):
		return cloud.Decision{Reason: "account " + who.Account.ID + " does not trust the key: neither a policy of " + cmp.Or(who.RoleARN, who.ARN) +
			" nor a grant issued from account " + who.Account.ID + " allows " + action}, nil
	case byPolicy:
		return cloud.Decision{Allowed: true, Reason: policy.Reason}, nil
	default:
		return cloud.Decision{Allowed: true, Reason: "grant " + granted.id[:8] + "… issued from account " + granted.issuer.ID + " allows " + action}, granted
	}
}

// refused is the refusal of a use that neither the key's policy nor a grant allows.
func (s *Service) refused(key *Key, use Use, policy iampolicy.Decision, own cloud.Decision) cloud.Decision {
	switch {
	case policy.Effect == iampolicy.Allow:
		own.Reason += " (the key policy leaves it to account " + use.Principal.Account.ID + ")"
		return own
	case key.account == use.Principal.Account:
		words := policy.Because("kms:" + use.Op)
		return cloud.Decision{Words: words, Reason: strings.TrimPrefix(words, "because ") + " (" + policy.Reason + "; no grant does)"}
	default:
		return cloud.Decision{Reason: policy.Reason + ", and no grant does"}
	}
}

// keyContext holds the condition keys of a use. A service that uses a key in somebody's name is no service principal, so
// aws:SourceAccount is not among them.
// https://docs.aws.amazon.com/kms/latest/developerguide/conditions-kms.html
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html#condition-keys-sourceaccount
func (s *Service) keyContext(key *Key, use Use) map[string][]string {
	context := s.ContextOf(use.Principal)
	context["kms:CallerAccount"] = []string{use.Principal.Account.ID}
	context["aws:ViaAWSService"] = cloud.Boolean(use.ViaService != "")
	context["aws:RequestedRegion"] = []string{key.Region}
	context["kms:KeySpec"], context["kms:KeyUsage"] = []string{key.spec}, []string{key.usage}
	context["kms:KeyOrigin"], context["kms:MultiRegion"] = []string{key.origin}, cloud.Boolean(key.multiRegion != "")
	if use.ViaService != "" {
		context["kms:ViaService"] = []string{use.ViaService}
	}
	if slices.Contains([]string{"CreateGrant", "ListGrants", "RevokeGrant"}, use.Op) {
		context["kms:GrantIsForAWSResource"] = cloud.Boolean(use.ForAWSResource)
	}
	if use.Op == "CreateGrant" && use.ForAWSResource {
		context["kms:GrantOperations"] = ebsGrantOperations()
		context["kms:GrantConstraintType"] = []string{"EncryptionContextSubset"}
	}
	if use.Op != "DescribeKey" {
		maps.Copy(context, encryptionConditions(use.EncryptionContext))
	}
	for arn, other := range s.aliases {
		if other.ARN == key.ARN {
			context["kms:ResourceAliases"] = append(context["kms:ResourceAliases"], "alias/"+aliasName(arn))
		}
	}
	maps.Copy(context, cloud.TagConditions("kms", key.tags))
	maps.Copy(context, use.conditions)
	return context
}

// encryptionConditions are the condition keys about an encryption context.
func encryptionConditions(encryptionContext map[string]string) map[string][]string {
	conditions := map[string][]string{}
	for name, value := range encryptionContext {
		conditions["kms:EncryptionContext:"+name] = []string{value}
		conditions["kms:EncryptionContextKeys"] = append(conditions["kms:EncryptionContextKeys"], name)
	}
	return conditions
}

// ebsGrantOperations are what EBS passes on to the instance that a volume is attached to.
// https://docs.aws.amazon.com/ebs/latest/userguide/how-ebs-encryption-works.html
func ebsGrantOperations() []string { return []string{"Decrypt"} }

// grantFor finds a grant that allows a use: to the principal itself, to its role as far as its session's policies let, or
// to its account when its own policies allow it too.
func (s *Service) grantFor(key *Key, use Use, ownAllows, inSession bool) *Grant {
	var found *Grant
	for _, g := range key.grants {
		if !g.covers(use.Principal, ownAllows, inSession) || !slices.Contains(g.operations, use.Op) || !g.constraints.fit(use) {
			continue
		}
		if use.Op == "CreateGrant" && use.ForAWSResource && !g.passesOn(ebsGrantOperations(), constraints{Subset: use.EncryptionContext}) {
			continue
		}
		if !slices.Contains(use.tokens, g.token) && g.unusable.Waits() {
			continue
		}
		// For a key of another account the grant that was issued there is worth more.
		if found == nil || g.issuer == use.Principal.Account {
			found = g
		}
	}
	return found
}

func containsAll(all, some []string) bool {
	return !slices.ContainsFunc(some, func(s string) bool { return !slices.Contains(all, s) })
}
