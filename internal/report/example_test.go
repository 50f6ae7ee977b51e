package report_test

import (
	"fmt"

	"github.com/amishare/packer-plugin-ami-share/internal/apply"
	"github.com/amishare/packer-plugin-ami-share/internal/plan"
	"github.com/amishare/packer-plugin-ami-share/internal/report"
	"github.com/amishare/packer-plugin-ami-share/internal/sharing"
)

func ExampleTable() {
	image := sharing.Image{Ref: sharing.ImageRef{Region: "eu-central-1", ID: "ami-0123456789abcdef0"}}
	launch := plan.ModifyLaunchPermission{Image: image.Ref, Recipients: []sharing.Recipient{sharing.Account("222222222222")}}
	fmt.Println(report.Table(report.Run{
		Plan:   plan.Plan{Images: []sharing.Image{image}, Changes: []plan.Change{launch}},
		Result: apply.Result{Outcomes: []apply.Outcome{{Change: launch, Status: apply.Done}}},
	}))
	// Output:
	// REGION        AMI                    ACCOUNT       LAUNCH PERMISSION  SNAPSHOTS  GRANTS
	// eu-central-1  ami-0123456789abcdef0  222222222222  added              -          -
}
