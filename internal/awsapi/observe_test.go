// SPDX-License-Identifier: MPL-2.0

package awsapi

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/amishare/packer-plugin-ami-share/internal/awssim"
	"github.com/amishare/packer-plugin-ami-share/internal/clients"
	"github.com/amishare/packer-plugin-ami-share/internal/plan"
	"github.com/amishare/packer-plugin-ami-share/internal/sharing"
)

func wantImage(ref sharing.ImageRef, key string) sharing.Image {
	letter := ref.ID[len(ref.ID)-1:]
	return sharing.Image{
		Ref: ref, Owner: sourceAccount, Name: "golden", State: "available", Tags: map[string]string{"os": "linux"},
		LaunchPermissions: []sharing.Recipient{sharing.Account(closedTarget)},
		Snapshots: []sharing.Snapshot{
			{ID: "snap-0000000000000001" + letter, Encrypted: true, KeyARN: key, Tags: map[string]string{"disk": "root"}},
			{ID: "snap-0000000000000002" + letter, Encrypted: true, KeyARN: key, Tags: map[string]string{}},
		},
	}
}

func TestObserve(t *testing.T) {
	s := start(t)
	facts, err := s.client(Options{}).Observe(t.Context(), someRequest())
	if err != nil {
		t.Fatal(err)
	}
	role := func(account sharing.AccountID) map[sharing.Grantee]sharing.Role {
		return map[sharing.Grantee]sharing.Role{autoscalingRole: {Exists: true, ARN: autoscalingRole.ARN("aws", account)}}
	}
	want := sharing.Facts{
		Partition: "aws",
		Images:    []sharing.Image{wantImage(imageFrankfurt, keyFrankfurt), wantImage(imageVirginia, keyVirginia)},
		Keys: map[string]sharing.Key{
			keyFrankfurt: {ARN: keyFrankfurt, Described: true, State: "Enabled", GrantsListed: true},
			keyVirginia:  {ARN: keyVirginia, Described: true, State: "Enabled", GrantsListed: true},
		},
		Targets: map[sharing.AccountID]sharing.TargetFacts{target: {Roles: role(target)}, otherTarget: {Roles: role(otherTarget)}, closedTarget: {}},
	}
	if diff := cmp.Diff(want, facts, cmpopts.IgnoreFields(sharing.Role{}, "UniqueID")); diff != "" {
		t.Errorf("facts (-want +got):\n%s", diff)
	}
	calls := map[string]int{
		"ec2:DescribeImages": 2, "ec2:DescribeImageAttribute": 2, "ec2:DescribeSnapshots": 2, "ec2:DescribeSnapshotAttribute": 4,
		"kms:DescribeKey": 2, "kms:ListGrants": 2, "sts:AssumeRole": 2, "iam:GetRole": 2,
	}
	if diff := cmp.Diff(calls, s.Counts()); diff != "" {
		t.Errorf("calls (-want +got):\n%s", diff)
	}
}

func TestObserveWithSmallPages(t *testing.T) {
	s := start(t, func(w *awssim.World) { w.Hostility.PageSize = 1 })
	c := s.client(Options{})
	for _, name := range []string{"a", "b", "c"} {
		change := someGrant
		change.KeyARN, change.Name = keyFrankfurt, name
		if _, err := c.Do(t.Context(), change); err != nil {
			t.Fatal(err)
		}
	}
	facts, err := c.Observe(t.Context(), someRequest())
	if err != nil {
		t.Fatal(err)
	}
	if n := len(facts.Keys[keyFrankfurt].Grants); n != 3 {
		t.Errorf("%d grants", n)
	}
	grant := facts.Keys[keyFrankfurt].Grants[0]
	want := sharing.Grant{ID: grant.ID, Name: "a", Issuer: target, Grantee: granteeID, Operations: []string{"Decrypt"}, Created: grant.Created}
	if diff := cmp.Diff(want, grant); diff != "" || time.Since(grant.Created) > time.Hour {
		t.Errorf("grant (-want +got):\n%s", diff)
	}
}

