package awsapi

import (
	"context"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/amishare/packer-plugin-ami-share/internal/awssim"
	"github.com/amishare/packer-plugin-ami-share/internal/plan"
	"github.com/amishare/packer-plugin-ami-share/internal/sharing"
)

// done are the changes that share the image in Virginia with a target.
func done() []plan.Change { return []plan.Change{grantIn(target, keyVirginia), share(target)} }

// shared observes, shares and returns what Verify takes.
func shared(t *testing.T, s *sim, o Options) (*Client, plan.Plan) {
	t.Helper()
	c := s.client(o)
	facts, err := c.Observe(t.Context(), withRoles())
	if err != nil {
		t.Fatal(err)
	}
	for _, change := range done() {
		if _, err := c.Do(t.Context(), change); err != nil {
			t.Fatal(err)
		}
	}
	return c, plan.Plan{Images: facts.Images, Keys: []string{keyFrankfurt, keyVirginia}, Targets: someRequest().Targets}
}

const (
	ofImage = "image ami-0000000000000000b"
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
	naming := strings.Replace(delegating, `"arn:aws:iam::222222222222:root"`, `["arn:aws:iam::222222222222:root","`+granteeID+`"]`, 1)
	const defaultKey = "default EBS key arn:aws:kms:us-east-1:222222222222:key/99999999-9999-9999-9999-999999999999"
	ok := func(subject string) string { return "ok " + subject }
	for name, tt := range map[string]struct {
		world func(*awssim.World)
		after func(*testing.T, *sim, *Client)
		want  []string
		cause string
	}{
		"everything in its place": {want: []string{ok(ofGrant), ok(ofImage)}},
		"a grant that is listed late": {
			world: func(w *awssim.World) { w.Hostility.NewGrantUnlisted = 2 }, want: []string{ok(ofGrant), ok(ofImage)},
		},
		"a launch permission that somebody took away": {
			after: func(t *testing.T, _ *sim, c *Client) {
				if _, err := c.Do(t.Context(), plan.ModifyLaunchPermission{Image: imageVirginia, Remove: []sharing.Recipient{sharing.Account(target)}}); err != nil {
					t.Fatal(err)
				}
			},
			want: []string{ok(ofGrant), "fail " + ofImage}, cause: "not visible to the account after",
		},
		"a grant that somebody took away": {
			after: func(t *testing.T, _ *sim, c *Client) {
				retire := undoOf(grantIn(target, keyVirginia), c.grants.id(subjectOf(grantIn(target, keyVirginia))))
				if _, err := c.Do(t.Context(), retire); err != nil {
					t.Fatal(err)
				}
			},
			want: []string{"fail " + ofGrant, ok(ofImage)}, cause: "does not list the grant",
		},
		"a role that was deleted after the grant": {
			after: func(t *testing.T, _ *sim, c *Client) {
				if _, err := c.Do(t.Context(), plan.DeleteServiceLinkedRole{Account: target, Grantee: autoscalingRole}); err != nil {
					t.Fatal(err)
				}
				c.grants.addRole(granteeID, "") // as if the run had not looked it up
			},
			want: []string{"warn " + ofGrant, ok(ofImage)}, cause: "KMS shows the grantee as AROA",
		},
		"a grantee that KMS shows by the unique id that the run knows": {
			after: func(t *testing.T, _ *sim, c *Client) {
				if _, err := c.Do(t.Context(), plan.DeleteServiceLinkedRole{Account: target, Grantee: autoscalingRole}); err != nil {
					t.Fatal(err)
				}
			},
			want: []string{ok(ofGrant), ok(ofImage)},
		},
		"Allowed AMIs that hide the image":       {world: hidden("enabled"), want: []string{ok(ofGrant), "fail " + ofImage}, cause: "Allowed AMIs setting hides"},
		"Allowed AMIs that are going to hide it": {world: hidden("audit-mode"), want: []string{ok(ofGrant), "warn " + ofImage}, cause: "in audit mode"},
		"a default EBS key that the grantee can't use": {
			world: ownKey(delegating), want: []string{"warn " + defaultKey, ok(ofGrant), ok(ofImage)}, cause: "neither its grants nor its policy name",
		},
		"a default EBS key that names the grantee": {world: ownKey(naming), want: []string{ok(defaultKey), ok(ofGrant), ok(ofImage)}},
		"a default EBS key that the run has granted": {
			world: func(w *awssim.World) {
				w.Accounts[1].Regions = map[string]awssim.WorldRegion{string(virginia): {DefaultEBSKey: keyVirginia}}
			},
			want: []string{ok(ofGrant), ok(ofImage)},
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
			want: []string{"warn default EBS key", "warn " + ofGrant, "warn " + ofImage}, cause: "does not allow ec2:GetEbsDefaultKmsKeyId",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := start(t)
			if tt.world != nil {
				s = start(t, tt.world)
			}
			c, p := shared(t, s, Options{VerifyTimeout: 3 * time.Second})
			if tt.after != nil {
				tt.after(t, s, c)
			}
			var got []string
			for _, check := range c.Verify(t.Context(), p, done()) {
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
					contains(t, "cause", check.Problem.Cause, []string{tt.cause})
				}
				got = append(got, verdict+check.Subject)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("checks (-want +got):\n%s", diff)
			}
		})
	}
}

func TestVerifyTakesOneCallForEachQuestion(t *testing.T) {
	s := start(t)
	c, p := shared(t, s, Options{})
	before := s.calls()
	p.Kept = []plan.Kept{
		{Scope: sharing.Scope{Account: otherTarget, Region: frankfurt}, Kind: plan.KeptLaunchPermission, Resource: imageFrankfurt.ID},
		{Scope: sharing.Scope{Account: closedTarget, Region: frankfurt}, Kind: plan.KeptLaunchPermission, Resource: imageFrankfurt.ID},
	}
	if _, err := c.Do(t.Context(), plan.ModifyLaunchPermission{Image: imageFrankfurt, Add: []sharing.Recipient{sharing.Account(otherTarget)}}); err != nil {
		t.Fatal(err)
	}
	before["ec2:ModifyImageAttribute"]++
	for _, check := range c.Verify(t.Context(), p, done()) {
		if !check.OK {
			t.Errorf("%+v", check)
		}
	}
	after := s.calls()
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
	s := start(t, func(w *awssim.World) {
		w.Accounts[1].Regions = map[string]awssim.WorldRegion{string(virginia): {AllowedImages: &awssim.WorldAllowedImages{
			State: "enabled", Criteria: []awssim.WorldImageCriterion{{ImageProviders: []string{"amazon"}}},
		}}}
	})
	c, p := shared(t, s, Options{VerifyTimeout: 10 * time.Second})
	before := len(s.of("ec2:DescribeImages"))
	c.Verify(t.Context(), p, done())
	if looks := len(s.of("ec2:DescribeImages")) - before; looks != looksAtHidden {
		t.Errorf("it was looked for %d times", looks)
	}
}

func TestAnInterruptedVerificationAccusesNobody(t *testing.T) {
	s := start(t)
	c, p := shared(t, s, Options{})
	if _, err := c.Do(t.Context(), plan.ModifyLaunchPermission{Image: imageVirginia, Remove: []sharing.Recipient{sharing.Account(target)}}); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	for _, check := range c.Verify(ctx, p, done()) {
		if !check.OK {
			t.Errorf("%+v", check.Problem)
		}
	}
}
