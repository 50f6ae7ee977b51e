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
	id, management, root string
	partition            string
	members              map[string][]string // account id -> ids of the units above it, outermost first
}

func newOrganization(partition string, w world.Organization) *Organization {
	o := &Organization{id: w.ID, management: w.ManagementAccount, root: cmp.Or(w.Root, "r-root"), partition: partition, members: map[string][]string{}}
	for _, id := range w.Accounts {
		o.members[id] = []string{}
	}
	o.add(w.Units, nil)
	if _, ok := o.members[o.management]; !ok {
		o.members[o.management] = []string{}
	}
	return o
}

func (o *Organization) add(units []world.Unit, above []string) {
	for _, unit := range units {
		path := append(slices.Clone(above), unit.ID)
		for _, id := range unit.Accounts {
			o.members[id] = path
		}
		o.add(unit.Units, path)
	}
}

// MemberOf tells whether an account belongs to an organization or to an organizational unit, at any depth. The ARN
// carries the management account. https://docs.aws.amazon.com/organizations/latest/APIReference/API_Organization.html
func (c *Cloud) MemberOf(accountID, arn string) bool {
	for _, o := range c.organizations {
		units, ok := o.members[accountID]
		if !ok {
			continue
		}
		prefix := "arn:" + o.partition + ":organizations::" + o.management + ":"
		if arn == prefix+"organization/"+o.id {
			return true
		}
		for _, unit := range units {
			if arn == prefix+"ou/"+o.id+"/"+unit {
				return true
			}
		}
	}
	return false
}

// organizationOf returns the organization of an account and the account's aws:PrincipalOrgPaths.
func (c *Cloud) organizationOf(accountID string) (*Organization, []string) {
	for _, o := range c.organizations {
		if units, ok := o.members[accountID]; ok {
			var path strings.Builder
			path.WriteString(o.id + "/" + o.root + "/")
			for _, unit := range units {
				path.WriteString(unit + "/")
			}
			return o, []string{path.String()}
		}
	}
	return nil, nil
}
