// SPDX-License-Identifier: MPL-2.0

package cloud

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/amishare/packer-plugin-ami-share/internal/awssim/world"
)

// The shapes of the ARNs, as AWS publishes them in
// https://docs.aws.amazon.com/imagebuilder/latest/APIReference/API_LaunchPermissionConfiguration.html
var (
	OrganizationARN = regexp.MustCompile(`^arn:aws[^:]*:organizations::[0-9]{12}:organization/o-[a-z0-9]{10,32}$`)
	UnitARN         = regexp.MustCompile(`^arn:aws[^:]*:organizations::[0-9]{12}:ou/o-[a-z0-9]{10,32}/ou-[0-9a-z]{4,32}-[0-9a-z]{8,32}$`)
)

// The ids of organizations and organizational units.
// https://docs.aws.amazon.com/organizations/latest/APIReference/API_OrganizationalUnit.html
var (
	organizationID = regexp.MustCompile(`^o-[a-z0-9]{10,32}$`)
	unitID         = regexp.MustCompile(`^ou-[0-9a-z]{4,32}-[0-9a-z]{8,32}$`)
)

// checkOrganization returns what is wrong with an organization. An account has one place in it.
func checkOrganization(w world.Organization) []error {
	var problems []error
	note := func(format string, args ...any) {
		problems = append(problems, fmt.Errorf("organization %q: %w", w.ID, fmt.Errorf(format, args...)))
	}
	if !organizationID.MatchString(w.ID) {
		note("the id is not \"o-\" and 10 to 32 letters and digits")
	}
	if !IsAccountID(w.ManagementAccount) {
		note("management account %q is not an account id of 12 digits", w.ManagementAccount)
	}
	seen := map[string]bool{}
	place := func(accounts []string) {
		for _, id := range accounts {
			if !IsAccountID(id) || seen[id] {
				note("account %q is no account id of 12 digits, or there twice", id)
			}
			seen[id] = true
		}
	}
	place(w.Accounts)
	for _, id := range w.DelegatedAdministrators {
		if !IsAccountID(id) {
			note("delegated administrator %q is not an account id of 12 digits", id)
		}
	}
	var walk func([]world.Unit)
	walk = func(units []world.Unit) {
		for _, unit := range units {
			if !unitID.MatchString(unit.ID) {
				note("the unit id %q is not \"ou-\", 4 to 32 and 8 to 32 letters and digits", unit.ID)
			}
			place(unit.Accounts)
			walk(unit.Units)
		}
	}
	walk(w.Units)
	return problems
}

// Organization is an organization with the place of each of its accounts in the tree.
type Organization struct {
	ID, Management, Root string
	Members              map[string][]string // account id -> ids of the units above it, outermost first
	Parents              map[string]string   // id of a unit -> id of the unit or root above it
	delegated            map[string]bool     // accounts that are delegated administrators
	partition            string
	controls             map[string]*controls // by id of the root, a unit or an account
}

func newOrganization(partition string, w world.Organization) *Organization {
	o := &Organization{
		ID: w.ID, Management: w.ManagementAccount, Root: cmp.Or(w.Root, "r-root"), partition: partition,
		Members: map[string][]string{}, Parents: map[string]string{}, delegated: map[string]bool{},
	}
	for _, id := range w.Accounts {
		o.Members[id] = []string{}
	}
	o.add(w.Units, nil)
	if _, ok := o.Members[o.Management]; !ok {
		o.Members[o.Management] = []string{}
	}
	for _, id := range w.DelegatedAdministrators {
		o.delegated[id] = true
	}
	return o
}

func (o *Organization) add(units []world.Unit, above []string) {
	for _, unit := range units {
		path := append(slices.Clone(above), unit.ID)
		o.Parents[unit.ID] = append([]string{o.Root}, above...)[len(above)]
		for _, id := range unit.Accounts {
			o.Members[id] = path
		}
		o.add(unit.Units, path)
	}
}

// Administers tells whether an account is the management account or a delegated administrator.
func (o *Organization) Administers(account string) bool {
	return account == o.Management || o.delegated[account]
}

// ARN is the ARN of the organization itself ("organization" and no id), or of a part of it: "account", "ou", "root".
// https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsorganizations.html
func (o *Organization) ARN(kind, id string) string {
	arn := "arn:" + o.partition + ":organizations::" + o.Management + ":" + kind + "/" + o.ID
	if id == "" {
		return arn
	}
	return arn + "/" + id
}

// UnitsBelow are the ids of the units directly below a unit or the root, sorted.
func (o *Organization) UnitsBelow(parent string) []string {
	var units []string
	for unit, above := range o.Parents {
		if above == parent {
			units = append(units, unit)
		}
	}
	slices.Sort(units)
	return units
}

// Above are the ids of the units above a unit, outermost first.
func (o *Organization) Above(unit string) []string {
	var units []string
	for above := o.Parents[unit]; above != "" && above != o.Root; above = o.Parents[above] {
		units = append([]string{above}, units...)
	}
	return units
}

// Path is the place of an account or a unit in the tree, in the form of aws:PrincipalOrgPaths.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html#condition-keys-principalorgpaths
func (o *Organization) Path(units []string) string {
	return strings.Join(append([]string{o.ID, o.Root}, units...), "/") + "/"
}

// MemberOf tells whether an account belongs to an organization or to an organizational unit, at any depth. The ARN
// carries the management account. https://docs.aws.amazon.com/organizations/latest/APIReference/API_Organization.html
func (c *Cloud) MemberOf(accountID, arn string) bool {
	o, _ := c.OrganizationOf(accountID)
	return o != nil && (arn == o.ARN("organization", "") ||
		slices.ContainsFunc(o.Members[accountID], func(unit string) bool { return arn == o.ARN("ou", unit) }))
}

// OrganizationOf returns the organization of an account and the account's aws:PrincipalOrgPaths, nil when it is in none.
func (c *Cloud) OrganizationOf(accountID string) (*Organization, []string) {
	for _, o := range c.organizations {
		if units, ok := o.Members[accountID]; ok {
			return o, []string{o.Path(units)}
		}
	}
	return nil, nil
}
