// SPDX-License-Identifier: MPL-2.0

package plan_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/amishare/packer-plugin-ami-share/internal/plan"
	"github.com/amishare/packer-plugin-ami-share/internal/sharing"
)

// announcements returns those of a plan.
func announcements(t *testing.T, r sharing.Request, f sharing.Facts) []plan.Change {
	t.Helper()
	p, err := plan.Compute(r, f)
	if err != nil {
		t.Fatal(err)
	}
	return slices.DeleteFunc(p.Changes, func(c plan.Change) bool { return !c.Stage().Announces() })
}

func TestSharedTags(t *testing.T) {
	const marker = sharing.SharedTagsTag
	for name, test := range map[string]struct {
		there  map[string]string
		wanted map[string]string
		exact  bool
		want   []string
		marker map[string]string // that is written
	}{
		"are written, and noted": {nil, map[string]string{"status": "approved"}, false, []string{"share the tags status=approved of the AMI ami-a"}, map[string]string{marker: "status"}},
		"are written where the value is another one": {
			map[string]string{"ec2:SharedTag/status": "new", "ec2:SharedTag/team": "web", marker: "team"},
			map[string]string{"status": "approved"},
			false,
			[]string{"share the tags status=approved of the AMI ami-a"},
			map[string]string{marker: "status,team"},
		},
		"are not written twice": {map[string]string{"ec2:SharedTag/status": "approved"}, map[string]string{"status": "approved"}, true, nil, nil},
		"that are not named stay without exact": {
			map[string]string{"ec2:SharedTag/team": "web", marker: "team"}, nil, false, nil, nil,
		},
		"that are not named go with exact, and the note of them": {
			map[string]string{"ec2:SharedTag/team": "web", marker: "team"}, nil, true, []string{"delete the shared tags team=web of the AMI ami-a"}, nil,
		},
		"of others stay with exact": {
			map[string]string{"ec2:SharedTag/team": "web", "team": "x", marker: "status"}, nil, true, nil, nil,
		},
		"one goes and one comes": {
			map[string]string{"ec2:SharedTag/team": "web", marker: "team"},
			map[string]string{"status": "approved"},
			true,
			[]string{"share the tags status=approved of the AMI ami-a", "delete the shared tags team=web of the AMI ami-a"},
			map[string]string{marker: "status,team"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			r, f := ask()
			r.Exact, r.Announcements.SharedTags, f.Images[0].Tags = test.exact, sharing.SharedTags(test.wanted), test.there
			changes := announcements(t, r, f)
			if diff := cmp.Diff(test.want, texts(changes)); diff != "" {
				t.Error(diff)
			}
			for _, change := range changes {
				if put, ok := change.(plan.PutSharedTags); ok && !cmp.Equal(put.Marker, test.marker) {
					t.Errorf("noted: %v", put.Marker)
				}
				if remove, ok := change.(plan.RemoveSharedTags); ok && slices.Contains(remove.Keys(), marker) != (test.marker == nil) {
					t.Errorf("deleted: %q", remove.Keys())
				}
			}
		})
	}
}

func TestSeveralAMIsOfARegionAreNotAnnouncedInOneParameter(t *testing.T) {
	r, f := ask()
	second := f.Images[0]
	second.Ref.ID = "ami-b"
	f.Images = append(f.Images, second)
	r.Images = append(r.Images, second.Ref)
	r.Announcements.Parameters = []sharing.Parameter{{Name: "/golden/web"}}
	r.Targets[0].Announcements.Parameters = []sharing.Parameter{{Name: "/golden/batch"}}
	_, err := plan.Compute(r, f)
	if err == nil || !strings.Contains(err.Error(), "announcing ami-a, ami-b in the parameter /golden/batch, the parameter /golden/web (eu-central-1): there are 2 AMIs") {
		t.Errorf("not refused by name: %v", err)
	}
	r.Targets[0].Announcements, r.Announcements = sharing.Announcements{}, sharing.Announcements{SharedTags: sharing.SharedTags(map[string]string{"a": "b"})}
	if got := announcements(t, r, f); len(got) != 2 {
		t.Errorf("tags are each AMI's own: %q", texts(got))
	}
}

func TestLaunchTemplates(t *testing.T) {
	const made, pointed = "make a version with ami-a of the launch template web of account 222222222222", "make the version with ami-a the default of the launch template web of account 222222222222"
	old, with := sharing.TemplateVersion{Number: 1, Image: "ami-old"}, sharing.TemplateVersion{Number: 2, Image: "ami-a"}
	for name, test := range map[string]struct {
		stored   sharing.StoredTemplate
		point    bool
		want     []string
		warnings []string
	}{
		"get a version":                                {sharing.StoredTemplate{ID: "lt-1", Default: old, Latest: old, Source: old}, false, []string{made}, nil},
		"get a version, and it is the default":         {sharing.StoredTemplate{ID: "lt-1", Default: old, Latest: old, Source: old}, true, []string{made, pointed}, nil},
		"whose newest version has the AMI are pointed": {sharing.StoredTemplate{ID: "lt-1", Default: old, Latest: with, Source: old}, true, []string{pointed}, nil},
		"whose newest version has the AMI are done":    {sharing.StoredTemplate{ID: "lt-1", Default: old, Latest: with, Source: old}, false, nil, nil},
		"whose default version has the AMI are done":   {sharing.StoredTemplate{ID: "lt-1", Default: with, Latest: with, Source: with}, true, nil, nil},
		"with devices of their own are told": {
			sharing.StoredTemplate{ID: "lt-1", Default: old, Latest: old, Source: sharing.TemplateVersion{Number: 1, Image: "resolve:ssm:/golden", Devices: []sharing.TemplateDevice{{Name: "/dev/xvda", Snapshot: "snap-x", Key: "alias/own"}}}},
			false,
			[]string{made},
			[]string{"resolve:ssm:/golden", "names the snapshot snap-x for /dev/xvda", "under the key alias/own"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			r, f := ask()
			r.Targets[0].Announcements.Templates = []sharing.LaunchTemplate{{Named: "web", Default: test.point}}
			facts := f.Targets[target]
			facts.Templates = sharing.StoredTemplates{frankfurt: {"web": test.stored}}
			f.Targets[target] = facts
			if diff := cmp.Diff(test.want, texts(announcements(t, r, f))); diff != "" {
				t.Error(diff)
			}
			p, err := plan.Compute(r, f)
			if err != nil || len(p.Warnings) != len(test.warnings) {
				t.Fatalf("%v, warnings: %q", err, p.Warnings)
			}
			for i, want := range test.warnings {
				if !strings.Contains(p.Warnings[i], want) {
					t.Errorf("warning %q lacks %q", p.Warnings[i], want)
				}
			}
		})
	}
}

