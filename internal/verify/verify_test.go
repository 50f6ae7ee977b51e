// SPDX-License-Identifier: MPL-2.0

package verify_test

import (
	"context"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/amishare/packer-plugin-ami-share/internal/awsapi"
	"github.com/amishare/packer-plugin-ami-share/internal/awssim"
	"github.com/amishare/packer-plugin-ami-share/internal/plan"
	"github.com/amishare/packer-plugin-ami-share/internal/sharing"
	"github.com/amishare/packer-plugin-ami-share/internal/simtest"
	"github.com/amishare/packer-plugin-ami-share/internal/verify"
)

// shared observes, shares and returns what Run takes.
func shared(t *testing.T, s *simtest.Sim) (*awsapi.Client, plan.Plan, []plan.Present) {
	t.Helper()
	c := client(s)
	facts, err := c.Observe(t.Context(), withRoles())
	if err != nil {
		t.Fatal(err)
	}
	grant := grantIn(target, keyVirginia)
	grant.GranteeID = facts.Targets[target].Roles[autoscalingRole].UniqueID
	made := doAll(t, c, grant, share(target))
	return c, plan.Plan{Images: facts.Images, Keys: []string{keyFrankfurt, keyVirginia}, Targets: simtest.Request().Targets}, made
}

// deleteRole deletes the target's service-linked role, as its owner can.
func deleteRole(t *testing.T, s *simtest.Sim) {
	t.Helper()
	if _, err := iam.NewFromConfig(s.As(target), func(o *iam.Options) { o.Region = string(virginia) }).DeleteServiceLinkedRole(t.Context(), &iam.DeleteServiceLinkedRoleInput{RoleName: &autoscalingRole.Name}); err != nil {
		t.Fatal(err)
	}
}

// giveUp cancels the target's launch permission, as the target can.
func giveUp(t *testing.T, s *simtest.Sim) {
	t.Helper()
	config := s.As(target)
	config.Region = string(virginia)
	if _, err := ec2.NewFromConfig(config).CancelImageLaunchPermission(t.Context(), &ec2.CancelImageLaunchPermissionInput{ImageId: aws.String(strings.TrimPrefix(ofImage, "AMI "))}); err != nil {
		t.Fatal(err)
	}
}

const (
	ofImage = "AMI ami-0000000000000000b"
	ofGrant = "grant for " + granteeID + " on key " + keyVirginia
)

