// SPDX-License-Identifier: MPL-2.0

package campaign

import (
	"fmt"
	"slices"
	"strings"

	"github.com/amishare/packer-plugin-ami-share/internal/awssim"
)

// verdict gathers what is wrong with the end of a case.
type verdict struct {
	trial               trial
	before, after, goal facts
	journal             []awssim.Entry
	told                told
	usual               document // the report of a run without faults
	wrong               []string
}

func (v *verdict) add(format string, args ...any) {
	v.wrong = append(v.wrong, fmt.Sprintf(format, args...))
}

// judge holds what a run told against what it did.
func (v *verdict) judge() {
	v.ending()
	v.items()
	for _, fact := range differing(v.before, v.goal) {
		if !v.listed(fact) {
			v.add("%s was to change from %q to %q, and no item is about it", fact, v.before[fact], v.goal[fact])
		}
	}
	if v.told.report.Outcome == "rolled_back" {
		v.takenBack()
	}
	v.messages()
	v.canaries()
}

// items holds all items against what there was, is, and was to be; and what has changed against the items.
func (v *verdict) items() {
	said := map[string]bool{}
	for _, i := range v.told.report.items() {
		v.item(i)
		said[i.fact()+" "+i.Status] = true
	}
	for _, fact := range differing(v.before, v.after) {
		if !slices.ContainsFunc([]string{"added", "removed", "left", "unknown", "failed"}, func(status string) bool { return said[fact+" "+status] }) {
			v.add("%s changed from %q to %q, and no item says so", fact, v.before[fact], v.after[fact])
		}
	}
}

// listed tells whether an item is about a fact. A run that was refused knows of launch permissions only; and of a target that
// could not be looked at it is not known which roles, groups and grants of before it has.
func (v *verdict) listed(fact string) bool {
	blocked := func(i item) bool {
		return i.Status == "refused" && strings.Contains(fact, i.recipient) &&
			(strings.HasPrefix(fact, "service-linked role") || strings.HasPrefix(fact, "Auto Scaling group") || strings.HasPrefix(fact, oldGrant))
	}
	return v.told.report.Outcome == "refused" ||
		v.spared(fact) ||
		slices.ContainsFunc(v.told.report.items(), func(i item) bool { return i.fact() == fact || blocked(i) })
}

// ending holds the error against the report, and both against what there is.
func (v *verdict) ending() {
	good := v.told.report.good()
	if fails := v.trial.mode != "continue" && !good; fails != (v.told.err != nil) {
		v.add("the outcome is %s, and the error %v", v.told.report.Outcome, v.told.err)
	}
	if v.trial.mode == "continue" && !good && !strings.Contains(v.told.said, "Warning: ") {
		v.add("the outcome is %s, and there is no warning", v.told.report.Outcome)
	}
	for _, fact := range differing(v.after, v.goal) {
		if good && !v.spared(fact) {
			v.add("the outcome is %s, and this is not as asked for: %s", v.told.report.Outcome, fact)
		}
	}
	if v.trial.kind.passes && len(v.trial.beside) == 0 && !good {
		v.add("the call succeeds when it is repeated, and the outcome is %s: %v", v.told.report.Outcome, v.told.err)
	}
	if changed := differing(v.before, v.after); v.told.report.Outcome == "unchanged" && len(changed) > 0 {
		v.add("the outcome is unchanged, and these have changed: %q", changed)
	}
	proofs := func(d document) int {
		return len(slices.DeleteFunc(d.items(), func(i item) bool {
			return !i.proof() || i.Status != "proved" && (i.Status != "skipped" || i.Reason == "")
		}))
	}
	if want := proofs(v.usual); good && proofs(v.told.report) != want {
		v.add("the outcome is %s, and not each of %d proofs is there or has a reason why not", v.told.report.Outcome, want)
	}
	v.silence()
}

// silence is about faults that go away when the call is made again: nobody is bothered with them.
func (v *verdict) silence() {
	for _, p := range slices.Concat(v.told.report.Failures, v.told.report.Warnings) {
		like := func(other problem) bool {
			return p.Account == other.Account && p.Region == other.Region && p.Doing == other.Doing && p.Cause == other.Cause
		}
		if v.trial.kind.passes && len(v.trial.beside) == 0 && !slices.ContainsFunc(v.usual.Warnings, like) {
			v.add("the call succeeds when it is repeated, and something is told: %+v", p)
		}
	}
}

