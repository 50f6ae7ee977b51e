// SPDX-License-Identifier: MPL-2.0

package organizations

import (
	"cmp"
	"maps"
	"slices"

	"github.com/amishare/packer-plugin-ami-share/internal/awssim/cloud"
)

// listAccounts lists all accounts of the organization.
// https://docs.aws.amazon.com/organizations/latest/APIReference/API_ListAccounts.html
func (c *call) listAccounts() (cloud.Effect, error) {
	var in page
	if err := c.Decode(&in); err != nil {
		return nil, err
	}
	o, err := c.administered()
	if err != nil {
		return nil, err
	}
	return list(c, "Accounts", in, c.described(o, slices.Sorted(maps.Keys(o.Members))))
}

// parentPage is a page of what is directly below a root or unit.
type parentPage struct {
	ParentID string `json:"ParentId"`
	page
}

// below reads which page is asked for of what is below a root or unit of the organization.
func (c *call) below() (parentPage, *cloud.Organization, error) {
	var in parentPage
	if err := c.Decode(&in); err != nil {
		return in, nil, err
	}
	o, err := c.administered()
	if err != nil {
		return in, nil, err
	}
	return in, o, parent(o, in.ParentID)
}

// listAccountsForParent lists the accounts directly below a root or unit, not those further down.
// https://docs.aws.amazon.com/organizations/latest/APIReference/API_ListAccountsForParent.html
func (c *call) listAccountsForParent() (cloud.Effect, error) {
	in, o, err := c.below()
	if err != nil {
		return nil, err
	}
	var ids []string
	for _, id := range slices.Sorted(maps.Keys(o.Members)) {
		above := append([]string{o.Root}, o.Members[id]...)
		if above[len(above)-1] == in.ParentID {
			ids = append(ids, id)
		}
	}
	return list(c, "Accounts", in.page, c.described(o, ids))
}

// described shows accounts. State came in 2025, Paths in 2026, and Status, which AWS was to retire in September 2026, is left
// out: whoever reads it alone takes closed accounts for active ones.
// https://docs.aws.amazon.com/organizations/latest/APIReference/API_Account.html
func (c *call) described(o *cloud.Organization, ids []string) []map[string]any {
	accounts := []map[string]any{}
	for _, id := range ids {
		name, state := id, "ACTIVE"
		if known := c.Accounts[id]; known != nil {
			name, state = cmp.Or(known.Name, id), cmp.Or(known.State, state)
		}
		account := map[string]any{
			"Id": id, "Arn": o.ARN("account", id), "Name": name, "Email": email(id), "JoinedMethod": "CREATED", "JoinedTimestamp": 1735689600,
		}
		if c.Hostility.OrganizationsWithoutPaths {
			account["Status"] = status(state)
		} else {
			account["State"], account["Paths"] = state, []string{o.Path(o.Members[id])}
		}
		accounts = append(accounts, account)
	}
	return accounts
}

// status is what the older field says of a state.
func status(state string) string {
	switch state {
	case "ACTIVE", "SUSPENDED", "PENDING_CLOSURE":
		return state
	default:
		return "SUSPENDED"
	}
}

func email(account string) string { return account + "@example.com" }
