// SPDX-License-Identifier: MPL-2.0

package access

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/amishare/packer-plugin-ami-share/internal/sharing"
)

// CheckSharedTags finds what is wrong with shared_tags. Unless all values are known, those that Packer has put placeholders
// for are passed over.
func CheckSharedTags(tags map[string]string, known bool) []error {
	f := newFindings("", known).within("shared_tags")
	for _, key := range slices.Sorted(maps.Keys(tags)) {
		value := tags[key]
		switch full := sharing.SharedTag + key; {
		case f.open(key):
		case key == "":
			f.addf("a key is empty")
		case len(key) >= len(sharing.SharedTag) && strings.EqualFold(key[:len(sharing.SharedTag)], sharing.SharedTag):
			f.addf("%q has AWS's prefix already, and the plugin puts it before each key: write %q", key, key[len(sharing.SharedTag):])
		case strings.Contains(key, ","):
			f.addf("%q has a comma, and the plugin notes the keys in a list with commas", key)
		case len([]rune(full)) > sharing.LongestTagKey:
			f.addf("%q is too long: with %s it has %d characters, and AWS takes %d", key, sharing.SharedTag, len([]rune(full)), sharing.LongestTagKey)
		}
		if len([]rune(value)) > sharing.LongestTagValue && !f.open(value) {
			f.addf("the value of %q has %d characters, and AWS takes %d", key, len([]rune(value)), sharing.LongestTagValue)
		}
	}
	if most := sharing.MostTags - 1; len(tags) > most {
		f.add("", fmt.Errorf("there are %d, and an AMI takes %d besides the plugin's note of them", len(tags), most))
	}
	return *f.errs
}
