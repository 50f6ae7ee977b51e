// SPDX-License-Identifier: MPL-2.0

package ec2

import (
	"maps"
	"slices"
	"strings"

	"github.com/amishare/packer-plugin-ami-share/internal/awssim/cloud"
	"github.com/amishare/packer-plugin-ami-share/internal/awssim/wire"
)

// Tags are private to the account that put them on a resource, which need not be its own if it is shared with it:
// https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/Using_Tags.html

func tagActions() map[string]action {
	return map[string]action{
		"CreateTags": {
			Params: "ResourceId.N Tag.N.Key Tag.N.Value DryRun", Write: true, Resources: onTagged,
			Conditions: tagConditions, Handle: (*call).createTags,
		},
		"DeleteTags": {
			Params: "ResourceId.N Tag.N.Key Tag.N.Value DryRun", Write: true, Resources: onTagged,
			Conditions: tagConditions, Handle: (*call).deleteTags,
		},
		"DescribeTags": {Params: "DryRun" + filterParams + pageParams, Handle: (*call).describeTags},
	}
}

// tagItem is a tag on the wire.
type tagItem struct {
	Key   string `xml:"key"`
	Value string `xml:"value"`
}

// tagsOf returns the tags of a resource that the caller sees, sorted by key.
func (c *call) tagsOf(id string) items[tagItem] {
	tags := c.seenTags(id)
	var set items[tagItem]
	for _, key := range slices.Sorted(maps.Keys(tags)) {
		set.Items = append(set.Items, tagItem{key, tags[key]})
	}
	return set
}

// setTags adds tags to a resource for one account.
func (r *inventory) setTags(id string, tags map[string]string) {
	if len(tags) == 0 {
		return
	}
	if r.tags[id] == nil {
		r.tags[id] = map[string]string{}
	}
	maps.Copy(r.tags[id], tags)
}

// resourceKinds says what an id is by its prefix.
var resourceKinds = [...]struct{ prefix, kind string }{
	{"ami-", "image"},
	{"snap-", "snapshot"},
	{"i-", "instance"},
	{"vol-", "volume"},
	{"key-", "key-pair"},
	{"sg-", "security-group"},
	{"lt-", "launch-template"},
}

func resourceKind(id string) string {
	for _, known := range resourceKinds {
		if strings.HasPrefix(id, known.prefix) {
			return known.kind
		}
	}
	return ""
}

func onTagged(c *call) []string {
	var arns []string
	for _, id := range c.Form.List("ResourceId") {
		arns = append(arns, c.tagARN(id))
	}
	return arns
}

func (c *call) tagARN(id string) string {
	switch kind := resourceKind(id); kind {
	case "image":
		return c.imageARN(id)
	case "snapshot":
		return c.snapshotARN(id)
	default:
		return c.arn(kind, id)
	}
}

func tagConditions(c *call) map[string][]string {
	conditions := map[string][]string{}
	for _, tag := range c.Form.Structs("Tag") {
		conditions["aws:TagKeys"] = append(conditions["aws:TagKeys"], tag.Get("Key"))
		conditions["aws:RequestTag/"+tag.Get("Key")] = []string{tag.Get("Value")}
	}
	return conditions
}

func (c *call) createTags() (cloud.Effect, error) {
	if err := c.requireTagged(); err != nil {
		return nil, err
	}
	tags, err := readTags(c.Form.Structs("Tag"))
	if err != nil {
		return nil, err
	}
	if len(tags) == 0 {
		return nil, wire.BadRequest("MissingParameter", "The request must contain the parameter tagSet")
	}
	if err := c.mayHaveTags(tags); err != nil {
		return nil, err
	}
	return func() (any, error) {
		for _, id := range c.Form.List("ResourceId") {
			c.own().setTags(id, tags)
		}
		return done()
	}, nil
}

func (c *call) deleteTags() (cloud.Effect, error) {
	if err := c.requireTagged(); err != nil {
		return nil, err
	}
	given := c.Form.Structs("Tag")
	for _, id := range c.Form.List("ResourceId") {
		for _, tag := range given {
			if err := c.mayShareTags(id, []string{tag.Get("Key")}); err != nil {
				return nil, err
			}
		}
	}
	return func() (any, error) {
		for _, id := range c.Form.List("ResourceId") {
			tags := c.own().tags[id]
			if len(given) == 0 {
				maps.DeleteFunc(tags, func(key, _ string) bool { return !strings.HasPrefix(key, "aws:") })
			}
			for _, tag := range given {
				value, valueGiven := tag["Value"]
				if !valueGiven || tags[tag.Get("Key")] == value {
					delete(tags, tag.Get("Key"))
				}
			}
		}
		return done()
	}, nil
}

// requireTagged refuses resources that are not there for the caller.
func (c *call) requireTagged() error {
	ids := c.Form.List("ResourceId")
	if len(ids) == 0 {
		return wire.BadRequest("MissingParameter", "The request must contain the parameter resourceIdSet")
	}
	for _, id := range ids {
		if err := c.taggable(id); err != nil {
			return err
		}
	}
	return nil
}

