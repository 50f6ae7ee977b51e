// SPDX-License-Identifier: MPL-2.0

package awssim_test

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/amishare/packer-plugin-ami-share/internal/awssim"
)

func TestEverythingArrivesInTheEnd(t *testing.T) {
	world := computeWorld(t)
	world.Hostility = awssim.Hostility{
		NewImageUnseen: 1000, TrustPolicyUnseen: 1000, EndedGrantListed: 1000, SharedTagsUnseen: 1000, ParameterValidation: 1000, UsageReportPending: 1000,
	}
	f := start(t, world)
	client, id := newImage(t.Context(), t, f)
	kms, made := grantTo(t.Context(), t, f)
	endGrant(t.Context(), t, kms, made)
	shared := types.LaunchPermission{UserId: aws.String(target)}
	must(t, share(t.Context(), client, "ami-plain", shared))
	must(t, only(client.CreateTags(t.Context(), &ec2.CreateTagsInput{Resources: []string{"ami-plain"}, Tags: tagOf("ec2:SharedTag/status", "approved")})))
	config := f.config(t, administrator, home)
	must(t, put("ami-plain", ofImages)(t.Context(), config, nil))
	reported, err := report(t.Context(), client, "ami-plain", nil)
	must(t, err)
	f.server.Settle()
	must(t, only(client.DescribeImages(t.Context(), &ec2.DescribeImagesInput{ImageIds: []string{*id}})))
	if got := assumeFresh(t.Context(), t, f)[0]; got != "" {
		t.Errorf("a role that is known by now: %q", got)
	}
	if got := grantees(t.Context(), t, kms); got != "" {
		t.Errorf("a grant that is gone by now: %q", got)
	}
	if got := seenImage(t, ec2.NewFromConfig(f.config(t, targetAdmin, home)), "ami-plain"); got != "[ec2:SharedTag/status=approved] []" {
		t.Errorf("a shared tag that is seen by now: %s", got)
	}
	must(t, getParameter("/golden/web")(t.Context(), config, nil))
	out, err := client.DescribeImageUsageReports(t.Context(), &ec2.DescribeImageUsageReportsInput{ReportIds: []string{reported}})
	must(t, err)
	if got := *out.ImageUsageReports[0].State; got != "available" {
		t.Errorf("a report that is there by now is %s", got)
	}
}