func TestObserveGroupsAndTags(t *testing.T) {
	s := start(t, func(w *awssim.World) {
		w.Accounts[1].Regions = map[string]awssim.WorldRegion{string(virginia): {
			LaunchTemplates:   []awssim.WorldLaunchTemplate{{Name: "web", Image: imageVirginia.ID}},
			AutoScalingGroups: []awssim.WorldAutoScalingGroup{{Name: "web", LaunchTemplate: "web"}, {Name: "other", LaunchTemplate: "web"}},
		}}
		source := w.Accounts[0].Regions[string(virginia)]
		source.Images[0].LaunchPermissions = append(source.Images[0].LaunchPermissions, string(target))
	})
	request := someRequest()
	request.Targets[0].AutoScalingGroups, request.Targets[0].CopyTags = []string{"web", "none"}, true
	c := s.client(Options{})
	if _, err := c.Do(t.Context(), plan.PutTags{Account: target, Image: imageVirginia, Resource: imageVirginia.ID, Tags: map[string]string{"os": "own"}}); err != nil {
		t.Fatal(err)
	}
	// A session of its own: the one above was made before the run was known.
	facts, err := s.client(Options{}).Observe(t.Context(), request)
	if err != nil {
		t.Fatal(err)
	}
	got := facts.Targets[target]
	want := sharing.TargetFacts{
		Groups: []sharing.AutoScalingGroup{{Region: virginia, Name: "web", RoleARN: granteeID}},
		Tags:   map[sharing.Region]map[string]map[string]string{frankfurt: {}, virginia: {imageVirginia.ID: {"os": "own"}}},
	}
	if diff := cmp.Diff(want, got, cmpopts.IgnoreFields(sharing.TargetFacts{}, "Roles")); diff != "" {
		t.Errorf("facts (-want +got):\n%s", diff)
	}
}

func TestABrokenTargetStopsNoOther(t *testing.T) {
	for name, tt := range map[string]struct {
		change  func(*awssim.World)
		request func(*sharing.Request)
		cause   string
	}{
		"the external id is another": {
			change: func(w *awssim.World) {
				w.Accounts[1].Roles[0].TrustPolicy = json.RawMessage(strings.Replace(sourceTrust, "s3cret", "other", 1))
			},
			cause: `with external id "s3cret"`,
		},
		"there is no such role": {change: func(w *awssim.World) { w.Accounts[1].Roles = nil }, cause: "does not exist"},
		"the role may not look for roles": {
			change: func(w *awssim.World) {
				w.Accounts[1].Roles[0].Policies = []json.RawMessage{json.RawMessage(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"kms:*","Resource":"*"}]}`)}
			},
			cause: "does not allow iam:GetRole",
		},
		"one of its regions is not enabled": {
			change:  func(w *awssim.World) { w.Accounts[1].DisabledRegions = []string{string(virginia)} },
			request: func(r *sharing.Request) { r.Targets[0].AutoScalingGroups = []string{"web"} },
			cause:   "", // whatever AWS says of it
		},
	} {
		t.Run(name, func(t *testing.T) {
			request := someRequest()
			if tt.request != nil {
				tt.request(&request)
			}
			facts, err := start(t, tt.change).client(Options{}).Observe(t.Context(), request)
			if err != nil {
				t.Fatal(err)
			}
			problems := facts.Targets[target].Problems
			if len(problems) != 1 || problems[0].Scope.Account != target || problems[0].Remedy == "" {
				t.Fatalf("problems: %v", problems)
			}
			contains(t, "cause", problems[0].Cause, []string{tt.cause})
			other := facts.Targets[otherTarget]
			if len(other.Problems) > 0 || !other.Roles[autoscalingRole].Exists {
				t.Errorf("the other target: %+v", other)
			}
		})
	}
}

func TestWhatIsMissingIsAFact(t *testing.T) {
	s := start(t, func(w *awssim.World) { w.Accounts[1].ServiceLinkedRoles = nil })
	request := someRequest()
	request.Images = append(request.Images, sharing.ImageRef{Region: virginia, ID: "ami-00000000000000000"})
	facts, err := s.client(Options{}).Observe(t.Context(), request)
	if err != nil {
		t.Fatal(err)
	}
	if got := facts.Images[2].State; got != sharing.ImageMissing || facts.Images[1].State != "available" {
		t.Errorf("the AMIs: %+v", facts.Images)
	}
	role, ok := facts.Targets[target].Roles[autoscalingRole]
	if !ok || role.Exists || len(facts.Targets[target].Problems) > 0 {
		t.Errorf("the role: %+v", facts.Targets[target])
	}
}

func TestAnImageThatIsNotAvailableIsNotLookedInto(t *testing.T) {
	for state, looks := range map[string]int{"failed": 1, "pending": 2, "disabled": 1} { // a pending one is looked at again
		s := start(t, func(w *awssim.World) { w.Accounts[0].Regions[string(virginia)].Images[0].State = state })
		request := someRequest()
		request.Images = request.Images[1:]
		facts, err := s.client(Options{}).Observe(t.Context(), request)
		if err != nil || facts.Images[0].State != state || len(facts.Keys) > 0 {
			t.Errorf("%+v, %v", facts, err)
		}
		calls := s.Counts()
		delete(calls, "sts:AssumeRole")
		if diff := cmp.Diff(map[string]int{"ec2:DescribeImages": looks, "iam:GetRole": 2}, calls); diff != "" {
			t.Errorf("%s: calls (-want +got):\n%s", state, diff)
		}
	}
}

func TestWhatTheSourceMayNotReadStopsTheRun(t *testing.T) {
	s := start(t, func(w *awssim.World) {
		w.Accounts[0].Users[0].Policies = []json.RawMessage{json.RawMessage(
			`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["ec2:DescribeImages","ec2:DescribeSnapshots","kms:*","sts:*"],"Resource":"*"}]}`)}
	})
	_, err := s.client(Options{}).Observe(t.Context(), someRequest())
	var observed sharing.Problems
	if !errors.As(err, &observed) || len(observed) != 6 {
		t.Fatalf("got %v", err)
	}
	for _, part := range []string{"ec2:DescribeImageAttribute", "ec2:DescribeSnapshotAttribute", "arn:aws:iam::111111111111:user/ci", "eu-central-1", "us-east-1"} {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("the error lacks %q:\n%v", part, err)
		}
	}
}

func TestGrantsAreListedByATargetWhenTheSourceMayNot(t *testing.T) {
	deny := `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"},{"Effect":"Deny","Action":"kms:ListGrants","Resource":"*"}]}`
	forbid := func(w *awssim.World) {
		w.Accounts[0].Users[0].Policies = []json.RawMessage{json.RawMessage(deny)}
	}
	s := start(t, forbid)
	facts, err := s.client(Options{}).Observe(t.Context(), someRequest())
	if err != nil || !facts.Keys[keyFrankfurt].GrantsListed || len(facts.Warnings) > 0 {
		t.Errorf("%+v, %v", facts, err)
	}
	s = start(t, forbid, func(w *awssim.World) {
		for i := range w.Accounts[0].Keys {
			w.Accounts[0].Keys[i].Policy = json.RawMessage(strings.Replace(sharedKey, `"kms:ListGrants"`, `"kms:Decrypt"`, 1))
		}
	})
	facts, err = s.client(Options{}).Observe(t.Context(), someRequest())
	if err != nil || facts.Keys[keyFrankfurt].GrantsListed || len(facts.Warnings) != 2 {
		t.Errorf("%+v, %v", facts, err)
	}
}

