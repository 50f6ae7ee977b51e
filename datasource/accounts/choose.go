// SPDX-License-Identifier: MPL-2.0

package accounts

import (
	"cmp"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/amishare/packer-plugin-ami-share/internal/organization"
	"github.com/amishare/packer-plugin-ami-share/internal/sharing"
)

// choice are the accounts that are listed, and why the others are not.
type choice struct {
	members []organization.Member
	skipped map[string]string // by account id
}

// active is the state of an account that can be used.
const active = "ACTIVE"

// choose sorts out whom to list. Accounts outside the organizational units are neither listed nor skipped.
func (c *Config) choose(members []organization.Member, management sharing.AccountID) choice {
	chosen := choice{skipped: map[string]string{}}
	units := unitIDs(c.OrganizationalUnits)
	why := c.why(management)
	for _, member := range members {
		if len(units) > 0 && !member.In(units) {
			continue
		}
		if reason := why(member); reason != "" {
			chosen.skipped[string(member.ID)] = reason
			continue
		}
		chosen.members = append(chosen.members, member)
	}
	return chosen
}

// why tells why a member is left out, "" when it isn't.
func (c *Config) why(management sharing.AccountID) func(organization.Member) string {
	excluded, named := unitIDs(c.ExcludeOrganizationalUnits), matcher(c.Names)
	return func(m organization.Member) string {
		switch {
		case slices.Contains(c.ExcludeAccounts, string(m.ID)):
			return "it is in exclude_accounts"
		case m.In(excluded):
			return "it is in a unit of exclude_organizational_units"
		case m.ID == management && !c.IncludeManagementAccount:
			return "it is the management account"
		case m.State != active:
			return "its state is " + m.State
		case len(c.Names) > 0 && !named.MatchString(m.Name):
			return fmt.Sprintf("its name %q matches none of names", m.Name)
		default:
			return ""
		}
	}
}

// matcher matches names with one of several patterns: "*" stands for any characters, "?" for one.
func matcher(patterns []string) *regexp.Regexp {
	var alternatives []string
	for _, pattern := range patterns {
		pattern = regexp.QuoteMeta(pattern)
		alternatives = append(alternatives, strings.NewReplacer(`\*`, `.*`, `\?`, `.`).Replace(pattern))
	}
	return regexp.MustCompile(`(?s)^(?:` + strings.Join(alternatives, "|") + `)$`)
}

func (c *choice) ids() []sharing.AccountID {
	ids := make([]sharing.AccountID, len(c.members))
	for i, member := range c.members {
		ids[i] = member.ID
	}
	return ids
}

// tagged leaves out the accounts that lack a tag.
func (c *choice) tagged(wanted map[string]string, tags map[sharing.AccountID]map[string]string) {
	c.members = slices.DeleteFunc(c.members, func(m organization.Member) bool {
		for _, key := range slices.Sorted(maps.Keys(wanted)) {
			if value, ok := tags[m.ID][key]; !ok || value != wanted[key] {
				c.skipped[string(m.ID)] = fmt.Sprintf("it lacks the tag %s = %q", key, wanted[key])
				return true
			}
		}
		return false
	})
}

// summary tells why accounts were skipped: each reason once, with how many accounts it holds for, the most frequent first.
func (c choice) summary() string {
	counts := map[string]int{}
	for _, why := range c.skipped {
		if strings.HasPrefix(why, "its name ") {
			why = "its name matches none of names"
		}
		counts[why]++
	}
	reasons := slices.Sorted(maps.Keys(counts))
	slices.SortStableFunc(reasons, func(a, b string) int { return cmp.Compare(counts[b], counts[a]) })
	for i, why := range reasons {
		reasons[i] = fmt.Sprintf("%s (%d)", why, counts[why])
	}
	return strings.Join(reasons, "; ")
}
