// SPDX-License-Identifier: MPL-2.0

package report_test

import (
	"fmt"

	"github.com/amishare/packer-plugin-ami-share/internal/apply"
	"github.com/amishare/packer-plugin-ami-share/internal/plan"
	"github.com/amishare/packer-plugin-ami-share/internal/report"
	"github.com/amishare/packer-plugin-ami-share/internal/sharing"
)

func ExampleText() {
	image := sharing.Image{Ref: sharing.ImageRef{Region: "eu-central-1", ID: "ami-0123456789abcdef0"}, Name: "golden"}
	launch := plan.ModifyLaunchPermission{Image: image.Ref, Recipients: []sharing.Recipient{sharing.Account("222222222222")}}
	fmt.Println(report.Text(report.Run{
		Build:  report.Build{Name: "amazon-ebs.golden"},
		Plan:   plan.Plan{Images: []sharing.Image{image}, Changes: []plan.Change{launch}},
		Result: apply.Result{Outcomes: []apply.Outcome{{Change: launch, Status: apply.Done}}},
		Checks: []sharing.Check{{Scope: sharing.Scope{Account: "222222222222", Region: "eu-central-1"}, Subject: sharing.Subject{Images: []string{image.Ref.ID}}, OK: true}},
		Names:  map[sharing.AccountID]string{"222222222222": "team-web"},
	}))
	// Output:
	// Build amazon-ebs.golden, AMI golden
	//
	// euc1  eu-central-1   ami-0123456789abcdef0
	//
	// ACCOUNT                euc1
	// 222222222222 team-web  +✓
	//
	// + added, ✓ verified
	//
	// + 1 launch permission added, eu-central-1: 222222222222 team-web
	//
	// Shared: 1 added, 1 verified, 1 AMI, 0 AWS calls, 0s.
}