func TestAnInterruptedObservation(t *testing.T) {
	s := start(t, func(w *awssim.World) { w.LatencyMillis = 1000 })
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	began := time.Now()
	if _, err := s.client(Options{}).Observe(ctx, someRequest()); err == nil || time.Since(began) > 500*time.Millisecond {
		t.Errorf("%v after %v", err, time.Since(began))
	}
}

func TestATargetThatHangsDoesNotHoldUpTheListOfGrants(t *testing.T) {
	s := start(t, func(w *awssim.World) {
		w.Accounts[0].Users[0].Policies = append(w.Accounts[0].Users[0].Policies,
			json.RawMessage(`{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"kms:ListGrants","Resource":"*"}]}`))
		w.Faults = []awssim.Fault{{Action: "kms:ListGrants", Account: string(target), DelayMillis: 2000}}
	})
	began := time.Now()
	facts, err := s.client(Options{TargetTimeout: 300 * time.Millisecond}).Observe(t.Context(), someRequest())
	if err != nil || len(facts.Warnings) != 2 || time.Since(began) > 1500*time.Millisecond {
		t.Errorf("%q, %v after %v", facts.Warnings, err, time.Since(began))
	}
}

// TestWhatAWSShowsLate has what is there answered as if it were not, the first time.
func TestWhatAWSShowsLate(t *testing.T) {
	for name, fault := range map[string]awssim.Fault{
		"an AMI":                             {Action: "ec2:DescribeImages", Code: "InvalidAMIID.NotFound", Message: "The image id '[ami-0000000000000000b]' does not exist"},
		"an AMI that can't be had yet":       {Action: "ec2:DescribeImages", Code: "InvalidAMIID.Unavailable", Message: "The image id '[ami-0000000000000000b]' is no longer available"},
		"an AMI, without naming it":          {Action: "ec2:DescribeImages", Code: "InvalidAMIID.NotFound", Message: "no"},
		"a snapshot":                         {Action: "ec2:DescribeSnapshots", Code: "InvalidSnapshot.NotFound", Message: "The snapshot 'snap-0000000000000001b' does not exist."},
		"a role that a target has just made": {Action: "iam:GetRole", Account: string(target), Code: "NoSuchEntity", Message: "The role cannot be found."},
	} {
		t.Run(name, func(t *testing.T) {
			fault.Nth = 1
			s := start(t, func(w *awssim.World) { w.Faults = []awssim.Fault{fault} })
			request := someRequest()
			request.Images = request.Images[1:]
			facts, err := s.client(Options{LookAgain: 10 * time.Second}).Observe(t.Context(), request)
			if err != nil || facts.Images[0].State != "available" || len(facts.Images[0].Snapshots) != 2 || !facts.Targets[target].Roles[autoscalingRole].Exists {
				t.Errorf("%v, %+v", err, facts)
			}
		})
	}
}

