// SPDX-License-Identifier: MPL-2.0

package allowed

import (
	"regexp"
	"slices"
	"strconv"

	"github.com/amishare/packer-plugin-ami-share/internal/awssim/wire"
)

// Params are the parameters that Read knows.
const Params = "ImageCriterion.N.ImageProvider.N ImageCriterion.N.ImageName.N ImageCriterion.N.MarketplaceProductCode.N" +
	" ImageCriterion.N.CreationDateCondition.MaximumDaysSinceCreated" +
	" ImageCriterion.N.DeprecationTimeCondition.MaximumDaysSinceDeprecated" +
	" ImageCriterion.N.ImageWatermark.N.WatermarkKey ImageCriterion.N.ImageWatermark.N.SourceImageRegion" +
	" ImageCriterion.N.ImageWatermark.N.MaximumDaysSinceWatermarkCreated" +
	" ImageCriterion.N.ImageWatermark.N.MaximumDaysSinceSourceImageCreated" +
	" ImageCriterion.N.ScanResultCondition.MaximumSeverityLabel" +
	" ImageCriterion.N.ScanResultCondition.MaxDaysSinceLastFindingScan" +
	" ImageCriterion.N.ScanResultCondition.MaxDaysSinceInformationalFixAvailable" +
	" ImageCriterion.N.ScanResultCondition.MaxDaysSinceLowFixAvailable" +
	" ImageCriterion.N.ScanResultCondition.MaxDaysSinceMediumFixAvailable" +
	" ImageCriterion.N.ScanResultCondition.MaxDaysSinceHighFixAvailable" +
	" ImageCriterion.N.ScanResultCondition.MaxDaysSinceCriticalFixAvailable"

const mostCriteria = 10

// Read reads the criteria of a call and checks them.
func Read(given []wire.Form) ([]Criterion, error) {
	if len(given) > mostCriteria {
		return nil, wire.BadRequest("InvalidParameterValue", "The number of image criteria can't be greater than %d.", mostCriteria)
	}
	var criteria []Criterion
	for _, form := range given {
		k, err := read(form)
		if err != nil {
			return nil, err
		}
		criteria = append(criteria, k)
	}
	return criteria, nil
}

func read(form wire.Form) (Criterion, error) {
	r := reader{form: form}
	k := Criterion{Providers: form.List("ImageProvider"), Names: form.List("ImageName"), ProductCodes: form.List("MarketplaceProductCode")}
	if days := r.days("CreationDateCondition.MaximumDaysSinceCreated"); days != nil {
		k.Creation = &Creation{days}
	}
	if days := r.days("DeprecationTimeCondition.MaximumDaysSinceDeprecated"); days != nil {
		k.Deprecation = &Deprecation{days}
	}
	for _, given := range form.Structs("ImageWatermark") {
		m := reader{form: given}
		k.Watermarks = append(k.Watermarks, Mark{
			given.Get("WatermarkKey"), given.Get("SourceImageRegion"), m.days("MaximumDaysSinceWatermarkCreated"), m.days("MaximumDaysSinceSourceImageCreated"),
		})
		r.note(m.err)
	}
	if scan := form.Sub("ScanResultCondition"); len(scan) > 0 {
		s := reader{form: scan}
		k.Scan = &ScanLimits{
			Severity: scan.Get("MaximumSeverityLabel"), Scanned: s.days("MaxDaysSinceLastFindingScan"),
			Informational: s.days("MaxDaysSinceInformationalFixAvailable"), Low: s.days("MaxDaysSinceLowFixAvailable"),
			Medium: s.days("MaxDaysSinceMediumFixAvailable"), High: s.days("MaxDaysSinceHighFixAvailable"), Critical: s.days("MaxDaysSinceCriticalFixAvailable"),
		}
		r.note(s.err)
	}
	r.note(k.Check())
	return k, r.err
}

// reader reads numbers, and keeps the first that is none.
type reader struct {
	form wire.Form
	err  error
}

func (r *reader) note(err error) {
	if r.err == nil {
		r.err = err
	}
}

func (r *reader) days(param string) *int {
	text, ok := r.form[param]
	if !ok {
		return nil
	}
	days, err := strconv.Atoi(text)
	if err != nil || days < 0 || days > 2147483647 {
		r.note(wire.InvalidValue(param, text))
		return nil
	}
	return &days
}

var (
	provider    = regexp.MustCompile(`^([0-9]{12}|amazon|aws-marketplace|aws-backup-vault|none)$`)
	imageName   = regexp.MustCompile(`^[a-zA-Z0-9()\[\] ./'@_*?-]{1,128}$`)
	productCode = regexp.MustCompile(`^[a-zA-Z0-9]{1,25}$`)
)

// Check refuses a criterion that can be none.
func (k Criterion) Check() error {
	for _, list := range []struct {
		param  string
		values []string
		most   int
		form   *regexp.Regexp
	}{
		{"ImageProvider", k.Providers, 200, provider},
		{"ImageName", k.Names, 50, imageName},
		{"MarketplaceProductCode", k.ProductCodes, 50, productCode},
	} {
		if len(list.values) > list.most {
			return wire.BadRequest("InvalidParameterValue", "The number of values for %s can't be greater than %d.", list.param, list.most)
		}
		for _, value := range list.values {
			if !list.form.MatchString(value) {
				return wire.InvalidValue(list.param, value)
			}
		}
	}
	if len(k.Watermarks) > 50 {
		return wire.BadRequest("InvalidParameterValue", "The number of values for ImageWatermark can't be greater than 50.")
	}
	if k.Scan != nil && k.Scan.Severity != "" && !slices.Contains(Severities, k.Scan.Severity) {
		return wire.InvalidValue("MaximumSeverityLabel", k.Scan.Severity)
	}
	return nil
}
