// SPDX-License-Identifier: MPL-2.0

package resources

import (
	"maps"
	"slices"
	"strings"

	"github.com/amishare/packer-plugin-ami-share/internal/awssim/cloud"
	"github.com/amishare/packer-plugin-ami-share/internal/awssim/wire"
)

// sharedTag begins the keys of an AMI's tags that whoever the AMI is shared with sees too.
// https://aws.amazon.com/blogs/compute/introducing-ec2-ami-tag-sharing-share-ec2-tags-across-aws-accounts/
const sharedTag = "ec2:SharedTag/"

// mostTags is how many tags a resource has at most, each account's by themselves.
const mostTags = 50

// SeenTags are the tags of a resource that the caller sees: its own, and those that the owner of an AMI shares with it.
func (r *Request) SeenTags(id string) map[string]string {
	seen := maps.Clone(r.own()[id])
	owner, shared := r.tags.inventory.AMI(r.call, id)
	if owner == nil || owner == r.call.Account || !shared {
		return seen
	}
	if seen == nil {
		seen = map[string]string{}
	}
	maps.Copy(seen, r.late(id).See(sharedOf(r.tags.of(owner, r.call.Region)[id])))
	return seen
}

// sharedOf are the shared ones of tags.
func sharedOf(tags map[string]string) map[string]string {
	shared := map[string]string{}
	for key, value := range tags {
		if strings.HasPrefix(key, sharedTag) {
			shared[key] = value
		}
	}
	return shared
}

func (r *Request) late(id string) *cloud.Stale[map[string]string] {
	key := r.call.Region + "/" + id
	if r.tags.late[key] == nil {
		r.tags.late[key] = &cloud.Stale[map[string]string]{}
	}
	return r.tags.late[key]
}

// Settle makes every shared tag seen.
func (t *Tags) Settle() { clear(t.late) }

// changing remembers what others see of a resource's tags, which its owner is about to change.
func (r *Request) changing(id string) {
	if owner, _ := r.tags.inventory.AMI(r.call, id); owner == r.call.Account {
		r.late(id).Change(sharedOf(r.own()[id]), cloud.Lag(r.tags.cloud.Hostility.SharedTagsUnseen))
	}
}

// taggedIDs are the ids of everything with tags that the caller sees, sorted: what it has tagged itself, and the AMIs that are
// shared with it, though not with its organization alone.
func (r *Request) taggedIDs() []string {
	ids := slices.Collect(maps.Keys(r.own()))
	for _, id := range r.tags.inventory.ListedAMIs(r.call) {
		if len(r.SeenTags(id)) > 0 {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	return slices.Compact(ids)
}

// mayHaveTags refuses tags beyond 50 of a resource, and shared ones of what is no AMI of the caller. AWS publishes no code for the
// latter, and does not say what such a tag of another resource would be; here there is none.
func (r *Request) mayHaveTags(tags map[string]string) error {
	for _, id := range r.call.Form.List("ResourceId") {
		if err := r.mayShareTags(id, slices.Collect(maps.Keys(tags))); err != nil {
			return err
		}
		all := maps.Clone(r.own()[id])
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
func (r *Request) mayShareTags(id string, keys []string) error {
	if owner, _ := r.tags.inventory.AMI(r.call, id); owner != nil && owner == r.call.Account {
		return nil
	}
	for _, key := range keys {
		if strings.HasPrefix(key, sharedTag) {
			return wire.BadRequest("OperationNotPermitted", "Only the owner of an AMI can create, change or delete its tag %s: %s", key, id)
		}
	}
	return nil
}
