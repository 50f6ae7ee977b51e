// SPDX-License-Identifier: MPL-2.0

package awsapi

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/amishare/packer-plugin-ami-share/internal/awssim"
	"github.com/amishare/packer-plugin-ami-share/internal/clients"
	"github.com/amishare/packer-plugin-ami-share/internal/plan"
	"github.com/amishare/packer-plugin-ami-share/internal/sharing"
)

const snapshotVirginia = "snap-0000000000000001b"

func grantIn(account sharing.AccountID, key string) plan.CreateGrant {
	return plan.CreateGrant{
		Account: account, Region: sharing.RegionOf(key), KeyARN: key, GranteeARN: autoscalingRole.ARN("aws", account),
		Operations: sharing.DefaultGrantOperations(), Name: sharing.GrantName(account, autoscalingRole.ARN("aws", account)),
	}
}

func share(accounts ...sharing.AccountID) plan.ModifyLaunchPermission {
	change := plan.ModifyLaunchPermission{Image: imageVirginia}
	for _, account := range accounts {
		change.Recipients = append(change.Recipients, sharing.Account(account))
	}
	return change
}

func unshare(accounts ...sharing.AccountID) plan.ModifyLaunchPermission {
	change := share(accounts...)
	change.Operation = plan.Remove
	return change
}

// withGroup gives a target an Auto Scaling group and a second role for it.
func withGroup(w *awssim.World) {
	w.Accounts[1].ServiceLinkedRoles = append(w.Accounts[1].ServiceLinkedRoles, "autoscaling.amazonaws.com/web")
	w.Accounts[1].Regions = map[string]awssim.WorldRegion{string(virginia): {
		LaunchTemplates:   []awssim.WorldLaunchTemplate{{Name: "web", Image: imageVirginia.ID}},
		AutoScalingGroups: []awssim.WorldAutoScalingGroup{{Name: "web", LaunchTemplate: "web"}},
	}}
}

const organization = "arn:aws:organizations::111111111111:organization/o-1234567890"

func TestEveryChangeAndItsUndo(t *testing.T) {
	tags := plan.PutTags{Account: target, Image: imageVirginia, Resource: imageVirginia.ID, Tags: map[string]string{"os": "linux", "new": "1", "same": "x"}}
	old := plan.PutTags{Account: target, Image: imageVirginia, Resource: imageVirginia.ID, Tags: map[string]string{"os": "old", "same": "x"}}
	snapshot := plan.ModifySnapshotPermission{Image: imageVirginia, Snapshot: snapshotVirginia, Accounts: []sharing.AccountID{target, otherTarget}}
	half := snapshot
	half.Accounts = half.Accounts[:1]
	for name, tt := range map[string]struct {
		before []plan.Change
		change plan.Change
		action string // that the change takes
		calls  int
	}{
		"a snapshot's permissions":                     {nil, snapshot, "ec2:ModifySnapshotAttribute", 1},
		"a snapshot's permissions, half of them there": {[]plan.Change{half}, snapshot, "ec2:ModifySnapshotAttribute", 2},
		"an AMI's permissions":                         {nil, share(target, otherTarget), "ec2:ModifyImageAttribute", 1},
		"an AMI's permissions, half of them there":     {[]plan.Change{share(target)}, share(target, otherTarget), "ec2:ModifyImageAttribute", 2},
		"an AMI's permission for an organization": {
			nil, plan.ModifyLaunchPermission{Image: imageVirginia, Recipients: []sharing.Recipient{sharing.Account(target), {Kind: sharing.ToOrganization, ID: organization}}}, "ec2:ModifyImageAttribute", 1,
		},
		"the end of an AMI's permissions":       {nil, unshare(closedTarget, target), "ec2:ModifyImageAttribute", 1},
		"tags, new ones and others' old values": {[]plan.Change{share(target), old}, tags, "ec2:CreateTags", 2},
	} {
		t.Run(name, func(t *testing.T) {
			s := start(t, func(w *awssim.World) {
				w.Organizations = []awssim.WorldOrganization{{ID: "o-1234567890", ManagementAccount: string(sourceAccount), Accounts: []string{string(otherTarget)}}}
			})
			c := s.client(Options{})
			doAll(t, c, tt.before...)
			before := s.State()
			undo, err := c.Undo(t.Context(), tt.change)
			if err != nil || undo == nil {
				t.Fatalf("got %v, %v", undo, err)
			}
			doAll(t, c, tt.change)
			if bytes.Equal(before, s.State()) {
				t.Error("the change changed nothing")
			}
			if n := len(s.Of(tt.action)); n != tt.calls {
				t.Errorf("%d calls of %s", n, tt.action)
			}
			if undo, err := c.Undo(t.Context(), tt.change); undo != nil || err != nil {
				t.Errorf("what is there has the undo %v, %v", undo, err)
			}
			doAll(t, c, undo)
			if diff := cmp.Diff(string(before), string(s.State())); diff != "" {
				t.Errorf("state before and after undoing:\n%s", diff)
			}
		})
	}
}

