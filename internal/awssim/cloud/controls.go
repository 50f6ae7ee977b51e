// SPDX-License-Identifier: MPL-2.0

package cloud

import (
	"fmt"
	"slices"
	"strings"

	"github.com/amishare/packer-plugin-ami-share/internal/awssim/iampolicy"
	"github.com/amishare/packer-plugin-ami-share/internal/awssim/world"
)

// controls are the policies that an organization has attached to its root, a unit or an account.
type controls struct {
	service, resource []*iampolicy.Document
}

// fullAccess is the policy FullAWSAccess, which is attached everywhere until somebody detaches it.
// https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_scps_evaluation.html
const fullAccess = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}`

// LoadControls reads the service and resource control policies of a world. All services have to be known, as policies name
// their condition keys.
func (c *Cloud) LoadControls(w world.World) []error {
	var problems []error
	for i, given := range w.Organizations {
		if err := c.organizations[i].attach(c, given); err != nil {
			problems = append(problems, fmt.Errorf("organization %q: %w", given.ID, err))
		}
	}
	return problems
}

func (o *Organization) attach(c *Cloud, w world.Organization) error {
	full, err := c.ParsePolicy(iampolicy.ServiceControl, []byte(fullAccess))
	if err != nil {
		return err
	}
	o.controls = map[string]*controls{}
	for _, target := range o.targets() {
		o.controls[target] = &controls{}
		if len(w.ServiceControlPolicies) > 0 && !slices.Contains(w.WithoutFullAccess, target) {
			o.controls[target].service = []*iampolicy.Document{full}
		}
	}
	for _, p := range w.ServiceControlPolicies {
		if err := o.attachOne(c, p, iampolicy.ServiceControl, "service_control_policy"); err != nil {
			return err
		}
	}
	for _, p := range w.ResourceControlPolicies {
		if err := o.attachOne(c, p, iampolicy.ResourceControl, "resource_control_policy"); err != nil {
			return err
		}
	}
	return nil
}

func (o *Organization) attachOne(c *Cloud, p world.ControlPolicy, kind iampolicy.Kind, name string) error {
	document, err := c.ParsePolicy(kind, p.Document)
	if err != nil {
		return fmt.Errorf("policy %q: %w", p.ID, err)
	}
	document = document.WithARN(o.ARN("policy", name+"/"+p.ID))
	for _, target := range p.Targets {
		at := o.controls[target]
		switch {
		case at == nil:
			return fmt.Errorf("policy %q: the target %q is neither root, unit nor account", p.ID, target)
		case kind == iampolicy.ServiceControl:
			at.service = append(at.service, document)
		default:
			at.resource = append(at.resource, document)
		}
	}
	return nil
}

// targets are the ids that policies can be attached to.
func (o *Organization) targets() []string {
	all := []string{o.Root}
	for unit := range o.Parents {
		all = append(all, unit)
	}
	for account := range o.Members {
		all = append(all, account)
	}
	return all
}

// levels are the policies from the root down to an account, nil for an account that none apply to.
func (c *Cloud) levels(accountID string, of func(*controls) []*iampolicy.Document) [][]*iampolicy.Document {
	o, _ := c.OrganizationOf(accountID)
	if o == nil || o.Management == accountID || len(o.controls) == 0 {
		return nil
	}
	var levels [][]*iampolicy.Document
	attached := false
	for _, id := range slices.Concat([]string{o.Root}, o.Members[accountID], []string{accountID}) {
		at := of(o.controls[id])
		attached = attached || len(at) > 0
		levels = append(levels, at)
	}
	if !attached {
		return nil
	}
	return levels
}

// serviceControl are the service control policies that apply to a principal. None do to service-linked roles and to the
// management account. https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_scps.html
func (c *Cloud) serviceControl(who *Principal) [][]*iampolicy.Document {
	if who.Role != nil && who.Role.Service != "" {
		return nil
	}
	return c.levels(who.Account.ID, func(at *controls) []*iampolicy.Document { return at.service })
}

// resourceControl are the resource control policies that apply to a resource of an account.
// https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_rcps.html
func (c *Cloud) resourceControl(arn string) [][]*iampolicy.Document {
	return c.levels(accountOf(arn), func(at *controls) []*iampolicy.Document { return at.resource })
}

// accountOf is the account in an ARN, "" where there is none.
func accountOf(arn string) string {
	parts := strings.SplitN(arn, ":", 6)
	if len(parts) < 6 {
		return ""
	}
	return parts[4]
}
