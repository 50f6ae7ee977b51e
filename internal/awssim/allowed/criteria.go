// SPDX-License-Identifier: MPL-2.0

// Package allowed decides which AMIs the Allowed AMIs setting of an account allows: it has the criteria, as calls give them, as
// answers show them, and what they say of an AMI.
package allowed

import (
	"path"
	"slices"
	"strings"
	"time"
)

// Image is what criteria look at in an AMI.
type Image struct {
	Owner, Alias, Name string
	Created            time.Time
	DeprecateAt        time.Time // zero for never
	ProductCodes       []string
	Watermarks         []Watermark
	Scan               *Scan // nil for an AMI that Amazon Inspector has not scanned
}

// Watermark is a watermark of an AMI.
type Watermark struct {
	Key, Region           string
	Created, ImageCreated time.Time
}

// Scan is what Amazon Inspector found in an AMI.
type Scan struct {
	At      time.Time
	Highest string               // severity; empty without findings
	Fixes   map[string]time.Time // since when there is a fix, by severity
}

// Severities of findings, the lowest first.
var Severities = []string{"informational", "low", "medium", "high", "critical"}

// Criterion is one criterion. An AMI meets it when it meets each field that is given; criteria are alternatives.
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_ImageCriterion.html
type Criterion struct {
	Providers    []string     `xml:"imageProviderSet>item"`
	Names        []string     `xml:"imageNameSet>item"`
	ProductCodes []string     `xml:"marketplaceProductCodeSet>item"`
	Creation     *Creation    `xml:"creationDateCondition"`
	Deprecation  *Deprecation `xml:"deprecationTimeCondition"`
	Watermarks   []Mark       `xml:"imageWatermarkSet>item"`
	Scan         *ScanLimits  `xml:"scanResultCondition"`
}

// Creation limits the age of an AMI.
type Creation struct {
	Days *int `xml:"maximumDaysSinceCreated"`
}

// Deprecation limits for how long an AMI has been deprecated.
type Deprecation struct {
	Days *int `xml:"maximumDaysSinceDeprecated"`
}

// Mark is what a watermark has to be like. Key and Region can hold wildcards.
type Mark struct {
	Key       string `xml:"watermarkKey,omitempty"`
	Region    string `xml:"sourceImageRegion,omitempty"`
	Days      *int   `xml:"maximumDaysSinceWatermarkCreated"`
	ImageDays *int   `xml:"maximumDaysSinceSourceImageCreated"`
}

// ScanLimits limit what Amazon Inspector may have found. What it has not scanned does not meet them.
type ScanLimits struct {
	Severity      string `xml:"maximumSeverityLabel,omitempty"`
	Scanned       *int   `xml:"maxDaysSinceLastFindingScan"`
	Informational *int   `xml:"maxDaysSinceInformationalFixAvailable"`
	Low           *int   `xml:"maxDaysSinceLowFixAvailable"`
	Medium        *int   `xml:"maxDaysSinceMediumFixAvailable"`
	High          *int   `xml:"maxDaysSinceHighFixAvailable"`
	Critical      *int   `xml:"maxDaysSinceCriticalFixAvailable"`
}

// Met tells whether an AMI of another account meets the criterion.
func (k Criterion) Met(img Image, now time.Time) bool {
	return (len(k.Providers) == 0 || slices.Contains(k.Providers, img.Owner) || img.Alias != "" && slices.Contains(k.Providers, img.Alias)) &&
		(len(k.Names) == 0 || anyMatches(k.Names, img.Name)) &&
		(len(k.ProductCodes) == 0 || slices.ContainsFunc(img.ProductCodes, func(code string) bool { return slices.Contains(k.ProductCodes, code) })) &&
		(k.Creation == nil || within(k.Creation.Days, img.Created, now)) &&
		(k.Deprecation == nil || img.DeprecateAt.IsZero() || within(k.Deprecation.Days, img.DeprecateAt, now)) &&
		(len(k.Watermarks) == 0 || slices.ContainsFunc(k.Watermarks, func(m Mark) bool { return m.metByAny(img.Watermarks, now) })) &&
		(k.Scan == nil || k.Scan.met(img.Scan, now))
}

func (m Mark) metByAny(marks []Watermark, now time.Time) bool {
	return slices.ContainsFunc(marks, func(mark Watermark) bool {
		return (m.Key == "" || Matches(m.Key, mark.Key)) && (m.Region == "" || Matches(m.Region, mark.Region)) &&
			within(m.Days, mark.Created, now) && within(m.ImageDays, mark.ImageCreated, now)
	})
}

func (l *ScanLimits) met(scan *Scan, now time.Time) bool {
	if scan == nil || !within(l.Scanned, scan.At, now) {
		return false
	}
	if l.Severity != "" && slices.Index(Severities, scan.Highest) > slices.Index(Severities, l.Severity) {
		return false
	}
	for severity, days := range l.fixes() {
		if since, ok := scan.Fixes[severity]; ok && !within(*days, since, now) {
			return false
		}
	}
	return true
}

// fixes are the limits by severity.
func (l *ScanLimits) fixes() map[string]**int {
	return map[string]**int{"informational": &l.Informational, "low": &l.Low, "medium": &l.Medium, "high": &l.High, "critical": &l.Critical}
}

// within tells whether no more days have gone by since then. No days set no limit.
func within(days *int, since, now time.Time) bool {
	return days == nil || now.Sub(since) <= time.Duration(*days)*24*time.Hour
}

func anyMatches(patterns []string, value string) bool {
	return slices.ContainsFunc(patterns, func(pattern string) bool { return Matches(pattern, value) })
}

// Matches compares with a pattern in which * is any text and ? any character.
func Matches(pattern, value string) bool {
	// path.Match lets * stop at a slash, and knows more than * and ?.
	plain := strings.NewReplacer("/", "\x00", "[", `\[`, "]", `\]`, `\`, `\\`)
	fits, err := path.Match(plain.Replace(pattern), strings.ReplaceAll(value, "/", "\x00"))
	return err == nil && fits
}
