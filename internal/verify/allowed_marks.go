// SPDX-License-Identifier: MPL-2.0

package verify

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
)

// longer tells whether more days have gone by since a time than a limit allows. No limit, or no time, sets none.
func longer(days *int32, since *time.Time, now time.Time) bool {
	return days != nil && since != nil && now.Sub(*since) > time.Duration(*days)*24*time.Hour
}

// unmarked says why none of an AMI's watermarks is one that is wanted: one of them would do.
// https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/ami-watermark.html
func unmarked(image types.Image, wanted []types.ImageWatermarkFilterResponse, now time.Time) []string {
	if len(wanted) == 0 {
		return nil
	}
	var old, keys []string
	for _, filter := range wanted {
		keys = append(keys, aws.ToString(filter.WatermarkKey))
		for _, mark := range image.ImageWatermarks {
			if !likeOptional(filter.WatermarkKey, mark.WatermarkKey) || !likeOptional(filter.SourceImageRegion, mark.SourceImageRegion) {
				continue
			}
			switch {
			case longer(filter.MaximumDaysSinceWatermarkCreated, mark.WatermarkCreationTime, now):
				old = append(old, fmt.Sprintf("its watermark %s is older than %d days", aws.ToString(mark.WatermarkKey), *filter.MaximumDaysSinceWatermarkCreated))
			case longer(filter.MaximumDaysSinceSourceImageCreated, mark.SourceImageCreationTime, now):
				old = append(old, fmt.Sprintf("the AMI that its watermark %s was attached to is older than %d days", aws.ToString(mark.WatermarkKey), *filter.MaximumDaysSinceSourceImageCreated))
			default:
				return nil
			}
		}
	}
	if len(old) > 0 {
		return []string{strings.Join(old, ", ")}
	}
	return []string{"it has none of the watermarks " + strings.Join(keys, ", ")}
}

func likeOptional(pattern, value *string) bool {
	return pattern == nil || likeAny([]string{*pattern}, aws.ToString(value))
}

// severities of what Amazon Inspector finds, the lowest first.
func severities() []types.SeverityLabel {
	return []types.SeverityLabel{
		types.SeverityLabelInformational, types.SeverityLabelLow, types.SeverityLabelMedium, types.SeverityLabelHigh, types.SeverityLabelCritical,
	}
}

// scanned says which limits the findings of Amazon Inspector in an AMI exceed.
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_ScanResultCondition.html
func scanned(scan *types.ScanResults, limits *types.ScanResultCondition, now time.Time) []string {
	switch {
	case limits == nil:
		return nil
	case scan == nil:
		return []string{"Amazon Inspector has not scanned it"}
	}
	var reasons []string
	if found, most := scan.HighestFindingSeverityLabel, limits.MaximumSeverityLabel; most != "" && slices.Index(severities(), found) > slices.Index(severities(), most) {
		reasons = append(reasons, fmt.Sprintf("Amazon Inspector has findings of severity %s, and %s is the highest allowed", found, most))
	}
	if days := limits.MaxDaysSinceLastFindingScan; longer(days, scan.FindingScanDate, now) {
		reasons = append(reasons, fmt.Sprintf("its last scan by Amazon Inspector was more than %d days ago", *days))
	}
	for _, fix := range []struct {
		severity types.SeverityLabel
		days     *int32
		since    *time.Time
	}{
		{types.SeverityLabelInformational, limits.MaxDaysSinceInformationalFixAvailable, scan.InformationalFixAvailableSince},
		{types.SeverityLabelLow, limits.MaxDaysSinceLowFixAvailable, scan.LowFixAvailableSince},
		{types.SeverityLabelMedium, limits.MaxDaysSinceMediumFixAvailable, scan.MediumFixAvailableSince},
		{types.SeverityLabelHigh, limits.MaxDaysSinceHighFixAvailable, scan.HighFixAvailableSince},
		{types.SeverityLabelCritical, limits.MaxDaysSinceCriticalFixAvailable, scan.CriticalFixAvailableSince},
	} {
		if longer(fix.days, fix.since, now) {
			reasons = append(reasons, fmt.Sprintf("there has been a fix for a finding of severity %s for more than %d days", fix.severity, *fix.days))
		}
	}
	return reasons
}
