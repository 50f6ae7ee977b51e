// SPDX-License-Identifier: MPL-2.0

package awsapi

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials/stscreds"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	ststypes "github.com/aws/aws-sdk-go-v2/service/sts/types"
	"github.com/google/go-cmp/cmp"

	"github.com/amishare/packer-plugin-ami-share/internal/awssim"
	"github.com/amishare/packer-plugin-ami-share/internal/clients"
	"github.com/amishare/packer-plugin-ami-share/internal/diagnose"
	"github.com/amishare/packer-plugin-ami-share/internal/plan"
	"github.com/amishare/packer-plugin-ami-share/internal/sharing"
	"github.com/amishare/packer-plugin-ami-share/internal/verify"
)

func text(s string) func() string { return func() string { return s } }

func TestASessionPolicyThatAWSCannotPack(t *testing.T) {
	for name, tt := range map[string]struct {
		role     clients.AssumeRole
		refusals int
		policies []string // that are asked for, one after the other
		code     string   // of the problem
		warnings int
	}{
		"fits":                                  {clients.AssumeRole{RoleName: "x"}, 0, []string{"narrow"}, "", 0},
		"is replaced by the next wider one":     {clients.AssumeRole{RoleName: "x"}, 1, []string{"narrow", "wide"}, "", 0},
		"is left out in the end":                {clients.AssumeRole{RoleName: "x"}, 2, []string{"narrow", "wide", ""}, "", 1},
		"is left out and the tags are too long": {clients.AssumeRole{RoleName: "x"}, 3, []string{"narrow", "wide", ""}, "PackedPolicyTooLarge", 0},
		"is the user's own, and stays as it is": {clients.AssumeRole{RoleName: "x", Policy: "own"}, 1, []string{"own"}, "PackedPolicyTooLarge", 0},
		"are the user's own managed ones":       {clients.AssumeRole{RoleName: "x", PolicyARNs: []string{"arn:aws:iam::aws:policy/x"}}, 1, []string{""}, "PackedPolicyTooLarge", 0},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWire(t, map[string]func(int) (int, string){"AssumeRole": func(n int) (int, string) {
				if n <= tt.refusals {
					return http.StatusBadRequest, queryError("PackedPolicyTooLarge", "Packed size of session policies and tags consumes 120% of allotted space.")
				}
				return http.StatusOK, assumed
			}})
			c := New(clients.New(w.config(), map[sharing.AccountID]clients.TargetCredentials{target: {Role: &tt.role}}, clients.Options{}), Options{})
			c.Narrow(target, text("narrow"), text("wide"))
			problem := c.Enter(t.Context(), target)
			if got := codeOf(problem); got != tt.code {
				t.Errorf("problem %v", problem)
			}
			var policies []string
			for _, r := range w.of("AssumeRole") {
				policies = append(policies, r.form.Get("Policy"))
			}
			if diff := cmp.Diff(tt.policies, policies); diff != "" {
				t.Errorf("policies (-want +got):\n%s", diff)
			}
			if warnings := c.Warnings(target); problem == nil && len(warnings) != tt.warnings {
				t.Errorf("warnings %q", warnings)
			}
		})
	}
}

func TestAPolicyThatAWSCannotPackIsNotTriedInEveryAccount(t *testing.T) {
	for name, tt := range map[string]struct {
		fits  int // how long a policy AWS can pack
		other map[string]string
		tried int // policies, in 20 accounts
	}{
		"the middle one fits":                        {len("middle"), nil, 21},
		"the widest one fits":                        {len("wide"), nil, 22},
		"none fits, and the widest is always tried":  {0, nil, 2 + 2*20},
		"every other account has session tags, once": {len("middle"), map[string]string{"team": "web"}, 22},
	} {
		t.Run(name, func(t *testing.T) {
			var w *wire
			w = newWire(t, map[string]func(int) (int, string){"AssumeRole": func(int) (int, string) {
				if calls := w.of("AssumeRole"); len(calls[len(calls)-1].form.Get("Policy")) > tt.fits {
					return http.StatusBadRequest, queryError("PackedPolicyTooLarge", "Packed size of session policies and tags consumes 120% of allotted space.")
				}
				return http.StatusOK, assumed
			}})
			credentials := map[sharing.AccountID]clients.TargetCredentials{}
			for n := range 20 {
				role := &clients.AssumeRole{RoleName: "x"}
				if n%2 == 0 {
					role.Tags = tt.other
				}
				credentials[sharing.AccountID(fmt.Sprintf("2%011d", n))] = clients.TargetCredentials{Role: role}
			}
			c := clients.New(w.config(), credentials, clients.Options{})
			for account := range credentials {
				c.Narrow(account, text("narrowest"), text("middle"), text("wide"))
				if problem := c.Enter(t.Context(), account); problem != nil {
					t.Error(problem)
				}
			}
			if got := len(w.of("AssumeRole")); got != tt.tried {
				t.Errorf("%d calls, want %d", got, tt.tried)
			}
		})
	}
}

