package awssim

// Who may use a key: the key's policy, grants, and the caller's own policies together.
// https://docs.aws.amazon.com/kms/latest/developerguide/policy-evaluation.html

import (
	"cmp"
	"maps"
	"slices"

	"github.com/amishare/packer-plugin-ami-share/internal/awssim/iampolicy"
)

// keyUse is what somebody wants to do with a key.
type keyUse struct {
	principal         *principal
	op                string
	viaService        string // the service that calls in the principal's name, "" for a direct call
	forAWSResource    bool   // kms:GrantIsForAWSResource
	encryptionContext map[string]string
	conditions        map[string][]string // more condition keys
	tokens            []string            // grant tokens, which make a new grant usable at once
}

// crossAccount are the operations that reach keys of other accounts; for others, permissions have no effect.
// https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-modifying-external-accounts.html
var crossAccount = []string{
	"CreateGrant", "DescribeKey", "GetKeyRotationStatus", "GetPublicKey", "ListGrants", "RetireGrant", "RevokeGrant", "Encrypt", "Decrypt",
	"ReEncryptFrom", "ReEncryptTo", "GenerateDataKey", "GenerateDataKeyWithoutPlaintext", "GenerateDataKeyPair", "GenerateDataKeyPairWithoutPlaintext",
}

// allowKey decides. An explicit deny overrides. Otherwise somebody has to let the principal use the key (the key's
// policy by name; the key's policy by account and the principal's own policies; or a grant), and for a key of another
// account, something in the principal's own account has to trust the key: its own policies, or a grant that was issued
// there.
func (s *Server) allowKey(key *kmsKey, use keyUse) decision {
	who, action := use.principal, "kms:"+use.op
	context := s.keyContext(key, use)
	policy := key.policy.Decide(iampolicy.Request{Action: action, Resource: key.arn, Principal: who.forPolicies(s.partition), Context: context})
	own := s.identityAllows(who, context, action, key.arn)
	foreign := key.account != who.account
	switch {
	case policy.Effect == iampolicy.Deny:
		return decision{denied: true, reason: policy.Reason}
	case own.denied:
		return own
	case foreign && !slices.Contains(crossAccount, use.op):
		return decision{reason: action + " does not reach keys of other accounts"}
	}
	inSession := s.sessionAllows(who, context, action, key.arn)
	byPolicy := policy.Effect == iampolicy.Allow && (policy.Itself || policy.Named && inSession || own.allowed)
	granted := s.grantFor(key, use, own.allowed, inSession)
	switch {
	case !byPolicy && granted == nil:
		return decision{reason: s.whyNot(key, use, policy, own)}
	case foreign && !own.allowed && (granted == nil || granted.issuer != who.account):
		return decision{reason: "account " + who.account.id + " does not trust the key: neither a policy of " + cmp.Or(who.roleARN, who.arn) +
			" nor a grant issued from account " + who.account.id + " allows " + action}
	case byPolicy:
		return decision{allowed: true, reason: policy.Reason}
	default:
		return decision{allowed: true, by: granted, reason: "grant " + granted.id[:8] + "… issued from account " + granted.issuer.id + " allows " + action}
	}
}

// sessionAllows asks a session's policies alone. They limit what the role has, by its own policies and by a resource's
// policy that names the role; what names the session itself, or everybody, they do not limit. Of grants to a role AWS
// says nothing: here they are limited like a policy that names it.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies.html#policies_session
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic_policy-eval-basics.html
func (s *Server) sessionAllows(who *principal, context map[string][]string, action, resource string) bool {
	if who.sessionOnly == nil {
		return true
	}
	return decideAll(who.sessionOnly, iampolicy.Request{Action: action, Resource: resource, Principal: who.forPolicies(s.partition), Context: context}).allowed
}

func (s *Server) whyNot(key *kmsKey, use keyUse, policy iampolicy.Decision, own decision) string {
	if policy.Effect == iampolicy.Allow {
		return own.reason + " (the key policy leaves it to account " + use.principal.account.id + ")"
	}
	if key.account == use.principal.account {
		return "no resource-based policy allows the kms:" + use.op + " action (" + policy.Reason + "; no grant does)"
	}
	return policy.Reason + ", and no grant does"
}

// keyContext holds the condition keys of a use. A service that uses a key in somebody's name is no service principal, so
// aws:SourceAccount is not among them.
// https://docs.aws.amazon.com/kms/latest/developerguide/conditions-kms.html
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html#condition-keys-sourceaccount
func (s *Server) keyContext(key *kmsKey, use keyUse) map[string][]string {
	context := s.contextOf(use.principal)
	context["kms:CallerAccount"] = []string{use.principal.account.id}
	context["aws:ViaAWSService"] = boolean(use.viaService != "")
	context["aws:RequestedRegion"] = []string{key.region}
	context["kms:KeySpec"], context["kms:KeyUsage"] = []string{key.spec}, []string{key.usage}
	context["kms:KeyOrigin"], context["kms:MultiRegion"] = []string{key.origin}, boolean(key.multiRegion != "")
	if use.viaService != "" {
		context["kms:ViaService"] = []string{use.viaService}
	}
	if slices.Contains([]string{"CreateGrant", "ListGrants", "RevokeGrant"}, use.op) {
		context["kms:GrantIsForAWSResource"] = boolean(use.forAWSResource)
	}
	if use.op == "CreateGrant" && use.forAWSResource {
		context["kms:GrantOperations"] = ebsGrantOperations()
		context["kms:GrantConstraintType"] = []string{"EncryptionContextSubset"}
	}
	if use.op != "DescribeKey" {
		maps.Copy(context, encryptionConditions(use.encryptionContext))
	}
	for arn, other := range s.aliases {
		if other.arn == key.arn {
			context["kms:ResourceAliases"] = append(context["kms:ResourceAliases"], "alias/"+aliasName(arn))
		}
	}
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
func (s *Server) grantFor(key *kmsKey, use keyUse, ownAllows, inSession bool) *grant {
	var found *grant
	for _, g := range key.grants {
		if !g.covers(use.principal, ownAllows, inSession) || !slices.Contains(g.operations, use.op) || !g.constraints.fit(use) {
			continue
		}
		if use.op == "CreateGrant" && use.forAWSResource && !g.passesOn(ebsGrantOperations(), grantConstraints{Subset: use.encryptionContext}) {
			continue
		}
		if g.unusable > 0 && !slices.Contains(use.tokens, g.token) {
			g.unusable--
			continue
		}
		// For a key of another account the grant that was issued there is worth more.
		if found == nil || g.issuer == use.principal.account {
			found = g
		}
	}
	return found
}

func containsAll(all, some []string) bool {
	return !slices.ContainsFunc(some, func(s string) bool { return !slices.Contains(all, s) })
}
