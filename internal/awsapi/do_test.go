package awsapi

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/amishare/packer-plugin-ami-share/internal/awssim"
	"github.com/amishare/packer-plugin-ami-share/internal/plan"
	"github.com/amishare/packer-plugin-ami-share/internal/sharing"
)

const snapshotVirginia = "snap-0000000000000001b"

func grantIn(account sharing.AccountID, key string) plan.CreateGrant {
	return plan.CreateGrant{
		Account: account, Region: sharing.RegionOf(key), KeyARN: key, GranteeARN: autoscalingRole.ARN("aws", account),
		Operations: sharing.DefaultGrantOperations(), Name: autoscalingRole.GrantName(account),
	}
}

func share(accounts ...sharing.AccountID) plan.ModifyLaunchPermission {
	change := plan.ModifyLaunchPermission{Image: imageVirginia}
	for _, account := range accounts {
		change.Add = append(change.Add, sharing.Account(account))
	}
	return change
}

// withRoles is someRequest with the permission to create roles.
func withRoles() sharing.Request {
	request := someRequest()
	for i := range request.Targets {
		request.Targets[i].CreateServiceLinkedRoles = true
	}
	return request
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

func TestEveryChangeAndItsOpposite(t *testing.T) {
	tags := plan.PutTags{Account: target, Image: imageVirginia, Resource: imageVirginia.ID, Tags: map[string]string{"os": "linux", "new": "1"}, Previous: map[string]string{"os": "old"}}
	old := plan.PutTags{Account: target, Image: imageVirginia, Resource: imageVirginia.ID, Tags: map[string]string{"os": "old"}}
	for name, tt := range map[string]struct {
		before []plan.Change
		change plan.Change
		action string // that the change takes
		calls  int
	}{
		"a service-linked role": {
			nil, plan.CreateServiceLinkedRole{Account: target, Grantee: sharing.Grantee{
				Service: "spot.amazonaws.com", Path: "/aws-service-role/spot.amazonaws.com/", Name: "AWSServiceRoleForEC2Spot",
			}}, "iam:CreateServiceLinkedRole", 1,
		},
		"a grant": {nil, grantIn(target, keyVirginia), "kms:CreateGrant", 1},
		"a snapshot's permissions": {
			nil, plan.ModifySnapshotPermission{Image: imageVirginia, Snapshot: snapshotVirginia, Add: []sharing.AccountID{target, otherTarget}}, "ec2:ModifySnapshotAttribute", 1,
		},
		"an image's permissions": {nil, share(target, otherTarget), "ec2:ModifyImageAttribute", 1},
		"an image's permission for an organization": {
			nil, plan.ModifyLaunchPermission{Image: imageVirginia, Add: []sharing.Recipient{sharing.Account(target), {Kind: sharing.ToOrganization, ID: organization}}}, "ec2:ModifyImageAttribute", 1,
		},
		"the end of an image's permissions":     {nil, plan.ModifyLaunchPermission{Image: imageVirginia, Remove: []sharing.Recipient{sharing.Account(closedTarget)}}, "ec2:ModifyImageAttribute", 1},
		"tags, new ones and others' old values": {[]plan.Change{share(target), old}, tags, "ec2:CreateTags", 2},
		"a group's role": {
			nil, plan.SetGroupRole{Account: target, Region: virginia, Group: "web", RoleARN: granteeID + "_web", Previous: granteeID}, "autoscaling:UpdateAutoScalingGroup", 1,
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := start(t, withGroup, func(w *awssim.World) {
				w.Organizations = []awssim.WorldOrganization{{ID: "o-1234567890", ManagementAccount: string(sourceAccount), Accounts: []string{string(otherTarget)}}}
			})
			c := s.client(Options{})
			if _, err := c.Observe(t.Context(), sharing.Request{Images: []sharing.ImageRef{imageVirginia}, Exact: true}); err != nil {
				t.Fatal(err)
			}
			for _, change := range tt.before {
				if _, err := c.Do(t.Context(), change); err != nil {
					t.Fatal(err)
				}
			}
			before := s.State()
			undo, err := c.Do(t.Context(), tt.change)
			if err != nil || undo == nil {
				t.Fatalf("got %v, %v", undo, err)
			}
			if bytes.Equal(before, s.State()) {
				t.Error("the change changed nothing")
			}
			if n := len(s.of(tt.action)); n != tt.calls {
				t.Errorf("%d calls of %s", n, tt.action)
			}
			if _, err := c.Do(t.Context(), undo); err != nil {
				t.Fatalf("undoing: %v", err)
			}
			if diff := cmp.Diff(string(before), string(s.State())); diff != "" {
				t.Errorf("state before and after undoing:\n%s", diff)
			}
		})
	}
}

