// SPDX-License-Identifier: MPL-2.0

package ssm

import (
	"github.com/amishare/packer-plugin-ami-share/internal/awssim/cloud"
	"github.com/amishare/packer-plugin-ami-share/internal/awssim/wire"
)

// mostOfHistory is how many versions a page has.
const mostOfHistory = 50

type historyItem struct {
	AllowedPattern   string `json:",omitempty"`
	DataType         string
	Description      string `json:",omitempty"`
	Labels           []string
	LastModifiedDate float64
	LastModifiedUser string
	Name             string
	Policies         []string
	Tier             string
	Type             string
	Value            string
	Version          int64
}

// getHistory answers the versions of a parameter, oldest first, with what each of them was written with.
// https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_GetParameterHistory.html
func (c *call) getHistory() (cloud.Effect, error) {
	var in struct {
		Name, NextToken string
		MaxResults      *int
		WithDecryption  bool
	}
	if err := c.Decode(&in); err != nil {
		return nil, err
	}
	size := mostOfHistory
	if in.MaxResults != nil {
		size = *in.MaxResults
	}
	if size < 1 || size > mostOfHistory {
		return nil, invalid("1 validation error detected: Value '%d' at 'maxResults' failed to satisfy constraint: "+
			"Member must have value less than or equal to 50, and greater than or equal to 1", size)
	}
	return func() (any, error) {
		c.settle(c.Account, c.Region, in.Name)
		p := c.own().stored[in.Name]
		if p == nil {
			return nil, notFound()
		}
		page, next, ok := cloud.Cut(c.Call, p.versions, in.NextToken, size, mostOfHistory)
		if !ok {
			return nil, wire.BadRequest("InvalidNextToken", "The specified token isn't valid.")
		}
		items := []historyItem{}
		for _, v := range page {
			items = append(items, historyItem{
				AllowedPattern: v.pattern, DataType: v.dataType, Description: v.description, Labels: append([]string{}, v.labels...),
				LastModifiedDate: float64(v.modified.UnixMilli()) / 1000, LastModifiedUser: v.modifier, Name: p.name, Policies: []string{}, Tier: v.tier,
				Type: "String", Value: v.value, Version: v.number,
			})
		}
		return map[string]any{"Parameters": items, "NextToken": next}, nil
	}, nil
}
