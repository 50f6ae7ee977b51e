// SPDX-License-Identifier: MPL-2.0

package sharing

import "time"

// What a run makes in AWS only in order to look, and deletes again, has a tag: CanaryTag or UsageTag. A run that was killed deletes
// nothing, and a later one can't ask whether it is still at work. So the tag's value is the time until which the run that made
// it needs it at the most.

// UsageTag is the key of the tag of the reports that the plugin asks AWS for of who uses an AMI.
const UsageTag = "packer-plugin-ami-share:usage-report"

// NeededUntil is the value of such a tag, in RFC 3339.
func NeededUntil(until time.Time) string { return until.UTC().Format(time.RFC3339) }

// Abandoned tells whether the time in the value of such a tag has passed: nobody needs what has it any more. What has another value
// is not the plugin's.
func Abandoned(value string, now time.Time) bool {
	until, err := time.Parse(time.RFC3339, value)
	return err == nil && now.After(until)
}