func codeOf(problem *sharing.Problem) string {
	if problem == nil {
		return ""
	}
	return problem.Code
}

// largeRegions are more than ARNs of keys, AMIs and snapshots fit for into a session policy.
var largeRegions = []string{
	"af-south-1", "ap-east-1", "ap-northeast-1", "ap-northeast-2", "ap-northeast-3", "ap-south-1", "ap-south-2", "ap-southeast-1", "ap-southeast-2",
	"ca-central-1", "eu-central-1", "eu-central-2", "eu-north-1", "eu-south-1", "eu-west-1", "eu-west-2", "sa-east-1", "us-east-1", "us-east-2", "us-west-2",
}

// largeWorld has an AMI with three snapshots under two keys in each of twenty Regions.
func largeWorld(w *awssim.World) sharing.Request {
	request := someRequest()
	request.Images = nil
	source := &w.Accounts[0]
	source.Keys, source.Regions = nil, map[string]awssim.WorldRegion{}
	for i, region := range largeRegions {
		image := sharing.ImageRef{Region: sharing.Region(region), ID: fmt.Sprintf("ami-%017d", i)}
		world := awssim.WorldRegion{Images: []awssim.WorldImage{{ID: image.ID, Name: "golden", Tags: map[string]string{"os": "linux"}}}}
		for disk := range 3 {
			key := fmt.Sprintf("%08d-0000-0000-0000-00000000000%d", i, disk%2)
			if disk < 2 {
				source.Keys = append(source.Keys, awssim.WorldKey{Region: region, ID: key, Policy: []byte(sharedKey)})
			}
			snapshot := fmt.Sprintf("snap-%016d%d", i, disk)
			world.Snapshots = append(world.Snapshots, awssim.WorldSnapshot{ID: snapshot, KMSKey: key})
			world.Images[0].BlockDevices = append(world.Images[0].BlockDevices, awssim.WorldBlockDevice{DeviceName: "/dev/xvd" + string(rune('a'+disk)), Snapshot: snapshot})
		}
		source.Regions[region] = world
		request.Images = append(request.Images, image)
	}
	for i := range request.Targets[:2] {
		request.Targets[i].CopyTags = true
	}
	return request
}

func TestALargeRunIsNarrowedToo(t *testing.T) {
	var request sharing.Request
	s := start(t, func(w *awssim.World) { request = largeWorld(w) })
	c := s.client(Options{})
	facts, err := c.Observe(t.Context(), request)
	if err != nil || len(facts.Keys) != 40 || len(facts.Warnings) > 0 {
		t.Fatal(len(facts.Keys), facts.Warnings, err)
	}
	p, err := plan.Compute(request, facts)
	if err != nil {
		t.Fatal(err)
	}
	for _, check := range verify.Run(t.Context(), c.Clients, p, doAll(t, c, p.Changes...), verify.Options{}) {
		if !check.OK {
			t.Errorf("%+v", check.Problem)
		}
	}
	text := s.narrowedTo(target)
	if len(text) > 2048 || !strings.Contains(text, `"arn:aws:kms:*:111111111111:key/*"`) || !strings.Contains(text, "arn:aws:ec2:*::image/*") {
		t.Errorf("the policy in use, %d characters: %s", len(text), text)
	}
	if _, err := c.AutoScaling(clients.Place{Account: target, Region: "eu-central-1"}).DescribeAutoScalingGroups(t.Context(), nil); !diagnose.Denied(err) {
		t.Errorf("the session may do what the run does not do: %v", err)
	}
}

func TestASessionThatCouldNotBeNarrowedIsToldOf(t *testing.T) {
	s := start(t, func(w *awssim.World) {
		for n := range 3 { // as often as there are policies
			w.Faults = append(w.Faults, awssim.Fault{Action: "sts:AssumeRole", Nth: n + 1, Code: "PackedPolicyTooLarge", Message: "Packed size of session policies and tags consumes 120% of allotted space."})
		}
	})
	request := someRequest()
	request.Targets = request.Targets[:1]
	facts, err := s.client(Options{}).Observe(t.Context(), request)
	if err != nil || len(facts.Targets[target].Problems) > 0 || len(facts.Warnings) != 1 {
		t.Fatal(facts.Warnings, facts.Targets, err)
	}
	contains(t, "warning", facts.Warnings[0], []string{"the session in account 222222222222 could not be narrowed", "PackedPolicyTooLarge"})
}

