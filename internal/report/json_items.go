// SPDX-License-Identifier: MPL-2.0

package report

import (
	"crypto/sha256"
	"encoding/json"
	"slices"
	"strings"

	"github.com/amishare/packer-plugin-ami-share/internal/sharing"
)

// jsonRecipient is an entry for recipients of whom the same is to be told.
type jsonRecipient struct {
	Kind  string            `json:"kind"`
	IDs   []string          `json:"ids"`
	Names map[string]string `json:"names"`
	Items []jsonItem        `json:"items"`
}

type jsonItem struct {
	Kind     string            `json:"kind"`
	Region   sharing.Region    `json:"region,omitempty"`
	Resource string            `json:"resource"`
	Grantee  string            `json:"grantee,omitempty"`
	Value    string            `json:"value,omitempty"`
	Previous string            `json:"previous,omitempty"`
	Also     []aspect          `json:"also,omitempty"`
	Status   status            `json:"status"`
	Removal  bool              `json:"removal,omitempty"`
	Verified bool              `json:"verified"`
	Reason   string            `json:"reason,omitempty"`
	GrantIDs map[string]string `json:"grant_ids,omitempty"` // by recipient
}

// ownAccount stands in an entry for several accounts where each has its own id.
const ownAccount = "{account}"

// mostGrantIDs is how many recipients an entry may have that lists the ids of their grants. They are the only thing that differs where nothing
// else does, and would make the report of 500 accounts a hundred times as long.
const mostGrantIDs = 100

// jsonRecipients gathers the items by recipient, and recipients with equal items.
func (r Run) jsonRecipients(items []item) []jsonRecipient {
	var order []sharing.Recipient
	byRecipient := map[sharing.Recipient][]*item{} // not copied: a large run has some ten thousand
	for n := range items {
		i := &items[n]
		if byRecipient[i.Recipient] == nil {
			order = append(order, i.Recipient)
		}
		byRecipient[i.Recipient] = append(byRecipient[i.Recipient], i)
	}
	var groups [][]sharing.Recipient
	at := map[[sha256.Size]byte]int{}
	for _, to := range sortedRecipients(order) {
		key := alikeItems(byRecipient[to])
		n, ok := at[key]
		if !ok {
			n = len(groups)
			at[key] = n
			groups = append(groups, nil)
		}
		groups[n] = append(groups[n], to)
	}
	return mapped(groups, func(group []sharing.Recipient) jsonRecipient { return r.jsonGroup(group, byRecipient) })
}

// alikeItems is equal for recipients of whom the same is to be told: grant ids are each one's own.
func alikeItems(items []*item) [sha256.Size]byte {
	text, err := json.Marshal(mapped(items, func(i *item) jsonItem { return i.general(true) }))
	if err != nil {
		text = []byte(err.Error()) // strings can be written
	}
	return sha256.Sum256(append(text, items[0].Recipient.Kind.String()...))
}

// general returns an item without what is the recipient's own. With several recipients the account's id is left open.
func (i item) general(several bool) jsonItem {
	one := func(text string) string {
		if several && i.Recipient.Kind == sharing.ToAccount {
			return strings.ReplaceAll(text, i.Recipient.ID, ownAccount)
		}
		return text
	}
	return jsonItem{
		Kind: i.Kind.String(), Region: i.Region, Resource: one(i.Resource), Grantee: one(i.Grantee), Value: one(i.Value), Previous: one(i.Previous), Also: i.Also, Status: i.Status,
		Removal: i.Removal, Verified: i.Verified, Reason: one(i.Reason),
	}
}

func (r Run) jsonGroup(group []sharing.Recipient, byRecipient map[sharing.Recipient][]*item) jsonRecipient {
	entry := jsonRecipient{
		Kind: group[0].Kind.String(), Names: map[string]string{},
		Items: mapped(byRecipient[group[0]], func(i *item) jsonItem { return i.general(len(group) > 1) }),
	}
	for _, to := range group {
		entry.IDs = append(entry.IDs, to.ID)
		if name := r.Names[sharing.AccountID(to.ID)]; name != "" {
			entry.Names[to.ID] = name
		}
		for n, i := range byRecipient[to] {
			if len(group) <= mostGrantIDs || i.needsEnding() {
				entry.Items[n].GrantIDs = put(entry.Items[n].GrantIDs, to.ID, i.GrantID)
			}
		}
	}
	return entry
}

// needsEnding tells whether somebody may have to end a grant by its id: one that a rollback left, or of which it is not known whether it is as
// it should be.
func (i item) needsEnding() bool { return slices.Contains([]status{failed, unknown, left}, i.Status) }

func put(values map[string]string, key, value string) map[string]string {
	if value == "" {
		return values
	}
	if values == nil {
		values = map[string]string{}
	}
	values[key] = value
	return values
}
