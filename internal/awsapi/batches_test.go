// SPDX-License-Identifier: MPL-2.0

package awsapi

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/amishare/packer-plugin-ami-share/internal/apply"
	"github.com/amishare/packer-plugin-ami-share/internal/awssim"
	"github.com/amishare/packer-plugin-ami-share/internal/plan"
	"github.com/amishare/packer-plugin-ami-share/internal/sharing"
)

// AWS takes 500 changes of a snapshot's permissions at once, refuses a batch for the sake of one account, and names one
// at a time.
func TestTwoClosedAccountsAmongSixHundred(t *testing.T) {
	request := sharing.Request{Images: []sharing.ImageRef{imageVirginia}, GrantOperations: sharing.DefaultGrantOperations()}
	for i := range 600 {
		request.Targets = append(request.Targets, sharing.Target{Account: sharing.AccountID(fmt.Sprintf("6%011d", i))})
	}
	closed := []string{string(request.Targets[7].Account), string(request.Targets[550].Account)}
	for name, tt := range map[string]struct {
		snapshots bool
		calls     map[string]int
	}{
		"AMIs alone":         {false, map[string]int{"ec2:ModifyImageAttribute": 3}},
		"AMIs and snapshots": {true, map[string]int{"ec2:ModifySnapshotAttribute": 2 * (2 + 2), "ec2:ModifyImageAttribute": 1}},
	} {
		t.Run(name, func(t *testing.T) {
			s := start(t, func(w *awssim.World) {
				region := w.Accounts[0].Regions[string(virginia)]
				region.ClosedAccounts = closed
				w.Accounts[0].Regions[string(virginia)] = region
			})
			request.ShareSnapshots = tt.snapshots
			c := s.client(Options{})
			facts, err := c.Observe(t.Context(), request)
			if err != nil {
				t.Fatal(err)
			}
			p, err := plan.Compute(request, facts)
			if err != nil {
				t.Fatal(err)
			}
			result := apply.Run(t.Context(), c, p, apply.Options{})
			failed := map[sharing.AccountID]bool{}
			for _, problem := range result.Failures {
				failed[problem.Scope.Account] = true
			}
			if diff := cmp.Diff(map[sharing.AccountID]bool{sharing.AccountID(closed[0]): true, sharing.AccountID(closed[1]): true}, failed); diff != "" {
				t.Errorf("accounts that failed (-want +got):\n%s", diff)
			}
			calls := map[string]int{}
			for action := range tt.calls {
				calls[action] = len(s.Of(action))
			}
			if diff := cmp.Diff(tt.calls, calls); diff != "" {
				t.Errorf("calls (-want +got):\n%s", diff)
			}
			facts, err = c.Observe(t.Context(), request)
			if err != nil || len(facts.Images[0].LaunchPermissions) != 598+1 { // and the one that was there before
				t.Errorf("%d launch permissions, %v", len(facts.Images[0].LaunchPermissions), err)
			}
		})
	}
}
