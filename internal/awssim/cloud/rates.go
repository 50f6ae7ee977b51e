// SPDX-License-Identifier: MPL-2.0

package cloud

import (
	"slices"
	"strings"
)

// rate is how AWS throttles an action: a bucket of so many calls, refilled with so many each second.
type rate struct {
	burst, perSecond float64
	group            string // the bucket's name, where actions share one
}

// rateOf returns the bucket of a call.
//
//   - https://docs.aws.amazon.com/ec2/latest/devguide/ec2-api-throttling.html
//   - https://docs.aws.amazon.com/kms/latest/developerguide/requests-per-second.html: a bucket of a second
//   - https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html for STS, whose actions for credentials share one
//   - https://docs.aws.amazon.com/organizations/latest/userguide/orgs_reference_limits.html
//
// Nothing is published for IAM, Auto Scaling, Systems Manager and tagging: twenty calls and five a second are a guess that
// is rather too low than too high.
func (c *Call) rateOf() rate {
	action := c.API.Permission(c.Action)
	service, name, _ := strings.Cut(action, ":")
	r, published := publishedRates[action]
	switch {
	case published:
	case service == "ec2":
		r = c.ec2Rate(name)
	case service == "kms":
		r = kmsRate(name)
	case service == "sts":
		r = rate{burst: 600, perSecond: 600, group: "credentials"}
	default:
		r = rate{burst: 20, perSecond: 5}
	}
	if r.group == "" {
		r.group = name
	}
	r.group = service + ":" + r.group
	return r
}

// ec2Rate is that of an action which the page has in a category.
func (c *Call) ec2Rate(name string) rate {
	switch {
	case slices.Contains(smallerUnfiltered, name) && len(c.Form.Sub("Filter")) == 0 && c.Form.Get("MaxResults") == "":
		return rate{burst: 50, perSecond: 10, group: name + " without filter and pages"}
	case strings.HasPrefix(name, "Describe"), strings.HasPrefix(name, "Get"), strings.HasPrefix(name, "List"):
		return rate{burst: 100, perSecond: 20}
	default:
		return rate{burst: 50, perSecond: 5}
	}
}

// smallerUnfiltered take from a smaller bucket when they ask for everything at once.
var smallerUnfiltered = []string{"DescribeInstances", "DescribeInstanceStatus", "DescribeSecurityGroups", "DescribeSnapshots", "DescribeVolumes"}

// kmsRate is that of an action which the page has in a group, or does not have.
func kmsRate(name string) rate {
	if slices.Contains(cryptographic, name) {
		return rate{burst: 10_000, perSecond: 10_000, group: "cryptographic operations"}
	}
	return rate{burst: 5, perSecond: 5}
}

var cryptographic = []string{"Decrypt", "Encrypt", "GenerateDataKey", "GenerateDataKeyWithoutPlaintext", "GenerateRandom", "ReEncrypt"}

// publishedRates are those of single actions.
var publishedRates = map[string]rate{
	"ec2:CopyImage":                        {burst: 100, perSecond: 1},
	"ec2:CreateLaunchTemplateVersion":      {burst: 100, perSecond: 5},
	"ec2:CreateSnapshot":                   {burst: 100, perSecond: 5},
	"ec2:CreateTags":                       {burst: 100, perSecond: 10},
	"ec2:CreateVolume":                     {burst: 100, perSecond: 5},
	"ec2:DeleteSnapshot":                   {burst: 100, perSecond: 5},
	"ec2:DeleteTags":                       {burst: 100, perSecond: 10},
	"ec2:DeleteVolume":                     {burst: 100, perSecond: 5},
	"ec2:DeregisterImage":                  {burst: 100, perSecond: 5},
	"ec2:DisableImageBlockPublicAccess":    {burst: 1, perSecond: 0.1},
	"ec2:EnableImageBlockPublicAccess":     {burst: 1, perSecond: 0.1},
	"ec2:DisableSnapshotBlockPublicAccess": {burst: 1, perSecond: 0.1},
	"ec2:EnableSnapshotBlockPublicAccess":  {burst: 1, perSecond: 0.1},
	"ec2:ModifyImageAttribute":             {burst: 100, perSecond: 5},
	"ec2:ModifyLaunchTemplate":             {burst: 100, perSecond: 5},
	"ec2:ModifySnapshotAttribute":          {burst: 100, perSecond: 5},
	"ec2:RunInstances":                     {burst: 5, perSecond: 2},
	"ec2:StartInstances":                   {burst: 5, perSecond: 2},
	"ec2:TerminateInstances":               {burst: 100, perSecond: 5},
	"kms:CancelKeyDeletion":                {burst: 5, perSecond: 5},
	"kms:CreateGrant":                      {burst: 50, perSecond: 50},
	"kms:DescribeKey":                      {burst: 2000, perSecond: 2000},
	"kms:GetKeyPolicy":                     {burst: 1000, perSecond: 1000},
	"kms:ListAliases":                      {burst: 500, perSecond: 500},
	"kms:ListGrants":                       {burst: 100, perSecond: 100},
	"kms:ListKeys":                         {burst: 500, perSecond: 500},
	"kms:ListResourceTags":                 {burst: 2000, perSecond: 2000},
	"kms:ListRetirableGrants":              {burst: 100, perSecond: 100},
	"kms:PutKeyPolicy":                     {burst: 15, perSecond: 15},
	"kms:RetireGrant":                      {burst: 30, perSecond: 30},
	"kms:RevokeGrant":                      {burst: 30, perSecond: 30},
	"kms:ScheduleKeyDeletion":              {burst: 15, perSecond: 15},
	"organizations:DescribeOrganization":   {burst: 2, perSecond: 1},
	"organizations:DescribeAccount":        {burst: 30, perSecond: 20},
	"organizations:ListAccounts":           {burst: 12, perSecond: 8},
	"organizations:ListAccountsForParent":  {burst: 8, perSecond: 5},
	"organizations:ListRoots":              {burst: 2, perSecond: 1},
	"organizations:ListTagsForResource":    {burst: 15, perSecond: 10},

	"organizations:ListOrganizationalUnitsForParent": {burst: 8, perSecond: 5},
}

// ratesOfOrganizations are those that all accounts of an organization have together.
var ratesOfOrganizations = map[string]rate{
	"organizations:DescribeAccount":                  {burst: 36, perSecond: 24},
	"organizations:ListAccounts":                     {burst: 15, perSecond: 9},
	"organizations:ListAccountsForParent":            {burst: 10, perSecond: 6},
	"organizations:ListOrganizationalUnitsForParent": {burst: 10, perSecond: 6},
	"organizations:ListRoots":                        {burst: 3, perSecond: 1},
	"organizations:ListTagsForResource":              {burst: 18, perSecond: 12},
}
