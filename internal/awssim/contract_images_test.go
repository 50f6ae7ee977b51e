// SPDX-License-Identifier: MPL-2.0

package awssim_test

import (
	"context"
	"encoding/json"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/amishare/packer-plugin-ami-share/internal/awssim"
)

// runsOn says on which instance types an AMI runs.
func runsOn(ctx context.Context, c *ec2.Client, image string, dry *bool, supported ...string) error {
	return only(c.ReplaceImageInstanceTypeSpecification(ctx, &ec2.ReplaceImageInstanceTypeSpecificationInput{
		ImageId: &image, DryRun: dry, InstanceTypeSpecification: &types.InstanceTypeSpecificationRequest{SupportedInstanceTypes: supported},
	}))
}

// TestInstanceTypesOfImages: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_ReplaceImageInstanceTypeSpecification.html
func TestInstanceTypesOfImages(t *testing.T) {
	f := start(t, computeWorld(t))
	c := ec2.NewFromConfig(f.config(t, administrator, home))
	run := func(kind types.InstanceType) string {
		return code(only(c.RunInstances(t.Context(), &ec2.RunInstancesInput{ImageId: aws.String("ami-plain"), MinCount: aws.Int32(1), MaxCount: aws.Int32(1), InstanceType: kind})))
	}
	must(t, runsOn(t.Context(), c, "ami-plain", nil, "t3.*", "m7g.large"))
	for kind, want := range map[types.InstanceType]string{"t3.micro": "", "m7g.large": "", "m5.large": "InvalidParameterCombination"} {
		if got := run(kind); got != want {
			t.Errorf("%s: %q, want %q", kind, got, want)
		}
	}
	out, err := c.DescribeImages(t.Context(), &ec2.DescribeImagesInput{ImageIds: []string{"ami-plain"}})
	must(t, err)
	if spec := out.Images[0].InstanceTypeSpecification; spec == nil || len(spec.SupportedInstanceTypes) != 2 || *spec.SupportedInstanceTypes[0].InstanceType != "t3.*" {
		t.Errorf("described as %+v", spec)
	}
	must(t, runsOn(t.Context(), c, "ami-plain", nil))
	if got := run("m5.large"); got != "" {
		t.Errorf("without a specification: %q", got)
	}
}

// TestNewImagesArePending counts looks, and shares meanwhile: https://github.com/app-sre/qontract-reconcile/pull/2222
func TestNewImagesArePending(t *testing.T) {
	world := computeWorld(t)
	world.Hostility.NewImagePending = 2
	f := start(t, world)
	c := ec2.NewFromConfig(f.config(t, administrator, home))
	made, err := c.CopyImage(t.Context(), &ec2.CopyImageInput{SourceImageId: aws.String("ami-plain"), SourceRegion: aws.String(home), Name: aws.String("copy")})
	must(t, err)
	err = share(t.Context(), c, *made.ImageId, types.LaunchPermission{UserId: aws.String(target)})
	if code(err) != "InvalidAMIID.Unavailable" || !strings.Contains(err.Error(), "is currently pending and may not be used for this operation") {
		t.Errorf("sharing a pending AMI: %v", err)
	}
	var states []string
	for range 3 {
		out, err := c.DescribeImages(t.Context(), &ec2.DescribeImagesInput{ImageIds: []string{*made.ImageId}})
		must(t, err)
		states = append(states, string(out.Images[0].State))
	}
	if got := strings.Join(states, " "); got != "pending pending available" {
		t.Errorf("states %s", got)
	}
	must(t, share(t.Context(), c, *made.ImageId, types.LaunchPermission{UserId: aws.String(target)}))
}

// TestGivingUpALaunchPermission: https://github.com/cloud-custodian/cloud-custodian/pull/8728
func TestGivingUpALaunchPermission(t *testing.T) {
	f := start(t, computeWorld(t))
	c := ec2.NewFromConfig(f.config(t, targetAdmin, home))
	cancel := func(id string) string {
		return code(only(c.CancelImageLaunchPermission(t.Context(), &ec2.CancelImageLaunchPermissionInput{ImageId: &id})))
	}
	for sentence, id := range map[string]string{"no such AMI": "ami-0123456789abcdef0", "one that is not shared": "ami-plain", "one of everybody": "ami-public"} {
		if got := cancel(id); got != "InvalidAMIID.NotFound" {
			t.Errorf("%s: %q", sentence, got)
		}
	}
	if got := cancel("ami-locked"); got != "" {
		t.Errorf("one that is shared with the account: %q", got)
	}
	if got := seenImage(t, c, "ami-locked"); got != "InvalidAMIID.NotFound" {
		t.Errorf("afterwards it is seen as %s", got)
	}
}

