// SPDX-License-Identifier: MPL-2.0

package key

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/amishare/packer-plugin-ami-share/internal/access"
	"github.com/amishare/packer-plugin-ami-share/internal/awsapi"
	"github.com/amishare/packer-plugin-ami-share/internal/clients"
	"github.com/amishare/packer-plugin-ami-share/internal/keypolicy"
	"github.com/amishare/packer-plugin-ami-share/internal/policy"
	"github.com/amishare/packer-plugin-ami-share/internal/report"
	"github.com/amishare/packer-plugin-ami-share/internal/sharing"
)

// explain tells why KMS refused grants, as far as the keys' policies can be read, and what these lack.
func (s *search) explain(refused []awsapi.RefusedGrant) {
	shut := map[string][]sharing.AccountID{} // by key, whom its policy does not let in
	unread := map[string]awsapi.ResolvedKey{}
	for _, r := range refused {
		if r.Key.Policy == "" {
			unread[r.Key.ARN] = r.Key
			s.problems = append(s.problems, r.Problem)
			continue
		}
		found := keypolicy.Explain(r.Key.Policy, s.call(r))
		s.problems = append(s.problems, s.explained(r, found))
		if found.Lacks {
			shut[r.Key.ARN] = append(shut[r.Key.ARN], r.Grantee.Account)
		}
	}
	for _, arn := range slices.Sorted(maps.Keys(unread)) {
		s.warnings = append(s.warnings, fmt.Sprintf("the policy of the key %s could not be read to explain the refusal: "+
			"only its own account can (%s), with kms:GetKeyPolicy", arn, unread[arn].Account))
	}
	s.lacks = s.lacking(shut)
}

// call is what KMS refused.
func (s *search) call(r awsapi.RefusedGrant) keypolicy.Call {
	session := ""
	if role := s.targets.Sources[r.Grantee.Account].Role; role != nil {
		session = cmp.Or(role.SessionName, clients.DefaultSessionName)
	}
	operations := access.GrantOperations(s.config.GrantOperations)
	return keypolicy.Grant(r.Key.ARN, r.Grantee.Account, s.principal(r.Grantee.Account), session, r.Grantee.ARN, operations)
}

// explained is the problem of a refused grant with what the key's policy says to it.
func (s *search) explained(r awsapi.RefusedGrant, found keypolicy.Explanation) sharing.Problem {
	p := r.Problem
	switch {
	case r.Elsewhere && found.Certain:
		p.Cause, p.Remedy = p.Cause+"; and "+found.Reason, p.Remedy+"\n"+found.Remedy
	case r.Elsewhere:
	case found.Certain:
		p.Cause, p.Remedy = found.Reason, found.Remedy
	case found.Reason != "":
		p.Cause += "; " + found.Reason
	default:
		p.Cause, p.Remedy = s.ownSide(r)
	}
	return p
}

// ownSide explains a refusal that is not the key's policy's.
func (s *search) ownSide(r awsapi.RefusedGrant) (cause, remedy string) {
	const start = "the key's policy lets the call in, so another policy is in the way: "
	const end = ", or a permissions boundary or a policy of an organization does not let it through"
	who := cmp.Or(s.principal(r.Grantee.Account), "the target's principal")
	role := s.targets.Sources[r.Grantee.Account].Role
	if role == nil || role.Policy == "" && len(role.PolicyARNs) == 0 {
		return start + "the identity policy of " + who + " does not allow kms:CreateGrant, or denies it" + end, r.OwnSide
	}
	return start + "the identity policy of " + who + " or the session policy that assume_role gives it (policy, policy_arns) " +
		"does not allow kms:CreateGrant, or one of them denies it" + end, r.OwnSide + "\nThe session policy needs the same statement."
}

// lack are statements that are missing in the policies of some keys.
type lack struct {
	keys       []string
	statements string
}

// lacking writes the statements for those whom a key's policy lets in too little; keys that lack the same are told
// together.
func (s *search) lacking(shut map[string][]sharing.AccountID) []lack {
	var all []lack
	for _, key := range s.keys {
		arn := key.ARN
		if len(shut[arn]) == 0 {
			continue
		}
		documents := s.documents()
		documents.Nameless = strings.Contains(key.Policy, policy.SidPrefix)
		documents.Targets = slices.DeleteFunc(documents.Targets, func(t policy.Target) bool { return !slices.Contains(shut[arn], t.Account) })
		statements := policy.KeyPolicyStatements(documents)
		i := slices.IndexFunc(all, func(l lack) bool { return l.statements == statements })
		if i < 0 {
			all = append(all, lack{statements: statements})
			i = len(all) - 1
		}
		all[i].keys = append(all[i].keys, arn)
	}
	return all
}

// refusal is the error with everything that is in the way, what is alike in several accounts and Regions once, and below it the
// statements that the keys' policies lack.
func (s *search) refusal() error {
	var b strings.Builder
	fmt.Fprintf(&b, "AMIs can't be shared with this configuration: %s\n", sharing.Counted(len(s.problems), "problem"))
	for _, text := range report.Problems(s.problems) {
		b.WriteString("\n* " + strings.ReplaceAll(text, "\n", "\n  ") + "\n")
	}
	for _, lack := range s.lacks {
		fmt.Fprintf(&b, "\nThe policy of key %s needs these statements:\n%s\n", strings.Join(lack.keys, " and of key "), lack.statements)
	}
	for _, warning := range s.warnings {
		b.WriteString("\nNote: " + warning + "\n")
	}
	return errors.New(strings.TrimSuffix(b.String(), "\n"))
}