func TestVerify(t *testing.T) {
	hidden := func(state string) func(*awssim.World) {
		return func(w *awssim.World) {
			w.Accounts[1].Regions = map[string]awssim.WorldRegion{string(virginia): {AllowedImages: &awssim.WorldAllowedImages{
				State: state, Criteria: []awssim.WorldImageCriterion{{ImageProviders: []string{"amazon"}}},
			}}}
		}
	}
	ownKey := func(policy string) func(*awssim.World) {
		return func(w *awssim.World) {
			w.Accounts[1].Keys = []awssim.WorldKey{{Region: string(virginia), ID: "99999999-9999-9999-9999-999999999999", Policy: json.RawMessage(policy)}}
			w.Accounts[1].Regions = map[string]awssim.WorldRegion{string(virginia): {DefaultEBSKey: "99999999-9999-9999-9999-999999999999"}}
		}
	}
	const delegating = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::222222222222:root"},"Action":"kms:*","Resource":"*"}]}`
	const through = `{"Effect":"Allow","Principal":{"AWS":"*"},"Action":["kms:CreateGrant","kms:Decrypt","kms:GenerateDataKey*","kms:ReEncrypt*","kms:DescribeKey"],"Resource":"*",` +
		`"Condition":{"StringEquals":{"kms:CallerAccount":"222222222222","kms:ViaService":"ec2.us-east-1.amazonaws.com"}}}`
	with := func(statements string) string { return strings.Replace(delegating, `}]}`, `},`+statements+`]}`, 1) }
	naming := strings.Replace(delegating, `"arn:aws:iam::222222222222:root"`, `["arn:aws:iam::222222222222:root","`+granteeID+`"]`, 1)
	const defaultKey = "default EBS key arn:aws:kms:us-east-1:222222222222:key/99999999-9999-9999-9999-999999999999"
	ok := func(subject string) string { return "ok " + subject }
	for name, tt := range map[string]struct {
		world func(*awssim.World)
		after func(*testing.T, *simtest.Sim, *awsapi.Client, []plan.Present)
		want  []string
		cause string
		late  time.Duration // how long to look again
	}{
		"everything in its place": {want: []string{ok(ofGrant), ok(ofImage)}},
		"a grant that is listed late": {
			world: func(w *awssim.World) { w.Hostility.NewGrantUnlisted = 2 }, want: []string{ok(ofGrant), ok(ofImage)}, late: time.Minute,
		},
		"a launch permission that somebody took away": {
			after: func(t *testing.T, _ *simtest.Sim, c *awsapi.Client, _ []plan.Present) { doAll(t, c, unshare(target)) },
			want:  []string{ok(ofGrant), "fail " + ofImage}, cause: "somebody else has taken it away",
		},
		"a launch permission that the account gave up": {
			after: func(t *testing.T, s *simtest.Sim, _ *awsapi.Client, _ []plan.Present) { giveUp(t, s) },
			want:  []string{ok(ofGrant), "fail " + ofImage}, cause: "the account has cancelled its permission (CancelImageLaunchPermission)",
		},
		"an AMI that EC2 does not show": {
			world: func(w *awssim.World) { w.Hostility.PermissionUnseen = 1000 },
			want:  []string{ok(ofGrant), "fail " + ofImage}, cause: "somebody else has taken it away",
		},
		"a grant that somebody took away": {
			after: func(t *testing.T, _ *simtest.Sim, c *awsapi.Client, made []plan.Present) {
				doAll(t, c, plan.RetireGrant{Issuer: target, Account: target, Region: virginia, KeyARN: keyVirginia, GrantID: made[0].GrantID})
			},
			want: []string{"fail " + ofGrant, ok(ofImage)}, cause: "does not list the grant",
		},
		"a role that was deleted after the grant": {
			after: func(t *testing.T, s *simtest.Sim, _ *awsapi.Client, made []plan.Present) {
				deleteRole(t, s)
				made[0].Change = grantIn(target, keyVirginia) // the run had not looked the role up
			},
			want: []string{"warn " + ofGrant, ok(ofImage)}, cause: "KMS shows the grantee as AROA",
		},
		"a grantee that KMS shows by the unique id that the run knows": {
			after: func(t *testing.T, s *simtest.Sim, _ *awsapi.Client, _ []plan.Present) { deleteRole(t, s) },
			want:  []string{ok(ofGrant), ok(ofImage)},
		},
		"Allowed AMIs that hide the AMI":         {world: hidden("enabled"), want: []string{ok(ofGrant), "fail " + ofImage}, cause: "Allowed AMIs setting hides the AMI: criterion 1: its owner 111111111111 is none of the image providers amazon"},
		"Allowed AMIs that are going to hide it": {world: hidden("audit-mode"), want: []string{"warn Allowed AMIs setting and " + ofImage, ok(ofGrant), ok(ofImage)}, cause: "in audit mode now, would hide it: criterion 1: its owner 111111111111 is none of the image providers amazon"},
		"a default EBS key that the grantee can't use": {
			world: ownKey(delegating), want: []string{"warn " + defaultKey, ok(ofGrant), ok(ofImage)}, cause: "no statement of its policy lets " + granteeID + " call kms:CreateGrant, and no grant does",
		},
		"a default EBS key that lets in whoever comes through EC2": {
			world: ownKey(with(through)), want: []string{ok(defaultKey), ok(ofGrant), ok(ofImage)},
		},
		"a default EBS key that lets in an organization through EC2": {
			world: ownKey(with(strings.Replace(through, `"StringEquals":{`, `"StringEquals":{"aws:PrincipalOrgID":"o-abcde12345",`, 1))),
			want:  []string{"warn " + defaultKey, ok(ofGrant), ok(ofImage)}, cause: "it can't be told whether " + granteeID + " can use it: a statement of the key's policy has the condition aws:PrincipalOrgID",
		},
		"a default EBS key that lets in everybody and denies the grantee": {
			world: ownKey(with(through + `,{"Sid":"No","Effect":"Deny","Principal":{"AWS":"` + granteeID + `"},"Action":"kms:CreateGrant","Resource":"*"}`)),
			want:  []string{"warn " + defaultKey, ok(ofGrant), ok(ofImage)}, cause: `the statement "No" of the key's policy denies kms:CreateGrant to ` + granteeID,
		},
		"a default EBS key that has a grant for the grantee": {
			world: ownKey(delegating), want: []string{ok(defaultKey), ok(ofGrant), ok(ofImage)},
			after: func(t *testing.T, s *simtest.Sim, _ *awsapi.Client, _ []plan.Present) {
				const own = "arn:aws:kms:us-east-1:222222222222:key/99999999-9999-9999-9999-999999999999"
				if _, err := client(s).Do(t.Context(), grantIn(target, own)); err != nil {
					t.Fatal(err)
				}
			},
		},
		"a default EBS key that names the grantee": {world: ownKey(naming), want: []string{ok(defaultKey), ok(ofGrant), ok(ofImage)}},
		"a default EBS key that the run has granted": {
			world: func(w *awssim.World) {
				w.Accounts[1].Regions = map[string]awssim.WorldRegion{string(virginia): {DefaultEBSKey: keyVirginia}}
			},
			want: []string{ok(ofGrant), ok(ofImage)},
		},
		"a default EBS key that is disabled": {
			world: func(w *awssim.World) {
				ownKey(naming)(w)
				w.Accounts[1].Keys[0].State = "Disabled"
			},
			want: []string{"warn " + defaultKey, ok(ofGrant), ok(ofImage)}, cause: "instances don't start without it: the key is disabled",
		},
		"a default EBS key that is going to be deleted": {
			world: func(w *awssim.World) {
				ownKey(naming)(w)
				w.Accounts[1].Keys[0].State = "PendingDeletion"
			},
			want: []string{"warn " + defaultKey, ok(ofGrant), ok(ofImage)}, cause: "the key is going to be deleted",
		},
		"a default EBS key of AWS's own": {
			world: func(w *awssim.World) {
				ownKey(delegating)(w)
				w.Accounts[1].Keys[0].AWSManaged, w.Accounts[1].Keys[0].Policy = true, nil
			},
			want: []string{ok(ofGrant), ok(ofImage)},
		},
		"a role that may not look": {
			world: func(w *awssim.World) {
				w.Accounts[1].Roles[0].Policies = []json.RawMessage{json.RawMessage(
					`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["kms:CreateGrant","iam:GetRole"],"Resource":"*"}]}`)}
			},
			want: []string{"warn default EBS key", "warn " + ofGrant, "warn " + ofImage}, cause: "does not allow ec2:DescribeImages",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := simtest.Start(t)
			if tt.world != nil {
				s = simtest.Start(t, tt.world)
			}
			c, p, made := shared(t, s)
			if tt.after != nil {
				tt.after(t, s, c, made)
			}
			var got []string
			for _, check := range verify.Run(t.Context(), c.Clients, p, made, verify.Options{Timeout: tt.late}) {
				verdict := "fail "
				switch {
				case check.OK:
					verdict = "ok "
				case check.Warning:
					verdict = "warn "
				}
				if check.Scope != (sharing.Scope{Account: target, Region: virginia}) || check.OK != (check.Problem == nil) {
					t.Errorf("check %+v", check)
				}
				if check.Problem != nil && len(got) == strings.Count(strings.Join(got, ""), "ok ") {
					if !strings.Contains(check.Problem.Cause, tt.cause) {
						t.Errorf("the cause lacks %q:\n%s", tt.cause, check.Problem.Cause)
					}
				}
				got = append(got, verdict+check.Subject.String())
			}
			if diff := cmp.Diff(tt.want, got, cmpopts.SortSlices(strings.Compare)); diff != "" {
				t.Errorf("checks (-want +got):\n%s", diff)
			}
		})
	}
}