func TestATargetThatHangsIsReported(t *testing.T) {
	s := start(t, func(w *awssim.World) {
		w.Faults = []awssim.Fault{{Action: "iam:GetRole", Account: string(target), DelayMillis: 1000}}
	})
	facts, err := s.client(Options{TargetTimeout: 200 * time.Millisecond}).Observe(t.Context(), someRequest())
	if err != nil {
		t.Fatal(err)
	}
	problems := facts.Targets[target].Problems
	if len(problems) != 1 || !strings.Contains(problems[0].Cause, "did not answer in time") || len(facts.Targets[otherTarget].Problems) > 0 {
		t.Errorf("%+v", facts.Targets)
	}
}

func TestASessionThatExpiresEarlyIsRenewed(t *testing.T) {
	s := start(t, func(w *awssim.World) { w.Hostility.SessionCalls = 1 })
	c := s.client(Options{})
	facts, err := c.Observe(t.Context(), someRequest())
	if err != nil || len(facts.Targets[target].Problems) > 0 {
		t.Fatal(err, facts.Targets)
	}
	if _, err := c.Do(t.Context(), grantIn(target, keyVirginia)); err != nil {
		t.Error(err)
	}
}

func TestNoCallAsksForMoreThanAWSTakes(t *testing.T) {
	names := func(n int) []string {
		all := make([]string, n)
		for i := range all {
			all[i] = fmt.Sprintf("x-%d", i)
		}
		return all
	}
	empty := func(action string) func(int) (int, string) { return always("<" + action + "Response/>") }
	w := newWire(t, map[string]func(int) (int, string){
		"AssumeRole": always(assumed), "DescribeSnapshots": func(int) (int, string) { return 403, ec2Error("UnauthorizedOperation", "no") }, "DescribeTags": empty("DescribeTags"), "DescribeAutoScalingGroups": always(noGroups),
	})
	c := inTarget(w, clients.Options{})
	(&observation{Client: c}).snapshots(t.Context(), virginia, names(450))
	look := &targetLook{Client: c, target: sharing.Target{Account: target, AutoScalingGroups: names(120), CopyTags: true}}
	look.groups(t.Context(), []sharing.Region{virginia})
	image := sharing.Image{Ref: imageVirginia}
	for _, id := range names(449) {
		image.Snapshots = append(image.Snapshots, sharing.Snapshot{ID: id})
	}
	look.tags(t.Context(), []sharing.Image{image})
	for action, most := range map[string]int{"DescribeSnapshots": 200, "DescribeTags": 200, "DescribeAutoScalingGroups": 50} {
		calls := w.of(action)
		if len(calls) != 3 {
			t.Errorf("%d calls of %s", len(calls), action)
		}
		for _, call := range calls {
			if asked := strings.Count(call.body, "x-"); asked > most {
				t.Errorf("%s asks for %d", action, asked)
			}
		}
	}
}

// An AMI of somebody else is told once, with its owner, whatever else AWS refuses about it.
func TestAnImageOfAnotherAccount(t *testing.T) {
	s := start(t, func(w *awssim.World) {
		region := w.Accounts[0].Regions[string(virginia)]
		region.Images[0].LaunchPermissions = []string{string(target)}
		w.Accounts[0].Regions[string(virginia)] = region
	})
	request := someRequest()
	request.Images = []sharing.ImageRef{imageVirginia}
	request.Targets = nil
	_, err := New(clients.New(s.As(target), nil, clients.Options{}), Options{}).Observe(t.Context(), request)
	problems, ok := errors.AsType[sharing.Problems](err)
	if !ok || len(problems) != 1 {
		t.Fatalf("got %v", err)
	}
	contains(t, "error", err.Error(), []string{"looking at AMI " + imageVirginia.ID + " (us-east-1): AuthFailure: it belongs to account 111111111111, and only its owner can share it", "Run with credentials of account 111111111111"})
}
