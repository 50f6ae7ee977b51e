// SPDX-License-Identifier: MPL-2.0

package sharing_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/amishare/packer-plugin-ami-share/internal/sharing"
)

func TestThePluginKnowsItsOwnSharedTags(t *testing.T) {
	var keys []string
	tags := map[string]string{"os": "linux", "ec2:SharedTag/built-by": "packer"}
	for i := range 48 {
		key := sharing.SharedTag + fmt.Sprintf("a-key-of-some-length-%02d", i)
		keys = append(keys, key)
		tags[key] = "x"
	}
	markers := sharing.MarkSharedTags(keys)
	for key, value := range markers {
		if len(value) > sharing.LongestTagValue || !strings.HasPrefix(key, sharing.SharedTagsTag) {
			t.Errorf("AWS does not take %s=%s, of %d characters", key, value, len(value))
		}
	}
	if len(markers) != 5 {
		t.Errorf("%d tags note them", len(markers))
	}
	maps.Copy(tags, markers)
	delete(tags, keys[0])
	if diff := cmp.Diff(keys[1:], slices.Sorted(maps.Keys(sharing.OwnSharedTags(tags)))); diff != "" {
		t.Error("one that somebody has deleted is nobody's:\n" + diff)
	}
}