// An account that could launch an AMI before the run and gives that up meanwhile is told as soon as that is sure, and no sooner.
func TestAPermissionThatAnAccountGaveUpIsNotWaitedFor(t *testing.T) {
	s := simtest.Start(t)
	c, p, made := shared(t, s)
	p.Kept = []plan.Present{made[1]}
	giveUp(t, s)
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second) // far less than verification has
	defer cancel()
	before := s.Counts()
	var failed []string
	for _, check := range verify.Run(ctx, c.Clients, p, made[:1], verify.Options{Timeout: time.Hour}) {
		if !check.OK {
			failed = append(failed, check.Subject.String()+": "+check.Problem.Cause)
		}
	}
	if len(failed) != 1 || !strings.Contains(failed[0], ofImage+": the AMI is not visible to the account, and its launch permissions don't name the account any more") {
		t.Errorf("failed: %q", failed)
	}
	if looks := s.Counts()["ec2:DescribeImages"] - before["ec2:DescribeImages"]; looks != 4 {
		t.Errorf("%d looks at the AMI", looks)
	}
}

func TestVerifyTakesOneCallForEachQuestion(t *testing.T) {
	s := simtest.Start(t)
	c, p, made := shared(t, s)
	before := s.Counts()
	kept := plan.ModifyLaunchPermission{Image: simtest.ImageFrankfurt(), Recipients: []sharing.Recipient{sharing.Account(simtest.OtherTarget)}}
	doAll(t, c, kept)
	kept.Recipients = append(kept.Recipients, sharing.Account(simtest.ClosedTarget))
	p.Kept = []plan.Present{{Change: kept}}
	before["ec2:ModifyImageAttribute"]++
	for _, check := range verify.Run(t.Context(), c.Clients, p, made, verify.Options{}) {
		if !check.OK {
			t.Errorf("%+v", check)
		}
	}
	after := s.Counts()
	for action, n := range before {
		after[action] -= n
		if after[action] == 0 {
			delete(after, action)
		}
	}
	want := map[string]int{"ec2:DescribeImages": 2, "kms:ListGrants": 1, "ec2:GetEbsDefaultKmsKeyId": 1}
	if diff := cmp.Diff(want, after); diff != "" {
		t.Errorf("calls (-want +got):\n%s", diff)
	}
}

