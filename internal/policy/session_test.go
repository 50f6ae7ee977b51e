// SPDX-License-Identifier: MPL-2.0

package policy_test

import (
	"encoding/json"
	"fmt"
	"path"
	"slices"
	"strings"
	"testing"

	"github.com/amishare/packer-plugin-ami-share/internal/policy"
	"github.com/amishare/packer-plugin-ami-share/internal/sharing"
)

func actions(t *testing.T, text string) []string {
	t.Helper()
	var all []string
	for _, s := range anonymous(t, text) {
		switch action := s.Action.(type) {
		case string:
			all = append(all, action)
		case []any:
			for _, one := range action {
				all = append(all, one.(string))
			}
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

func anonymous(t *testing.T, text string) []statement {
	t.Helper()
	var doc struct{ Statement []statement }
	if err := json.Unmarshal([]byte(text), &doc); err != nil {
		t.Fatal(err)
	}
	return doc.Statement
}

func TestSessionNamesTheRunsKeysAndImages(t *testing.T) {
	c := oneTarget(t)
	c.Targets[0].CopyTags = true
	c.Resources = []string{"arn:aws:ec2:eu-central-1::image/ami-1", "arn:aws:ec2:eu-central-1::snapshot/snap-1"}
	text := policy.Session(c, c.Targets[0], policy.SessionLimit)
	for _, want := range append(slices.Clone(c.Keys), append(c.Resources, "kms:GranteePrincipal", "kms:GrantOperations")...) {
		if !strings.Contains(text, `"`+want+`"`) {
			t.Errorf("%s is missing in %s", want, text)
		}
	}
}

func TestSessionFits(t *testing.T) {
	for name, size := range map[string]struct{ keys, images, groups int }{
		"one of each":                     {1, 1, 1},
		"ten AMIs in ten Regions":         {10, 10, 1},
		"twenty keys and hundred AMIs":    {20, 100, 5},
		"two hundred keys":                {200, 0, 0},
		"one key, fifty groups and roles": {1, 1, 50},
	} {
		t.Run(name, func(t *testing.T) {
			c := everyOption(t)
			small := policy.Session(c, c.Targets[0], policy.SessionLimit)
			c.Keys, c.Targets[0].AutoScalingGroups = nil, nil
			for i := range size.keys {
				c.Keys = append(c.Keys, key(fmt.Sprintf("eu-central-%d", i), source))
			}
			for i := range size.images {
				c.Resources = append(c.Resources, fmt.Sprintf("arn:aws:ec2:eu-central-%d::image/ami-%017d", i, i), fmt.Sprintf("arn:aws:ec2:eu-central-%d::snapshot/snap-%017d", i, i))
			}
			for i := range size.groups {
				c.Targets[0].AutoScalingGroups = append(c.Targets[0].AutoScalingGroups, fmt.Sprintf("group-%d", i))
			}
			text := policy.Session(c, c.Targets[0], policy.SessionLimit)
			if len(text) > 2048 {
				t.Errorf("%d characters: %s", len(text), text)
			}
			want := actions(t, small)
			if size.groups == 0 {
				want = slices.DeleteFunc(want, func(a string) bool {
					return strings.HasPrefix(a, "autoscaling:") || a == "iam:PassRole" || a == "ec2:RunInstances"
				})
			}
			if got := actions(t, text); !slices.Equal(got, want) {
				t.Errorf("allows %v, want %v", got, want)
			}
		})
	}
}

func TestTheWidestSessionFitsForEveryTarget(t *testing.T) {
	c := everyOption(t)
	narrow := policy.Session(c, c.Targets[0], policy.SessionLimit)
	most := target(t, "222222222222", "autoscaling", "spot", "spotfleet", "ec2fleet", "eks.amazonaws.com", "eks-nodegroup.amazonaws.com", "batch.amazonaws.com",
		"imagebuilder.amazonaws.com", "elasticbeanstalk.amazonaws.com", "ecs.amazonaws.com", "emr-containers.amazonaws.com",
		"elasticmapreduce.amazonaws.com", "pcs.amazonaws.com")
	most.CreateServiceLinkedRoles, most.CopyTags = true, true
	for i := range 50 {
		name := fmt.Sprintf("%064d", i)
		most.Grantees = append(most.Grantees, sharing.Grantee{Path: "/", Name: name})
		most.AutoScalingGroups = append(most.AutoScalingGroups, name)
	}
	text := policy.Session(c, most, 0)
	if len(text) > policy.SessionLimit {
		t.Errorf("%d characters: %s", len(text), text)
	}
	for _, action := range actions(t, narrow) {
		if !slices.ContainsFunc(actions(t, text), func(pattern string) bool { matches, err := path.Match(pattern, action); return matches && err == nil }) {
			t.Errorf("the widest policy does not allow %s: %s", action, text)
		}
	}
	for _, pattern := range actions(t, text) {
		if service, name, _ := strings.Cut(pattern, ":"); service == "*" || name == "*" {
			t.Errorf("the widest policy allows %s", pattern)
		}
	}
}
