// SPDX-License-Identifier: MPL-2.0

package awsapi

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/google/go-cmp/cmp"

	"github.com/amishare/packer-plugin-ami-share/internal/awssim"
	"github.com/amishare/packer-plugin-ami-share/internal/plan"
	"github.com/amishare/packer-plugin-ami-share/internal/sharing"
)

// pipeline is one of several runs that announce AMIs in the same places.
type pipeline struct {
	t     *testing.T
	c     *Client
	image sharing.ImageRef
	note  string
	undos []plan.Change
}

// shared is an account with a launch template, and with a parameter that is labelled.
func shared(t *testing.T) *sim {
	t.Helper()
	return start(t, func(w *awssim.World) {
		has := w.Accounts[1].Regions[string(virginia)]
		has.LaunchTemplates = append(has.LaunchTemplates, awssim.WorldLaunchTemplate{ID: "lt-0web0000000000000", Name: "shared", Image: "ami-0feedfacecafe0000"})
		has.Parameters = append(has.Parameters, awssim.WorldParameter{Name: "/shared", Value: "ami-0feedfacecafe0000", DataType: "text", Labels: []string{"live"}})
		if w.Accounts[1].Regions == nil {
			w.Accounts[1].Regions = map[string]awssim.WorldRegion{}
		}
		w.Accounts[1].Regions[string(virginia)] = has
	})
}

func (s *sim) pipeline(t *testing.T, name, image string) *pipeline {
	t.Helper()
	return &pipeline{t: t, c: s.client(Options{LookAgain: time.Second}), image: sharing.ImageRef{Region: virginia, ID: image}, note: sharing.TemplateNote + image + " " + name}
}

func (p *pipeline) where() plan.Where { return plan.Where{Account: target, Image: p.image} }

// do makes a change as a run with on_failure = "rollback" does.
func (p *pipeline) do(change plan.Change) plan.Effect {
	p.t.Helper()
	undo, err := p.c.Undo(p.t.Context(), change)
	if err != nil {
		p.t.Fatal(err)
	}
	effect, err := p.c.Do(p.t.Context(), change)
	if err != nil {
		p.t.Fatal(err)
	}
	if undo != nil {
		p.undos = append(p.undos, undo)
	}
	return effect
}

func (p *pipeline) adds() plan.Effect {
	p.t.Helper()
	return p.do(plan.AddTemplateVersion{Where: p.where(), Template: sharing.LaunchTemplate{Named: "shared"}, ID: "lt-0web0000000000000", Note: p.note})
}

func (p *pipeline) points() plan.Effect {
	p.t.Helper()
	return p.do(plan.SetDefaultVersion{Where: p.where(), Template: sharing.LaunchTemplate{Named: "shared", Default: true}, ID: "lt-0web0000000000000", Note: p.note})
}

func (p *pipeline) stores() plan.Effect {
	p.t.Helper()
	parameter := sharing.Parameter{Name: "/shared", DataType: "text", Timeout: time.Minute}
	return p.do(plan.PutParameter{Where: p.where(), Parameter: parameter, Previous: sharing.StoredParameter{Version: 1, Value: "ami-before", DataType: "text"}})
}

func (p *pipeline) labels(labels ...string) plan.Effect {
	p.t.Helper()
	return p.do(plan.LabelParameter{Where: p.where(), Name: "/shared", Labels: labels})
}

// rollsBack takes back what the pipeline did, newest first, and returns why something was left.
func (p *pipeline) rollsBack() string {
	p.t.Helper()
	var kept []string
	for len(p.undos) > 0 {
		last := len(p.undos) - 1
		effect, err := p.c.Do(p.t.Context(), p.undos[last])
		if err != nil {
			p.t.Fatal(err)
		}
		if effect.Kept != "" {
			kept = append(kept, effect.Kept)
		}
		p.undos = p.undos[:last]
	}
	return strings.Join(kept, "; ")
}

// templateVersions are the versions of the launch template: their AMIs, and which of them is the default.
func (s *sim) templateVersions(t *testing.T) []string {
	t.Helper()
	out, err := ec2.NewFromConfig(s.As(target)).DescribeLaunchTemplateVersions(t.Context(), &ec2.DescribeLaunchTemplateVersionsInput{
		LaunchTemplateName: aws.String("shared"),
	}, func(o *ec2.Options) { o.Region = string(virginia) })
	if err != nil {
		t.Fatal(err)
	}
	var versions []string
	for _, version := range out.LaunchTemplateVersions {
		text := fmt.Sprint(*version.VersionNumber, " ", *version.LaunchTemplateData.ImageId)
		if *version.DefaultVersion {
			text += " default"
		}
		versions = append(versions, text)
	}
	return versions
}

// stored is what a parameter holds, by name, number or label; "" where there is no such version.
func (s *sim) stored(t *testing.T, name string) string {
	t.Helper()
	out, err := ssm.NewFromConfig(s.As(target)).GetParameter(t.Context(), &ssm.GetParameterInput{Name: &name}, func(o *ssm.Options) { o.Region = string(virginia) })
	if err != nil {
		return ""
	}
	return *out.Parameter.Value
}

const (
	before = "ami-0feedfacecafe0000"
	first  = "ami-0feedfacecafe0001"
	second = "ami-0feedfacecafe0002"
)

