// SPDX-License-Identifier: MPL-2.0

package resources

import (
	"maps"
	"slices"
	"strings"

	"github.com/amishare/packer-plugin-ami-share/internal/awssim/cloud"
	"github.com/amishare/packer-plugin-ami-share/internal/awssim/wire"
)

// Tags are private to the account that put them on a resource, which need not be its own if it is shared with it:
// https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/Using_Tags.html

// Actions of tags, which are EC2's.
func (t *Tags) Actions() map[string]cloud.Action[*cloud.Call] {
	return cloud.Actions(map[string]cloud.Action[*Request]{
		"CreateTags": {
			Params: "ResourceId.N Tag.N.Key Tag.N.Value DryRun", Write: true, Resources: onTagged,
			Conditions: tagConditions, Handle: (*Request).createTags,
		},
		"DeleteTags": {
			Params: "ResourceId.N Tag.N.Key Tag.N.Value DryRun", Write: true, Resources: onTagged,
			Conditions: tagConditions, Handle: (*Request).deleteTags,
		},
		"DescribeTags": {Params: "DryRun" + FilterParams + PageParams, Handle: (*Request).describeTags},
	}, t.Request)
}

// TagItem is a tag on the wire.
type TagItem struct {
	Key   string `xml:"key"`
	Value string `xml:"value"`
}

// TagsOf returns the tags of a resource that the caller sees, sorted by key.
func (r *Request) TagsOf(id string) Items[TagItem] {
	tags := r.SeenTags(id)
	var set Items[TagItem]
	for _, key := range slices.Sorted(maps.Keys(tags)) {
		set.Items = append(set.Items, TagItem{key, tags[key]})
	}
	return set
}

// kinds says what an id is by its prefix.
var kinds = [...]struct{ prefix, kind string }{
	{"ami-", "image"},
	{"snap-", "snapshot"},
	{"i-", "instance"},
	{"vol-", "volume"},
	{"key-", "key-pair"},
	{"sg-", "security-group"},
	{"lt-", "launch-template"},
	{"amiur-", "image-usage-report"},
}

// Kind returns what an id is one of, as tags call it, "" for no id of EC2.
func Kind(id string) string {
	for _, known := range kinds {
		if strings.HasPrefix(id, known.prefix) {
			return known.kind
		}
	}
	return ""
}

func onTagged(r *Request) []string {
	var arns []string
	for _, id := range r.call.Form.List("ResourceId") {
		arns = append(arns, r.tagARN(id))
	}
	return arns
}

func (r *Request) tagARN(id string) string {
	switch kind := Kind(id); kind {
	case "image":
		return r.ImageARN(id)
	case "snapshot":
		return r.SnapshotARN(id)
	default:
		return r.ARN(kind, id)
	}
}

func tagConditions(r *Request) map[string][]string {
	conditions := map[string][]string{}
	for _, tag := range r.call.Form.Structs("Tag") {
		conditions["aws:TagKeys"] = append(conditions["aws:TagKeys"], tag.Get("Key"))
		conditions["aws:RequestTag/"+tag.Get("Key")] = []string{tag.Get("Value")}
	}
	return conditions
}

func (r *Request) createTags() (cloud.Effect, error) {
	if err := r.requireTagged(); err != nil {
		return nil, err
	}
	tags, err := readTags(r.call.Form.Structs("Tag"))
	if err != nil {
		return nil, err
	}
	if len(tags) == 0 {
		return nil, wire.BadRequest("MissingParameter", "The request must contain the parameter tagSet")
	}
	if err := r.mayHaveTags(tags); err != nil {
		return nil, err
	}
	return func() (any, error) {
		for _, id := range r.call.Form.List("ResourceId") {
			r.changing(id)
			r.SetTags(id, tags)
		}
		return Done()
	}, nil
}

func (r *Request) deleteTags() (cloud.Effect, error) {
	if err := r.requireTagged(); err != nil {
		return nil, err
	}
	given := r.call.Form.Structs("Tag")
	for _, id := range r.call.Form.List("ResourceId") {
		for _, tag := range given {
			if err := r.mayShareTags(id, []string{tag.Get("Key")}); err != nil {
				return nil, err
			}
		}
	}
	return func() (any, error) {
		for _, id := range r.call.Form.List("ResourceId") {
			r.changing(id)
			tags := r.own()[id]
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
		return Done()
	}, nil
}

// requireTagged refuses resources that are not there for the caller.
func (r *Request) requireTagged() error {
	ids := r.call.Form.List("ResourceId")
	if len(ids) == 0 {
		return wire.BadRequest("MissingParameter", "The request must contain the parameter resourceIdSet")
	}
	for _, id := range ids {
		if err := r.tags.inventory.Has(r.call, id); err != nil {
			return err
		}
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

// TagSpecs reads the TagSpecification of a call that creates something: the tags by kind of resource. Creating tags
// this way takes permission for ec2:CreateTags as well.
func (r *Request) TagSpecs(kinds ...string) (map[string]map[string]string, error) {
	specs := map[string]map[string]string{}
	for _, spec := range r.call.Form.Structs("TagSpecification") {
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
			if err := r.mayShareTags("", slices.Collect(maps.Keys(tags))); err != nil {
				return nil, err
			}
		}
		if err := r.mayTagOnCreate(kind, tags); err != nil {
			return nil, err
		}
		specs[kind] = tags
	}
	return specs, nil
}

func (r *Request) mayTagOnCreate(kind string, tags map[string]string) error {
	arn := r.ARN(kind, "*")
	switch kind {
	case "image":
		arn = r.ImageARN("*")
	case "snapshot":
		arn = r.SnapshotARN("*")
	}
	conditions := map[string][]string{"ec2:CreateAction": {r.call.Action}}
	for _, key := range slices.Sorted(maps.Keys(tags)) {
		conditions["aws:TagKeys"] = append(conditions["aws:TagKeys"], key)
		conditions["aws:RequestTag/"+key] = []string{tags[key]}
	}
	return r.call.Allowed("ec2:CreateTags", arn, conditions)
}

// tagEntry is one tag of one resource.
type tagEntry struct {
	ResourceID   string `xml:"resourceId"`
	ResourceType string `xml:"resourceType"`
	Key          string `xml:"key"`
	Value        string `xml:"value"`
}

// describeTags: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeTags.html
func (r *Request) describeTags() (cloud.Effect, error) {
	if err := r.checkMaxResults(5, 1000); err != nil {
		return nil, err
	}
	var all []tagEntry
	for _, id := range r.taggedIDs() {
		for _, tag := range r.TagsOf(id).Items {
			all = append(all, tagEntry{id, Kind(id), tag.Key, tag.Value})
		}
	}
	all, err := Filtered(r, all, FilterFields[tagEntry]{
		"resource-id":   One(func(t tagEntry) string { return t.ResourceID }),
		"resource-type": One(func(t tagEntry) string { return t.ResourceType }),
		"key":           One(func(t tagEntry) string { return t.Key }),
		"value":         One(func(t tagEntry) string { return t.Value }),
	}, func(t tagEntry) string { return t.ResourceID })
	if err != nil {
		return nil, err
	}
	return func() (any, error) {
		shown, next, err := cloud.Page(r.call, all, "MaxResults", 1000)
		if err != nil {
			return nil, err
		}
		return &struct {
			Tags Items[tagEntry] `xml:"tagSet"`
			Next string          `xml:"nextToken,omitempty"`
		}{Items[tagEntry]{shown}, next}, nil
	}, nil
}
