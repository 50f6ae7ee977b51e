// SPDX-License-Identifier: MPL-2.0

package ec2

import (
	"cmp"
	"slices"
	"time"

	"github.com/amishare/packer-plugin-ami-share/internal/awssim/allowed"
	"github.com/amishare/packer-plugin-ami-share/internal/awssim/world"
)

func (l *regionLoader) allowedImages(w world.AllowedImages) {
	l.region.allowed.state, l.region.allowed.managedBy = w.State, cmp.Or(w.ManagedBy, managedByAccount)
	if !slices.Contains([]string{settingEnabled, settingAudit, settingDisabled}, w.State) {
		l.problem("allowed_images: state %q is not enabled, audit-mode or disabled", w.State)
	}
	if !slices.Contains([]string{managedByAccount, managedByPolicy}, l.region.allowed.managedBy) {
		l.problem("allowed_images: managed_by %q is not account or declarative-policy", w.ManagedBy)
	}
	for _, given := range w.Criteria {
		k := criterion(given)
		if err := k.Check(); err != nil {
			l.problem("allowed_images: %v", err)
		}
		l.region.allowed.criteria = append(l.region.allowed.criteria, k)
	}
}

func criterion(w world.ImageCriterion) allowed.Criterion {
	k := allowed.Criterion{Providers: w.ImageProviders, Names: w.ImageNames, ProductCodes: w.MarketplaceProductCodes}
	if w.MaximumDaysSinceCreated > 0 {
		k.Creation = &allowed.Creation{Days: &w.MaximumDaysSinceCreated}
	}
	if w.MaximumDaysSinceDeprecated != nil {
		k.Deprecation = &allowed.Deprecation{Days: w.MaximumDaysSinceDeprecated}
	}
	for _, key := range w.ImageWatermarks {
		k.Watermarks = append(k.Watermarks, allowed.Mark{Key: key})
	}
	if w.MaximumSeverity != "" {
		k.Scan = &allowed.ScanLimits{Severity: w.MaximumSeverity}
	}
	return k
}

// particulars of an AMI of the world: when it was made, its watermarks, product codes, instance types and scan.
func (l *regionLoader) particulars(img *Image, w world.Image) {
	img.productCodes = w.ProductCodes
	img.types = instanceTypes{w.SupportedInstanceTypes, w.UnsupportedInstanceTypes}
	if err := img.types.check(); err != nil {
		l.problem("image %s: %v", img.id, err)
	}
	img.created = l.time(w.CreatedAt, img.created, img.id)
	for _, name := range w.Watermarks {
		l.watermark(img, name)
	}
	if w.ScanResults == nil {
		return
	}
	img.scan = &allowed.Scan{At: l.time(w.ScanResults.ScannedAt, l.service.Now(), img.id), Highest: w.ScanResults.HighestSeverity, Fixes: map[string]time.Time{}}
	for severity, at := range w.ScanResults.FixAvailableSince {
		img.scan.Fixes[severity] = l.time(at, l.service.Now(), img.id)
		if !slices.Contains(allowed.Severities, severity) {
			l.problem("image %s: unknown severity %q", img.id, severity)
		}
	}
}

// time reads a time in RFC 3339.
func (l *regionLoader) time(text string, fallback time.Time, image string) time.Time {
	if text == "" {
		return fallback
	}
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		l.problem("image %s: %v", image, err)
	}
	return at
}
