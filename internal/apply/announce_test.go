// SPDX-License-Identifier: MPL-2.0

package apply_test

import (
	"context"
	"testing"

	"github.com/amishare/packer-plugin-ami-share/internal/apply"
	"github.com/amishare/packer-plugin-ami-share/internal/plan"
	"github.com/amishare/packer-plugin-ami-share/internal/sharing"
)

// writer carries out everything.
type writer struct{}

func (writer) Do(context.Context, plan.Change) (plan.Effect, error)   { return plan.Effect{}, nil }
func (writer) Undo(context.Context, plan.Change) (plan.Change, error) { return nil, nil }
func (writer) InUse(context.Context, plan.ModifyLaunchPermission) (plan.Usage, error) {
	return plan.Usage{}, nil
}

func TestOnlyWhatPassedIsAnnounced(t *testing.T) {
	image := sharing.ImageRef{Region: "eu-central-1", ID: "ami-1"}
	const owner, first, second = sharing.AccountID("111111111111"), sharing.AccountID("222222222222"), sharing.AccountID("333333333333")
	sees := func(account sharing.AccountID) sharing.Check {
		return sharing.Check{Scope: sharing.Scope{Account: account, Region: image.Region}, Subject: sharing.Subject{Images: []string{image.ID}}, OK: true}
	}
	fails := sees(second)
	fails.OK, fails.Problem = false, &sharing.Problem{Cause: "it is hidden"}
	refused := fails
	refused.Warning = true
	full := sharing.Check{Scope: refused.Scope, Subject: sharing.Subject{Setting: "canary"}, Problem: refused.Problem, Warning: true, Open: true}
	put := func(account sharing.AccountID, source bool) plan.Change {
		return plan.PutParameter{Where: plan.Where{Account: account, Source: source, Image: image}}
	}
	p := plan.Plan{
		Images:  []sharing.Image{{Ref: image, Owner: owner}},
		Targets: []sharing.Target{{Account: first, Credentials: true}, {Account: second, Credentials: true}},
		Changes: []plan.Change{put(owner, true), put(first, false), put(second, false)},
	}
	const done, skipped = apply.Done, apply.Skipped
	for sentence, test := range map[string]struct {
		checks []sharing.Check
		looked bool
		want   [3]apply.Status // the AMI as a whole, the first target, the second
		fails  bool            // for no other reason than that somebody could not look
	}{
		"both see the AMI":                {[]sharing.Check{sees(first), sees(second)}, true, [3]apply.Status{done, done, done}, false},
		"one does not see it":             {[]sharing.Check{sees(first), fails}, true, [3]apply.Status{skipped, done, skipped}, false},
		"one may not look":                {[]sharing.Check{sees(first), refused}, true, [3]apply.Status{skipped, done, skipped}, true},
		"no canary was started of it":     {[]sharing.Check{sees(first), sees(second), full}, true, [3]apply.Status{skipped, done, skipped}, true},
		"one was not looked into in time": {[]sharing.Check{sees(first)}, true, [3]apply.Status{skipped, done, skipped}, true},
		"nobody was to look":              {nil, false, [3]apply.Status{done, done, done}, false},
	} {
		t.Run(sentence, func(t *testing.T) {
			result := apply.Run(t.Context(), writer{}, p, apply.Options{})
			for _, outcome := range result.Outcomes {
				if outcome.Status != skipped {
					t.Errorf("the first act made %s", outcome.Change)
				}
			}
			apply.Announce(t.Context(), writer{}, p, &result, apply.Looks{Checks: test.checks, Looked: test.looked}, apply.Options{})
			if failed := len(result.Failures) == 1 && result.Failures[0].Scope.Account == second; failed != test.fails {
				t.Errorf("the failures are %v, want one of account %s: %t", result.Failures, second, test.fails)
			}
			for i, outcome := range result.Outcomes {
				if outcome.Status != test.want[i] || outcome.Status == skipped && outcome.Reason == "" {
					t.Errorf("%s: %s (%s), want %s", outcome.Change, outcome.Status, outcome.Reason, test.want[i])
				}
			}
		})
	}
}
