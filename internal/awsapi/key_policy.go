package awsapi

import (
	"encoding/json"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/amishare/packer-plugin-ami-share/internal/sharing"
)

// keyPolicy is a key policy as far as it helps to explain a refusal. Whether something is allowed is never decided here:
// AWS has been asked.
type keyPolicy struct {
	Statement []keyPolicyStatement
}

type keyPolicyStatement struct {
	Sid       string
	Effect    string
	Principal principals
	Action    words
	Condition map[string]map[string]words
}

// words is a string or a list of them.
type words []string

// UnmarshalJSON implements json.Unmarshaler.
func (w *words) UnmarshalJSON(data []byte) error {
	var one string
	if json.Unmarshal(data, &one) == nil {
		*w = words{one}
		return nil
	}
	return json.Unmarshal(data, (*[]string)(w))
}

// principals is "*" or what a statement lists under AWS.
type principals []string

// UnmarshalJSON implements json.Unmarshaler.
func (p *principals) UnmarshalJSON(data []byte) error {
	var one string
	if json.Unmarshal(data, &one) == nil {
		*p = principals{one}
		return nil
	}
	var kinds map[string]words
	err := json.Unmarshal(data, &kinds)
	*p = principals(kinds["AWS"])
	return err
}

// explainKeyPolicy adds to a cause what a key policy says about the grant that was refused: the statements that let the
// caller in and what of them is in the way, or that there are none.
// https://docs.aws.amazon.com/kms/latest/developerguide/conditions-kms.html
func explainKeyPolicy(document string, a act, cause string) string {
	var policy keyPolicy
	if json.Unmarshal([]byte(document), &policy) != nil {
		return cause
	}
	found := []string{}
	open := false
	for i, s := range policy.Statement {
		if s.Effect != "Allow" || !s.speaksOf(a.principal) || !s.allows("kms:CreateGrant") {
			continue
		}
		obstacles := s.obstacles(a)
		open = open || len(obstacles) == 0
		for _, obstacle := range obstacles {
			found = append(found, fmt.Sprintf("statement %s of the key policy lets it in, and %s", s.name(i), obstacle))
		}
	}
	switch {
	case open:
		return cause + "; the key policy does let it in: what is missing is in the role's own policy"
	case len(found) == 0:
		return cause + "; no statement of the key policy allows kms:CreateGrant to the role or to account " + string(roleAccount(a.principal))
	default:
		return cause + "; " + strings.Join(found, "; ")
	}
}

func (s keyPolicyStatement) name(i int) string {
	if s.Sid == "" {
		return fmt.Sprintf("number %d", i+1)
	}
	return fmt.Sprintf("%q", s.Sid)
}

func (s keyPolicyStatement) speaksOf(role string) bool {
	account := string(roleAccount(role))
	return slices.ContainsFunc(s.Principal, func(p string) bool {
		return p == "*" || p == role || p == account || strings.HasSuffix(p, "::"+account+":root")
	})
}

func (s keyPolicyStatement) allows(action string) bool {
	return slices.ContainsFunc(s.Action, func(pattern string) bool {
		matched, err := path.Match(strings.ToLower(pattern), strings.ToLower(action))
		return err == nil && matched
	})
}

// obstacles tells which conditions of a statement a direct CreateGrant of this plugin does not meet.
func (s keyPolicyStatement) obstacles(a act) []string {
	var found []string
	for operator, keys := range s.Condition {
		for key, values := range keys {
			if obstacle := obstacle(operator, key, values, a); obstacle != "" {
				found = append(found, obstacle)
			}
		}
	}
	slices.Sort(found)
	return found
}

func obstacle(operator, key string, values words, a act) string {
	negated := strings.Contains(operator, "Not")
	switch strings.ToLower(key) {
	case "kms:grantisforawsresource":
		return "its condition kms:GrantIsForAWSResource holds only for grants that AWS services make"
	case "kms:viaservice":
		return "its condition kms:ViaService holds only for calls that AWS services make"
	case "kms:granteeprincipal":
		if !negated && !slices.ContainsFunc(values, func(v string) bool { return like(v, a.grantee) }) {
			return "its condition kms:GranteePrincipal does not name " + a.grantee
		}
	case "kms:grantoperations":
		lacking := slices.DeleteFunc(slices.Clone(a.operations), func(o string) bool { return slices.Contains(values, o) })
		if !negated && len(lacking) > 0 {
			return "its condition kms:GrantOperations leaves out " + strings.Join(lacking, ", ")
		}
	case "aws:principalarn":
		if !negated && !slices.ContainsFunc(values, func(v string) bool { return like(v, a.principal) }) {
			return "its condition aws:PrincipalArn does not name " + a.principal
		}
	}
	return ""
}

// like matches the wildcards of policies, which don't stop at a slash.
func like(pattern, s string) bool {
	flat := strings.NewReplacer("/", "|")
	matched, err := path.Match(flat.Replace(pattern), flat.Replace(s))
	return err == nil && matched
}

func roleAccount(role string) sharing.AccountID {
	arn, err := sharing.ParseARN(role)
	if err != nil {
		return ""
	}
	return arn.Account
}
