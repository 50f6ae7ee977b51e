// SPDX-License-Identifier: MPL-2.0

package access

import "regexp"

// watermarkName is the shape of https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/ami-watermark.html.
var watermarkName = regexp.MustCompile(`^[a-zA-Z0-9()\[\] ./'@_-]{3,128}$`)

// CheckWatermark finds what is wrong with the name of a watermark. "" is none.
func CheckWatermark(name string, known bool) []error {
	f := newFindings("", known)
	if name != "" && !f.open(name) && !watermarkName.MatchString(name) {
		f.addf("watermark: %q is not the name of a watermark: it has 3 to 128 letters, digits, spaces and ()[]./'@_-, without the account that AWS puts before it", name)
	}
	return *f.errs
}