func TestALaunchTemplateThatIsNowhereBlocksItsTarget(t *testing.T) {
	r, f := ask()
	r.Targets[0].Announcements.Templates = []sharing.LaunchTemplate{{Named: "web"}}
	facts := f.Targets[target]
	facts.Templates = sharing.StoredTemplates{frankfurt: {"web": {}}}
	f.Targets[target] = facts
	p, err := plan.Compute(r, f)
	if err != nil || len(p.Blocked) != 1 || p.Blocked[0].Doing != "looking up the launch template web" {
		t.Errorf("%v, blocked: %v", err, p.Blocked)
	}
}

func TestALaunchTemplateThatIsNamedByNameAndByIDBlocksItsRegion(t *testing.T) {
	r, f := ask()
	r.Targets[0].Announcements.Templates = []sharing.LaunchTemplate{{Named: "web"}, {Named: "lt-1"}, {Named: "db"}}
	facts := f.Targets[target]
	old := sharing.TemplateVersion{Number: 1, Image: "ami-old"}
	web := sharing.StoredTemplate{ID: "lt-1", Default: old, Latest: old, Source: old}
	facts.Templates = sharing.StoredTemplates{frankfurt: {"web": web, "lt-1": web, "db": {ID: "lt-2", Default: old, Latest: old, Source: old}}}
	f.Targets[target] = facts
	p, err := plan.Compute(r, f)
	if err != nil || len(p.Blocked) != 1 || p.Blocked[0].Doing != "looking up the launch templates web and lt-1" {
		t.Errorf("%v, blocked: %v", err, p.Blocked)
	}
	for _, change := range p.Changes {
		if change.Stage().Announces() {
			t.Errorf("announced: %v", change)
		}
	}
}

func TestAParameterOfTheSourceIsNotOneOfItsTargetToo(t *testing.T) {
	r, f := ask()
	golden := []sharing.Parameter{{Name: "/golden", DataType: sharing.TextParameter}}
	r.Targets[0] = sharing.Target{Account: owner, Credentials: true, Announcements: sharing.Announcements{Parameters: golden}}
	r.Announcements.Parameters = golden
	f.Targets = map[sharing.AccountID]sharing.TargetFacts{owner: {}}
	p, err := plan.Compute(r, f)
	if err != nil || len(p.Blocked) != 1 || p.Blocked[0].Doing != "storing AMIs in the parameter /golden" {
		t.Errorf("%v, blocked: %v", err, p.Blocked)
	}
	r.Announcements.Parameters = nil
	if p, err := plan.Compute(r, f); err != nil || len(p.Blocked) != 0 || len(p.Changes) == 0 {
		t.Errorf("%v, blocked: %v, changes: %v", err, p.Blocked, p.Changes)
	}
}

func TestALaunchTemplateThatIsOnlyInSomeRegionsIsNoted(t *testing.T) {
	r, f := ask()
	second := f.Images[0]
	second.Ref = sharing.ImageRef{Region: virginia, ID: "ami-b"}
	second.Snapshots = []sharing.Snapshot{{ID: "snap-b", Encrypted: true, KeyARN: keyARN(virginia, 1)}}
	r.Images, f.Images = append(r.Images, second.Ref), append(f.Images, second)
	f.Keys[keyARN(virginia, 1)] = sharing.Key{ARN: keyARN(virginia, 1), Described: true, State: "Enabled", GrantsListed: true}
	for _, read := range []bool{true, false} {
		r.Targets[0].Announcements.Templates = []sharing.LaunchTemplate{{Named: "web"}, {Named: "db"}}
		facts := f.Targets[target]
		old := sharing.TemplateVersion{Number: 1, Image: "ami-old"}
		there := map[string]sharing.StoredTemplate{"web": {ID: "lt-1", Default: old, Latest: old, Source: old}, "db": {ID: "lt-2", Default: old, Latest: old, Source: old}}
		facts.Templates = sharing.StoredTemplates{frankfurt: there}
		if read {
			facts.Templates[virginia] = map[string]sharing.StoredTemplate{"web": {}, "db": there["db"]}
		}
		f.Targets[target] = facts
		p, err := plan.Compute(r, f)
		if err != nil || len(p.Blocked) != 0 {
			t.Fatalf("%v, blocked: %v", err, p.Blocked)
		}
		want := "the launch template web in us-east-1 of account 222222222222 does not exist: no version of it is made there"
		if slices.Contains(p.Notes, want) != read {
			t.Errorf("read: %v, notes: %q", read, p.Notes)
		}
	}
}