func TestAHiddenImageIsNotWaitedFor(t *testing.T) {
	t.Parallel()
	s := simtest.Start(t, func(w *awssim.World) {
		w.Accounts[1].Regions = map[string]awssim.WorldRegion{string(virginia): {AllowedImages: &awssim.WorldAllowedImages{
			State: "enabled", Criteria: []awssim.WorldImageCriterion{{ImageProviders: []string{"amazon"}}},
		}}}
	})
	c, p, made := shared(t, s)
	before := len(s.Of("ec2:DescribeImages"))
	verify.Run(t.Context(), c.Clients, p, made, verify.Options{Timeout: time.Minute})
	looks := map[string]int{}
	for _, entry := range s.Of("ec2:DescribeImages")[before:] {
		looks[entry.Account]++
	}
	// As the owner once, to say what the setting wants.
	if diff := cmp.Diff(map[string]int{string(target): 4, string(simtest.SourceAccount): 1}, looks); diff != "" {
		t.Errorf("looks (-want +got):\n%s", diff)
	}
}

func TestAnInterruptedVerificationAccusesNobody(t *testing.T) {
	s := simtest.Start(t)
	c, p, made := shared(t, s)
	doAll(t, c, unshare(target))
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	for _, check := range verify.Run(ctx, c.Clients, p, made, verify.Options{Timeout: time.Minute}) {
		if !check.OK {
			t.Errorf("%+v", check.Problem)
		}
	}
}
