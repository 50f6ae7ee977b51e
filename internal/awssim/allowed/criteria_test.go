// SPDX-License-Identifier: MPL-2.0

package allowed

import (
	"testing"
	"time"
)

// TestMet: https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/ec2-allowed-amis.html and
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_ScanResultCondition.html
func TestMet(t *testing.T) {
	now := time.Date(2026, 11, 25, 0, 0, 0, 0, time.UTC)
	ago := func(days int) time.Time { return now.AddDate(0, 0, -days) }
	n := func(days int) *int { return &days }
	golden := Image{
		Owner: "111111111111", Name: "golden/web-1", Created: ago(10), DeprecateAt: ago(3), ProductCodes: []string{"abc"},
		Watermarks: []Watermark{{"111111111111:approved", "us-east-1", ago(5), ago(9)}},
		Scan:       &Scan{At: ago(2), Highest: "medium", Fixes: map[string]time.Time{"low": ago(20), "medium": ago(1)}},
	}
	for sentence, test := range map[string]struct {
		criterion Criterion
		want      bool
	}{
		"nothing given":                         {Criterion{}, true},
		"its provider":                          {Criterion{Providers: []string{"222222222222", "111111111111"}}, true},
		"another provider":                      {Criterion{Providers: []string{"amazon"}}, false},
		"its own account alone":                 {Criterion{Providers: []string{"none"}}, false},
		"a name with wildcards over slashes":    {Criterion{Names: []string{"g*web-?"}}, true},
		"another name":                          {Criterion{Names: []string{"golden"}}, false},
		"all must fit":                          {Criterion{Providers: []string{"111111111111"}, Names: []string{"silver"}}, false},
		"its product code":                      {Criterion{ProductCodes: []string{"abc"}}, true},
		"another product code":                  {Criterion{ProductCodes: []string{"xyz"}}, false},
		"young enough":                          {Criterion{Creation: &Creation{n(10)}}, true},
		"too old":                               {Criterion{Creation: &Creation{n(9)}}, false},
		"deprecated not long ago":               {Criterion{Deprecation: &Deprecation{n(3)}}, true},
		"deprecated too long ago":               {Criterion{Deprecation: &Deprecation{n(2)}}, false},
		"its watermark":                         {Criterion{Watermarks: []Mark{{Key: "*:approved", Region: "us-*", Days: n(5), ImageDays: n(9)}}}, true},
		"one of two watermarks":                 {Criterion{Watermarks: []Mark{{Key: "x"}, {Key: "*"}}}, true},
		"a watermark of another Region":         {Criterion{Watermarks: []Mark{{Key: "*", Region: "eu-*"}}}, false},
		"a watermark that is too old":           {Criterion{Watermarks: []Mark{{Key: "*", Days: n(4)}}}, false},
		"a watermark of an image too old":       {Criterion{Watermarks: []Mark{{Key: "*", ImageDays: n(8)}}}, false},
		"as severe as allowed":                  {Criterion{Scan: &ScanLimits{Severity: "medium"}}, true},
		"more severe":                           {Criterion{Scan: &ScanLimits{Severity: "low"}}, false},
		"scanned not long ago":                  {Criterion{Scan: &ScanLimits{Scanned: n(2)}}, true},
		"scanned too long ago":                  {Criterion{Scan: &ScanLimits{Scanned: n(1)}}, false},
		"a fix for too long":                    {Criterion{Scan: &ScanLimits{Low: n(19)}}, false},
		"a fix for not too long":                {Criterion{Scan: &ScanLimits{Low: n(20), Medium: n(1)}}, true},
		"no finding of the severity with a fix": {Criterion{Scan: &ScanLimits{Critical: n(0)}}, true},
	} {
		t.Run(sentence, func(t *testing.T) {
			if got := test.criterion.Met(golden, now); got != test.want {
				t.Errorf("met is %t", got)
			}
		})
	}
	if (Criterion{Scan: &ScanLimits{Severity: "critical"}}).Met(Image{}, now) {
		t.Error("an AMI that was not scanned meets a condition about scans")
	}
	if !(Criterion{Deprecation: &Deprecation{n(0)}}).Met(Image{}, now) {
		t.Error("an AMI that is never deprecated does not meet a limit of deprecation")
	}
}
