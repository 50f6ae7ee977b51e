package ec2

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/amishare/packer-plugin-ami-share/internal/awssim/kms"
)

func TestKeyNeeds(t *testing.T) {
	foreign, own := &kms.Key{ARN: "foreign"}, &kms.Key{ARN: "own"}
	for sentence, test := range map[string]struct {
		source, destination *kms.Key
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
				got = append(got, need.key.ARN+":"+need.op+":"+need.of)
			}
			if diff := cmp.Diff(test.want, strings.Join(got, " ")); diff != "" {
				t.Error(diff)
			}
		})
	}
}

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