func TestWhatIsThereAlreadyHasNoUndo(t *testing.T) {
	s := start(t)
	if _, err := s.client(Options{}).Do(t.Context(), grantIn(target, keyVirginia)); err != nil {
		t.Fatal(err)
	}
	c := s.client(Options{})
	if _, err := c.Observe(t.Context(), withRoles()); err != nil {
		t.Fatal(err)
	}
	for _, change := range []plan.Change{
		grantIn(target, keyVirginia),
		plan.CreateServiceLinkedRole{Account: target, Grantee: autoscalingRole},
	} {
		if undo, err := c.Do(t.Context(), change); undo != nil || err != nil {
			t.Errorf("%s: %v, %v", change, undo, err)
		}
	}
}

func TestAGrantIsRetiredAndMadeAgain(t *testing.T) {
	s := start(t)
	c := s.client(Options{})
	if _, err := c.Observe(t.Context(), someRequest()); err != nil {
		t.Fatal(err)
	}
	retire, err := c.Do(t.Context(), grantIn(target, keyVirginia))
	if err != nil {
		t.Fatal(err)
	}
	before := s.State()
	again, err := c.Do(t.Context(), retire)
	if err != nil || again == nil {
		t.Fatalf("got %v, %v", again, err)
	}
	if undo, err := c.Do(t.Context(), retire); undo != nil || err != nil {
		t.Errorf("retiring it twice: %v, %v", undo, err)
	}
	if _, err := c.Do(t.Context(), again); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(before), string(s.State())); diff != "" {
		t.Errorf("state before retiring and after undoing it:\n%s", diff)
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
	if n := len(s.of("kms:CreateGrant")); n != 3 {
		t.Errorf("%d calls", n)
	}
}

func TestAnswersThatAreLost(t *testing.T) {
	role := plan.CreateServiceLinkedRole{Account: target, Grantee: autoscalingRole}
	for name, tt := range map[string]struct {
		action string
		change plan.Change
	}{
		"of a role":     {"iam:CreateServiceLinkedRole", role},
		"of a grant":    {"kms:CreateGrant", grantIn(otherTarget, keyVirginia)},
		"of a snapshot": {"ec2:ModifySnapshotAttribute", plan.ModifySnapshotPermission{Image: imageVirginia, Snapshot: snapshotVirginia, Add: []sharing.AccountID{target}}},
		"of an image":   {"ec2:ModifyImageAttribute", share(target)},
	} {
		for how, retries := range map[string]int{"and the call is repeated": 1, "and the call is not repeated": -1} {
			t.Run(name+", "+how, func(t *testing.T) {
				t.Parallel()
				fault := awssim.Fault{Action: tt.action, Nth: 1, Drop: true, AfterEffect: true}
				s := start(t, func(w *awssim.World) { w.Accounts[1].ServiceLinkedRoles, w.Faults = nil, []awssim.Fault{fault} })
				c := s.client(Options{MaxRetries: retries})
				if _, err := c.Observe(t.Context(), withRoles()); err != nil {
					t.Fatal(err)
				}
				before := s.State()
				undo, err := c.Do(t.Context(), tt.change)
				if undo == nil || (err != nil) != (retries < 0) {
					t.Fatalf("got %v, %v", undo, err)
				}
				if _, err := c.Do(t.Context(), undo); err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(string(before), string(s.State())); diff != "" {
					t.Errorf("state before and after undoing:\n%s", diff)
				}
			})
		}
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
