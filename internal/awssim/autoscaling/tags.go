// SPDX-License-Identifier: MPL-2.0

package autoscaling

import (
	"slices"
	"strings"

	"github.com/amishare/packer-plugin-ami-share/internal/awssim/wire"
)

const groupTagParams = " Tags.member.N.Key Tags.member.N.Value Tags.member.N.PropagateAtLaunch Tags.member.N.ResourceId Tags.member.N.ResourceType"

// groupTag is a tag of a group.
// https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_TagDescription.html
type groupTag struct {
	Resource  string `xml:"ResourceId"`
	Kind      string `xml:"ResourceType"`
	Key       string
	Value     string
	Propagate bool `xml:"PropagateAtLaunch"`
}

// groupKind is what a group is among the resources that have tags.
const groupKind = "auto-scaling-group"

// groupTagConditions are the condition keys about the tags of a group that is made.
func groupTagConditions(c *call) map[string][]string {
	conditions := map[string][]string{}
	for _, tag := range c.Form.Structs("Tags.member") {
		conditions["aws:RequestTag/"+tag.Get("Key")] = []string{tag.Get("Value")}
		conditions["aws:TagKeys"] = append(conditions["aws:TagKeys"], tag.Get("Key"))
	}
	return conditions
}

// tagGroup gives a group that is being made its tags, which takes a permission of its own. AWS's examples of policies have it;
// whether AWS asks for it is not documented.
// https://docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-tags-security.html
func (c *call) tagGroup(group *Group) error {
	for _, tag := range c.Form.Structs("Tags.member") {
		switch key := tag.Get("Key"); {
		case key == "" || len(key) > 128 || len(tag.Get("Value")) > 256:
			return wire.ValidationError("1 validation error detected: Value '%s' at 'tags.member.key' failed to satisfy constraint: "+
				"Member must have length between 1 and 128", key)
		case strings.HasPrefix(key, "aws:"):
			return wire.ValidationError("Tag keys starting with 'aws:' are reserved for internal use")
		case slices.ContainsFunc(group.tags, func(t groupTag) bool { return t.Key == key }):
			return wire.ValidationError("Duplicate tag key %s", key)
		}
		group.tags = append(group.tags, groupTag{group.name, groupKind, tag.Get("Key"), tag.Get("Value"), tag.Flag("PropagateAtLaunch")})
	}
	if len(group.tags) == 0 {
		return nil
	}
	return c.Allowed("autoscaling:CreateOrUpdateTags", group.arn, groupTagConditions(c))
}

// groupFilters reads the filters of a listing. They are about tags.
// https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_Filter.html
func (c *call) groupFilters() (func(*Group) bool, error) {
	filters := c.Form.Structs("Filters.member")
	for _, filter := range filters {
		if name := filter.Get("Name"); name != "tag-key" && name != "tag-value" && !strings.HasPrefix(name, "tag:") {
			return nil, wire.ValidationError("Filter type %s is not correct. Allowed Filter types are: tag-key, tag-value, tag:<key>", name)
		}
	}
	return func(group *Group) bool {
		return !slices.ContainsFunc(filters, func(filter wire.Form) bool { return !group.fits(filter.Get("Name"), filter.List("Values.member")) })
	}, nil
}

// fits tells whether some tag of the group fits a filter.
func (group *Group) fits(name string, values []string) bool {
	return slices.ContainsFunc(group.tags, func(tag groupTag) bool {
		switch key, named := strings.CutPrefix(name, "tag:"); {
		case named:
			return tag.Key == key && slices.Contains(values, tag.Value)
		case name == "tag-key":
			return slices.Contains(values, tag.Key)
		default:
			return slices.Contains(values, tag.Value)
		}
	})
}
