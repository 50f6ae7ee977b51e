package key

import (
	"bytes"
	"encoding/json"
	"fmt"
	"regexp"
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
	// Reason is why the policy does not let it in, "" when a statement fits: then another policy is at fault.
	Reason string
	// Certain says that the reason is plain from the policy alone.
	Certain bool
	// Lacks says that the policy lacks a statement.
	Lacks bool
	// Remedy is what to do about it.
	Remedy string
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
	var found explanation
	var closest answer
	for _, s := range statements {
		switch got := s.answer(a); {
		case s.Effect == "Deny":
			found.deny(s, got)
		case got.reached > closest.reached:
			closest = got
		}
	}
	if closest.reached == stranger {
		return found.lacking(fmt.Sprintf("no statement of the key's policy names account %s%s", a.Account, deleted(statements)), "")
	}
	reason := closest.statement.name() + " " + closest.what
	switch {
	case closest.reached < doubtful:
		return found.lacking(reason, closest.statement.text)
	case closest.reached == doubtful && found.Reason == "":
		found.Reason = reason
	}
	return found
}

// deny notes what a Deny statement does to the ask. One that may deny counts as long as nothing is certain.
func (e *explanation) deny(s grantStatement, got answer) {
	switch {
	case got.reached == fits:
		e.Reason, e.Certain = s.name()+" denies it", true
		e.Remedy = "No other statement helps against it: take it out of the key's policy, or make an exception in it:\n" + s.text
	case got.reached == doubtful && !e.Certain:
		e.Reason = s.name() + " may deny it: it " + got.what
	}
}

// lacking adds that a statement is lacking, for a reason; closest is the one that comes closest to it, "" for none.
func (e explanation) lacking(reason, closest string) explanation {
	remedy := "Add the statements below to the key's policy."
	if closest != "" {
		remedy += " Closest to them comes:\n" + closest
	}
	if e.Certain {
		reason, remedy = e.Reason+", and "+reason, e.Remedy+"\n"+remedy
	}
	return explanation{Reason: reason, Certain: true, Lacks: true, Remedy: remedy}
}

var uniqueID = regexp.MustCompile(`^A(ROA|IDA)[A-Z0-9]+$`)

// deleted names the roles and users that were deleted since the policy was saved: KMS shows their unique ids.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html
func deleted(statements []grantStatement) string {
	var gone []string
	for _, s := range statements {
		for _, principal := range awsPrincipals(s.Principal) {
			if uniqueID.MatchString(principal) {
				gone = append(gone, principal)
			}
		}
	}
	if len(gone) == 0 {
		return ""
	}
	slices.Sort(gone)
	return ". It names " + strings.Join(slices.Compact(gone), ", ") + ", deleted since: a role that is made again under the same name is another one, " +
		"and has to be named in its place"
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
	var text bytes.Buffer
	if err := json.Indent(&text, raw, "", "  "); err != nil {
		return string(raw)
	}
	return text.String()
}

// How far an ask gets in a statement.
const (
	stranger  = iota // it is about others
	otherCall        // it is about the caller, and not about grants
	barred           // it is about the caller's grants, and a condition is in the way
	doubtful         // a condition may be in the way
	fits
)

// answer is how far an ask gets in a statement, and everything that stops it there.
type answer struct {
	statement grantStatement
	reached   int
	what      string // about the statement: "has the condition …"
}

func (s grantStatement) answer(a ask) answer {
	switch {
	case !s.about(a):
		return answer{s, stranger, ""}
	case !s.grants():
		return answer{s, otherCall, fmt.Sprintf("is about account %s and does not allow kms:CreateGrant", a.Account)}
	}
	certain, possible := s.obstacles(a)
	switch {
	case len(certain) > 0:
		return answer{s, barred, strings.Join(certain, ", and ")}
	case len(possible) > 0:
		return answer{s, doubtful, strings.Join(possible, ", and ")}
	default:
		return answer{s, fits, ""}
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
	return slices.ContainsFunc(awsPrincipals(principal), func(named string) bool {
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

// awsPrincipals reads the accounts, roles and users of a Principal element. Services and others can't make this call.
func awsPrincipals(principal json.RawMessage) []string {
	var all string
	if json.Unmarshal(principal, &all) == nil {
		return []string{all}
	}
	var byKind struct{ AWS values }
	if json.Unmarshal(principal, &byKind) != nil {
		return nil
	}
	return byKind.AWS
}

func (s grantStatement) grants() bool {
	matches := func(action string) bool { return like(strings.ToLower(action), "kms:creategrant") }
	if len(s.NotAction) > 0 {
		return !slices.ContainsFunc(s.NotAction, matches)
	}
	return slices.ContainsFunc(s.Action, matches)
}