// spared tells whether a grant was to go, and the report says that it stays: what can't be told is no reason to end one.
func (v *verdict) spared(fact string) bool {
	texts := v.told.report.LeftAlone
	for _, i := range v.told.report.items() {
		if i.fact() == fact && i.Status == "skipped" {
			texts = append(texts, i.Reason)
		}
	}
	return strings.HasPrefix(fact, "grant") && v.goal[fact] == "" && len(texts) > 0
}

// item holds an item against what there was, is, and was to be.
func (v *verdict) item(i item) {
	before, after, goal := v.before[i.fact()], v.after[i.fact()], v.goal[i.fact()]
	var ok bool
	switch i.Status {
	case "added":
		ok = !i.Removal && after == goal && (after != before || v.relabelled(i))
	case "proved":
		ok = i.Verified && i.proof() && !v.disproved(i)
	case "present":
		ok = !i.Removal && after == goal && after == before && after != ""
	case "removed":
		ok = i.Removal && after != before && after == goal
	case "undone", "skipped", "refused":
		ok = after == before
	case "left": // of several labels some may have been taken back
		ok = after != before && after == goal || i.Kind == labels && after == before
	case "failed": // or it was made, and verification did not see it
		ok = i.Reason != "" && (after == before || after == goal && v.looked(i))
	case "unknown":
		ok = (!v.trial.kind.clear || !v.trial.call.write) && i.Reason != "" && (after == before || after == goal)
	}
	if !ok {
		v.add("%s: the report says %q (removal: %t, reason: %s); before %q, after %q, asked for %q", i.fact(), i.Status, i.Removal, i.Reason, before, after, goal)
	}
	for _, part := range i.values() {
		if slices.Contains([]string{"added", "present", "left"}, i.Status) && !strings.Contains(after, part) {
			v.add("%s: the report says that it is %q, and it is %q", i.fact(), i.Value, after)
		}
	}
	if i.Kind == "parameter" && !strings.Contains(before, i.Previous) {
		v.add("%s: the report says that it was %q, and it was %q", i.fact(), i.Previous, before)
	}
	if i.Verified && after != goal {
		v.add("%s is verified, and not as asked for", i.fact())
	}
}

// relabelled tells whether an item is a label of a parameter with a new version: what had the label may have held the same.
func (v *verdict) relabelled(i item) bool {
	name, _, _ := strings.Cut(i.Resource, " ")
	parameter := strings.Join([]string{"parameter", i.recipient, i.Region, name}, " ")
	return i.Kind == labels && v.before[parameter] != v.after[parameter]
}

// disproved tells whether an account was never given what something is proved with.
func (v *verdict) disproved(i item) bool {
	c := v.trial.call
	with := map[string][]string{
		canary:       {"ec2:CreateLaunchTemplate", "autoscaling:CreateAutoScalingGroup"},
		"use of key": {"kms:ReEncrypt", "kms:GenerateDataKeyWithoutPlaintext"},
	}
	return strings.HasSuffix(v.trial.kind.name, ", for ever") && c.nth == 1 && c.account == i.recipient && c.region == i.Region && slices.Contains(with[i.Kind], c.action) &&
		!slices.ContainsFunc(v.trial.kind.faults(c), func(f awssim.Fault) bool { return f.AfterEffect || f.Cut || f.DelayMillis > 0 && !f.Drop })
}

// looked tells whether an item failed because verification could not see it: only these are looked at from inside, by reads
// of the account that were made to fail.
func (v *verdict) looked(i item) bool {
	return (i.Kind == "launch permission" || i.Kind == "grant") && !i.Removal && slices.ContainsFunc(v.trial.faults(), func(f awssim.Fault) bool {
		return f.Account == i.recipient && slices.Contains([]string{"ec2:DescribeImages", "kms:ListGrants", "iam:GetRole"}, f.Action)
	})
}