func TestWhatBelongsToKeysAndAccountsHasNoUndo(t *testing.T) {
	s := start(t, withGroup)
	c := s.client(Options{})
	grant := grantIn(target, keyVirginia)
	made := doAll(t, c, grant)
	for _, change := range []plan.Change{
		plan.CreateServiceLinkedRole{Account: target, Grantee: autoscalingRole},
		grantIn(otherTarget, keyVirginia),
		plan.RetireGrant{Issuer: target, Account: target, Region: virginia, KeyARN: keyVirginia, GrantID: made[0].GrantID},
		plan.SetGroupRole{Account: target, Region: virginia, Group: "web", RoleARN: granteeID + "_web", Previous: granteeID},
	} {
		before := s.State()
		if undo, err := c.Undo(t.Context(), change); undo != nil || err != nil {
			t.Errorf("%s has the undo %v, %v", change, undo, err)
		}
		effect, err := c.Do(t.Context(), change)
		if _, role := change.(plan.CreateServiceLinkedRole); err != nil || effect.Found != role || bytes.Equal(before, s.State()) != role {
			t.Errorf("%s: %+v, %v", change, effect, err)
		}
	}
}

func TestAGrantThatIsThereIsTheSame(t *testing.T) {
	c := start(t).client(Options{})
	first, err := c.Do(t.Context(), grantIn(target, keyVirginia))
	if err != nil || first.GrantID == "" || first.Found {
		t.Fatalf("got %+v, %v", first, err)
	}
	again := grantIn(target, keyVirginia)
	again.Maybe = []string{"another", first.GrantID}
	second, err := c.Do(t.Context(), again)
	if diff := cmp.Diff(plan.Effect{GrantID: first.GrantID, Found: true}, second); diff != "" || err != nil {
		t.Errorf("%v, -want +got:\n%s", err, diff)
	}
}

// TestAnUnusedGrantIsLookedAtAgain shares an AMI under the key with the account in the last moment.
func TestAnUnusedGrantIsLookedAtAgain(t *testing.T) {
	for name, tt := range map[string]struct {
		image   sharing.ImageRef // that is shared meanwhile
		besides []sharing.ImageRef
		kept    bool
	}{
		"no AMI is shared":                  {sharing.ImageRef{}, nil, false},
		"an AMI under the key is":           {imageVirginia, nil, true},
		"one that the run takes away is":    {imageVirginia, []sharing.ImageRef{imageVirginia}, false},
		"an AMI of another Region's key is": {imageFrankfurt, nil, false},
	} {
		t.Run(name, func(t *testing.T) {
			s := start(t)
			c := s.client(Options{})
			made := doAll(t, c, grantIn(target, keyVirginia))
			if tt.image.ID != "" {
				doAll(t, c, plan.ModifyLaunchPermission{Image: tt.image, Recipients: []sharing.Recipient{sharing.Account(target)}})
			}
			retire := plan.RetireGrant{
				Issuer: target, Account: target, Region: virginia, KeyARN: keyVirginia, GrantID: made[0].GrantID, Unused: true, Besides: tt.besides,
			}
			effect, err := c.Do(t.Context(), retire)
			if n := len(s.Of("kms:RetireGrant")); err != nil || (effect.Kept != "") != tt.kept || (n == 0) != tt.kept {
				t.Errorf("%+v, %v, %d retirements", effect, err, n)
			}
		})
	}
}

