// SPDX-License-Identifier: MPL-2.0

package plan_test

import (
	"strings"
	"testing"

	"github.com/amishare/packer-plugin-ami-share/internal/plan"
	"github.com/amishare/packer-plugin-ami-share/internal/sharing"
)

func TestAListThatShrankNeedsForce(t *testing.T) {
	organization := sharing.Recipient{Kind: sharing.ToOrganization, ID: "arn:aws:organizations::111111111111:organization/o-abcdefghij"}
	public := sharing.Recipient{Kind: sharing.ToGroup, ID: "all"}
	one, two, three := sharing.Account("300000000001"), sharing.Account("300000000002"), sharing.Account("300000000003")
	for sentence, test := range map[string]struct {
		present []sharing.Recipient
		change  func(*sharing.Request)
		refused string // how many of how many
	}{
		"the only one is followed by another":        {[]sharing.Recipient{one}, nil, ""},
		"one of two leaves":                          {[]sharing.Recipient{sharing.Account(target), one}, nil, ""},
		"two of four leave":                          {[]sharing.Recipient{sharing.Account(target), one, two, organization}, func(r *sharing.Request) { r.Organizations = []string{organization.ID} }, ""},
		"two of three leave":                         {[]sharing.Recipient{sharing.Account(target), one, two}, nil, "2 of 3 recipients"},
		"both leave, and another comes":              {[]sharing.Recipient{one, two}, nil, "2 of 2 recipients"},
		"an organization and an account of two":      {[]sharing.Recipient{one, organization}, nil, "2 of 2 recipients"},
		"the public is no recipient":                 {[]sharing.Recipient{public, one, two, three, sharing.Account(target)}, nil, "3 of 4 recipients: " + one.ID + ", " + two.ID + ", " + three.ID},
		"nobody is named for the Region":             {[]sharing.Recipient{one}, func(r *sharing.Request) { r.Targets[0].Regions = []sharing.Region{virginia} }, "1 of 1 recipient"},
		"nobody is named, and nobody has it":         {nil, func(r *sharing.Request) { r.Targets[0].Regions = []sharing.Region{virginia} }, ""},
		"it is forced":                               {[]sharing.Recipient{one, two}, func(r *sharing.Request) { r.ForceRemoval = true }, ""},
		"nothing is removed without exact":           {[]sharing.Recipient{one, two}, func(r *sharing.Request) { r.Exact = false }, ""},
		"who has it through an organization stays":   {[]sharing.Recipient{sharing.Account(target), one}, func(r *sharing.Request) { r.Targets[0].ThroughOrganization = true }, ""},
		"a target without access counts like others": {[]sharing.Recipient{sharing.Account(target), one}, func(r *sharing.Request) { r.Targets[0].Credentials = false }, ""},
	} {
		t.Run(sentence, func(t *testing.T) {
			r, f := ask()
			r.Exact, f.Images[0].LaunchPermissions = true, test.present
			if test.change != nil {
				test.change(&r)
			}
			_, err := plan.Compute(r, f)
			switch {
			case test.refused == "" && err != nil:
				t.Error(err)
			case test.refused != "" && (err == nil || !strings.Contains(err.Error(), "exact would take it from "+test.refused) || !strings.Contains(err.Error(), "force_removal = true")):
				t.Errorf("the error is %v", err)
			}
		})
	}
}

func TestWhoLaunchesByAPermissionOfTheirOwnIsTold(t *testing.T) {
	r, f := ask()
	r.Exact = true
	f.Images[0].LaunchPermissions = []sharing.Recipient{sharing.Account(target), sharing.Account("300000000001")}
	changes := mustCompute(t, r, f).Changes
	removal, ok := changes[len(changes)-1].(plan.ModifyLaunchPermission)
	want := []sharing.AccountID{owner, target, "300000000001"}
	if !ok || !removal.Unused || len(removal.Own) != 3 || removal.Own[0] != want[0] || removal.Own[1] != want[1] || removal.Own[2] != want[2] {
		t.Errorf("the removal is %+v", changes[len(changes)-1])
	}
	r.ForceRemoval = true
	changes = mustCompute(t, r, f).Changes
	if removal, ok := changes[len(changes)-1].(plan.ModifyLaunchPermission); !ok || removal.Unused || removal.Own != nil {
		t.Errorf("the removal that is forced is %+v", changes[len(changes)-1])
	}
}
