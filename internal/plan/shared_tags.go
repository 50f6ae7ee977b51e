// SPDX-License-Identifier: MPL-2.0

package plan

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/amishare/packer-plugin-ami-share/internal/sharing"
)

// PutSharedTags writes tags of an AMI that everybody sees with whom it is shared.
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateTags.html
type PutSharedTags struct {
	Where
	Tags     map[string]string // with AWS's prefix
	Previous map[string]string // what there is of them
	Marker   map[string]string // see sharing.SharedTagsTag
}

// RemoveSharedTags deletes shared tags of an AMI that this plugin has written.
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DeleteTags.html
type RemoveSharedTags struct {
	Where
	Tags   map[string]string // with AWS's prefix, as they are
	Marker []string          // keys of sharing.SharedTagsTag that mean nothing afterwards
}

// RestoreSharedTags undoes either. No plan holds it.
type RestoreSharedTags struct {
	Where
	Delete  []string
	Restore map[string]string
}

func (PutSharedTags) change()     {}
func (RemoveSharedTags) change()  {}
func (RestoreSharedTags) change() {}

func (PutSharedTags) Stage() Stage     { return Announcements }
func (RemoveSharedTags) Stage() Stage  { return Announcements }
func (RestoreSharedTags) Stage() Stage { return Announcements }

func (c PutSharedTags) Without(drop func(sharing.Scope) bool) Change     { return unless(c, drop) }
func (c RemoveSharedTags) Without(drop func(sharing.Scope) bool) Change  { return unless(c, drop) }
func (c RestoreSharedTags) Without(drop func(sharing.Scope) bool) Change { return unless(c, drop) }

func (c PutSharedTags) String() string {
	return fmt.Sprintf("share the tags %s of the AMI %s", sharing.TagWords(c.Tags), c.Image.ID)
}

func (c RemoveSharedTags) String() string {
	return fmt.Sprintf("delete the shared tags %s of the AMI %s", sharing.TagWords(c.Tags), c.Image.ID)
}

func (c RestoreSharedTags) String() string {
	return "take back the shared tags of the AMI " + c.Image.ID
}

// All are the tags that are written in one call.
func (c PutSharedTags) All() map[string]string {
	all := maps.Clone(c.Tags)
	maps.Copy(all, c.Marker)
	return all
}

// Keys are those of the tags that are deleted in one call.
func (c RemoveSharedTags) Keys() []string {
	return append(slices.Sorted(maps.Keys(c.Tags)), c.Marker...)
}

// sharedTags plans the tags of an AMI that its recipients see. With exact those go that the plugin has written and the request
// does not name.
func (c *computation) sharedTags(image sharing.Image) {
	where := Where{c.owner, true, image.Ref}
	put := PutSharedTags{Where: where, Tags: map[string]string{}, Previous: map[string]string{}}
	same := map[string]string{}
	for key, value := range c.request.Announcements.SharedTags {
		old, there := image.Tags[key]
		switch {
		case there && old == value:
			same[key] = value
			continue
		case there:
			put.Previous[key] = old
		}
		put.Tags[key] = value
	}
	if len(same) > 0 {
		c.keep(Present{Change: PutSharedTags{Where: where, Tags: same}})
	}
	stale := c.staleSharedTags(image)
	if len(put.Tags) > 0 {
		put.Marker = markSharedTags(image, put.Tags)
		c.change(put)
	}
	if len(stale) > 0 {
		remove := RemoveSharedTags{Where: where, Tags: stale}
		if len(put.Tags) == 0 && len(sharing.OwnSharedTags(image.Tags)) == len(stale) {
			remove.Marker = markers(image.Tags)
		}
		c.change(remove)
	}
}

// markSharedTags notes which shared tags are the plugin's after new ones are written. Stale ones stay in the note: if AWS does
// not delete them now, the next run does. The note of a tag that is gone means nothing, and the next one leaves it out.
func markSharedTags(image sharing.Image, put map[string]string) map[string]string {
	own := sharing.OwnSharedTags(image.Tags)
	maps.Copy(own, put)
	return sharing.MarkSharedTags(slices.Collect(maps.Keys(own)))
}

func (c *computation) staleSharedTags(image sharing.Image) map[string]string {
	if !c.request.Exact {
		return nil
	}
	own := sharing.OwnSharedTags(image.Tags)
	maps.DeleteFunc(own, func(key, _ string) bool { return has(c.request.Announcements.SharedTags, key) })
	return own
}

func has(tags map[string]string, key string) bool {
	_, there := tags[key]
	return there
}

func markers(tags map[string]string) []string {
	return slices.DeleteFunc(slices.Sorted(maps.Keys(tags)), func(key string) bool { return !strings.HasPrefix(key, sharing.SharedTagsTag) })
}

// tagLimits refuses more tags than an AMI can have, before anything is done.
func (c *computation) tagLimits() {
	for _, image := range c.plan.Images {
		wanted := maps.Clone(c.request.Announcements.SharedTags)
		if len(wanted) == 0 {
			return
		}
		maps.Copy(wanted, markSharedTags(image, wanted))
		maps.Copy(wanted, image.Tags)
		maps.DeleteFunc(wanted, func(key, _ string) bool { return strings.HasPrefix(key, "aws:") })
		if len(wanted) > sharing.MostTags {
			c.refuse(sharing.Problem{
				Scope: sharing.Scope{Region: image.Ref.Region}, Doing: "counting the tags of the AMI " + image.Ref.ID,
				Cause:  fmt.Sprintf("with shared_tags it has %d, one of them a note of this plugin, and AWS's limit is %d", len(wanted), sharing.MostTags),
				Remedy: "Name fewer shared_tags, or give the AMI fewer tags when it is built.",
			})
		}
	}
}
