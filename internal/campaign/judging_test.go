// SPDX-License-Identifier: MPL-2.0

package campaign

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/amishare/packer-plugin-ami-share/internal/sharing"
)

// copied is a verdict of which everything can be spoilt.
func copied(t *testing.T, v *verdict) *verdict {
	t.Helper()
	text, err := json.Marshal(v.told.report)
	if err != nil {
		t.Fatal(err)
	}
	c := *v
	c.told.report = document{}
	if err := json.Unmarshal(text, &c.told.report); err != nil {
		t.Fatal(err)
	}
	c.before, c.after, c.goal, c.wrong = maps.Clone(v.before), maps.Clone(v.after), maps.Clone(v.goal), nil
	return &c
}

// each changes the items of some kind, and leaves out those of which change says so.
func (d *document) each(kind string, change func(*item) (keep bool)) {
	for r := range d.Recipients {
		d.Recipients[r].Items = slices.DeleteFunc(d.Recipients[r].Items, func(i item) bool { return i.Kind == kind && !change(&i) })
		for n := range d.Recipients[r].Items {
			if d.Recipients[r].Items[n].Kind == kind {
				change(&d.Recipients[r].Items[n])
			}
		}
	}
}

// becomes lets items of a kind have another status.
func becomes(kind, from, to string) func(*verdict) {
	return func(v *verdict) {
		v.told.report.each(kind, func(i *item) bool {
			if i.Status == from {
				i.Status, i.Verified = to, i.Verified || to == "proved"
			}
			return true
		})
	}
}

// without leaves out the items of a kind.
func without(kind string) func(*verdict) {
	return func(v *verdict) { v.told.report.each(kind, func(*item) bool { return false }) }
}

// otherwise lets the facts whose names begin with a text be something else after the run.
func otherwise(prefix string) func(*verdict) {
	return func(v *verdict) {
		for name := range v.after {
			if strings.HasPrefix(name, prefix) {
				v.after[name] += " and something else"
			}
		}
	}
}

// stays lets the facts whose names begin with a text be as they were asked for.
func stays(prefix string) func(*verdict) {
	return func(v *verdict) {
		for name := range v.goal {
			if strings.HasPrefix(name, prefix) {
				v.after[name] = v.goal[name]
			}
		}
	}
}

// besides lets there be something more after the run.
func besides(fact string) func(*verdict) { return func(v *verdict) { v.after[fact] = "1" } }

// TestTheJudge spoils ends that are right, each in one way, and looks at whether the judge sees it.
func TestTheJudge(t *testing.T) {
	log.SetOutput(io.Discard)
	s := newStage(t)
	goal := s.goal(t)
	named := func(name string) kind {
		all := kinds()
		return all[slices.IndexFunc(all, func(k kind) bool { return k.name == name })]
	}
	grant := call{action: "kms:CreateGrant", account: lacking, region: regions()[0], nth: 1, write: true}
	label := call{action: "ssm:LabelParameterVersion", account: lacking, region: regions()[0], nth: 1, write: true}
	group := call{action: "autoscaling:CreateAutoScalingGroup", account: ready, region: regions()[1], nth: 1, write: true}
	ends := map[string]*verdict{}
	for name, one := range map[string]trial{
		"shared":     {call: grant, kind: named("throttled, once"), mode: "fail"},
		"failed":     {call: grant, kind: named("denied, for ever"), mode: "fail"},
		"rolledback": {call: label, kind: named("denied, for ever"), mode: "rollback"},
		"unproved":   {call: group, kind: named("denied, for ever"), mode: "fail"},
		"continued":  {call: grant, kind: named("denied, for ever"), mode: "continue"},
	} {
		ends[name], _ = s.end(t, one, goal)
		right := copied(t, ends[name])
		if right.judge(); len(right.wrong) > 0 {
			t.Fatalf("%s: %q", name, right.wrong)
		}
	}
	for _, row := range spoilt() {
		v := copied(t, ends[row.end])
		row.spoil(v)
		v.judge()
		if !slices.ContainsFunc(v.wrong, func(wrong string) bool { return strings.Contains(wrong, row.want) }) {
			t.Errorf("%s, %s: the judge says %q, want %q", row.end, row.how, v.wrong, row.want)
		}
	}
	v := copied(t, ends["shared"])
	v.again(told{err: errors.New("no"), report: document{Outcome: "failed"}}, facts{})
	for _, want := range []string{"the second run: it failed", "the second run: these are not as asked for"} {
		if !strings.Contains(strings.Join(v.wrong, "\n"), want) {
			t.Errorf("of a second run that fails the judge says %q, want %q", v.wrong, want)
		}
	}
}

// spoil is a way in which an end is made wrong, and what the judge says of it.
type spoil struct {
	end, how string
	spoil    func(*verdict)
	want     string
}

