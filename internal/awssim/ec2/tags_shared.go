// SPDX-License-Identifier: MPL-2.0

package ec2

import (
	"maps"
	"slices"
	"strings"

	"github.com/amishare/packer-plugin-ami-share/internal/awssim/wire"
)

// sharedTag begins the keys of an AMI's tags that whoever the AMI is shared with sees too.
// https://aws.amazon.com/blogs/compute/introducing-ec2-ami-tag-sharing-share-ec2-tags-across-aws-accounts/
const sharedTag = "ec2:SharedTag/"

// mostTags is how many tags a resource has at most, each account's by themselves.
const mostTags = 50

// seenTags are the tags of a resource that the caller sees: its own, and those that the owner of an AMI shares with it.
func (c *call) seenTags(id string) map[string]string {
	seen := maps.Clone(c.own().tags[id])
	img := c.image(c.Region, id)
	if img == nil || img.owner == c.Account || !c.hasLaunchPermission(img, c.Account.ID) || c.hiddenBySetting(img) {
		return seen
	}
	for key, value := range c.regions.Of(img.owner, c.Region).tags[id] {
		if strings.HasPrefix(key, sharedTag) {
			if seen == nil {
				seen = map[string]string{}
			}
			seen[key] = value
		}
	}
	return seen
}

// taggedIDs are the ids of everything with tags that the caller sees, sorted: what it has tagged itself, and the AMIs that are
// shared with it, though not with its organization alone.
func (c *call) taggedIDs() []string {
	ids := slices.Collect(maps.Keys(c.own().tags))
	for _, img := range c.listedImages(false) {
		if len(c.seenTags(img.id)) > 0 {
			ids = append(ids, img.id)
		}
	}
	slices.Sort(ids)
	return slices.Compact(ids)
}

// mayHaveTags refuses tags beyond 50 of a resource, and shared ones of what is no AMI of the caller. AWS publishes no code for the
// latter, and does not say what such a tag of another resource would be; here there is none.
func (c *call) mayHaveTags(tags map[string]string) error {
	for _, id := range c.Form.List("ResourceId") {
		if err := c.mayShareTags(id, slices.Collect(maps.Keys(tags))); err != nil {
			return err
		}
		all := maps.Clone(c.own().tags[id])
		if all == nil {
			all = map[string]string{}
		}
		maps.Copy(all, tags)
		if len(all) > mostTags {
			return wire.BadRequest("TagLimitExceeded", "The maximum number of Tags for a resource has been reached.")
		}
	}
	return nil
}

// mayShareTags refuses keys of shared tags, but of an AMI of the caller.
func (c *call) mayShareTags(id string, keys []string) error {
	if img := c.image(c.Region, id); img != nil && img.owner == c.Account {
		return nil
	}
	for _, key := range keys {
		if strings.HasPrefix(key, sharedTag) {
			return wire.BadRequest("OperationNotPermitted", "Only the owner of an AMI can create, change or delete its tag %s: %s", key, id)
		}
	}
	return nil
}
