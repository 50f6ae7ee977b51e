// SPDX-License-Identifier: MPL-2.0

package plan_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/amishare/packer-plugin-ami-share/internal/plan"
	"github.com/amishare/packer-plugin-ami-share/internal/sharing"
)

const target = sharing.AccountID("222222222222")

var slr = autoscaling("").ARN("aws", target)

// ask is a request to share one AMI with one account whose role exists, and the facts of a world where nothing is shared.
func ask() (sharing.Request, sharing.Facts) {
	r := sharing.Request{
		Images: []sharing.ImageRef{{Region: frankfurt, ID: "ami-a"}}, ShareSnapshots: true, GrantOperations: sharing.DefaultGrantOperations(),
		Targets: []sharing.Target{{Account: target, Credentials: true, Grantees: []sharing.Grantee{autoscaling("")}}},
	}
	f := sharing.Facts{
		Partition: "aws",
		Images: []sharing.Image{{
			Ref: r.Images[0], Owner: owner, State: "available",
			Snapshots: []sharing.Snapshot{{ID: "snap-a", Encrypted: true, KeyARN: keyARN(frankfurt, 1)}},
		}},
		Keys: map[string]sharing.Key{keyARN(frankfurt, 1): {ARN: keyARN(frankfurt, 1), Described: true, State: "Enabled", GrantsListed: true}},
		Targets: map[sharing.AccountID]sharing.TargetFacts{target: {
			Roles: map[sharing.Grantee]sharing.Role{autoscaling(""): {Exists: true, ARN: slr, UniqueID: "AROATHISONE"}},
		}},
	}
	return r, f
}

func texts(changes []plan.Change) []string {
	var all []string
	for _, change := range changes {
		all = append(all, change.String())
	}
	return all
}

func grantOf(change func(*sharing.Grant)) sharing.Grant {
	g := sharing.Grant{ID: "g-1", Name: sharing.GrantName(target, slr), Issuer: target, Grantee: slr, Operations: sharing.DefaultGrantOperations()}
	change(&g)
	return g
}

const (
	shareSnapshot = "share the snapshot snap-a with 1 account"
	shareImage    = "share the AMI ami-a with 1 recipient"
)

var createGrant = "grant the key " + keyARN(frankfurt, 1) + " to " + slr