// TestAllowedImagesByEveryCriterion sets a criterion and looks whether it comes back, and which of the source's AMIs the target sees.
// https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/ec2-allowed-amis.html
func TestAllowedImagesByEveryCriterion(t *testing.T) {
	n := aws.Int32
	for sentence, test := range map[string]struct {
		criterion types.ImageCriterionRequest
		allowed   bool
	}{
		"a watermark": {types.ImageCriterionRequest{ImageWatermarks: []types.ImageWatermarkFilterRequest{{
			WatermarkKey: aws.String(source + ":gold*"), SourceImageRegion: aws.String("us-*"), MaximumDaysSinceWatermarkCreated: n(1),
		}}}, true},
		"the age of its image": {types.ImageCriterionRequest{ImageWatermarks: []types.ImageWatermarkFilterRequest{{MaximumDaysSinceSourceImageCreated: n(30)}}}, false},
		"a product code":       {types.ImageCriterionRequest{MarketplaceProductCodes: []string{"abc"}}, true},
		"another one":          {types.ImageCriterionRequest{MarketplaceProductCodes: []string{"xyz"}}, false},
		"its age":              {types.ImageCriterionRequest{CreationDateCondition: &types.CreationDateConditionRequest{MaximumDaysSinceCreated: n(30)}}, false},
		"its deprecation":      {types.ImageCriterionRequest{DeprecationTimeCondition: &types.DeprecationTimeConditionRequest{MaximumDaysSinceDeprecated: n(0)}}, false},
		"its findings": {types.ImageCriterionRequest{ScanResultCondition: &types.ScanResultConditionRequest{
			MaximumSeverityLabel: "high", MaxDaysSinceLastFindingScan: n(1), MaxDaysSinceHighFixAvailable: n(3650), MaxDaysSinceCriticalFixAvailable: n(0),
		}}, true},
		"worse findings": {types.ImageCriterionRequest{ScanResultCondition: &types.ScanResultConditionRequest{MaximumSeverityLabel: "medium"}}, false},
	} {
		t.Run(sentence, func(t *testing.T) {
			t.Parallel()
			world := computeWorld(t)
			region := world.Accounts[0].Regions[home]
			region.Images = append(region.Images, awssim.WorldImage{
				ID: "ami-old", Name: "old", LaunchPermissions: []string{target}, Watermarks: []string{"golden"}, ProductCodes: []string{"abc"},
				CreatedAt: "2025-01-01T00:00:00Z", DeprecateAt: "2025-06-01T00:00:00Z",
				ScanResults: &awssim.WorldScanResults{HighestSeverity: "high", FixAvailableSince: map[string]string{"high": "2025-02-01T00:00:00Z"}},
			})
			world.Accounts[0].Regions[home] = region
			f := start(t, world)
			c := ec2.NewFromConfig(f.config(t, targetAdmin, home))
			must(t, only(c.EnableAllowedImagesSettings(t.Context(), &ec2.EnableAllowedImagesSettingsInput{AllowedImagesSettingsState: "enabled"})))
			must(t, only(c.ReplaceImageCriteriaInAllowedImagesSettings(t.Context(), &ec2.ReplaceImageCriteriaInAllowedImagesSettingsInput{
				ImageCriteria: []types.ImageCriterionRequest{test.criterion, {ImageNames: []string{"hidden"}}},
			})))
			got, err := c.GetAllowedImagesSettings(t.Context(), &ec2.GetAllowedImagesSettingsInput{})
			must(t, err)
			if len(got.ImageCriteria) != 2 || string(got.ManagedBy) != "account" {
				t.Fatalf("the setting has %d criteria", len(got.ImageCriteria))
			}
			sent, back := asText(t, test.criterion), asText(t, got.ImageCriteria[0])
			if sent != back {
				t.Errorf("sent %s, and got %s", sent, back)
			}
			want := "InvalidAMIID.NotFound"
			if test.allowed {
				want = "[] [" + source + ":golden of ami-old]"
			}
			if got := seenImage(t, c, "ami-old"); got != want {
				t.Errorf("seen as %s, want %s", got, want)
			}
		})
	}
}

// TestAllowedImagesOfAnOrganization: https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_declarative.html
// TestCriteriaAreSaidToBeReplaced: SDKs read <return>, and nothing else.
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_ReplaceImageCriteriaInAllowedImagesSettings.html
func TestCriteriaAreSaidToBeReplaced(t *testing.T) {
	out, err := ec2.NewFromConfig(start(t, computeWorld(t)).config(t, administrator, home)).ReplaceImageCriteriaInAllowedImagesSettings(t.Context(), criteria(target, nil))
	must(t, err)
	if !aws.ToBool(out.ReturnValue) {
		t.Error("the answer does not say so")
	}
}

func TestAllowedImagesOfAnOrganization(t *testing.T) {
	world := computeWorld(t)
	region := world.Accounts[0].Regions[home]
	region.AllowedImages = &awssim.WorldAllowedImages{State: "enabled", ManagedBy: "declarative-policy"}
	world.Accounts[0].Regions[home] = region
	f := start(t, world)
	c := ec2.NewFromConfig(f.config(t, administrator, home))
	for sentence, err := range map[string]error{
		"enabled":  only(c.EnableAllowedImagesSettings(t.Context(), &ec2.EnableAllowedImagesSettingsInput{AllowedImagesSettingsState: "audit-mode"})),
		"disabled": only(c.DisableAllowedImagesSettings(t.Context(), &ec2.DisableAllowedImagesSettingsInput{})),
		"replaced": only(c.ReplaceImageCriteriaInAllowedImagesSettings(t.Context(), &ec2.ReplaceImageCriteriaInAllowedImagesSettingsInput{})),
	} {
		if code(err) != "OperationNotPermitted" {
			t.Errorf("%s: %v", sentence, err)
		}
	}
	got, err := c.GetAllowedImagesSettings(t.Context(), &ec2.GetAllowedImagesSettingsInput{})
	must(t, err)
	if got.ManagedBy != types.ManagedByDeclarativePolicy {
		t.Errorf("managed by %s", got.ManagedBy)
	}
}

// asText writes the members of a criterion, which have the same names in requests and answers.
func asText(t *testing.T, v any) string {
	t.Helper()
	text, err := json.Marshal(v)
	must(t, err)
	return strings.ReplaceAll(string(text), "[]", "null")
}
