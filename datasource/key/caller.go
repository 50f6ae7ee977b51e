// SPDX-License-Identifier: MPL-2.0

package key

import (
	"strings"

	"github.com/amishare/packer-plugin-ami-share/internal/sharing"
)

// caller is whoever runs Packer, as AWS sees it. The documents are written for it.
type caller struct {
	account   sharing.AccountID
	partition string
	principal string // ARN of the user or role, "" when it isn't known whole
	role      string // name of a role whose path isn't known, "" for none
}

// callerOf reads whose the credentials are. The ARN of a role's session has the role's name and not its path; that of the
// role is known when the configuration names it.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html
func callerOf(who sharing.ARN, assumed string) caller {
	c := caller{account: who.Account, partition: who.Partition}
	session, isSession := strings.CutPrefix(who.Resource, "assumed-role/")
	switch {
	case assumed != "":
		c.principal = assumed
	case isSession:
		c.role, _, _ = strings.Cut(session, "/")
	case strings.HasPrefix(who.Resource, "user/"):
		c.principal = who.String()
	}
	return c
}