func TestChanges(t *testing.T) {
	withGrant := func(change func(*sharing.Grant)) func(*sharing.Request, *sharing.Facts) {
		return func(_ *sharing.Request, f *sharing.Facts) {
			key := f.Keys[keyARN(frankfurt, 1)]
			key.Grants = []sharing.Grant{grantOf(change)}
			f.Keys[keyARN(frankfurt, 1)] = key
		}
	}
	retire := func(grantee, why string) string {
		return "retire the grant g-1 of " + grantee + " on the key " + keyARN(frankfurt, 1) + " (" + why + ")"
	}
	operations := "its operations are others: Decrypt"
	tests := map[string]struct {
		change func(*sharing.Request, *sharing.Facts)
		want   []string
	}{
		"grants come first, the AMI's permission last": {nil, []string{createGrant, shareSnapshot, shareImage}},
		"snapshots can be left out": {
			func(r *sharing.Request, _ *sharing.Facts) { r.ShareSnapshots = false }, []string{createGrant, shareImage},
		},
		"a target without grantees gets permissions only": {
			func(r *sharing.Request, _ *sharing.Facts) { r.Targets[0].Grantees = nil }, []string{shareSnapshot, shareImage},
		},
		"a grant that is there is kept": {withGrant(func(*sharing.Grant) {}), []string{shareSnapshot, shareImage}},
		"a grant whose role KMS shows by its id is kept": {
			withGrant(func(g *sharing.Grant) { g.Grantee = "AROATHISONE" }), []string{shareSnapshot, shareImage},
		},
		"operations may be in any order": {
			withGrant(func(g *sharing.Grant) { slices.Reverse(g.Operations) }), []string{shareSnapshot, shareImage},
		},
		"a grant of a deleted role is made again": {
			withGrant(func(g *sharing.Grant) { g.Grantee = "AROADEAD" }),
			[]string{createGrant, shareSnapshot, shareImage, retire("AROADEAD", "its role was deleted, and a role made again under the same name needs a grant of its own")},
		},
		"a grant from another account is made again": {
			withGrant(func(g *sharing.Grant) { g.Issuer = owner }),
			[]string{createGrant, shareSnapshot, shareImage, retire(slr, "it was issued from account 111111111111, and only one issued from account 222222222222 works there")},
		},
		"a grant with other operations is made again": {
			withGrant(func(g *sharing.Grant) { g.Operations = []string{"Decrypt"} }),
			[]string{createGrant, shareSnapshot, shareImage, retire(slr, operations)},
		},
		"a grant with a constraint is made again": {
			withGrant(func(g *sharing.Grant) { g.Constrained = true }), []string{createGrant, shareSnapshot, shareImage, retire(slr, "it carries a constraint")},
		},
		"a grant of which KMS names no issuer is kept": {
			withGrant(func(g *sharing.Grant) { g.Issuer = "" }), []string{shareSnapshot, shareImage},
		},
		"a grant of which KMS names no grantee is kept": {
			withGrant(func(g *sharing.Grant) { g.Grantee = "" }), []string{shareSnapshot, shareImage},
		},
		"a grant whose grantee has no path is kept": {
			withGrant(func(g *sharing.Grant) { g.Grantee = "arn:aws:iam::222222222222:role/AWSServiceRoleForAutoScaling" }), []string{shareSnapshot, shareImage},
		},
		"a grant whose grantee is a service is kept": {
			withGrant(func(g *sharing.Grant) { g.Grantee = "autoscaling.amazonaws.com" }), []string{shareSnapshot, shareImage},
		},
		"a grant of which KMS names no operations is kept": {
			withGrant(func(g *sharing.Grant) { g.Operations = nil }), []string{shareSnapshot, shareImage},
		},
		"a grant that may be that of a deleted role is asked for again, and stays": {
			func(r *sharing.Request, f *sharing.Facts) {
				f.Targets[target].Roles[autoscaling("")] = sharing.Role{Exists: true, ARN: slr}
				withGrant(func(g *sharing.Grant) { g.Grantee = "AROAUNKNOWN" })(r, f)
			}, []string{createGrant, shareSnapshot, shareImage},
		},
		"a grant of which too little is known is kept, with those that are known to be wrong": {
			func(_ *sharing.Request, f *sharing.Facts) {
				key := f.Keys[keyARN(frankfurt, 1)]
				key.Grants = []sharing.Grant{grantOf(func(g *sharing.Grant) { g.Issuer = "" }), grantOf(func(g *sharing.Grant) { g.ID, g.Operations = "g-2", []string{"Decrypt"} })}
				f.Keys[keyARN(frankfurt, 1)] = key
			}, []string{shareSnapshot, shareImage},
		},
		"a grant of others is no grant of ours, and stays": {
			withGrant(func(g *sharing.Grant) { g.Name = "by-hand" }), []string{createGrant, shareSnapshot, shareImage},
		},
		"a missing service-linked role is created if asked": {
			func(r *sharing.Request, f *sharing.Facts) {
				r.Targets[0].CreateServiceLinkedRoles = true
				f.Targets[target].Roles[autoscaling("")] = sharing.Role{}
			},
			[]string{"create the service-linked role " + slr, createGrant, shareSnapshot, shareImage},
		},
		"an AMI without encryption needs neither grants nor roles": {
			func(r *sharing.Request, f *sharing.Facts) {
				r.AllowUnencrypted = true
				f.Images[0].Snapshots[0] = sharing.Snapshot{ID: "snap-a"}
				f.Targets[target].Roles[autoscaling("")] = sharing.Role{}
			},
			[]string{shareSnapshot, shareImage},
		},
		"without exact what nobody names stays": {
			func(_ *sharing.Request, f *sharing.Facts) {
				f.Images[0].LaunchPermissions = []sharing.Recipient{sharing.Account("999999999999")}
			},
			[]string{createGrant, shareSnapshot, shareImage},
		},
		"with exact it goes, last and the other way round": {
			func(r *sharing.Request, f *sharing.Facts) {
				r.Exact = true
				f.Images[0].LaunchPermissions = []sharing.Recipient{sharing.Account("999999999999"), {Kind: sharing.ToGroup, ID: "all"}}
				f.Images[0].Snapshots[0].Recipients = []sharing.Recipient{sharing.Account("999999999999")}
			},
			[]string{createGrant, shareSnapshot, shareImage, "stop sharing the AMI ami-a with 1 recipient", "stop sharing the snapshot snap-a with 1 account"},
		},
		"organizations go into the AMI's one call": {
			func(r *sharing.Request, _ *sharing.Facts) {
				r.Organizations = []string{"arn:aws:organizations::111111111111:organization/o-abcdefghij"}
			},
			[]string{createGrant, shareSnapshot, "share the AMI ami-a with 2 recipients"},
		},
		"tags are copied but for AWS's own, and only where they differ": {
			func(r *sharing.Request, f *sharing.Facts) {
				r.Targets[0].CopyTags = true
				f.Images[0].Tags = map[string]string{"os": "linux", "team": "images", "aws:stack": "x"}
				facts := f.Targets[target]
				facts.Tags = map[sharing.Region]map[string]map[string]string{frankfurt: {"ami-a": {"os": "linux"}}}
				f.Targets[target] = facts
			},
			[]string{createGrant, shareSnapshot, shareImage, "tag ami-a in account 222222222222: team"},
		},
		"a group is pointed at the role": {
			func(r *sharing.Request, f *sharing.Facts) {
				r.Targets[0].AutoScalingGroups = []string{"web"}
				facts := f.Targets[target]
				facts.Groups = []sharing.AutoScalingGroup{{Region: frankfurt, Name: "web", RoleARN: "arn:aws:iam::222222222222:role/other"}}
				f.Targets[target] = facts
			},
			[]string{createGrant, shareSnapshot, shareImage, "point the Auto Scaling group web at " + slr},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			r, f := ask()
			if test.change != nil {
				test.change(&r, &f)
			}
			p := mustCompute(t, r, f)
			if diff := cmp.Diff(test.want, texts(p.Changes)); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
			if len(p.Blocked) > 0 {
				t.Errorf("blocked: %v", p.Blocked)
			}
		})
	}
}

