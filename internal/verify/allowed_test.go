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

// What an AMI has is told with what is wrong with it.
func TestWhatIsWrongWithWatermarksAndScans(t *testing.T) {
	now := time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)
	ago := func(days int) *time.Time { at := now.AddDate(0, 0, -days); return &at }
	image := types.Image{
		OwnerId:         aws.String("111111111111"),
		ImageWatermarks: []types.ImageWatermark{{WatermarkKey: aws.String("111111111111:tested"), SourceImageRegion: aws.String("eu-central-1"), WatermarkCreationTime: ago(10), SourceImageCreationTime: ago(20)}},
		ScanResults:     &types.ScanResults{FindingScanDate: ago(5), HighestFindingSeverityLabel: types.SeverityLabelHigh, HighFixAvailableSince: ago(40), LowFixAvailableSince: ago(2)},
	}
	mark := func(created, source *int32) types.ImageCriterion {
		return types.ImageCriterion{ImageWatermarks: []types.ImageWatermarkFilterResponse{{
			WatermarkKey: aws.String("*:tested"), MaximumDaysSinceWatermarkCreated: created, MaximumDaysSinceSourceImageCreated: source,
		}}}
	}
	scan := func(limits types.ScanResultCondition) types.ImageCriterion {
		return types.ImageCriterion{ScanResultCondition: &limits}
	}
	for sentence, test := range map[string]struct {
		criterion types.ImageCriterion
		want      string
	}{
		"a watermark that is too old":           {mark(aws.Int32(9), nil), "its watermark 111111111111:tested is older than 9 days"},
		"an AMI that is too old":                {mark(aws.Int32(10), aws.Int32(19)), "the AMI that its watermark 111111111111:tested was attached to is older than 19 days"},
		"a watermark as old as allowed":         {mark(aws.Int32(10), aws.Int32(20)), "what it fails can't be told from here"},
		"findings that are too severe":          {scan(types.ScanResultCondition{MaximumSeverityLabel: types.SeverityLabelMedium}), "findings of severity high, and medium is the highest allowed"},
		"findings as severe as allowed":         {scan(types.ScanResultCondition{MaximumSeverityLabel: types.SeverityLabelHigh}), "can't be told"},
		"a scan that is too old":                {scan(types.ScanResultCondition{MaxDaysSinceLastFindingScan: aws.Int32(4)}), "its last scan by Amazon Inspector was more than 4 days ago"},
		"a fix that is there for too long":      {scan(types.ScanResultCondition{MaxDaysSinceHighFixAvailable: aws.Int32(30), MaxDaysSinceLowFixAvailable: aws.Int32(30)}), "a fix for a finding of severity high for more than 30 days"},
		"no finding of a severity with a limit": {scan(types.ScanResultCondition{MaxDaysSinceCriticalFixAvailable: aws.Int32(0)}), "can't be told"},
	} {
		t.Run(sentence, func(t *testing.T) {
			contains(t, "cause", unmet(image, []types.ImageCriterion{test.criterion}, now), []string{"criterion 1: ", test.want})
		})
	}
	own := types.ImageCriterion{ImageProviders: []string{"111111111111"}, ImageNames: []string{"x"}}
	remedy := allowRemedy(image, &ec2.GetAllowedImagesSettingsOutput{ImageCriteria: []types.ImageCriterion{{ImageProviders: []string{"amazon"}, ImageNames: []string{"y"}}, own}, State: aws.String("enabled")}, "eu-central-1", now)
	contains(t, "remedy", remedy, []string{"Share an AMI that meets criterion 2, which lets in its owner, or widen the setting. Let in AMIs of 111111111111"})
}
