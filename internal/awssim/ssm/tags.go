// SPDX-License-Identifier: MPL-2.0

package ssm

import (
	"maps"
	"slices"
	"strings"

	"github.com/amishare/packer-plugin-ami-share/internal/awssim/cloud"
	"github.com/amishare/packer-plugin-ami-share/internal/awssim/wire"
)

const mostTags = 50

// checkTags returns tags with others added: https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_Tag.html
func checkTags(has map[string]string, given []tag) (map[string]string, error) {
	tags := map[string]string{}
	maps.Copy(tags, has)
	for _, t := range given {
		switch {
		case t.Key == "" || len([]rune(t.Key)) > 128:
			return nil, invalid("1 validation error detected: Value '%s' at 'tags.member.key' failed to satisfy constraint: Member must have length from 1 to 128", t.Key)
		case len([]rune(t.Value)) > 256:
			return nil, invalid("1 validation error detected: Value '%s' at 'tags.member.value' failed to satisfy constraint: Member must have length less than or equal to 256", t.Value)
		case strings.HasPrefix(strings.ToLower(t.Key), "aws:"):
			return nil, invalid("Tag keys starting with 'aws:' are reserved for internal use: %s", t.Key)
		}
		tags[t.Key] = t.Value
	}
	if len(tags) > mostTags {
		return nil, wire.BadRequest("TooManyTagsError", "The Targets parameter includes too many tags. Remove one or more tags and try the command again.")
	}
	return tags, nil
}

// tagged finds the parameter whose tags a call is about.
func (c *call) tagged(kind, name string) (*parameter, error) {
	if kind != "Parameter" {
		return nil, wire.BadRequest("InvalidResourceType", "the resource type %q is not known here", kind)
	}
	p := c.own().stored[name]
	if p == nil {
		return nil, wire.BadRequest("InvalidResourceId", "The resource ID %q is not valid. Verify that you entered the correct ID and try again.", name)
	}
	return p, nil
}

// addTags: https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_AddTagsToResource.html
func (c *call) addTags() (cloud.Effect, error) {
	var in struct {
		ResourceType string
		ResourceID   string `json:"ResourceId"`
		Tags         []tag
	}
	if err := c.Decode(&in); err != nil {
		return nil, err
	}
	p, err := c.tagged(in.ResourceType, in.ResourceID)
	if err != nil {
		return nil, err
	}
	tags, err := checkTags(p.tags, in.Tags)
	if err != nil {
		return nil, err
	}
	return func() (any, error) {
		p.tags = tags
		return nil, nil
	}, nil
}

// removeTags: https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_RemoveTagsFromResource.html
func (c *call) removeTags() (cloud.Effect, error) {
	var in struct {
		ResourceType string
		ResourceID   string `json:"ResourceId"`
		TagKeys      []string
	}
	if err := c.Decode(&in); err != nil {
		return nil, err
	}
	p, err := c.tagged(in.ResourceType, in.ResourceID)
	if err != nil {
		return nil, err
	}
	return func() (any, error) {
		maps.DeleteFunc(p.tags, func(key, _ string) bool { return slices.Contains(in.TagKeys, key) })
		return nil, nil
	}, nil
}

// listTags: https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_ListTagsForResource.html
func (c *call) listTags() (cloud.Effect, error) {
	var in struct {
		ResourceType string
		ResourceID   string `json:"ResourceId"`
	}
	if err := c.Decode(&in); err != nil {
		return nil, err
	}
	p, err := c.tagged(in.ResourceType, in.ResourceID)
	if err != nil {
		return nil, err
	}
	tags := []tag{}
	for _, key := range slices.Sorted(maps.Keys(p.tags)) {
		tags = append(tags, tag{key, p.tags[key]})
	}
	return cloud.Answer(map[string]any{"TagList": tags}), nil
}
