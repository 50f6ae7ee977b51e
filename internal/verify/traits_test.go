// SPDX-License-Identifier: MPL-2.0

package verify

import (
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/amishare/packer-plugin-ami-share/internal/sharing"
)

func TestDeprecation(t *testing.T) {
	now := time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)
	for at, want := range map[string]string{
		"":                         "",
		"never":                    "",
		"2026-12-02T12:00:01.000Z": "",
		"2026-12-02T12:00:00.000Z": "it will be deprecated on 2026-12-02",
		"2026-11-25T12:00:00.000Z": "it has been deprecated since 2026-11-25",
		"2020-01-01T00:00:00.000Z": "it has been deprecated since 2020-01-01",
	} {
		if got := deprecation(at, now); !strings.HasPrefix(got, want) || want == "" && got != "" {
			t.Errorf("%q: %q, want %q", at, got, want)
		}
	}
}

func TestInstanceTypes(t *testing.T) {
	items := func(names ...string) []types.InstanceTypeItem {
		var all []types.InstanceTypeItem
		for _, name := range names {
			all = append(all, types.InstanceTypeItem{InstanceType: aws.String(name)})
		}
		return all
	}
	canary := &sharing.Canary{InstanceType: "t3.micro"}
	for sentence, test := range map[string]struct {
		spec   types.InstanceTypeSpecification
		canary *sharing.Canary
		want   string
	}{
		"none are named":              {types.InstanceTypeSpecification{}, canary, ""},
		"some only":                   {types.InstanceTypeSpecification{SupportedInstanceTypes: items("m7i.*", "t3.*")}, canary, "starts on m7i.*, t3.* only"},
		"not some":                    {types.InstanceTypeSpecification{UnsupportedInstanceTypes: items("*.metal")}, canary, "does not start on *.metal"},
		"the canary's is not among":   {types.InstanceTypeSpecification{SupportedInstanceTypes: items("m7i.*")}, canary, "starts on m7i.* only; it does not start on the canary's t3.micro"},
		"the canary's is excluded":    {types.InstanceTypeSpecification{UnsupportedInstanceTypes: items("t3.*")}, canary, "does not start on t3.*; it does not start on the canary's t3.micro"},
		"there is no canary to be so": {types.InstanceTypeSpecification{UnsupportedInstanceTypes: items("t3.*")}, nil, "does not start on t3.*"},
	} {
		t.Run(sentence, func(t *testing.T) {
			if got := restriction(test.spec); got != "" {
				got += unfit(test.canary, test.spec)
				if got != test.want {
					t.Errorf("got %q, want %q", got, test.want)
				}
			} else if test.want != "" {
				t.Errorf("got nothing, want %q", test.want)
			}
		})
	}
}
