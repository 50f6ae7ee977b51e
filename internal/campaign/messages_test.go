// SPDX-License-Identifier: MPL-2.0

package campaign

import (
	"maps"
	"slices"
	"strings"

	"github.com/amishare/packer-plugin-ami-share/internal/awssim"
)

// faulted are the lines of the journal about the calls that were made to fail.
func (v *verdict) faulted() []awssim.Entry {
	var all []awssim.Entry
	for _, f := range v.trial.kind.faults(v.trial.call) {
		n := 0
		for _, entry := range v.journal {
			if !asked(entry) || entry.Action != f.Action || entry.Account != f.Account || entry.Region != f.Region {
				continue
			}
			did := !f.AfterEffect || strings.HasPrefix(entry.Reason, "fault on request") // what AWS refuses has no effect to fail after
			if n++; did && (n == f.Nth || f.From > 0 && n >= f.From) {
				all = append(all, entry)
			}
		}
	}
	return all
}

// messages is about what people read: what was done to what, where, why, and what to do.
func (v *verdict) messages() {
	report := v.told.report
	if !report.good() && len(report.Failures) == 0 {
		v.add("the outcome is %s, and no failure is told", report.Outcome)
	}
	text := v.told.said
	if v.told.err != nil {
		text += v.told.err.Error()
	}
	for _, p := range report.Failures {
		if p.Account == "" && v.trial.call.account != source || p.Doing == "" || p.Cause == "" || p.Remedy == "" {
			v.add("the failure lacks account, what was done, cause or remedy: %+v", p)
		}
		if !strings.Contains(text, p.Remedy) && !strings.Contains(text, strings.ReplaceAll(p.Remedy, "\n", "\n  ")) {
			v.add("the remedy is in the report only: %s", p.Remedy)
		}
	}
	hangs := slices.ContainsFunc(v.trial.faults(), func(f awssim.Fault) bool { return f.DelayMillis > 0 })
	for _, p := range slices.Concat(report.Failures, report.Warnings) {
		if strings.Contains(p.Cause, "AWS did not answer in time") && !hangs {
			v.add("AWS answers at once, and this is told: %+v", p)
		}
	}
	v.fault()
}

// fault is about the call that was made to fail: somebody is told, unless it has succeeded since, or nothing depends on it.
func (v *verdict) fault() {
	if len(v.faulted()) == 0 || v.trial.kind.passes || len(v.trial.beside) > 0 || v.needless() {
		return
	}
	report := v.told.report
	told := slices.Concat(report.Failures, report.Warnings)
	for _, l := range report.Left {
		if l.Problem != nil {
			told = append(told, *l.Problem)
		}
	}
	if !slices.ContainsFunc(told, v.names) {
		v.add("nothing names the account, Region, code and request of the call, and what helps: %+v", told)
	}
}

// needless tells whether a run has found what it needs without the call: what was to be made is there, as all that is told is
// held against the state; or what was to be read was read afterwards, or from elsewhere.
func (v *verdict) needless() bool {
	c := v.trial.call
	switch {
	case !v.told.report.good():
		return false
	case v.answered():
		return true
	case c.write: // what it was to do is done, by the attempt that got no answer
		return slices.ContainsFunc(v.trial.kind.faults(c), func(f awssim.Fault) bool { return f.AfterEffect || f.Cut || f.DelayMillis > 0 && !f.Drop })
	case c.action == "kms:ListGrants" && c.account == source:
		return true // a target has listed them
	case v.trial.mode == "rollback" && slices.Contains([]string{"ec2:DescribeTags", "ec2:DescribeImageAttribute", "ec2:DescribeSnapshotAttribute", "ssm:GetParameter", "ssm:GetParameterHistory", "ec2:DescribeLaunchTemplateVersions"}, c.action),
		v.trial.mode == "rollback" && c.action == "ec2:DescribeImages" && c.account == source && c.nth > 2: // the owner's tags
		return true // what was there before is read for a rollback, and there was none
	default: // the policy of the default key lets the role in, whatever its grants are, and whoever manages it
		return !slices.ContainsFunc(v.faulted(), func(entry awssim.Entry) bool { return !strings.Contains(entry.Parameters["body"], defaultKey) }) && c.action != "kms:GetKeyPolicy"
	}
}

// answered tells whether the same was asked again after the last fault, with an answer.
func (v *verdict) answered() bool {
	faulted := v.faulted()
	last := slices.IndexFunc(v.journal, func(entry awssim.Entry) bool { return entry.RequestID == faulted[len(faulted)-1].RequestID })
	return slices.ContainsFunc(v.journal[last+1:], func(entry awssim.Entry) bool {
		return asked(entry) && entry.Action == v.trial.call.action && entry.Account == v.trial.call.account && entry.Region == v.trial.call.region &&
			maps.Equal(entry.Parameters, faulted[0].Parameters)
	})
}

// names tells whether a problem is the one of the call that was made to fail.
func (v *verdict) names(p problem) bool {
	if p.Cause == "" { // what is known before there is a plan is a text
		text := p.Doing
		p = problem{Region: v.trial.call.region, Account: v.trial.call.account, Cause: text}
		for _, entry := range v.faulted() {
			if strings.Contains(text, "("+p.Region+")") && strings.Contains(text, entry.RequestID) {
				p.RequestID = entry.RequestID
			}
		}
	}
	fault := v.trial.kind.faults(v.trial.call)
	if code := fault[len(fault)-1].Code; code != "" && (p.Code != code && !strings.Contains(p.Cause, code) || !v.requested(p)) {
		return false
	}
	for _, word := range v.trial.kind.says {
		if word = strings.ReplaceAll(word, "ACTION", v.trial.call.action); !strings.Contains(p.Cause+" "+p.Remedy, word) {
			return false
		}
	}
	return v.placed(p)
}

// requested tells whether the id of a request that failed is told.
func (v *verdict) requested(p problem) bool {
	return slices.ContainsFunc(v.faulted(), func(entry awssim.Entry) bool {
		return p.RequestID == entry.RequestID || slices.ContainsFunc(p.Also, func(place place) bool { return place.RequestID == entry.RequestID })
	})
}

// placed tells whether a problem is told of the account and Region of the call. What the source could not do for a target is
// told of the target; IAM, the sessions and the lists of roles have no Region.
func (v *verdict) placed(p problem) bool {
	places := append([]place{{Account: p.Account, Region: p.Region}}, p.Also...)
	return slices.ContainsFunc(places, func(place place) bool {
		region := place.Region == v.trial.call.region || place.Region == "" && slices.Contains([]string{"iam", "sts"}, v.trial.call.service())
		return region && (v.trial.call.account == source || place.Account == v.trial.call.account)
	})
}
