// SPDX-License-Identifier: MPL-2.0

package amishare

import (
	"strings"
	"testing"

	"github.com/amishare/packer-plugin-ami-share/internal/report"
	"github.com/amishare/packer-plugin-ami-share/internal/sharing"
)

// TestCanariesInTheWrongPlaceAreToldOnce for all accounts that share the mistake.
func TestCanariesInTheWrongPlaceAreToldOnce(t *testing.T) {
	images := []sharing.ImageRef{{Region: "eu-central-1", ID: "ami-1"}, {Region: "us-east-1", ID: "ami-2"}}
	for sentence, test := range map[string]struct {
		canary  sharing.Region
		regions []sharing.Region
		want    string
	}{
		"no Region, and AMIs in two":        {"", nil, `the AMIs are in several Regions, eu-central-1, us-east-1` + "\n" + `  Name the Region of subnet subnet-1, as in region = "eu-central-1".`},
		"a Region without an AMI":           {"eu-west-1", nil, "no AMI is in its Region eu-west-1\n  There are AMIs in eu-central-1, us-east-1."},
		"a Region that is not the target's": {"us-east-1", []sharing.Region{"eu-central-1"}, "its Region us-east-1 is none of the target's regions"},
	} {
		t.Run(sentence, func(t *testing.T) {
			var targets []sharing.Target
			for _, account := range []sharing.AccountID{"222222222222", "333333333333", "444444444444"} {
				targets = append(targets, sharing.Target{Account: account, Regions: test.regions, Canaries: []sharing.Canary{{Region: test.canary, Subnet: "subnet-1"}}})
			}
			var problems []sharing.Problem
			for _, err := range placeCanaries(targets, images) {
				problems = append(problems, reasons(err)...)
			}
			told := report.Problems(problems)
			if len(told) != 1 || !strings.Contains(strings.ReplaceAll(told[0], "\n", "\n  "), test.want) || !strings.Contains(told[0], "The same in 2 more: 333333333333, 444444444444") {
				t.Errorf("it is told as %q", told)
			}
		})
	}
}
