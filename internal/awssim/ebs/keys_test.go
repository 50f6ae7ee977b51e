// SPDX-License-Identifier: MPL-2.0

package ebs

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/amishare/packer-plugin-ami-share/internal/awssim/kms"
)

func TestNeeds(t *testing.T) {
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
			for _, need := range Needs(test.source, test.destination, "vol-1", "vol-2") {
				got = append(got, need.Key.ARN+":"+need.Op+":"+need.Of)
			}
			if diff := cmp.Diff(test.want, strings.Join(got, " ")); diff != "" {
				t.Error(diff)
			}
		})
	}
}
