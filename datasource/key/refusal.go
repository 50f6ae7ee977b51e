package key

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/amishare/packer-plugin-ami-share/internal/awsapi"
	"github.com/amishare/packer-plugin-ami-share/internal/policy"
	"github.com/amishare/packer-plugin-ami-share/internal/sharing"
)

// denied tells whether a problem is KMS's refusal of a grant.
func denied(p sharing.Problem) bool { return p.Code == "AccessDeniedException" && p.Scope.Region != "" }

// explainAll replaces the cause of refused grants by what the key's policy says, where it can be read and is plainly the
// reason; where it may be, that is added.
func explainAll(problems []sharing.Problem, refused func(sharing.Problem) (awsapi.ResolvedKey, ask, bool)) []sharing.Problem {
	explained := slices.Clone(problems)
	for i := range explained {
		p := &explained[i]
		key, a, ok := refused(*p)
		if !ok || key.Policy == "" {
			continue
		}
		found := explain(key.Policy, a)
		switch {
		case found.Certain:
			p.Cause, p.Remedy = found.Reason, statementNote(found)
		case found.Reason != "":
			p.Cause += "; " + found.Reason
		default:
			p.Cause += "; the key's policy has a statement that fits, so look at the policies of the target's role"
		}
	}
	return explained
}

func statementNote(found explanation) string {
	if found.Statement == "" {
		return "add the statements below to the key's policy"
	}
	return "add the statements below to the key's policy, in which this one stands:\n" + found.Statement
}

// refused tells which grant was refused.
func (s *search) refused(p sharing.Problem) (awsapi.ResolvedKey, ask, bool) {
	if !denied(p) {
		return awsapi.ResolvedKey{}, ask{}, false
	}
	k := slices.IndexFunc(s.keys, func(key awsapi.ResolvedKey) bool { return key.Region == p.Scope.Region })
	g := slices.IndexFunc(s.grantees, func(g awsapi.ProvenGrantee) bool {
		return g.Account == p.Scope.Account && strings.HasSuffix(p.Doing, g.ARN)
	})
	if k < 0 || g < 0 {
		return awsapi.ResolvedKey{}, ask{}, false
	}
	return s.keys[k], ask{p.Scope.Account, s.principal(p.Scope.Account), s.grantees[g].ARN, s.config.operations()}, true
}

// refusal is the error with everything that is in the way, and below it, once, the statements that the keys' policies
// lack.
func (s *search) refusal() error {
	var b strings.Builder
	fmt.Fprintf(&b, "images can't be shared with this configuration: %s\n", counted(len(s.problems), "problem"))
	for _, p := range s.problems {
		b.WriteString("\n* " + strings.ReplaceAll(p.Error(), "\n", "\n  ") + "\n")
	}
	for _, lack := range s.lacking() {
		fmt.Fprintf(&b, "\nThe policy of %s needs these statements:\n%s\n", strings.Join(lack.keys, " and of "), lack.statements)
	}
	for _, warning := range s.warnings {
		b.WriteString("\nNote: " + warning + "\n")
	}
	return errors.New(strings.TrimSuffix(b.String(), "\n"))
}

// lack are statements that are missing in the policies of some keys.
type lack struct {
	keys       []string
	statements string
}

// lacking gathers the targets that the policy of a key lets in too little, and writes the statements for them; keys
// that lack the same are told together.
func (s *search) lacking() []lack {
	var all []lack
	for _, key := range s.keys {
		var shut []sharing.AccountID
		for _, p := range s.problems {
			if _, a, ok := s.refused(p); ok && p.Scope.Region == key.Region && key.Policy != "" && explain(key.Policy, a).Certain {
				shut = append(shut, a.Account)
			}
		}
		if len(shut) == 0 {
			continue
		}
		documents := s.documents()
		documents.Targets = slices.DeleteFunc(documents.Targets, func(t policy.Target) bool { return !slices.Contains(shut, t.Account) })
		statements := policy.KeyPolicyStatements(documents)
		i := slices.IndexFunc(all, func(l lack) bool { return l.statements == statements })
		if i < 0 {
			all = append(all, lack{nil, statements})
			i = len(all) - 1
		}
		all[i].keys = append(all[i].keys, key.ARN)
	}
	slices.SortStableFunc(all, func(a, b lack) int { return cmp.Compare(a.keys[0], b.keys[0]) })
	return all
}

func counted(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