func TestRefusals(t *testing.T) {
	tests := map[string]struct {
		change func(*sharing.Request, *sharing.Facts)
		want   []string
	}{
		"a key that AWS manages, in AWS's own words": {
			func(_ *sharing.Request, f *sharing.Facts) {
				f.Keys[keyARN(frankfurt, 1)] = sharing.Key{AWSManaged: true, Described: true, State: "Enabled", GrantsListed: true}
			},
			[]string{"managed by AWS", "Encrypted snapshots with EBS default key cannot be shared", "kms_key_id", "region_kms_key_ids", "snap-a"},
		},
		"a disabled key": {
			func(_ *sharing.Request, f *sharing.Facts) {
				f.Keys[keyARN(frankfurt, 1)] = sharing.Key{Described: true, State: "Disabled", GrantsListed: true}
			},
			[]string{"the key is disabled", "aws kms enable-key"},
		},
		"an unencrypted snapshot": {
			func(_ *sharing.Request, f *sharing.Facts) { f.Images[0].Snapshots[0].Encrypted = false }, []string{"snap-a is not encrypted", "encrypt_boot", "allow_unencrypted"},
		},
		"an AMI without snapshots": {
			func(_ *sharing.Request, f *sharing.Facts) { f.Images[0].Snapshots = nil }, []string{"no EBS snapshots"},
		},
		"an AMI that does not exist": {
			func(_ *sharing.Request, f *sharing.Facts) { f.Images[0].State = sharing.ImageMissing }, []string{"ami-a", "eu-central-1", "does not exist"},
		},
		"a disabled AMI": {
			func(_ *sharing.Request, f *sharing.Facts) { f.Images[0].State = "disabled" }, []string{"aws ec2 enable-image --region eu-central-1 --image-id ami-a"},
		},
		"a pending AMI": {
			func(_ *sharing.Request, f *sharing.Facts) { f.Images[0].State = "pending" }, []string{"still pending"},
		},
		"more recipients than AWS's quota": {
			func(r *sharing.Request, _ *sharing.Facts) {
				for n := range 1000 {
					r.Targets = append(r.Targets, sharing.Target{Account: sharing.AccountID(fmt.Sprintf("%012d", 300+n))})
				}
			},
			[]string{"1001 accounts", "1000", "organization_arns"},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			r, f := ask()
			test.change(&r, &f)
			p, err := plan.Compute(r, f)
			if _, ok := errors.AsType[sharing.Problems](err); !ok {
				t.Fatalf("error %v, want a refusal; plan %v", err, p.Changes)
			}
			for _, want := range test.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("%q does not name %q", err, want)
				}
			}
		})
	}
}

func TestEveryReasonIsTold(t *testing.T) {
	r, f := ask()
	f.Images[0].Snapshots = append(f.Images[0].Snapshots, sharing.Snapshot{ID: "snap-plain"})
	f.Keys[keyARN(frankfurt, 1)] = sharing.Key{AWSManaged: true}
	_, err := plan.Compute(r, f)
	for _, want := range []string{"snap-plain is not encrypted", "managed by AWS"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v does not name %q", err, want)
		}
	}
}

