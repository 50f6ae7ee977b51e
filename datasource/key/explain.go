package key

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/amishare/packer-plugin-ami-share/internal/sharing"
)

// ask is a grant that KMS refused to somebody.
type ask struct {
	Account    sharing.AccountID
	Principal  string // ARN of the role that asked; "" when it isn't known
	Grantee    string
	Operations []string
}

// explanation is what a key policy says to an ask. It explains a refusal that KMS has already given, and never
// predicts one.
type explanation struct {
	// Reason is why the policy does not let it in, "" when a statement fits: then the other side is at fault.
	Reason string
	// Certain says that the reason is plain from the policy alone.
	Certain bool
	// Statement is the statement that comes closest, as it stands in the policy; "" when none is about the account.
	Statement string
}

// grantStatement is a statement of a key policy as far as it matters here.
type grantStatement struct {
	Sid          string
	Effect       string
	Principal    json.RawMessage
	NotPrincipal json.RawMessage
	Action       values
	NotAction    values
	Condition    map[string]map[string]values

	text string
}

// values reads one string, boolean or number, or a list of them.
type values []string

// UnmarshalJSON implements json.Unmarshaler.
func (v *values) UnmarshalJSON(data []byte) error {
	var list []any
	if err := json.Unmarshal(data, &list); err != nil {
		var one any
		if err := json.Unmarshal(data, &one); err != nil {
			return err
		}
		list = []any{one}
	}
	*v = nil
	for _, item := range list {
		switch item.(type) {
		case string, bool, float64:
			*v = append(*v, fmt.Sprint(item))
		default:
			return fmt.Errorf("%s is neither a string nor a list of them", data)
		}
	}
	return nil
}

// explain reads a key policy to say why KMS refused a grant.
// https://docs.aws.amazon.com/kms/latest/developerguide/policy-evaluation.html
func explain(document string, a ask) explanation {
	statements, err := readStatements(document)
	if err != nil {
		return explanation{Reason: fmt.Sprintf("the key's policy can't be read: %v", err)}
	}
	closest := explanation{Certain: true, Reason: fmt.Sprintf("no statement of the key's policy names account %s", a.Account)}
	rank := stranger
	for _, s := range statements {
		reason, reached := s.answer(a)
		switch {
		case s.Effect == "Deny" && reached == fits:
			return explanation{Reason: s.name() + " denies it", Certain: true, Statement: s.text}
		case s.Effect != "Deny" && reached > rank:
			rank, closest = reached, explanation{Reason: reason, Certain: reached < doubtful, Statement: s.text}
		}
	}
	return closest
}

func readStatements(document string) ([]grantStatement, error) {
	var policy struct{ Statement json.RawMessage }
	if err := json.Unmarshal([]byte(document), &policy); err != nil {
		return nil, err
	}
	var raws []json.RawMessage
	if err := json.Unmarshal(policy.Statement, &raws); err != nil {
		raws = []json.RawMessage{policy.Statement}
	}
	statements := make([]grantStatement, len(raws))
	for i, raw := range raws {
		if err := json.Unmarshal(raw, &statements[i]); err != nil {
			return nil, err
		}
		statements[i].text = pretty(raw)
	}
	return statements, nil
}

func pretty(raw json.RawMessage) string {
	var v any
	if err := json.Unmarshal(raw, &v); err != nil {
		return string(raw)
	}
	text, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return string(raw)
	}
	return string(text)
}

// How far an ask gets in a statement.
const (
	stranger  = iota // it is about others
	otherCall        // it is about the caller, and not about grants
	barred           // it is about the caller's grants, and a condition is in the way
	doubtful         // a condition may be in the way
	fits
)

// answer tells how far an ask gets in a statement, and everything that stops it there.
func (s grantStatement) answer(a ask) (reason string, reached int) {
	switch {
	case !s.about(a):
		return "", stranger
	case !s.grants():
		return fmt.Sprintf("%s is about account %s and does not allow kms:CreateGrant", s.name(), a.Account), otherCall
	}
	certain, possible := s.obstacles(a)
	switch {
	case len(certain) > 0:
		return s.name() + " " + strings.Join(certain, ", and "), barred
	case len(possible) > 0:
		return s.name() + " " + strings.Join(possible, ", and "), doubtful
	default:
		return "", fits
	}
}

func (s grantStatement) name() string {
	if s.Sid == "" {
		return "a statement of the key's policy"
	}
	return fmt.Sprintf("the statement %q of the key's policy", s.Sid)
}

// about tells whether a statement's principals include whoever asked: the role itself, its account, or everybody.
func (s grantStatement) about(a ask) bool {
	if len(s.NotPrincipal) > 0 {
		return !mentions(s.NotPrincipal, a)
	}
	return mentions(s.Principal, a)
}

func mentions(principal json.RawMessage, a ask) bool {
	var byKind struct{ AWS values }
	var all string
	if json.Unmarshal(principal, &all) == nil {
		return all == "*"
	}
	if json.Unmarshal(principal, &byKind) != nil {
		return false
	}
	return slices.ContainsFunc(byKind.AWS, func(named string) bool {
		arn, err := sharing.ParseARN(named)
		switch {
		case named == "*" || named == string(a.Account) || (named == a.Principal && named != ""):
			return true
		case err != nil:
			return false
		default:
			return arn.Account == a.Account && (arn.Resource == "root" || a.Principal == "")
		}
	})
}

func (s grantStatement) grants() bool {
	matches := func(action string) bool { return like(strings.ToLower(action), "kms:creategrant") }
	if len(s.NotAction) > 0 {
		return !slices.ContainsFunc(s.NotAction, matches)
	}
	return slices.ContainsFunc(s.Action, matches)
}