func spoilt() []spoil {
	report := func(change func(*document)) func(*verdict) { return func(v *verdict) { change(&v.told.report) } }
	told := problem{Account: ready, Region: regions()[0], Doing: "something", Cause: "a cause", Remedy: "a remedy"}
	all := []spoil{
		{"shared", "with an error", func(v *verdict) { v.told.err = errors.New("no") }, "the outcome is shared, and the error no"},
		{"shared", "which says that nothing changed", report(func(d *document) { d.Outcome = "unchanged" }), "the outcome is unchanged, and these have changed"},
		{"shared", "with a failure", report(func(d *document) { d.Failures = append(d.Failures, told) }), "something is told"},
		{"shared", "with a warning", report(func(d *document) { d.Warnings = append(d.Warnings, told) }), "something is told"},
		{"shared", "an outcome of failure", report(func(d *document) { d.Outcome = "failed" }), "the call succeeds when it is repeated"},
		{"shared", "another parameter's value is told", report(func(d *document) { d.each("parameter", func(i *item) bool { i.Value = "ami-1"; return true }) }), "the report says that it is"},
		{"shared", "another earlier value is told", report(func(d *document) { d.each("parameter", func(i *item) bool { i.Previous = "ami-1"; return true }) }), "the report says that it was"},
		{"shared", "one permission is there in the report only", report(func(d *document) {
			d.each("launch permission", func(i *item) bool { i.Resource, i.Status = "ami-1", "present"; return true })
		}), `the report says "present"`},
		{"shared", "a proof is missing", without(canary), "not each of"},
		{"unproved", "a proof is told", becomes(canary, "failed", "proved"), `the report says "proved"`},
		{"shared", "all is verified", func(v *verdict) {
			v.told.report.each("grant", func(i *item) bool { i.Verified = true; return true })
			otherwise("grant ")(v)
		}, "is verified, and not as asked for"},
		{"failed", "without a failure", report(func(d *document) { d.Failures = nil }), "no failure is told"},
		{"failed", "of another request", report(func(d *document) { d.Failures[0].RequestID, d.Failures[0].Also = "1", nil }), "nothing names the account"},
		{"failed", "of another account", report(func(d *document) { d.Failures[0].Account, d.Failures[0].Also = former, nil }), "nothing names the account"},
		{"failed", "of another Region", report(func(d *document) { d.Failures[0].Region, d.Failures[0].Also = "us-west-2", nil }), "nothing names the account"},
		{"failed", "of another action", report(func(d *document) { d.Failures[0].Cause, d.Failures[0].Remedy = "AccessDeniedException", "none" }), "nothing names the account"},
		{"failed", "without a remedy", report(func(d *document) { d.Failures[0].Remedy = "" }), "the failure lacks"},
		{"failed", "which people don't see", func(v *verdict) { v.told.said, v.told.err = "", errors.New("no") }, "the remedy is in the report only"},
		{"failed", "which is not known", becomes("grant", "failed", "unknown"), `the report says "unknown"`},
		{"failed", "because of the time", report(func(d *document) { d.Failures[0].Cause += ": AWS did not answer in time" }), "AWS answers at once"},
		{"failed", "without an error", func(v *verdict) { v.told.err = nil }, "and the error <nil>"},
		{"continued", "without a warning", func(v *verdict) { v.told.said = strings.ReplaceAll(v.told.said, "Warning: ", "") }, "there is no warning"},
		{"continued", "with an error", func(v *verdict) { v.told.err = errors.New("no") }, "and the error no"},
		{"rolledback", "nothing is listed", report(func(d *document) { d.Left = nil }), "not listed as left"},
		{"rolledback", "without commands", report(func(d *document) { d.Left[0].Command = "" }), "there is no command for what is left"},
		{"rolledback", "without reasons", report(func(d *document) { d.Left[0].Why, d.Left[0].Problem = "", nil }), "there is no reason for what is left"},
		{"rolledback", "all is said to be there", becomes("launch permission", "undone", "added"), `the report says "added"`},
	}
	return slices.Concat(all, spoiltFacts())
}

// spoiltFacts are changes that nobody tells of, one of each kind of fact, and items that are missing.
func spoiltFacts() []spoil {
	var all []spoil
	for _, kind := range []string{
		"launch permission", "snapshot permission", "grant", "service-linked role", "tags", "Auto Scaling group", "parameter", "parameter labels", "shared tags", "watermark",
		"launch template", "default version of launch template",
	} {
		all = append(all,
			spoil{"shared", "without items of the kind " + kind, without(kind), "no item says so"},
			spoil{"shared", "another " + kind, otherwise(kind + " "), "this is not as asked for"},
			spoil{"shared", kind + " that is said to be there before", becomes(kind, "added", "present"), `the report says "present"`},
		)
	}
	for _, kind := range []string{"launch permission", "snapshot permission", "tags", "watermark", "shared tags", "parameter", "launch template", "default version of launch template"} {
		all = append(all, spoil{"rolledback", "with " + kind + " as it was asked for", stays(kind + " "), "is not as it was, and not listed as left"})
	}
	for fact, want := range map[string]string{
		"state accounts " + source + " regions us-east-1 images ami-1 name":        "no item says so",
		fmt.Sprint("number ", ready, " us-east-1", runningInstances):               "no item says so",
		fmt.Sprint(canary, " ", ready, " us-east-1 ", sharing.CanaryPrefix, "x"):   "no warning says how it is deleted",
		fmt.Sprint(canary, " ", ready, " us-east-1 ", canaryTemplate, " template"): "no warning says how it is deleted",
		fmt.Sprint(canary, " ", source, " us-east-1 image usage reports"):          "no warning says how it is deleted",
	} {
		all = append(all, spoil{"shared", "with " + fact, besides(fact), want})
	}
	return all
}
