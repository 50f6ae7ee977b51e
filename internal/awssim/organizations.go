package awssim

import (
	"slices"
	"strings"
)

// organization is an organization with the place of each of its accounts in the tree.
type organization struct {
	id, management, root string
	partition            string
	members              map[string][]string // account id -> ids of the units above it, outermost first
}

func newOrganization(partition string, w WorldOrganization) *organization {
	o := &organization{id: w.ID, management: w.ManagementAccount, root: orElse(w.Root, "r-root"), partition: partition, members: map[string][]string{}}
	for _, id := range w.Accounts {
		o.members[id] = []string{}
	}
	o.add(w.Units, nil)
	if _, ok := o.members[o.management]; !ok {
		o.members[o.management] = []string{}
	}
	return o
}

func (o *organization) add(units []WorldUnit, above []string) {
	for _, unit := range units {
		path := append(slices.Clone(above), unit.ID)
		for _, id := range unit.Accounts {
			o.members[id] = path
		}
		o.add(unit.Units, path)
	}
}

// memberOf tells whether an account belongs to an organization or to an organizational unit, at any depth. The ARN
// carries the management account. https://docs.aws.amazon.com/organizations/latest/APIReference/API_Organization.html
func (s *Server) memberOf(accountID, arn string) bool {
	for _, o := range s.organizations {
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
func (s *Server) organizationOf(accountID string) (*organization, []string) {
	for _, o := range s.organizations {
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