func (c *call) taggable(id string) error {
	r := c.own()
	there := false
	switch resourceKind(id) {
	case "image":
		_, err := c.imageByID(id)
		return err
	case "snapshot":
		_, err := c.snapshotByID(id)
		return err
	case "instance":
		there = r.instances[id] != nil
	case "volume":
		there = r.volumes[id] != nil
	case "key-pair":
		there = slices.ContainsFunc(cloud.SortedValues(r.keyPairs), func(k *keyPair) bool { return k.id == id })
	case "security-group":
		there = r.securityGroups[id] != nil
	case "launch-template":
		there = r.templates[id] != nil
	default:
		return wire.BadRequest("InvalidID", "The ID '%s' is not valid", id)
	}
	if !there {
		return wire.BadRequest("InvalidID", "The ID '%s' is not valid", id)
	}
	return nil
}

// readTags checks tags as EC2 does: https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/Using_Tags.html#tag-restrictions
func readTags(given []wire.Form) (map[string]string, error) {
	tags := map[string]string{}
	for _, tag := range given {
		key, value := tag.Get("Key"), tag.Get("Value")
		switch {
		case key == "" || len([]rune(key)) > 127:
			return nil, wire.BadRequest("InvalidParameterValue", "Tag key must be between 1 and 127 characters: %q", key)
		case len([]rune(value)) > 255:
			return nil, wire.BadRequest("InvalidParameterValue", "Tag value exceeds the maximum length of 255 characters: %q", value)
		case strings.HasPrefix(strings.ToLower(key), "aws:"):
			return nil, wire.BadRequest("InvalidParameterValue",
				"Value ( %s ) for parameter key is invalid. Tag keys starting with 'aws:' are reserved for internal use", key)
		}
		tags[key] = value
	}
	if len(tags) > 50 {
		return nil, wire.BadRequest("TagLimitExceeded", "The maximum number of Tags for a resource has been reached.")
	}
	return tags, nil
}

// tagSpecs reads the TagSpecification of a call that creates something: the tags by kind of resource. Creating tags
// this way takes permission for ec2:CreateTags as well.
func (c *call) tagSpecs(kinds ...string) (map[string]map[string]string, error) {
	specs := map[string]map[string]string{}
	for _, spec := range c.Form.Structs("TagSpecification") {
		kind := spec.Get("ResourceType")
		if !slices.Contains(kinds, kind) {
			return nil, wire.BadRequest("InvalidParameterValue", "'%s' is not a valid taggable resource type for this operation.", kind)
		}
		tags, err := readTags(spec.Structs("Tag"))
		if err != nil {
			return nil, err
		}
		if len(tags) == 0 {
			continue
		}
		if kind != "image" {
			if err := c.mayShareTags("", slices.Collect(maps.Keys(tags))); err != nil {
				return nil, err
			}
		}
		if err := c.mayTagOnCreate(kind, tags); err != nil {
			return nil, err
		}
		specs[kind] = tags
	}
	return specs, nil
}

func (c *call) mayTagOnCreate(kind string, tags map[string]string) error {
	arn := c.arn(kind, "*")
	switch kind {
	case "image":
		arn = c.imageARN("*")
	case "snapshot":
		arn = c.snapshotARN("*")
	}
	conditions := map[string][]string{"ec2:CreateAction": {c.Action}}
	for _, key := range slices.Sorted(maps.Keys(tags)) {
		conditions["aws:TagKeys"] = append(conditions["aws:TagKeys"], key)
		conditions["aws:RequestTag/"+key] = []string{tags[key]}
	}
	return c.Allowed("ec2:CreateTags", arn, conditions)
}

// tagEntry is one tag of one resource.
type tagEntry struct {
	ResourceID   string `xml:"resourceId"`
	ResourceType string `xml:"resourceType"`
	Key          string `xml:"key"`
	Value        string `xml:"value"`
}

// describeTags: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeTags.html
func (c *call) describeTags() (cloud.Effect, error) {
	if err := c.checkMaxResults(5, 1000); err != nil {
		return nil, err
	}
	var all []tagEntry
	for _, id := range c.taggedIDs() {
		for _, tag := range c.tagsOf(id).Items {
			all = append(all, tagEntry{id, resourceKind(id), tag.Key, tag.Value})
		}
	}
	all, err := filtered(c, all, filterFields[tagEntry]{
		"resource-id":   one(func(t tagEntry) string { return t.ResourceID }),
		"resource-type": one(func(t tagEntry) string { return t.ResourceType }),
		"key":           one(func(t tagEntry) string { return t.Key }),
		"value":         one(func(t tagEntry) string { return t.Value }),
	}, func(t tagEntry) string { return t.ResourceID })
	if err != nil {
		return nil, err
	}
	return func() (any, error) {
		shown, next, err := cloud.Page(c.Call, all, "MaxResults", 1000)
		if err != nil {
			return nil, err
		}
		return &struct {
			Tags items[tagEntry] `xml:"tagSet"`
			Next string          `xml:"nextToken,omitempty"`
		}{items[tagEntry]{shown}, next}, nil
	}, nil
}