func TestWithWhomOtherAMIsUnderAKeyAreShared(t *testing.T) {
	s := start(t, func(w *awssim.World) {
		region := w.Accounts[0].Regions[string(virginia)]
		region.Snapshots = append(region.Snapshots, awssim.WorldSnapshot{ID: "snap-0000000000000009c", KMSKey: keyVirginia})
		region.Images = append(region.Images, awssim.WorldImage{
			ID: "ami-0000000000000000c", Name: "other", LaunchPermissions: []string{string(target)},
			BlockDevices: []awssim.WorldBlockDevice{{DeviceName: "/dev/xvda", Snapshot: "snap-0000000000000009c"}},
		})
		w.Accounts[0].Regions[string(virginia)] = region
	})
	request := someRequest()
	request.ExactGrants = true
	facts, err := s.client(Options{}).Observe(t.Context(), request)
	if err != nil {
		t.Fatal(err)
	}
	for arn, want := range map[string][]sharing.Recipient{keyVirginia: {sharing.Account(target)}, keyFrankfurt: nil} {
		if diff := cmp.Diff(want, facts.Keys[arn].SharedWith); diff != "" || !facts.Keys[arn].SharingKnown {
			t.Errorf("%s, -want +got:\n%s", arn, diff)
		}
	}
}

func TestAGrantWaitsForANewRole(t *testing.T) {
	s := start(t, func(w *awssim.World) {
		w.Accounts[1].ServiceLinkedRoles = nil
		w.Hostility.NewRoleUnknownToKMS = 2
	})
	c := s.client(Options{})
	if _, err := c.Do(t.Context(), plan.CreateServiceLinkedRole{Account: target, Grantee: autoscalingRole}); err != nil {
		t.Fatal(err)
	}
	change := grantIn(target, keyVirginia)
	change.NewRole = true
	if _, err := c.Do(t.Context(), change); err != nil {
		t.Fatal(err)
	}
	if n := len(s.Of("kms:CreateGrant")); n != 3 {
		t.Errorf("%d calls", n)
	}
}

// lossy are changes whose answers are lost, and the calls that make them.
func lossy() map[string]plan.Change {
	return map[string]plan.Change{
		"iam:CreateServiceLinkedRole": plan.CreateServiceLinkedRole{Account: target, Grantee: sharing.Grantee{
			Service: "spot.amazonaws.com", Path: "/aws-service-role/spot.amazonaws.com/", Name: "AWSServiceRoleForEC2Spot",
		}},
		"kms:CreateGrant":                    grantIn(otherTarget, keyVirginia),
		"ec2:ModifySnapshotAttribute":        plan.ModifySnapshotPermission{Image: imageVirginia, Snapshot: snapshotVirginia, Accounts: []sharing.AccountID{target}},
		"ec2:ModifyImageAttribute":           share(target),
		"ec2:CreateTags":                     plan.PutTags{Account: target, Image: imageVirginia, Resource: imageVirginia.ID, Tags: map[string]string{"os": "linux"}},
		"autoscaling:UpdateAutoScalingGroup": plan.SetGroupRole{Account: target, Region: virginia, Group: "web", RoleARN: granteeID + "_web", Previous: granteeID},
	}
}

