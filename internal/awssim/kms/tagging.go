// SPDX-License-Identifier: MPL-2.0

package kms

import (
	"cmp"
	"net/http"
	"slices"

	"github.com/amishare/packer-plugin-ami-share/internal/awssim/cloud"
	"github.com/amishare/packer-plugin-ami-share/internal/awssim/wire"
)

// taggingAPI is the Resource Groups Tagging API: KMS keys by their tags.
func (s *Service) taggingAPI() *cloud.API {
	return &cloud.API{
		Name: "tagging", Prefix: "tag", Protocol: wire.JSON, Target: "ResourceGroupsTaggingAPI_20170126",
		Throttled: wire.Errorf(http.StatusBadRequest, "ThrottledException", "Rate exceeded"),
		Actions:   cloud.Actions(taggingActions(), s.bind),
	}
}

func taggingActions() map[string]action {
	return map[string]action{"GetResources": {Handle: (*call).getResources}}
}

type tagFilter struct {
	Key    string
	Values []string
}

// getResources lists the keys of the caller's account and Region that have all the tags.
// https://docs.aws.amazon.com/resourcegroupstagging/latest/APIReference/API_GetResources.html
func (c *call) getResources() (cloud.Effect, error) {
	var in struct {
		TagFilters          []tagFilter
		ResourceTypeFilters []string
		ResourcesPerPage    int
		PaginationToken     string
	}
	if err := c.Decode(&in); err != nil {
		return nil, err
	}
	for _, kind := range in.ResourceTypeFilters {
		if kind != "kms" && kind != "kms:key" {
			return nil, wire.Errorf(http.StatusBadRequest, "InvalidParameterException", "the resource type %s is not known here", kind)
		}
	}
	type tag struct{ Key, Value string }
	type mapping struct {
		ResourceARN string
		Tags        []tag
	}
	all := []mapping{}
	for _, key := range c.ownKeys() {
		if len(key.tags) == 0 || slices.ContainsFunc(in.TagFilters, func(f tagFilter) bool { return !f.fits(key.tags) }) {
			continue
		}
		m := mapping{ResourceARN: key.ARN}
		for name, value := range key.tags {
			m.Tags = append(m.Tags, tag{name, value})
		}
		slices.SortFunc(m.Tags, func(a, b tag) int { return cmp.Compare(a.Key, b.Key) })
		all = append(all, m)
	}
	if in.ResourcesPerPage < 0 || in.ResourcesPerPage > 100 {
		return nil, wire.Errorf(http.StatusBadRequest, "InvalidParameterException", "ResourcesPerPage is from 1 to 100")
	}
	shown, next, ok := cloud.Cut(c.Call, all, in.PaginationToken, cmp.Or(in.ResourcesPerPage, 50), 100)
	if !ok {
		return nil, wire.Errorf(http.StatusBadRequest, "PaginationTokenExpiredException", "The token is not valid")
	}
	return cloud.Answer(map[string]any{"ResourceTagMappingList": shown, "PaginationToken": next}), nil
}

func (f tagFilter) fits(tags map[string]string) bool {
	value, ok := tags[f.Key]
	return ok && (len(f.Values) == 0 || slices.Contains(f.Values, value))
}
