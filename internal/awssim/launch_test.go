package awssim

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestKeyNeeds(t *testing.T) {
	foreign, own := &kmsKey{arn: "foreign"}, &kmsKey{arn: "own"}
	for sentence, test := range map[string]struct {
		source, destination *kmsKey
		want                string
	}{
		"nothing is encrypted":    {nil, nil, ""},
		"plain data is encrypted": {nil, own, "own:DescribeKey:vol-2 own:GenerateDataKeyWithoutPlaintext:vol-2 own:CreateGrant:vol-2"},
		"the key stays":           {own, own, "own:DescribeKey:vol-1 own:Decrypt:vol-1 own:GenerateDataKeyWithoutPlaintext:vol-2 own:CreateGrant:vol-2"},
		"another key takes over from the source": {foreign, own, "foreign:DescribeKey:vol-1 foreign:Decrypt:vol-1 foreign:ReEncryptFrom:vol-1 foreign:CreateGrant:vol-1 " +
			"own:DescribeKey:vol-2 own:ReEncryptTo:vol-2 own:GenerateDataKeyWithoutPlaintext:vol-2 own:CreateGrant:vol-2"},
	} {
		t.Run(sentence, func(t *testing.T) {
			var got []string
			for _, need := range keyNeeds(test.source, test.destination, "vol-1", "vol-2") {
				got = append(got, need.key.arn+":"+need.op+":"+need.of)
			}
			if diff := cmp.Diff(test.want, strings.Join(got, " ")); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestMergeDevices(t *testing.T) {
	image := []blockDevice{{name: "/dev/xvda", snapshot: "snap-1", size: 8, volumeType: "gp2"}, {name: "/dev/xvdb", snapshot: "snap-2", size: 1}}
	for sentence, test := range map[string]struct {
		over []blockDevice
		want []blockDevice
	}{
		"nothing changes":               {nil, image},
		"a device is left out":          {[]blockDevice{{name: "/dev/xvdb", noDevice: true}}, image[:1]},
		"leaving out what is not there": {[]blockDevice{{name: "/dev/xvdz", noDevice: true}}, image},
		"a device gets larger and a key": {
			[]blockDevice{{name: "/dev/xvdb", size: 20, key: "k"}},
			[]blockDevice{image[0], {name: "/dev/xvdb", snapshot: "snap-2", size: 20, key: "k"}},
		},
		"a device is added": {[]blockDevice{{name: "/dev/xvdc", size: 5}}, append(image[:2:2], blockDevice{name: "/dev/xvdc", size: 5})},
	} {
		t.Run(sentence, func(t *testing.T) {
			if diff := cmp.Diff(test.want, mergeDevices(image, test.over), cmp.AllowUnexported(blockDevice{})); diff != "" {
				t.Error(diff)
			}
		})
	}
}
