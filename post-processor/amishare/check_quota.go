// SPDX-License-Identifier: MPL-2.0

package amishare

import (
	"cmp"
	"fmt"
	"maps"
	"slices"

	"github.com/amishare/packer-plugin-ami-share/internal/access"
	"github.com/amishare/packer-plugin-ami-share/internal/sharing"
)

// quota returns how many recipients an AMI can have.
func (c *Config) quota() int { return cmp.Or(c.SharingQuota, sharing.DefaultSharingQuota) }

// checkQuota refuses more recipients than AWS takes for an AMI, as soon as they are known: while Packer validates if they
// stand in the template.
func (c *Config) checkQuota(targets access.Targets) []error {
	if c.SharingQuota < 0 {
		return []error{fmt.Errorf("sharing_quota: %d is less than one", c.SharingQuota)}
	}
	most, where := 0, sharing.Region("")
	for _, region := range c.quotaRegions(targets) {
		if n := len(c.recipients(targets, region)); n > most {
			most, where = n, region
		}
	}
	if most <= c.quota() {
		return nil
	}
	in := "each AMI"
	if where != "" {
		in = "an AMI in " + string(where)
	}
	return []error{fmt.Errorf("%s would be shared with %d accounts, organizations and organizational units, and AWS's quota is %d: "+
		"share with an organization or organizational unit, which counts as one (organization_arns, ou_arns), and set launch_permission = false in the "+
		"targets that belong to it; if AWS has raised the quota \"AMI sharing\" of the account, set sharing_quota to it", in, most, c.quota())}
}

// quotaRegions are the Regions that the targets name, those of the AMIs if they are known, and "" for any other one.
func (c *Config) quotaRegions(targets access.Targets) []sharing.Region {
	if len(c.Images) > 0 {
		var regions []sharing.Region
		for _, region := range slices.Sorted(maps.Keys(c.Images)) {
			regions = append(regions, sharing.Region(region))
		}
		return regions
	}
	regions := []sharing.Region{""}
	for _, target := range targets.Accounts {
		regions = append(regions, target.Regions...)
	}
	slices.Sort(regions)
	return slices.Compact(regions)
}

// recipients are those of an AMI. The AMIs' owner may be among the targets and is none; where the template does not
// tell who that is, one account is not counted.
func (c *Config) recipients(targets access.Targets, region sharing.Region) []sharing.Recipient {
	request := sharing.Request{Targets: targets.Accounts, Organizations: c.OrganizationARNs, OrganizationalUnits: c.OUARNs}
	all := request.Recipients(region)
	owner := sharing.AccountOf(c.AssumeRole.RoleARN)
	i := slices.IndexFunc(all, func(r sharing.Recipient) bool {
		return r.Kind == sharing.ToAccount && (owner == "" || r == sharing.Account(owner))
	})
	if i >= 0 {
		all = slices.Delete(all, i, i+1)
	}
	return all
}
