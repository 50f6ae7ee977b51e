// SPDX-License-Identifier: MPL-2.0

package awsapi

import (
	"strings"
	"testing"

	"github.com/amishare/packer-plugin-ami-share/internal/sharing"
)

func TestASessionMayTakeBackWhatTheRunDoes(t *testing.T) {
	for name, tt := range map[string]struct {
		request func(*sharing.Target)
		undo    []string
	}{
		"tags": {func(t *sharing.Target) { t.CopyTags = true }, []string{"ec2:CreateTags", "ec2:DeleteTags"}},
		"a parameter": {
			func(t *sharing.Target) {
				t.Announcements.Parameters = []sharing.Parameter{{Name: "/golden", Labels: []string{"live"}}}
			},
			[]string{"ssm:PutParameter", "ssm:DeleteParameter", "ssm:LabelParameterVersion", "ssm:UnlabelParameterVersion"},
		},
		"a version of a launch template": {
			func(t *sharing.Target) {
				t.Announcements.Templates = []sharing.LaunchTemplate{{Named: "web", Default: true}}
			},
			[]string{"ec2:DeleteLaunchTemplateVersions", "ec2:ModifyLaunchTemplate"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			request := someRequest()
			tt.request(&request.Targets[0])
			s := start(t)
			if _, err := s.client(Options{}).Observe(t.Context(), request); err != nil {
				t.Fatal(err)
			}
			policy := s.narrowedTo(target)
			for _, action := range tt.undo {
				if !strings.Contains(policy, `"`+action+`"`) {
					t.Errorf("%s is missing in %s", action, policy)
				}
			}
		})
	}
}
