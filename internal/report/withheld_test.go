// SPDX-License-Identifier: MPL-2.0

package report

import (
	"testing"

	"github.com/amishare/packer-plugin-ami-share/internal/plan"
	"github.com/amishare/packer-plugin-ami-share/internal/sharing"
)

// A target that can't be entered has items of all that it does not get and that is known of: permissions, grants, tags and
// announcements. Tags of AWS's own are nobody's to copy.
func TestItemsOfABlockedTarget(t *testing.T) {
	const account, key = sharing.AccountID("222222222222"), "arn:aws:kms:eu-central-1:111111111111:key/1"
	image := sharing.Image{
		Ref: sharing.ImageRef{Region: "eu-central-1", ID: "ami-1"}, Owner: "111111111111", Tags: map[string]string{"os": "linux", "aws:stack": "s"},
		Snapshots: []sharing.Snapshot{{ID: "snap-1", KeyARN: key, Tags: map[string]string{"aws:stack": "s"}}},
	}
	target := sharing.Target{
		Account: account, Credentials: true, CopyTags: true, Grantees: []sharing.Grantee{{Service: sharing.AutoScalingService, Name: "AWSServiceRoleForAutoScaling"}},
		Announcements: sharing.Announcements{Parameters: []sharing.Parameter{{Name: "/golden/ami", Labels: []string{"live"}}}},
	}
	run := Run{
		Request: sharing.Request{ShareSnapshots: true},
		Plan: plan.Plan{
			Images: []sharing.Image{image}, Keys: []string{key}, Targets: []sharing.Target{target},
			Blocked: []sharing.Problem{{Scope: sharing.Scope{Account: account}, Cause: "nobody may enter"}},
		},
	}
	got := map[string]string{}
	for _, i := range run.items() {
		got[i.Kind.String()+" "+i.Resource] = string(i.Status) + ": " + i.Reason
	}
	for _, want := range []string{"launch permission ami-1", "snapshot permission snap-1", "grant " + key, "tags ami-1", "parameter /golden/ami", "parameter labels /golden/ami"} {
		if got[want] != "refused: nobody may enter" {
			t.Errorf("%s: %q", want, got[want])
		}
		delete(got, want)
	}
	if len(got) > 0 {
		t.Errorf("there are besides %v", got)
	}
}
