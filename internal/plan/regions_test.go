// SPDX-License-Identifier: MPL-2.0

package plan_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/amishare/packer-plugin-ami-share/internal/plan"
	"github.com/amishare/packer-plugin-ami-share/internal/sharing"
)

// twoRegions is ask with a second AMI in another Region.
func twoRegions() (sharing.Request, sharing.Facts) {
	r, f := ask()
	r.Images = append(r.Images, sharing.ImageRef{Region: virginia, ID: "ami-b"})
	f.Images = append(f.Images, sharing.Image{
		Ref: r.Images[1], Owner: owner, State: "available", Tags: map[string]string{"os": "linux"},
		Snapshots: []sharing.Snapshot{{ID: "snap-b", Encrypted: true, KeyARN: keyARN(virginia, 1)}},
	})
	f.Keys[keyARN(virginia, 1)] = sharing.Key{ARN: keyARN(virginia, 1), Described: true, State: "Enabled", GrantsListed: true}
	return r, f
}

func TestATargetGetsNothingInARegionThatItLeavesOut(t *testing.T) {
	r, f := twoRegions()
	r.Targets[0].Regions, r.Targets[0].CopyTags, r.Targets[0].AutoScalingGroups = []sharing.Region{frankfurt}, true, []string{"web"}
	facts := f.Targets[target]
	facts.Groups = []sharing.AutoScalingGroup{{Region: frankfurt, Name: "web", RoleARN: slr}, {Region: virginia, Name: "web", RoleARN: "another"}}
	f.Targets[target] = facts
	if diff := cmp.Diff([]string{createGrant, shareSnapshot, shareImage}, texts(mustCompute(t, r, f).Changes)); diff != "" {
		t.Errorf("changes (-want +got):\n%s", diff)
	}
}

func TestAGroupThatAServiceManagesBlocks(t *testing.T) {
	for role, blocked := range map[string]int{"another": 1, slr: 0} {
		r, f := ask()
		r.Targets[0].AutoScalingGroups = []string{"web"}
		facts := f.Targets[target]
		facts.Groups = []sharing.AutoScalingGroup{{Region: frankfurt, Name: "web", RoleARN: role, Operator: "eks.amazonaws.com"}}
		f.Targets[target] = facts
		p := mustCompute(t, r, f)
		if len(p.Blocked) != blocked || blocked > 0 && !strings.Contains(p.Blocked[0].Error(), "eks.amazonaws.com manages it") {
			t.Errorf("with the role %s: %v", role, p.Blocked)
		}
	}
}

func TestExactTakesAwayInARegionThatATargetLeavesOut(t *testing.T) {
	r, f := twoRegions()
	r.Exact, r.ForceRemoval, r.Targets[0].Regions = true, true, []sharing.Region{frankfurt}
	f.Images[1].LaunchPermissions = []sharing.Recipient{sharing.Account(target)}
	var removed []sharing.ImageRef
	for _, change := range mustCompute(t, r, f).Changes {
		if permission, ok := change.(plan.ModifyLaunchPermission); ok && permission.Operation == plan.Remove {
			removed = append(removed, permission.Image)
		}
	}
	if diff := cmp.Diff([]sharing.ImageRef{{Region: virginia, ID: "ami-b"}}, removed); diff != "" {
		t.Errorf("removed (-want +got):\n%s", diff)
	}
}

func TestARoleIsNotMissedWhereATargetGetsNoGrant(t *testing.T) {
	r, f := ask()
	r.Targets[0].Regions, f.Targets = []sharing.Region{virginia}, nil
	if p := mustCompute(t, r, f); len(p.Blocked)+len(p.Changes) > 0 {
		t.Errorf("blocked %v, changes %q", p.Blocked, texts(p.Changes))
	}
}

func TestARegionThatOnlyTargetsNameIsNoted(t *testing.T) {
	r, f := twoRegions()
	r.Targets[0].Regions = []sharing.Region{frankfurt, "ap-south-1"}
	want := "nothing is shared in ap-south-1, which the regions of account " + string(target) + " name: no AMI of this run is there"
	if notes := mustCompute(t, r, f).Notes; !slices.Equal(notes, []string{want}) {
		t.Errorf("notes %q", notes)
	}
	r.Targets[0].Regions = []sharing.Region{frankfurt, virginia}
	if notes := mustCompute(t, r, f).Notes; len(notes) > 0 {
		t.Errorf("notes %q", notes)
	}
}

func TestAnAccountThroughAnOrganizationGetsAllButLaunchPermission(t *testing.T) {
	r, f := ask()
	r.Targets[0].ThroughOrganization, r.Exact = true, true
	r.OrganizationalUnits = []string{"arn:aws:organizations::111111111111:ou/o-abcdefghij/ou-abcd-12345678"}
	unit := sharing.Recipient{Kind: sharing.ToOrganizationalUnit, ID: r.OrganizationalUnits[0]}
	for name, there := range map[string][]sharing.Recipient{"none of its own": nil, "one of its own, which stays": {sharing.Account(target)}} {
		t.Run(name, func(t *testing.T) {
			f.Images[0].LaunchPermissions = there
			changes := mustCompute(t, r, f).Changes
			if diff := cmp.Diff([]string{createGrant, shareSnapshot, shareImage}, texts(changes)); diff != "" {
				t.Errorf("changes (-want +got):\n%s", diff)
			}
			i := slices.IndexFunc(changes, func(c plan.Change) bool { _, ok := c.(plan.ModifyLaunchPermission); return ok })
			if diff := cmp.Diff([]sharing.Recipient{unit}, changes[i].(plan.ModifyLaunchPermission).Recipients); diff != "" {
				t.Errorf("recipients (-want +got):\n%s", diff)
			}
		})
	}
}

func TestTheQuotaDoesNotCountWhoIsSharedWithThroughAnOrganization(t *testing.T) {
	r, f := ask()
	r.SharingQuota = 1
	r.OrganizationalUnits = []string{"arn:aws:organizations::111111111111:ou/o-abcdefghij/ou-abcd-12345678"}
	if _, err := plan.Compute(r, f); err == nil {
		t.Error("two recipients are taken where the quota is one")
	}
	r.Targets[0].ThroughOrganization = true
	mustCompute(t, r, f)
}