func TestASessionMayDoNoMoreThanTheRunDoes(t *testing.T) {
	for name, tt := range map[string]struct {
		options Options
		request func(*sharing.Request)
		may     string
		mayNot  string
	}{
		"a run that verifies":            {Options{}, func(*sharing.Request) {}, "ec2:DescribeImages", "ec2:CreateTags"},
		"a run that does not verify":     {Options{WithoutVerify: true}, func(*sharing.Request) {}, "kms:CreateGrant", "ec2:DescribeImages"},
		"a run that copies tags":         {Options{}, func(r *sharing.Request) { r.Targets[0].CopyTags = true }, "ec2:CreateTags", "iam:CreateServiceLinkedRole"},
		"a run that makes roles":         {Options{}, func(r *sharing.Request) { r.Targets[0].CreateServiceLinkedRoles = true }, "iam:CreateServiceLinkedRole", "iam:PassRole"},
		"a run that points groups at it": {Options{}, func(r *sharing.Request) { r.Targets[0].AutoScalingGroups = []string{"web"} }, "iam:PassRole", "ec2:CreateTags"},
	} {
		t.Run(name, func(t *testing.T) {
			request := someRequest()
			tt.request(&request)
			s := start(t)
			if _, err := s.client(tt.options).Observe(t.Context(), request); err != nil {
				t.Fatal(err)
			}
			policy := s.narrowedTo(target)
			if !strings.Contains(policy, tt.may) || strings.Contains(policy, tt.mayNot) {
				t.Errorf("it should allow %s and not %s: %s", tt.may, tt.mayNot, policy)
			}
		})
	}
	t.Run("a run that may take grants back from a target that gets none", func(t *testing.T) {
		request := someRequest()
		request.ExactGrants, request.Targets[0].Grantees = true, nil
		s := start(t)
		if _, err := s.client(Options{}).Observe(t.Context(), request); err != nil || s.narrowedTo(target) != "" || s.narrowedTo(otherTarget) == "" {
			t.Errorf("narrowed by %q, %v", s.narrowedTo(target), err)
		}
	})
}

// podTags are those that EKS Pod Identity sets. https://docs.aws.amazon.com/eks/latest/userguide/pod-id-abac.html
var podTags = map[string]string{
	"eks-cluster-arn": "arn:aws:eks:eu-central-1:111111111111:cluster/golden", "eks-cluster-name": "golden", "kubernetes-namespace": "images",
	"kubernetes-service-account": "packer", "kubernetes-pod-name": "packer-7d5b9c6f4-x2x9q", "kubernetes-pod-uid": "f3c0a6de-6f5c-4a8b-9d42-1f2f6f4f3f10",
}

func TestTagsOfTheCallerLeaveNoSpaceForAPolicy(t *testing.T) {
	taggable := []byte(strings.Replace(sourceTrust, `"sts:AssumeRole","Condition":{"StringEquals":{"sts:ExternalId":"s3cret"}}`, `["sts:AssumeRole","sts:TagSession"]`, 1))
	s := start(t, func(w *awssim.World) {
		w.Accounts[0].Roles = []awssim.WorldRole{{Name: "pod", Policies: []json.RawMessage{[]byte(allowAll)}, TrustPolicy: taggable}}
		w.Accounts[1].Roles[0].TrustPolicy = taggable
	})
	pod := stscreds.NewAssumeRoleProvider(sts.NewFromConfig(s.Config()), "arn:aws:iam::111111111111:role/pod", func(o *stscreds.AssumeRoleOptions) {
		for key, value := range podTags {
			o.Tags = append(o.Tags, ststypes.Tag{Key: &key, Value: &value})
			o.TransitiveTagKeys = append(o.TransitiveTagKeys, key)
		}
	})
	config := s.Config()
	config.Credentials = aws.NewCredentialsCache(pod)
	request := someRequest()
	request.Targets = request.Targets[:1]
	facts, err := New(clients.New(config, map[sharing.AccountID]clients.TargetCredentials{target: {Role: &clients.AssumeRole{RoleARN: roleARN}}}, clients.Options{}), Options{}).Observe(t.Context(), request)
	if err != nil || len(facts.Targets[target].Problems) > 0 || len(facts.Warnings) != 1 {
		t.Fatal(facts.Warnings, facts.Targets, err)
	}
	contains(t, "warning", facts.Warnings[0], []string{"could not be narrowed", "the transitive ones that come with the source's own session", "disableSessionTags"})
}