func TestTwoPipelinesAtOneLaunchTemplateKeepTheirOwn(t *testing.T) {
	for name, test := range map[string]struct {
		other string // the AMI of the second pipeline
		play  func(a, b *pipeline) string
		kept  string
		want  []string
	}{
		"the second one's default stays when the first one goes back": {
			second,
			func(a, b *pipeline) string { a.adds(); a.points(); b.adds(); b.points(); return a.rollsBack() },
			"the default version is 3 by now, which somebody else has set",
			[]string{"1 " + before, "3 " + second + " default"},
		},
		"the first one's default is there again when the second one goes back": {
			second,
			func(a, b *pipeline) string { a.adds(); a.points(); b.adds(); b.points(); return b.rollsBack() },
			"",
			[]string{"1 " + before, "2 " + first + " default"},
		},
		"the second one's version stays, of the same AMI": {
			first,
			func(a, b *pipeline) string { a.adds(); b.adds(); return a.rollsBack() },
			"",
			[]string{"1 " + before + " default", "3 " + first},
		},
		"the first one's default stays, of the same AMI": {
			first,
			func(a, b *pipeline) string { a.adds(); b.adds(); a.points(); b.points(); return b.rollsBack() },
			"",
			[]string{"1 " + before, "2 " + first + " default"},
		},
		"each takes back its own": {
			second,
			func(a, b *pipeline) string { a.adds(); b.adds(); a.points(); return a.rollsBack() + b.rollsBack() },
			"",
			[]string{"1 " + before + " default"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := shared(t)
			kept := test.play(s.pipeline(t, "a", first), s.pipeline(t, "b", test.other))
			if diff := cmp.Diff(test.want, s.templateVersions(t)); diff != "" || kept != test.kept {
				t.Errorf("left: %q; versions (-want +got):\n%s", kept, diff)
			}
		})
	}
}

// TestADefaultVersionOfTheSameAMIIsFound: another pipeline has made one in the meantime.
func TestADefaultVersionOfTheSameAMIIsFound(t *testing.T) {
	s := shared(t)
	a, b := s.pipeline(t, "a", first), s.pipeline(t, "b", first)
	a.adds()
	b.adds()
	a.points()
	if effect := b.points(); !effect.Found || len(s.Of("ec2:ModifyLaunchTemplate")) != 1 {
		t.Errorf("%+v, %d calls", effect, len(s.Of("ec2:ModifyLaunchTemplate")))
	}
}

// TestALostAnswerMakesOneVersion: each attempt has the same token.
func TestALostAnswerMakesOneVersion(t *testing.T) {
	for name, fault := range map[string]awssim.Fault{
		"the connection is lost": {Drop: true, AfterEffect: true},
		"the answer is cut":      {Cut: true},
		"AWS fails":              {Code: "InternalError", Status: 500, AfterEffect: true},
	} {
		t.Run(name, func(t *testing.T) {
			s := shared(t)
			fault.Action, fault.Nth = "ec2:CreateLaunchTemplateVersion", 1
			s.Server.Fail(fault)
			a := s.pipeline(t, "a", first)
			a.adds()
			if diff := cmp.Diff([]string{"1 " + before + " default", "2 " + first}, s.templateVersions(t)); diff != "" || len(s.Of("ec2:CreateLaunchTemplateVersion")) != 2 {
				t.Errorf("%d attempts, versions (-want +got):\n%s", len(s.Of("ec2:CreateLaunchTemplateVersion")), diff)
			}
		})
	}
}

// TestWhatAnotherPipelineHasAnnouncedIsNotAnnouncedAgain: both had seen the old AMI. Another version would take the label from the one that
// the first pipeline has made.
func TestWhatAnotherPipelineHasAnnouncedIsNotAnnouncedAgain(t *testing.T) {
	s := shared(t)
	a, b := s.pipeline(t, "a", first), s.pipeline(t, "b", first)
	a.stores()
	stored := b.stores()
	a.labels("live", "next")
	labelled := b.labels("live", "next")
	if !stored.Found || !labelled.Found || len(s.Of("ssm:PutParameter")) != 1 || len(s.Of("ssm:LabelParameterVersion")) != 1 {
		t.Errorf("stored %+v in %d calls, labelled %+v in %d calls", stored, len(s.Of("ssm:PutParameter")), labelled, len(s.Of("ssm:LabelParameterVersion")))
	}
}

func TestTwoPipelinesAtOneParameterKeepTheirOwn(t *testing.T) {
	for name, test := range map[string]struct {
		play func(a, b *pipeline) string
		kept string
		want map[string]string
	}{
		"the second one's value stays when the first one goes back": {
			func(a, b *pipeline) string { a.stores(); b.stores(); return a.rollsBack() },
			`it holds "` + second + `" by now, which somebody else has stored`,
			map[string]string{"/shared": second, "/shared:live": before},
		},
		"the second one's label stays when the first one goes back": {
			func(a, b *pipeline) string {
				a.stores()
				a.labels("live", "next")
				b.stores()
				b.labels("live")
				return a.rollsBack()
			},
			`version 3 with "` + second + `" has the label live by now, which somebody else has done; it holds "` + second + `" by now, which somebody else has stored`,
			map[string]string{"/shared": second, "/shared:live": second, "/shared:next": ""},
		},
		"the first one's label is there again when the second one goes back": {
			func(a, b *pipeline) string {
				a.stores()
				a.labels("live", "next")
				b.stores()
				b.labels("live", "next")
				return b.rollsBack()
			},
			"",
			map[string]string{"/shared": first, "/shared:live": first, "/shared:next": first},
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := shared(t)
			kept := test.play(s.pipeline(t, "a", first), s.pipeline(t, "b", second))
			got := map[string]string{}
			for name := range test.want {
				got[name] = s.stored(t, name)
			}
			if diff := cmp.Diff(test.want, got); diff != "" || kept != test.kept {
				t.Errorf("left: %q (want %q); parameter (-want +got):\n%s", kept, test.kept, diff)
			}
		})
	}
}
