// SPDX-License-Identifier: MPL-2.0

package organizations

import (
	"github.com/amishare/packer-plugin-ami-share/internal/awssim/cloud"
)

// mostInAPage is how many a page holds at most.
// https://docs.aws.amazon.com/organizations/latest/APIReference/API_ListAccounts.html
const mostInAPage = 20

// page is which page of a list is asked for.
type page struct {
	MaxResults *int
	NextToken  string
}

// list answers with a page. The token of the next one belongs to its request. Hostility.EmptyPages begins each list with a page
// that has nothing in it and a token: Organizations says that such pages come.
func list(c *call, name string, p page, all []map[string]any) (cloud.Effect, error) {
	requested := 0
	if p.MaxResults != nil {
		if requested = *p.MaxResults; requested < 1 || requested > mostInAPage {
			return nil, invalid()
		}
	}
	shown, next, ok := cloud.Cut(c.Call, all, p.NextToken, requested, mostInAPage)
	if !ok {
		return nil, invalid()
	}
	if c.Hostility.EmptyPages && p.NextToken == "" {
		shown, next = nil, c.TokenOf(0)
	}
	answer := map[string]any{name: append([]map[string]any{}, shown...)}
	if next != "" {
		answer["NextToken"] = next
	}
	return cloud.Answer(answer), nil
}
