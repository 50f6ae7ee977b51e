// SPDX-License-Identifier: MPL-2.0

package sharing

import (
	"cmp"
	"strings"
)

// RecipientKind tells what a launch permission names.
type RecipientKind int

// The kinds of https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_LaunchPermission.html.
const (
	ToAccount RecipientKind = iota
	ToOrganization
	ToOrganizationalUnit
	ToGroup // "all": the AMI is public
)

func (k RecipientKind) String() string {
	return [...]string{"account", "organization", "organizational unit", "group"}[k]
}

// Recipient is whom a launch permission or a create-volume permission names: an account id, an organization's or
// organizational unit's ARN, or the group "all".
type Recipient struct {
	Kind RecipientKind
	ID   string
}

// Account returns the recipient that is an account.
func Account(id AccountID) Recipient { return Recipient{ToAccount, string(id)} }

// CompareRecipients orders by kind, then by id.
func CompareRecipients(a, b Recipient) int {
	return cmp.Or(cmp.Compare(a.Kind, b.Kind), strings.Compare(a.ID, b.ID))
}
