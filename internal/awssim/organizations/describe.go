// SPDX-License-Identifier: MPL-2.0

package organizations

import (
	"maps"
	"regexp"
	"slices"

	"github.com/amishare/packer-plugin-ami-share/internal/awssim/cloud"
	"github.com/amishare/packer-plugin-ami-share/internal/awssim/wire"
)

// describeOrganization may be called from every account of the organization.
// https://docs.aws.amazon.com/organizations/latest/APIReference/API_DescribeOrganization.html
func (c *call) describeOrganization() (cloud.Effect, error) {
	if err := c.Decode(&struct{}{}); err != nil {
		return nil, err
	}
	o, err := c.organization()
	if err != nil {
		return nil, err
	}
	return cloud.Answer(map[string]any{"Organization": map[string]any{
		"Id": o.ID, "Arn": o.ARN("organization", ""), "FeatureSet": "ALL",
		"MasterAccountId": o.Management, "MasterAccountArn": o.ARN("account", o.Management), "MasterAccountEmail": email(o.Management),
		"AvailablePolicyTypes": []any{},
	}}), nil
}

// listRoots shows the one root.
// https://docs.aws.amazon.com/organizations/latest/APIReference/API_ListRoots.html
func (c *call) listRoots() (cloud.Effect, error) {
	var in page
	if err := c.Decode(&in); err != nil {
		return nil, err
	}
	o, err := c.administered()
	if err != nil {
		return nil, err
	}
	roots := []map[string]any{{"Id": o.Root, "Arn": o.ARN("root", o.Root), "Name": "Root", "PolicyTypes": []any{}}}
	return list(c, "Roots", in, roots)
}

// listOrganizationalUnitsForParent lists the units directly below a root or unit.
// https://docs.aws.amazon.com/organizations/latest/APIReference/API_ListOrganizationalUnitsForParent.html
func (c *call) listOrganizationalUnitsForParent() (cloud.Effect, error) {
	in, o, err := c.below()
	if err != nil {
		return nil, err
	}
	units := []map[string]any{}
	for _, id := range o.UnitsBelow(in.ParentID) {
		unit := map[string]any{"Id": id, "Arn": o.ARN("ou", id), "Name": id}
		if !c.Hostility.OrganizationsWithoutPaths {
			unit["Path"] = o.Path(append(o.Above(id), id))
		}
		units = append(units, unit)
	}
	return list(c, "OrganizationalUnits", in.page, units)
}

// listTagsForResource shows the tags of an account. Units and the root have none here.
// https://docs.aws.amazon.com/organizations/latest/APIReference/API_ListTagsForResource.html
func (c *call) listTagsForResource() (cloud.Effect, error) {
	var in struct {
		ResourceID string `json:"ResourceId"`
		NextToken  string
	}
	if err := c.Decode(&in); err != nil {
		return nil, err
	}
	o, err := c.administered()
	if err != nil {
		return nil, err
	}
	_, member := o.Members[in.ResourceID]
	switch {
	case !resourcePattern.MatchString(in.ResourceID):
		return nil, invalid()
	case !member && in.ResourceID != o.Root && o.Parents[in.ResourceID] == "":
		return nil, wire.BadRequest("TargetNotFoundException", "You specified a target that doesn't exist.")
	}
	tags := []map[string]any{}
	if account := c.Accounts[in.ResourceID]; account != nil {
		for _, key := range slices.Sorted(maps.Keys(account.Tags)) {
			tags = append(tags, map[string]any{"Key": key, "Value": account.Tags[key]})
		}
	}
	return list(c, "Tags", page{NextToken: in.NextToken}, tags)
}

// The shapes of https://docs.aws.amazon.com/organizations/latest/APIReference/API_ListAccountsForParent.html and
// https://docs.aws.amazon.com/organizations/latest/APIReference/API_ListTagsForResource.html.
var (
	parentPattern   = regexp.MustCompile(`^(r-[0-9a-z]{4,32}|ou-[0-9a-z]{4,32}-[a-z0-9]{8,32})$`)
	resourcePattern = regexp.MustCompile(`^(r-[0-9a-z]{4,32}|\d{12}|ou-[0-9a-z]{4,32}-[a-z0-9]{8,32}|p-[0-9a-zA-Z_]{8,128}|rp-[0-9a-zA-Z_]{4,128})$`)
)

// parent checks that a root or unit exists.
func parent(o *cloud.Organization, id string) error {
	switch {
	case !parentPattern.MatchString(id):
		return invalid()
	case id != o.Root && o.Parents[id] == "":
		return wire.BadRequest("ParentNotFoundException", "You specified parent that doesn't exist.")
	default:
		return nil
	}
}

func invalid() error {
	return wire.BadRequest("InvalidInputException", "You specified an invalid value.")
}