func TestBlockedTargets(t *testing.T) {
	tests := map[string]struct {
		change func(*sharing.Request, *sharing.Facts)
		want   []string
	}{
		"a missing service-linked role, with the option and the command": {
			func(_ *sharing.Request, f *sharing.Facts) { f.Targets[target].Roles[autoscaling("")] = sharing.Role{} },
			[]string{"does not exist", "create_service_linked_roles = true", "aws iam create-service-linked-role --aws-service-name autoscaling.amazonaws.com"},
		},
		"another role that is missing is never created": {
			func(r *sharing.Request, _ *sharing.Facts) {
				r.Targets[0].CreateServiceLinkedRoles = true
				r.Targets[0].Grantees = []sharing.Grantee{{Path: "/", Name: "karpenter"}}
			},
			[]string{"arn:aws:iam::222222222222:role/karpenter", "grantee_roles"},
		},
		"a group that exists nowhere": {
			func(r *sharing.Request, _ *sharing.Facts) { r.Targets[0].AutoScalingGroups = []string{"web"} }, []string{"Auto Scaling group web", "eu-central-1"},
		},
		"a role that can't be assumed": {
			func(_ *sharing.Request, f *sharing.Facts) {
				f.Targets[target] = sharing.TargetFacts{Problems: []sharing.Problem{{Scope: sharing.Scope{Account: target}, Doing: "assuming the role"}}}
			},
			[]string{"assuming the role"},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			r, f := ask()
			test.change(&r, &f)
			p := mustCompute(t, r, f)
			if len(p.Blocked) != 1 || len(p.Changes) != 0 {
				t.Fatalf("blocked %v, changes %v", p.Blocked, texts(p.Changes))
			}
			for _, want := range test.want {
				if !strings.Contains(p.Blocked[0].Error(), want) {
					t.Errorf("%q does not name %q", p.Blocked[0], want)
				}
			}
		})
	}
}

func TestOwnAccountWithoutRolesIsLeftOut(t *testing.T) {
	r, f := ask()
	r.Targets[0] = sharing.Target{Account: owner, Credentials: true}
	p := mustCompute(t, r, f)
	if !p.Empty() || len(p.Targets) != 0 || len(p.Notes) != 1 || !strings.Contains(p.Notes[0], "owns the AMIs") {
		t.Errorf("changes %v, notes %q", texts(p.Changes), p.Notes)
	}
}

func TestOwnAccountGetsGrantsAndKeepsItsPermissions(t *testing.T) {
	r, f := ask()
	r.Targets[0].Account, r.Exact = owner, true
	f.Targets = map[sharing.AccountID]sharing.TargetFacts{owner: {Roles: map[sharing.Grantee]sharing.Role{autoscaling(""): {Exists: true}}}}
	f.Images[0].LaunchPermissions = []sharing.Recipient{sharing.Account(owner)}
	f.Images[0].Snapshots[0].Recipients = []sharing.Recipient{sharing.Account(owner)}
	p := mustCompute(t, r, f)
	want := []string{"grant the key " + keyARN(frankfurt, 1) + " to " + autoscaling("").ARN("aws", owner)}
	if diff := cmp.Diff(want, texts(p.Changes)); diff != "" || len(p.Notes) != 1 || !strings.Contains(p.Notes[0], "its roles get grants") {
		t.Errorf("notes %q, -want +got:\n%s", p.Notes, diff)
	}
}

