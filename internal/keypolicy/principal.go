// SPDX-License-Identifier: MPL-2.0

package keypolicy

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/amishare/packer-plugin-ami-share/internal/sharing"
)

// meant tells how a principal of a policy means whoever calls.
type meant int

const (
	others    meant = iota
	perhaps         // a name that may be the caller's: its role or its session isn't known
	ofAccount       // the account, which hands the question on to its own policies
	itself          // the role, its session, or everybody
)

// principals reads the accounts, roles, users and sessions of a Principal element. Services and others can't make the
// calls that are asked about.
func principals(element json.RawMessage) []string {
	var all string
	if json.Unmarshal(element, &all) == nil {
		return []string{all}
	}
	var byKind struct{ AWS values }
	if json.Unmarshal(element, &byKind) != nil {
		return nil
	}
	return byKind.AWS
}

// means tells how one name means the caller. A role covers its sessions.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html
func (c Call) means(name string) meant {
	arn, err := sharing.ParseARN(name)
	switch {
	case name == "*", name != "" && name == c.Principal:
		return itself
	case name == string(c.Account):
		return ofAccount
	case err != nil || arn.Account != c.Account:
		return others
	case arn.Service == "iam" && arn.Resource == "root":
		return ofAccount
	case arn.Service == "sts":
		return c.meansSession(arn)
	case c.Principal == "":
		return perhaps
	default:
		return others
	}
}

// meansSession compares the name of a session, which lacks the path of its role.
func (c Call) meansSession(session sharing.ARN) meant {
	parts := strings.Split(session.Resource, "/")
	if len(parts) != 3 || parts[0] != "assumed-role" {
		return others
	}
	role := c.Principal[strings.LastIndexByte(c.Principal, '/')+1:]
	switch {
	case role != "" && role != parts[1], c.Session != "" && c.Session != parts[2]:
		return others
	case role == "" || c.Session == "":
		return perhaps
	default:
		return itself
	}
}

// named is the most that a Principal element means the caller.
func (c Call) named(element json.RawMessage) meant {
	most := others
	for _, name := range principals(element) {
		most = max(most, c.means(name))
	}
	return most
}

// excepted tells whether NotPrincipal leaves the caller out. AWS may look at the account, the role and the session in turn,
// and wants each of them named; that of a role alone leaves nobody out.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_notprincipal.html
func (c Call) excepted(element json.RawMessage) (excepted, certain bool, missing string) {
	var account, role, session bool
	for _, name := range principals(element) {
		arn, err := sharing.ParseARN(name)
		switch how := c.means(name); {
		case name == "*":
			return true, true, ""
		case how == ofAccount:
			account = true
		case how == itself && err == nil && arn.Service == "sts":
			session = true
		case how == itself:
			role = true
		}
	}
	switch {
	case !account:
		return false, true, "account " + string(c.Account)
	case !role && c.Principal != "":
		return false, true, c.Principal
	case !session:
		return true, false, "the role's session"
	default:
		return true, true, ""
	}
}

var uniqueID = regexp.MustCompile(`^A(ROA|IDA)[A-Z0-9]+$`)

// deleted names the roles and users that were deleted since the policy was saved: KMS shows their unique ids.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html
func deleted(statements []statement) string {
	var gone []string
	for _, s := range statements {
		for _, principal := range principals(s.Principal) {
			if uniqueID.MatchString(principal) {
				gone = append(gone, principal)
			}
		}
	}
	if len(gone) == 0 {
		return ""
	}
	slices.Sort(gone)
	return fmt.Sprintf(", and it names %s, deleted since: a role that is made again under the same name is another one, and has to be named in its place",
		strings.Join(slices.Compact(gone), ", "))
}
