// SPDX-License-Identifier: MPL-2.0

package cloud

import (
	"cmp"
	"slices"
)

// Region is a Region as an account sees it.
type Region struct {
	Name    string
	optIn   bool // has to be enabled by each account
	Enabled bool
}

// Status is the Region's OptInStatus.
func (r Region) Status() string {
	switch {
	case !r.optIn && r.Enabled:
		return "opt-in-not-required"
	case r.Enabled:
		return "opted-in"
	default:
		return "not-opted-in"
	}
}

// partitionRegions are the Regions of each partition that this server lists; those that need no opt-in first.
// https://docs.aws.amazon.com/global-infrastructure/latest/regions/aws-regions.html
var partitionRegions = map[string]struct{ always, optIn []string }{
	"aws": {
		always: []string{
			"ap-northeast-1", "ap-northeast-2", "ap-northeast-3", "ap-south-1", "ap-southeast-1", "ap-southeast-2", "ca-central-1",
			"eu-central-1", "eu-north-1", "eu-west-1", "eu-west-2", "eu-west-3", "sa-east-1", "us-east-1", "us-east-2", "us-west-1", "us-west-2",
		},
		optIn: []string{
			"af-south-1", "ap-east-1", "ap-south-2", "ap-southeast-3", "ap-southeast-4", "ap-southeast-5", "ca-west-1", "eu-central-2",
			"eu-south-1", "eu-south-2", "il-central-1", "me-central-1", "me-south-1", "mx-central-1",
		},
	},
	"aws-cn":     {always: []string{"cn-north-1", "cn-northwest-1"}},
	"aws-us-gov": {always: []string{"us-gov-east-1", "us-gov-west-1"}},
	"aws-iso":    {always: []string{"us-iso-east-1", "us-iso-west-1"}},
	"aws-iso-b":  {always: []string{"us-isob-east-1"}},
	"aws-iso-e":  {always: []string{"eu-isoe-west-1"}},
	"aws-iso-f":  {always: []string{"us-isof-east-1", "us-isof-south-1"}},
	"aws-eusc":   {always: []string{"eusc-de-east-1"}},
}

// RegionsOf lists the partition's Regions by name. An opt-in Region is enabled unless the world disables it, so that a
// world need not name what it uses.
func (c *Cloud) RegionsOf(a *Account) []Region {
	listed := partitionRegions[c.Partition]
	var regions []Region
	for _, name := range listed.always {
		regions = append(regions, Region{Name: name, Enabled: !a.Disabled[name]})
	}
	for _, name := range listed.optIn {
		regions = append(regions, Region{Name: name, optIn: true, Enabled: !a.Disabled[name]})
	}
	slices.SortFunc(regions, func(a, b Region) int { return cmp.Compare(a.Name, b.Name) })
	return regions
}
