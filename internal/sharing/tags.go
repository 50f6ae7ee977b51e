// SPDX-License-Identifier: MPL-2.0

package sharing

import (
	"maps"
	"slices"
	"strconv"
	"strings"
)

// SharedTag begins the keys of the tags of an AMI that everybody sees with whom the AMI is shared. Only its owner writes them.
// https://aws.amazon.com/blogs/compute/introducing-ec2-ami-tag-sharing-share-ec2-tags-across-aws-accounts/
const SharedTag = "ec2:SharedTag/"

// SharedTagsTag is the key of the tag in which the plugin notes which shared tags of an AMI it has written itself: exact
// removes those and no others. The keys stand there without AWS's prefix, with commas between them. Where they don't fit into
// the value of one tag, the key of the next one ends with "-2", and so on. Nobody else sees it.
const SharedTagsTag = "packer-plugin-ami-share:shared-tags"

// How many tags a resource has, those of AWS itself not counted, and how many characters they have: the lower of the limits of
// https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/Using_Tags.html and
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_Tag.html.
const (
	MostTags        = 50
	LongestTagKey   = 127
	LongestTagValue = 255
)

// SharedTags returns tags with AWS's prefix before their keys, nil for none.
func SharedTags(tags map[string]string) map[string]string {
	if len(tags) == 0 {
		return nil
	}
	prefixed := make(map[string]string, len(tags))
	for key, value := range tags {
		prefixed[SharedTag+key] = value
	}
	return prefixed
}

// OwnSharedTags are those of an AMI's shared tags that the plugin has written, with their prefix.
func OwnSharedTags(tags map[string]string) map[string]string {
	own := map[string]string{}
	for marker, keys := range tags {
		if !strings.HasPrefix(marker, SharedTagsTag) {
			continue
		}
		for key := range strings.SplitSeq(keys, ",") {
			if value, there := tags[SharedTag+key]; there {
				own[SharedTag+key] = value
			}
		}
	}
	return own
}

// MarkSharedTags returns the tags that note which shared tags the plugin has written, of which keys are given with their
// prefix.
func MarkSharedTags(keys []string) map[string]string {
	markers := map[string]string{}
	name, value := SharedTagsTag, ""
	for _, key := range slices.Sorted(slices.Values(keys)) {
		key = strings.TrimPrefix(key, SharedTag)
		if value != "" && len(value)+1+len(key) > LongestTagValue {
			name, value = SharedTagsTag+"-"+strconv.Itoa(len(markers)+1), ""
		}
		value = strings.TrimPrefix(value+","+key, ",")
		markers[name] = value
	}
	return markers
}

// TagWords writes tags for people: "status=approved, team=web". Shared tags stand without their prefix, and what notes them
// is left out.
func TagWords(tags map[string]string) string {
	var words []string
	for _, key := range slices.Sorted(maps.Keys(tags)) {
		if !strings.HasPrefix(key, SharedTagsTag) {
			words = append(words, strings.TrimPrefix(key, SharedTag)+"="+tags[key])
		}
	}
	return strings.Join(words, ", ")
}

// Among tells whether tags are among others.
func Among(all, some map[string]string) bool {
	for key, value := range some {
		if there, ok := all[key]; !ok || there != value {
			return false
		}
	}
	return true
}