func TestOwnAccountGetsGrantsOnTheKeyOfAThirdAccount(t *testing.T) {
	const foreign = "arn:aws:kms:eu-central-1:333333333333:key/00000001-0000-4000-8000-000000000000"
	r, f := ask()
	r.Targets[0].Account = owner
	f.Images[0].Snapshots[0].KeyARN = foreign
	f.Keys = map[string]sharing.Key{foreign: {ARN: foreign}}
	f.Targets = map[sharing.AccountID]sharing.TargetFacts{owner: {Roles: map[sharing.Grantee]sharing.Role{
		autoscaling(""): {Exists: true, ARN: autoscaling("").ARN("aws", owner)},
	}}}
	want := []string{"grant the key " + foreign + " to " + autoscaling("").ARN("aws", owner)}
	if diff := cmp.Diff(want, texts(mustCompute(t, r, f).Changes)); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

// TestAnImageThatIsOnlyCopied has an AMI of the build Region that EC2 does not show.
func TestAnImageThatIsOnlyCopied(t *testing.T) {
	gone := sharing.ImageRef{Region: virginia, ID: "ami-gone"}
	for name, test := range map[string]struct {
		change func(*sharing.Request, *sharing.Facts)
		passed bool
	}{
		"the others are copies of it":          {func(*sharing.Request, *sharing.Facts) {}, true},
		"another was made of something else":   {func(_ *sharing.Request, f *sharing.Facts) { f.Images[0].CopyOf.ID = "ami-temporary" }, false},
		"EC2 does not say what they are of":    {func(_ *sharing.Request, f *sharing.Facts) { f.Images[0].CopyOf = sharing.ImageRef{} }, false},
		"it is of another Region":              {func(r *sharing.Request, _ *sharing.Facts) { r.BuildRegion = "eu-west-1" }, false},
		"nothing is known of the build Region": {func(r *sharing.Request, _ *sharing.Facts) { r.BuildRegion = "" }, false},
		"there is no other":                    {func(_ *sharing.Request, f *sharing.Facts) { f.Images = f.Images[1:] }, false},
		"it is still pending":                  {func(_ *sharing.Request, f *sharing.Facts) { f.Images[1].State = "pending" }, false},
	} {
		t.Run(name, func(t *testing.T) {
			r, f := ask()
			r.BuildRegion, f.Images[0].CopyOf = virginia, gone
			f.Images = append(f.Images, sharing.Image{Ref: gone, State: sharing.ImageMissing})
			test.change(&r, &f)
			p, err := plan.Compute(r, f)
			if (err == nil) != test.passed || test.passed && (len(p.Images) != 1 || !strings.Contains(strings.Join(p.Notes, ""), "skip_save_build_region")) {
				t.Errorf("AMIs %v, notes %q, error %v", p.Images, p.Notes, err)
			}
		})
	}
}

func TestSnapshotsAreSharedWithFiveHundredAccountsACall(t *testing.T) {
	r, f := ask()
	r.Targets = nil
	for n := range 750 {
		r.Targets = append(r.Targets, sharing.Target{Account: sharing.AccountID(fmt.Sprintf("%012d", 300+n))})
	}
	want := []string{"share the snapshot snap-a with 500 accounts", "share the snapshot snap-a with 250 accounts", "share the AMI ami-a with 750 recipients"}
	if diff := cmp.Diff(want, texts(mustCompute(t, r, f).Changes)); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestExactTellsWhatItLeavesAlone(t *testing.T) {
	r, f := ask()
	r.Exact, r.ExactGrants = true, true
	f.Images[0].LaunchPermissions = []sharing.Recipient{{Kind: sharing.ToGroup, ID: "all"}}
	key := f.Keys[keyARN(frankfurt, 1)]
	key.Grants = []sharing.Grant{grantOf(func(g *sharing.Grant) { g.Name = "by-hand" }), grantOf(func(g *sharing.Grant) { g.Name = sharing.GrantNamePrefix + "999999999999:x" })}
	key.SharedWith, key.SharingKnown = []sharing.Recipient{sharing.Account("999999999999")}, true
	f.Keys[keyARN(frankfurt, 1)] = key
	want := []string{
		"the AMI ami-a (eu-central-1) is public", "1 grant on the key " + keyARN(frankfurt, 1) + ": not made by this plugin",
		"1 grant on the key " + keyARN(frankfurt, 1) + " that no target names: AMIs under the key are shared with their accounts, or may be",
	}
	if diff := cmp.Diff(want, mustCompute(t, r, f).Foreign); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

// TestExactGrants has one grant that no target names.
func TestExactGrants(t *testing.T) {
	organization := sharing.Recipient{Kind: sharing.ToOrganization, ID: "arn:aws:organizations::111111111111:organization/o-abcdefghij"}
	for name, test := range map[string]struct {
		change func(*sharing.Request, *sharing.Key)
		ends   bool
	}{
		"its account has no AMI under the key any more": {func(*sharing.Request, *sharing.Key) {}, true},
		"exact alone ends no grant":                     {func(r *sharing.Request, _ *sharing.Key) { r.ExactGrants = false }, false},
		"its account has another AMI under the key": {
			func(_ *sharing.Request, k *sharing.Key) {
				k.SharedWith = []sharing.Recipient{sharing.Account("999999999999")}
			}, false,
		},
		"an organization has another AMI under the key": {
			func(_ *sharing.Request, k *sharing.Key) { k.SharedWith = []sharing.Recipient{organization} }, false,
		},
		"everybody has another AMI under the key": {
			func(_ *sharing.Request, k *sharing.Key) {
				k.SharedWith = []sharing.Recipient{{Kind: sharing.ToGroup, ID: "all"}}
			}, false,
		},
		"the AMI is shared with an organization":   {func(r *sharing.Request, _ *sharing.Key) { r.Organizations = []string{organization.ID} }, false},
		"the other AMIs can't be read":             {func(_ *sharing.Request, k *sharing.Key) { k.SharingKnown = false }, false},
		"KMS does not say who issued it":           {func(_ *sharing.Request, k *sharing.Key) { k.Grants[0].Issuer = "" }, false},
		"another account has an AMI under the key": {func(_ *sharing.Request, k *sharing.Key) { k.SharedWith = []sharing.Recipient{sharing.Account(target)} }, true},
	} {
		t.Run(name, func(t *testing.T) {
			r, f := ask()
			r.Exact, r.ExactGrants = true, true
			key := f.Keys[keyARN(frankfurt, 1)]
			role := "arn:aws:iam::999999999999:role/x"
			key.Grants = []sharing.Grant{{ID: "g-9", Name: sharing.GrantName("999999999999", role), Issuer: "999999999999", Grantee: role, Operations: []string{"Decrypt"}}}
			key.SharingKnown = true
			test.change(&r, &key)
			f.Keys[keyARN(frankfurt, 1)] = key
			changes := mustCompute(t, r, f).Changes
			retire, ends := changes[len(changes)-1].(plan.RetireGrant)
			if ends != test.ends || ends && (!retire.Unused || !slices.Equal(retire.Besides, r.Images)) {
				t.Errorf("the last change is %+v", changes[len(changes)-1])
			}
		})
	}
}

func TestDoubtsAreToldOnceForEachKey(t *testing.T) {
	r, f := ask()
	key := f.Keys[keyARN(frankfurt, 1)]
	for n := range 7 {
		account := sharing.AccountID(fmt.Sprintf("%012d", 300+n))
		r.Targets = append(r.Targets, sharing.Target{Account: account, Credentials: true, Grantees: []sharing.Grantee{autoscaling("")}})
		role := sharing.Role{Exists: true, ARN: autoscaling("").ARN("aws", account)}
		f.Targets[account] = sharing.TargetFacts{Roles: map[sharing.Grantee]sharing.Role{autoscaling(""): role}}
		key.Grants = append(key.Grants, sharing.Grant{ID: "g-" + string(account), Name: sharing.GrantName(account, role.ARN), Grantee: role.ARN, Operations: r.GrantOperations})
	}
	f.Keys[keyARN(frankfurt, 1)] = key
	want := []string{"7 grants on the key " + keyARN(frankfurt, 1) + " can't be told from what is asked for, and stay: KMS shows no issuing account " +
		"(for accounts 000000000300, 000000000301, 000000000302, 000000000303, 000000000304 and 2 more)"}
	if diff := cmp.Diff(want, mustCompute(t, r, f).Warnings); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func ExampleCompute() {
	request, facts := ask()
	p, err := plan.Compute(request, facts)
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, change := range p.Changes {
		fmt.Println(change.Stage())
	}
	// Output:
	// grants
	// snapshot permissions
	// AMI permissions
}

func BenchmarkCompute(b *testing.B) {
	r, f := ask()
	r.Targets = nil
	for n := range 200 {
		account := sharing.AccountID(fmt.Sprintf("%012d", 300+n))
		r.Targets = append(r.Targets, sharing.Target{Account: account, Credentials: true, Grantees: []sharing.Grantee{autoscaling("")}})
		f.Targets[account] = sharing.TargetFacts{Roles: map[sharing.Grantee]sharing.Role{autoscaling(""): {Exists: true}}}
	}
	for _, region := range []sharing.Region{virginia, "eu-west-1", "eu-west-2"} {
		image := f.Images[0]
		image.Ref.Region = region
		image.Snapshots = []sharing.Snapshot{{ID: "snap-a", Encrypted: true, KeyARN: keyARN(region, 1)}}
		f.Images = append(f.Images, image)
		f.Keys[keyARN(region, 1)] = sharing.Key{ARN: keyARN(region, 1), Described: true, State: "Enabled", GrantsListed: true}
	}
	for b.Loop() {
		if _, err := plan.Compute(r, f); err != nil {
			b.Fatal(err)
		}
	}
}