// TestAnswersThatAreLost loses the first answer, before the effect or after it, and refuses the second attempt or not.
func TestAnswersThatAreLost(t *testing.T) {
	for action, change := range lossy() {
		for _, after := range []bool{true, false} {
			for how, retries := range map[string]int{"repeated": 1, "not repeated": -1, "repeated and refused": 2} {
				t.Run(fmt.Sprintf("%s, effect %t, %s", action, after, how), func(t *testing.T) {
					t.Parallel()
					s := start(t, withGroup)
					c := s.client(Options{}, clients.Options{MaxRetries: retries})
					if action == "ec2:CreateTags" {
						doAll(t, c, share(target))
					}
					s.Fail(awssim.Fault{Action: action, Nth: 1, Drop: true, AfterEffect: after})
					if retries == 2 {
						s.Fail(awssim.Fault{Action: action, Code: "AccessDenied", Message: "no"})
					}
					effect, err := c.Do(t.Context(), change)
					made := after || retries == 1 || retries < 0 && action == "kms:CreateGrant" // reading a grant back is asking again
					if (err == nil) != made || effect.Unknown || effect.Lost == made || effect.Found {
						t.Errorf("made: %t; got %+v, %v", made, effect, err)
					}
					if err == nil && action == "kms:CreateGrant" && effect.GrantID == "" {
						t.Error("the grant's id is lost")
					}
				})
			}
		}
	}
}

// TestNobodyKnows loses all answers, those of the reads that follow too.
func TestNobodyKnows(t *testing.T) {
	reads := map[string][]string{
		"iam:CreateServiceLinkedRole": {"iam:GetRole"}, "kms:CreateGrant": {"kms:ListGrants"}, "ec2:ModifySnapshotAttribute": {"ec2:DescribeSnapshotAttribute"},
		"ec2:ModifyImageAttribute": {"ec2:DescribeImageAttribute"}, "ec2:CreateTags": {"ec2:DescribeTags"},
		"autoscaling:UpdateAutoScalingGroup": {"autoscaling:DescribeAutoScalingGroups"},
	}
	for action, change := range lossy() {
		t.Run(action, func(t *testing.T) {
			t.Parallel()
			s := start(t, withGroup)
			c := s.client(Options{}, clients.Options{MaxRetries: -1})
			if action == "ec2:CreateTags" {
				doAll(t, c, share(target))
			}
			for _, lost := range append(reads[action], action) {
				s.Fail(awssim.Fault{Action: lost, Drop: true, AfterEffect: true})
			}
			effect, err := c.Do(t.Context(), change)
			if err == nil || !effect.Unknown {
				t.Fatalf("got %+v, %v", effect, err)
			}
			contains(t, "error", err.Error(), []string{"AWS's answer was lost, and whether the change was made could not be read"})
		})
	}
}

func TestAThrottledChangeWasNotMade(t *testing.T) {
	s := start(t, withGroup)
	c := s.client(Options{}, clients.Options{MaxRetries: -1})
	s.Fail(awssim.Fault{Action: "ec2:ModifyImageAttribute", Code: "RequestLimitExceeded", Status: 503, Message: "Request limit exceeded."})
	effect, err := c.Do(t.Context(), share(target))
	if err == nil || effect.Lost || effect.Unknown || len(s.Of("ec2:DescribeImageAttribute")) > 0 {
		t.Errorf("%+v, %v", effect, err)
	}
}

func TestARefusedGrantSaysWhatIsMissing(t *testing.T) {
	s := start(t, func(w *awssim.World) {
		w.Accounts[0].Keys[1].Policy = json.RawMessage(strings.ReplaceAll(sharedKey, `,"arn:aws:iam::333333333333:root"`, ""))
	})
	c := s.client(Options{})
	if _, err := c.Do(t.Context(), grantIn(target, keyVirginia)); err != nil {
		t.Error(err)
	}
	_, err := c.Do(t.Context(), grantIn(otherTarget, keyVirginia))
	if err == nil {
		t.Fatal("the grant was made")
	}
	contains(t, "error", err.Error(), []string{
		"granting key " + keyVirginia, "(account 333333333333, us-east-1): AccessDeniedException",
		`"AWS": "arn:aws:iam::333333333333:role/sharing/ami-share"`, `"kms:GranteePrincipal": "arn:aws:iam::333333333333:role/aws-service-role/`,
	})
}
