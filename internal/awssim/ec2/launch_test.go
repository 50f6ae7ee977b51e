// SPDX-License-Identifier: MPL-2.0

package ec2

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestMergeDevices(t *testing.T) {
	image := []BlockDevice{{name: "/dev/xvda", snapshot: "snap-1", size: 8, volumeType: "gp2"}, {name: "/dev/xvdb", snapshot: "snap-2", size: 1}}
	for sentence, test := range map[string]struct {
		over []BlockDevice
		want []BlockDevice
	}{
		"nothing changes":               {nil, image},
		"a device is left out":          {[]BlockDevice{{name: "/dev/xvdb", noDevice: true}}, image[:1]},
		"leaving out what is not there": {[]BlockDevice{{name: "/dev/xvdz", noDevice: true}}, image},
		"a device gets larger and a key": {
			[]BlockDevice{{name: "/dev/xvdb", size: 20, key: "k"}},
			[]BlockDevice{image[0], {name: "/dev/xvdb", snapshot: "snap-2", size: 20, key: "k"}},
		},
		"a device is added": {[]BlockDevice{{name: "/dev/xvdc", size: 5}}, append(image[:2:2], BlockDevice{name: "/dev/xvdc", size: 5})},
	} {
		t.Run(sentence, func(t *testing.T) {
			if diff := cmp.Diff(test.want, MergeDevices(image, test.over), cmp.AllowUnexported(BlockDevice{})); diff != "" {
				t.Error(diff)
			}
		})
	}
}
