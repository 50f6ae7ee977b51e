// SPDX-License-Identifier: MPL-2.0

package plan

import (
	"fmt"
	"maps"
	"slices"

	"github.com/amishare/packer-plugin-ami-share/internal/sharing"
)

// unsureGrants gathers the grants on a key of which not everything is known, by what is not known.
type unsureGrants struct {
	key      string
	accounts map[string][]sharing.AccountID
}

func (u *unsureGrants) add(account sharing.AccountID, doubt string) {
	if u.accounts == nil {
		u.accounts = map[string][]sharing.AccountID{}
	}
	u.accounts[doubt] = append(u.accounts[doubt], account)
}

// warnings tells each doubt once.
func (u *unsureGrants) warnings() []string {
	var warnings []string
	for _, doubt := range slices.Sorted(maps.Keys(u.accounts)) {
		accounts := u.accounts[doubt]
		warnings = append(warnings, fmt.Sprintf("%s on the key %s can't be told from what is asked for, and stay: KMS shows %s (for %s)",
			sharing.Counted(len(accounts), "grant"), u.key, doubt, sharing.SomeAccounts(accounts)))
	}
	return warnings
}
