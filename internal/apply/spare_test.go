// SPDX-License-Identifier: MPL-2.0

package apply_test

import (
	"context"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/amishare/packer-plugin-ami-share/internal/apply"
	"github.com/amishare/packer-plugin-ami-share/internal/plan"
	"github.com/amishare/packer-plugin-ami-share/internal/sharing"
)

// unsharing takes an AMI, its snapshot and the grants from two accounts.
func unsharing(recipients ...sharing.Recipient) plan.Plan {
	removal := plan.ModifyLaunchPermission{Image: image(frankfurt), Operation: plan.Remove, Unused: true, Recipients: recipients}
	retire := func(account sharing.AccountID) plan.Change {
		return plan.RetireGrant{Account: account, Region: frankfurt, KeyARN: grant(one, frankfurt).KeyARN, GrantID: "g-" + string(account), Unused: true}
	}
	snapshot := plan.ModifySnapshotPermission{Image: image(frankfurt), Snapshot: "snap-a", Operation: plan.Remove, Accounts: []sharing.AccountID{one, two}}
	return plan.Plan{Changes: []plan.Change{removal, snapshot, retire(one), retire(two)}}
}

func TestWhoUsesAnAMIKeepsAllOfIt(t *testing.T) {
	organization := sharing.Recipient{Kind: sharing.ToOrganization, ID: "arn:aws:organizations::111111111111:organization/o-abcdefghij"}
	const image, snapshot, grants = "stop sharing the AMI ami-a with ", "stop sharing the snapshot snap-a with ", "retire the grant g-"
	const on = " of  on the key arn:aws:kms:eu-central-1:999999999999:key/k ()"
	for sentence, test := range map[string]struct {
		recipients []sharing.Recipient
		uses       []plan.Use
		blind      error
		want       []string
		warnings   int
		failures   int
	}{
		"nobody does": {[]sharing.Recipient{sharing.Account(one), sharing.Account(two)}, nil, nil, []string{
			image + "2 recipients: done", snapshot + "2 accounts: done", grants + string(one) + on + ": done", grants + string(two) + on + ": done",
		}, 0, 0},
		"one does": {[]sharing.Recipient{sharing.Account(one), sharing.Account(two)}, []plan.Use{{Recipient: sharing.Account(one), What: "1 instance"}}, nil, []string{
			image + "1 recipient: left", image + "1 recipient: done", snapshot + "1 account: left", snapshot + "1 account: done",
			grants + string(one) + on + ": left", grants + string(two) + on + ": done",
		}, 1, 0},
		"members of an organization do": {[]sharing.Recipient{organization}, []plan.Use{{Recipient: organization, What: "x"}}, nil, []string{
			image + "1 recipient: left", snapshot + "2 accounts: done", grants + string(one) + on + ": left", grants + string(two) + on + ": left",
		}, 1, 0},
		"AWS does not say": {[]sharing.Recipient{sharing.Account(one)}, nil, errors.New("denied"), []string{
			image + "1 recipient: failed", snapshot + "1 account: skipped", snapshot + "1 account: done", grants + string(one) + on + ": skipped", grants + string(two) + on + ": done",
		}, 0, 1},
		"AWS does not say of an organization": {[]sharing.Recipient{organization}, nil, errors.New("denied"), []string{
			image + "1 recipient: failed", snapshot + "2 accounts: done", grants + string(one) + on + ": left", grants + string(two) + on + ": left",
		}, 0, 1},
		"the run is interrupted": {[]sharing.Recipient{sharing.Account(one)}, nil, context.Canceled, []string{
			image + "1 recipient: skipped", snapshot + "1 account: left", snapshot + "1 account: done", grants + string(one) + on + ": left", grants + string(two) + on + ": done",
		}, 0, 0},
	} {
		t.Run(sentence, func(t *testing.T) {
			w := newWorld()
			w.uses, w.blind = test.uses, test.blind
			r := apply.Run(t.Context(), w, unsharing(test.recipients...), apply.Options{Concurrency: 1})
			if diff := cmp.Diff(test.want, statuses(r)); diff != "" || len(r.Warnings) != test.warnings || len(r.Failures) != test.failures {
				t.Errorf("warnings %v, failures %v, outcomes (-want +got):\n%s", r.Warnings, r.Failures, diff)
			}
		})
	}
}

func TestWhatIsForcedIsNotAsked(t *testing.T) {
	w := newWorld()
	p := unsharing(sharing.Account(one))
	removal := p.Changes[0].(plan.ModifyLaunchPermission)
	removal.Unused, p.Changes[0] = false, nil
	p.Changes[0] = removal
	apply.Run(t.Context(), w, p, apply.Options{})
	if w.calls[0] != "stop sharing the AMI ami-a with 1 recipient" {
		t.Errorf("calls: %q", w.calls)
	}
}
