// SPDX-License-Identifier: MPL-2.0

package verify

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
)

// The setting names what an AMI fails, and the command that helps keeps all criteria that are there.
func TestWhatAnAllowedImagesSettingWants(t *testing.T) {
	now := time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)
	image := types.Image{
		OwnerId: aws.String("111111111111"), Name: aws.String("golden/web-7"), CreationDate: aws.String("2026-11-01T00:00:00.000Z"), DeprecationTime: aws.String("2026-11-20T00:00:00.000Z"),
		ImageWatermarks: []types.ImageWatermark{{WatermarkKey: aws.String("111111111111:tested"), SourceImageRegion: aws.String("eu-central-1")}},
		ProductCodes:    []types.ProductCode{{ProductCodeId: aws.String("abc")}},
	}
	amazon := types.ImageCriterion{ImageProviders: []string{"amazon"}}
	days := func(n int32) *types.CreationDateCondition {
		return &types.CreationDateCondition{MaximumDaysSinceCreated: &n}
	}
	for name, test := range map[string]struct {
		criteria []types.ImageCriterion
		managed  types.ManagedBy
		want     []string
		command  string // what the criteria become
	}{
		"another provider": {[]types.ImageCriterion{amazon}, "account", []string{"criterion 1: its owner 111111111111 is none of the image providers amazon"}, `[{"ImageProviders":["amazon","111111111111"]}]`},
		"the account's own AMIs only": {
			[]types.ImageCriterion{{ImageProviders: []string{"none"}}}, "account", []string{"none of the image providers none"}, `[{"ImageProviders":["111111111111"]}]`,
		},
		"the provider of one criterion and the age of another": {
			[]types.ImageCriterion{{ImageProviders: []string{"111111111111"}, CreationDateCondition: days(7)}, {ImageProviders: []string{"amazon"}, ImageNames: []string{"golden/*"}}},
			"account",
			[]string{"criterion 1: it is older than 7 days; criterion 2: its owner"},
			`[{"CreationDateCondition":{"MaximumDaysSinceCreated":7},"ImageProviders":["111111111111"]},{"ImageNames":["golden/*"],"ImageProviders":["amazon","111111111111"]}]`,
		},
		"another name": {
			[]types.ImageCriterion{{ImageNames: []string{"platform-*", "golden/db-?"}}},
			"account",
			[]string{`its name "golden/web-7" is none of platform-*, golden/db-?`},
			`[{"ImageNames":["platform-*","golden/db-?"]},{"ImageProviders":["111111111111"]}]`,
		},
		"another provider and name": {
			[]types.ImageCriterion{{ImageProviders: []string{"amazon"}, ImageNames: []string{"al2023*"}}},
			"account",
			[]string{"image providers amazon, and its name"},
			`[{"ImageNames":["al2023*"],"ImageProviders":["amazon"]},{"ImageProviders":["111111111111"]}]`,
		},
		"a deprecation": {
			[]types.ImageCriterion{{DeprecationTimeCondition: &types.DeprecationTimeCondition{MaximumDaysSinceDeprecated: aws.Int32(0)}}},
			"account",
			[]string{"it has been deprecated for more than 0 days"},
			`"MaximumDaysSinceDeprecated":0`,
		},
		"a watermark": {
			[]types.ImageCriterion{{ImageWatermarks: []types.ImageWatermarkFilterResponse{{WatermarkKey: aws.String("*:approved")}}}},
			"account",
			[]string{"none of the watermarks *:approved"},
			`[{"ImageWatermarks":[{"WatermarkKey":"*:approved"}]},`,
		},
		"a watermark that it has, of another Region": {
			[]types.ImageCriterion{{ImageWatermarks: []types.ImageWatermarkFilterResponse{{WatermarkKey: aws.String("*:tested"), SourceImageRegion: aws.String("us-*")}}}},
			"account",
			[]string{"none of the watermarks *:tested"},
			"us-*",
		},
		"a product code":            {[]types.ImageCriterion{{MarketplaceProductCodes: []string{"xyz"}}}, "account", []string{"none of the product codes xyz"}, "xyz"},
		"a scan":                    {[]types.ImageCriterion{{ScanResultCondition: &types.ScanResultCondition{MaximumSeverityLabel: "medium"}}}, "account", []string{"Amazon Inspector has not scanned it"}, `"MaximumSeverityLabel":"medium"`},
		"a name with an apostrophe": {[]types.ImageCriterion{{ImageNames: []string{"jo's"}}}, "account", []string{"jo's"}, `jo'\''s`},
		"a declarative policy":      {[]types.ImageCriterion{amazon}, types.ManagedByDeclarativePolicy, []string{"image providers amazon"}, ""},
		"as many criteria as there can be": {
			[]types.ImageCriterion{
				{ImageNames: []string{"a"}},
				{ImageNames: []string{"b"}},
				{ImageNames: []string{"c"}},
				{ImageNames: []string{"d"}},
				{ImageNames: []string{"e"}},
				{ImageNames: []string{"f"}},
				{ImageNames: []string{"g"}},
				{ImageNames: []string{"h"}},
				{ImageNames: []string{"i"}},
				{ImageNames: []string{"j"}},
			}, "account", []string{"criterion 10: "}, "",
		},
	} {
		t.Run(name, func(t *testing.T) {
			contains(t, "cause", unmet(image, test.criteria, now), test.want)
			before := fmt.Sprint(test.criteria)
			remedy := allowRemedy(image, &ec2.GetAllowedImagesSettingsOutput{ImageCriteria: test.criteria, ManagedBy: test.managed, State: aws.String("enabled")}, "eu-central-1", now)
			contains(t, "remedy", remedy, []string{test.command, "111111111111"})
			if got := strings.Contains(remedy, "replace-image-criteria"); got != (test.command != "") {
				t.Errorf("a command: %v, %s", got, remedy)
			}
			if before != fmt.Sprint(test.criteria) {
				t.Error("the criteria that are there were changed")
			}
		})
	}
}

func contains(t *testing.T, what, text string, parts []string) {
	t.Helper()
	for _, part := range parts {
		if !strings.Contains(text, part) {
			t.Errorf("the %s lacks %q:\n%s", what, part, text)
		}
	}
}
