// SPDX-License-Identifier: MPL-2.0

package organizations

import (
	"fmt"
	"strings"

	"github.com/amishare/packer-plugin-ami-share/internal/awssim/cloud"
)

// mostInAPage is how many a page holds at most.
// https://docs.aws.amazon.com/organizations/latest/APIReference/API_ListAccounts.html
const mostInAPage = 20

// page is which page of a list is asked for.
type page struct {
	MaxResults *int
	NextToken  string
	subject    string // what the list is about, besides the organization
}

// list answers with a page. The token of the next one belongs to its request. Hostility.EmptyPages begins each list with a page
// that has nothing in it and a token: Organizations says that such pages come.
func list(c *call, name string, p page, all []map[string]any) (cloud.Effect, error) {
	start, requested := 0, 0
	if p.MaxResults != nil {
		if requested = *p.MaxResults; requested < 1 || requested > mostInAPage {
			return nil, invalid()
		}
	}
	prefix := c.Action + "." + p.subject + "."
	if p.NextToken != "" {
		rest, ok := strings.CutPrefix(p.NextToken, prefix)
		if _, err := fmt.Sscanf(rest, "%d", &start); !ok || err != nil || start < 0 || start > len(all) {
			return nil, invalid()
		}
	}
	end := min(start+c.PageSize(requested, mostInAPage), len(all))
	if c.Hostility.EmptyPages && p.NextToken == "" {
		end = 0
	}
	answer := map[string]any{name: all[start:end]}
	if end < len(all) {
		answer["NextToken"] = fmt.Sprintf("%s%d", prefix, end)
	}
	return cloud.Answer(answer), nil
}