// again holds the second run, in which nothing fails, against what it did: what the first one has done is there.
func (v *verdict) again(told told, after facts) {
	second := &verdict{trial: trial{kind: kind{faults: func(call) []awssim.Fault { return nil }}}, before: v.after, after: after, goal: v.goal, told: told}
	if told.err != nil || !told.report.good() {
		second.add("it failed: %s: %v", told.report.Outcome, told.err)
	}
	second.items()
	if missing := differing(after, v.goal); len(missing) > 0 {
		second.add("these are not as asked for: %q", missing)
	}
	for _, wrong := range second.wrong {
		v.add("the second run: %s", wrong)
	}
}

// takenBack is about a rollback: what belongs to the AMIs is as it was or listed, and what stays is listed.
func (v *verdict) takenBack() {
	for _, fact := range differing(v.before, v.after) {
		listed := slices.ContainsFunc(v.told.report.eachLeft(), func(l leftover) bool { return l.about(fact) && (l.Problem != nil || !belongsToImage(fact)) })
		if !listed {
			v.add("%s is not as it was, and not listed as left", fact)
		}
	}
	for _, l := range v.told.report.Left {
		if l.Command == "" {
			v.add("there is no command for what is left: %s", l.Change)
		}
		if l.Problem == nil && l.Why == "" {
			v.add("there is no reason for what is left: %s", l.Change)
		}
	}
}

// about tells whether something that is left is what a fact is about: its command names all that the fact names.
func (l leftover) about(fact string) bool {
	words := strings.Fields(fact)
	resource := words[len(words)-1]
	switch {
	case strings.HasPrefix(fact, "launch permission"), strings.HasPrefix(fact, "snapshot permission"):
		return strings.Contains(l.Command, words[3]) && strings.Contains(l.Command, words[4])
	case strings.HasPrefix(fact, "grant"):
		return strings.Contains(l.Command, words[len(words)-2]) && strings.Contains(l.Change, resource)
	case strings.HasPrefix(fact, "service-linked"):
		return strings.Contains(l.Command, resource[strings.LastIndex(resource, "/")+1:])
	case strings.HasPrefix(fact, "shared tags"), strings.HasPrefix(fact, "watermark"): // in the account that owns the AMI
		return strings.Contains(l.Command, resource) && strings.Contains(l.Command, words[len(words)-2])
	case strings.HasPrefix(fact, "launch template"), strings.HasPrefix(fact, "default version"): // the command has the id
		command, region, account := "delete-launch-template-versions", words[len(words)-2], words[len(words)-3]
		if strings.HasPrefix(fact, "default version") {
			command = "modify-launch-template"
		}
		return strings.Contains(l.Change, resource) && strings.Contains(l.Command, command) && strings.Contains(l.Command, region) && strings.Contains(l.Command, account)
	case strings.HasPrefix(fact, labels):
		return strings.Contains(l.Command, words[4]) && strings.Contains(l.Command, words[3]) && strings.Contains(l.Command, words[2]) && strings.Contains(l.Command, resource)
	default:
		region, account := words[len(words)-2], words[len(words)-3]
		return strings.Contains(l.Command, resource) && strings.Contains(l.Command, region) && strings.Contains(l.Command, account)
	}
}

// canaries is about what verification makes, and the reports that a run asks for: it is gone, or a warning has the command that
// deletes it.
func (v *verdict) canaries() {
	for fact := range v.after {
		words := strings.Fields(fact)
		var command, name string
		switch {
		case words[0] != canary, strings.HasSuffix(fact, runningInstances): // they go with the group
			continue
		case v.before[fact] == v.after[fact]: // of a run before, which nobody has come to
			continue
		case words[len(words)-1] == "reports":
			command, name = "delete-image-usage-report --region "+words[2], "--report-id"
		case words[3] == canaryTemplate:
			command, name = "delete-launch-template --region "+words[2], words[4]
		default:
			command, name = "delete-auto-scaling-group --force-delete --region "+words[2], words[3]
		}
		if !slices.ContainsFunc(v.told.report.Warnings, func(p problem) bool { return strings.Contains(p.Remedy, command) && strings.Contains(p.Remedy, name) }) {
			v.add("%s is there, and no warning says how it is deleted", fact)
		}
	}
}
