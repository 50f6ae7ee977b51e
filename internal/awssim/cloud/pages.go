// SPDX-License-Identifier: MPL-2.0

package cloud

import (
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/amishare/packer-plugin-ami-share/internal/awssim/wire"
)

// Page cuts a list into the page that the call asks for and returns the token of the next one.
func Page[T any](c *Call, all []T, sizeParam string, most int) ([]T, string, error) {
	return PageOf(c, all, sizeParam, most, most)
}

// PageOf is Page for an action whose page is smaller when no size is asked for.
func PageOf[T any](c *Call, all []T, sizeParam string, unasked, most int) ([]T, string, error) {
	requested, err := c.Number(sizeParam, unasked)
	if err != nil {
		return nil, "", err
	}
	token := c.Form.Get("NextToken")
	page, next, ok := Cut(c, all, token, requested, most)
	if !ok {
		return nil, "", wire.BadRequest("InvalidNextToken", "The token %q is invalid.", token)
	}
	return page, next, nil
}

// Cut returns the page of a list that a token names, "" for the first, with as many entries as are asked for and AWS gives at most, and
// the token of the next one. It tells whether the token is one of this request.
func Cut[T any](c *Call, all []T, token string, requested, most int) (page []T, next string, ok bool) {
	start, own := 0, c.tokens()
	if token != "" {
		var err error
		start, err = strconv.Atoi(strings.TrimPrefix(token, own))
		if err != nil || start < 0 || start > len(all) || !strings.HasPrefix(token, own) {
			return nil, "", false
		}
	}
	end := min(start+c.cloud.PageSize(requested, most), len(all))
	if end == len(all) {
		return all[start:], "", true
	}
	return all[start:end], c.TokenOf(end), true
}

// TokenOf is the token of the page that begins with an entry.
func (c *Call) TokenOf(start int) string { return c.tokens() + strconv.Itoa(start) }

// paging are the parameters that may differ from one page to the next.
var paging = strings.Fields("NextToken MaxResults MaxRecords Marker MaxItems Limit PaginationToken ResourcesPerPage")

// tokens is how every token of a call starts: a token is good for the request that it comes from, with another size of the page at
// most, and for the account and Region that made it. A number of the client's own making is noticed.
func (c *Call) tokens() string {
	request := []string{c.Account.ID, c.Region, c.Action}
	for _, name := range slices.Sorted(maps.Keys(c.Form)) {
		if !slices.Contains(paging, name) {
			request = append(request, name+"="+c.Form[name])
		}
	}
	fields := map[string]json.RawMessage{}
	_ = json.Unmarshal(c.body, &fields) // Decode complains
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		if !slices.Contains(paging, name) {
			request = append(request, name+"="+string(fields[name]))
		}
	}
	return "page-" + wire.Hash([]byte(strings.Join(request, "\n")))[:16] + "-from-"
}
