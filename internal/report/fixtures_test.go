// SPDX-License-Identifier: MPL-2.0

package report_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/amishare/packer-plugin-ami-share/internal/apply"
	"github.com/amishare/packer-plugin-ami-share/internal/plan"
	"github.com/amishare/packer-plugin-ami-share/internal/report"
	"github.com/amishare/packer-plugin-ami-share/internal/sharing"
)

var update = flag.Bool("update", false, "write the golden files of testdata")

const (
	owner        = sharing.AccountID("111111111111")
	frankfurt    = sharing.Region("eu-central-1")
	virginia     = sharing.Region("us-east-1")
	organization = "arn:aws:organizations::999999999999:organization/o-abcde12345"
)

func keyARN(region sharing.Region) string {
	return fmt.Sprintf("arn:aws:kms:%s:%s:key/1234abcd-12ab-34cd-56ef-1234567890ab", region, owner)
}

func account(n int) sharing.AccountID { return sharing.AccountID(fmt.Sprintf("2%011d", n)) }

func autoscaling() sharing.Grantee {
	grantee, err := sharing.ParseServiceLinkedRole("autoscaling")
	if err != nil {
		panic(err)
	}
	return grantee
}

// scene is what is asked for and what is there, before a run.
type scene struct {
	request sharing.Request
	facts   sharing.Facts
	names   map[sharing.AccountID]string
}

// newScene is one AMI in each Region, for accounts that have nothing yet.
func newScene(accounts int, regions ...sharing.Region) *scene {
	s := &scene{
		request: sharing.Request{ShareSnapshots: true, GrantOperations: sharing.DefaultGrantOperations(), SharingQuota: 10000},
		facts:   sharing.Facts{Partition: "aws", Keys: map[string]sharing.Key{}, Targets: map[sharing.AccountID]sharing.TargetFacts{}},
		names:   map[sharing.AccountID]string{account(0): "team-web", account(1): "team-data-and-its-very-long-name", account(2): "lab\n|x"},
	}
	for n, region := range regions {
		ref := sharing.ImageRef{Region: region, ID: fmt.Sprintf("ami-%017d", n)}
		s.request.Images = append(s.request.Images, ref)
		s.facts.Images = append(s.facts.Images, sharing.Image{
			Ref: ref, Owner: owner, Name: "golden 2026-11-23", State: "available",
			Snapshots: []sharing.Snapshot{{ID: fmt.Sprintf("snap-%017d", n), Encrypted: true, KeyARN: keyARN(region)}},
		})
		s.facts.Keys[keyARN(region)] = sharing.Key{ARN: keyARN(region), Described: true, State: "Enabled", GrantsListed: true}
	}
	for n := range accounts {
		s.target(account(n))
	}
	return s
}

func (s *scene) target(id sharing.AccountID) {
	s.request.Targets = append(s.request.Targets, sharing.Target{Account: id, Credentials: true, Grantees: []sharing.Grantee{autoscaling()}})
	s.facts.Targets[id] = sharing.TargetFacts{Roles: map[sharing.Grantee]sharing.Role{
		autoscaling(): {Exists: true, ARN: autoscaling().ARN("aws", id), UniqueID: "AROA" + string(id)},
	}}
}

// has gives an account all that it is to get in a Region.
func (s *scene) has(id sharing.AccountID, region sharing.Region) {
	for n, image := range s.facts.Images {
		if image.Ref.Region == region {
			s.facts.Images[n].LaunchPermissions = append(s.facts.Images[n].LaunchPermissions, sharing.Account(id))
			image.Snapshots[0].Recipients = append(image.Snapshots[0].Recipients, sharing.Account(id))
		}
	}
	key := s.facts.Keys[keyARN(region)]
	key.Grants = append(key.Grants, sharing.Grant{
		ID: fmt.Sprintf("%s-%s", region, id), Name: sharing.GrantName(id, autoscaling().ARN("aws", id)), Issuer: id, Grantee: autoscaling().ARN("aws", id),
		Operations: sharing.DefaultGrantOperations(),
	})
	s.facts.Keys[key.ARN] = key
}

// announces asks for one of each kind of announcement, where there was another value before.
func (s *scene) announces() {
	s.request.Announcements.SharedTags = sharing.SharedTags(map[string]string{"status": "approved"})
	for n := range s.facts.Images {
		s.facts.Images[n].Tags = sharing.SharedTags(map[string]string{"status": "candidate"})
		s.facts.Images[n].Watermarks = []string{string(owner) + ":scanned"}
	}
	s.request.Announcements.Watermark = "approved"
	for n := range s.request.Targets {
		s.request.Targets[n].Announcements = sharing.Announcements{
			Parameters: []sharing.Parameter{{Name: "/golden/web/ami", DataType: sharing.ImageParameter, Labels: []string{"live", "next"}}}, Templates: []sharing.LaunchTemplate{{Named: "web", Default: true}},
		}
		facts := s.facts.Targets[s.request.Targets[n].Account]
		facts.Parameters, facts.Templates = sharing.StoredParameters{}, sharing.StoredTemplates{}
		for _, image := range s.request.Images {
			old := sharing.TemplateVersion{Number: 7, Image: "ami-0000000000000old0"}
			facts.Parameters[image.Region] = map[string]sharing.StoredParameter{"/golden/web/ami": {
				Version: 3, Value: old.Image, DataType: sharing.TextParameter, Labels: map[string]int64{"live": 2},
			}}
			facts.Templates[image.Region] = map[string]sharing.StoredTemplate{"web": {ID: "lt-0123456789abcdef0", Default: old, Latest: old, Source: old}}
		}
		s.facts.Targets[s.request.Targets[n].Account] = facts
	}
}

// uses gives accounts what a run changes in them besides: a tag that is to be another, and a group's role.
func (s *scene) uses() {
	role, err := sharing.ParseServiceLinkedRole("autoscaling/golden")
	if err != nil {
		panic(err)
	}
	for n, target := range s.request.Targets {
		facts := s.facts.Targets[target.Account]
		facts.Roles[role] = sharing.Role{Exists: true, ARN: role.ARN("aws", target.Account), UniqueID: "AROAGOLDEN" + string(target.Account)}
		facts.Tags = map[sharing.Region]map[string]map[string]string{}
		for i, image := range s.facts.Images {
			s.facts.Images[i].Tags["os"] = "linux 7"
			facts.Tags[image.Ref.Region] = map[string]map[string]string{image.Ref.ID: {"os": "linux 6"}}
			facts.Groups = append(facts.Groups, sharing.AutoScalingGroup{Region: image.Ref.Region, Name: "web", RoleARN: autoscaling().ARN("aws", target.Account)})
		}
		s.facts.Targets[target.Account] = facts
		s.request.Targets[n].Grantees, s.request.Targets[n].CopyTags = []sharing.Grantee{role}, true
		s.request.Targets[n].AutoScalingGroups = []string{"web"}
	}
}

// closed makes an account one that can't be entered.
func (s *scene) closed(id sharing.AccountID) {
	s.facts.Targets[id] = sharing.TargetFacts{Problems: []sharing.Problem{{
		Scope: sharing.Scope{Account: id}, Doing: "assuming the role arn:aws:iam::" + string(id) + ":role/ami-share", Code: "AccessDenied",
		Cause:  "its trust policy does not let arn:aws:iam::111111111111:role/packer in",
		Remedy: "Its trust policy needs\n{\n  \"Effect\": \"Allow\",\n  \"Principal\": {\n    \"AWS\": \"arn:aws:iam::111111111111:role/packer\"\n  },\n  \"Action\": \"sts:AssumeRole\"\n}",
	}}}
}

// grantRefused is what KMS says where the key policy lacks an account.
func grantRefused(id sharing.AccountID, region sharing.Region) sharing.Problem {
	role := "arn:aws:iam::" + string(id) + ":role/ami-share"
	return sharing.Problem{
		Scope: sharing.Scope{Account: id, Region: region}, Doing: "creating a grant on key " + keyARN(region) + " for role " + autoscaling().ARN("aws", id),
		Code: "AccessDeniedException", RequestID: fmt.Sprintf("%s-%s", id, region), Cause: "the key policy does not let " + role + " create it",
		Remedy: "The policy of the key needs\n{\n  \"Effect\": \"Allow\",\n  \"Principal\": {\n    \"AWS\": \"" + role + "\"\n  },\n  \"Action\": \"kms:CreateGrant\",\n  \"Resource\": \"*\"\n}",
	}
}

// plan is what the scene comes to.
func (s *scene) plan(t testing.TB) report.Run {
	t.Helper()
	p, err := plan.Compute(s.request, s.facts)
	if err != nil {
		t.Fatal(err)
	}
	return report.Run{
		Build:   report.Build{Name: "amazon-ebs.golden", RunUUID: "3f0c9c5e-0000-4000-8000-1234567890ab", Identity: "arn:aws:sts::111111111111:assumed-role/packer/ci"},
		Request: s.request, Plan: p, Names: s.names, PluginVersion: "0.1.0", Started: time.Date(2026, 11, 23, 20, 0, 0, 0, time.UTC), Elapsed: 2345 * time.Millisecond,
	}
}

// run carries the plan out as internal/apply does: what failed is left out of the later stages for its account in its Region. Whatever else
// is there is seen by verification.
func (s *scene) run(t testing.TB, failures ...sharing.Problem) report.Run {
	t.Helper()
	r := s.plan(t)
	r.Stats = report.Stats{Calls: map[string]int{"kms:CreateGrant": 2, "ec2:ModifyImageAttribute": 3}, Retries: 1}
	failing := func(scope sharing.Scope) bool {
		return slices.ContainsFunc(failures, func(p sharing.Problem) bool { return p.Scope.Covers(scope) })
	}
	for _, c := range r.Plan.Changes {
		r.Result.Outcomes = append(r.Result.Outcomes, outcomes(c, failing, failures)...)
	}
	r.Result.Failures = slices.Concat(r.Plan.Blocked, failures)
	r.Checks = checks(r)
	return r
}

func outcomes(c plan.Change, failing func(sharing.Scope) bool, failures []sharing.Problem) []apply.Outcome {
	var all []apply.Outcome
	if rest := c.Without(failing); rest != nil {
		outcome := apply.Outcome{Change: rest, Status: apply.Done}
		if create, ok := rest.(plan.CreateGrant); ok {
			outcome.GrantID = fmt.Sprintf("%s-%s", create.Region, create.Account)
		}
		all = append(all, outcome)
	}
	hit := plan.Only(c, failing)
	switch hit.(type) {
	case nil:
	case plan.CreateGrant:
		i := slices.IndexFunc(failures, func(p sharing.Problem) bool { return p.Scope.Covers(hit.Scopes()[0]) })
		all = append(all, apply.Outcome{Change: hit, Status: apply.Failed, Problem: &failures[i]})
	default:
		all = append(all, apply.Outcome{Change: hit, Status: apply.Skipped})
	}
	return all
}

// itemRows are the rows of items, one for each recipient.
func itemRows(r report.Run) [][]string {
	var all [][]string
	for _, row := range report.MachineRows(r) {
		if row[0] != "item" {
			continue
		}
		for id := range strings.FieldsSeq(row[4]) {
			own := slices.Clone(row)
			for i, field := range own {
				own[i] = strings.ReplaceAll(field, "{account}", id)
			}
			own[4] = id
			all = append(all, own)
		}
	}
	return all
}

// checks see everything that the rows of a run say is there.
func checks(r report.Run) []sharing.Check {
	var all []sharing.Check
	for _, row := range itemRows(r) {
		if len(row[4]) != 12 || row[5] != "added" && row[5] != "present" {
			continue
		}
		check := sharing.Check{Scope: sharing.Scope{Account: sharing.AccountID(row[4]), Region: sharing.Region(row[1])}, OK: true}
		switch row[2] {
		case "launch permission":
			check.Subject.Images = []string{row[3]}
		case "shared tags", "watermark":
			check.Subject.Images, check.Subject.Told = []string{row[3]}, row[2]
		case "grant":
			check.Subject.Key, check.Subject.Grantee = row[3], row[6]
		default:
			continue
		}
		all = append(all, check)
	}
	return all
}

// rolledBack is a run that failed: what it did to its AMIs is taken back, but for a change that could not be, and the rest is left.
func rolledBack(r report.Run, stubborn ...plan.Change) report.Run {
	r.Result.RolledBack, r.Checks = true, nil
	for i, o := range r.Result.Outcomes {
		is := func(c plan.Change) bool { return c.String() == o.Change.String() }
		switch {
		case o.Status != apply.Done:
		case slices.ContainsFunc(stubborn, is):
			r.Result.Outcomes[i].Status = apply.Left
			r.Result.Left = append(r.Result.Left, apply.Leftover{
				Change: o.Change, Command: "aws " + strings.ReplaceAll(o.Change.String(), " ", "-"),
				Problem: &sharing.Problem{Scope: sharing.Scope{Region: frankfurt}, Doing: "taking back: " + o.Change.String(), Code: "InternalError", RequestID: "r-1"},
			})
		case plan.BelongingOf(o.Change) == plan.ToKey:
			r.Result.Outcomes[i].Status = apply.Left
			r.Result.Left = append(r.Result.Left, apply.Leftover{
				Change: o.Change, Why: "other builds may rely on it by now", Command: "aws kms retire-grant --grant-id " + o.GrantID,
			})
		default:
			r.Result.Outcomes[i].Status = apply.Undone
		}
	}
	return r
}

// scenes are runs of many sorts, by name.
func scenes(t testing.TB) map[string]report.Run {
	t.Helper()
	all := map[string]report.Run{}
	few := newScene(3, frankfurt, virginia)
	few.has(account(0), frankfurt)
	all["3-accounts"] = few.run(t)
	few.request.Exact, few.request.ExactGrants = true, true
	few.has("555555555555", virginia)
	all["exact"] = few.run(t)

	thirty := newScene(30, frankfurt, virginia, "ap-southeast-2")
	thirty.closed(account(7))
	all["30-accounts-mixed-failures"] = thirty.run(t, grantRefused(account(3), virginia), grantRefused(account(4), virginia), grantRefused(account(5), frankfurt))

	dry := newScene(4, frankfurt, virginia)
	dry.request.Exact, dry.request.ExactGrants = true, true
	dry.has(account(0), frankfurt)
	dry.has(account(0), virginia)
	dry.has("555555555555", virginia)
	dry.closed(account(3))
	all["dry-run"] = proved(dry.plan(t), account(2), virginia)

	told := newScene(2, frankfurt)
	told.announces()
	told.uses()
	dryTold := told.plan(t)
	dryTold.DryRun = true
	all["dry-run-of-announcements"] = dryTold

	back := newScene(3, frankfurt, virginia)
	failed := back.run(t, grantRefused(account(2), virginia))
	all["rollback"] = rolledBack(failed, failed.Result.Outcomes[len(failed.Result.Outcomes)-2].Change)

	orgs := newScene(2, frankfurt)
	orgs.request.Organizations = []string{organization}
	orgs.request.OrganizationalUnits = []string{"arn:aws:organizations::999999999999:ou/o-abcde12345/ou-ab12-cdefgh34"}
	all["organizations"] = orgs.run(t)

	all["refused"] = report.Run{Request: newScene(3, frankfurt).request, Refused: []sharing.Problem{
		{Scope: sharing.Scope{Region: frankfurt}, Doing: "sharing ami-1", Cause: "it is encrypted with an AWS managed key", Remedy: "Build it with a key of your own."},
	}}
	return all
}

// crowds are runs for 500 accounts in 15 Regions, by name.
func crowds(t testing.TB) map[string]report.Run {
	t.Helper()
	again := crowd(500, 15)
	for n := range 500 {
		for _, image := range again.facts.Images {
			again.has(account(n), image.Ref.Region)
		}
	}
	return map[string]report.Run{"500-accounts": crowd(500, 15).run(t), "500-accounts-again": again.run(t)}
}

// crowd is many accounts in many Regions.
func crowd(accounts, regions int) *scene {
	all := []sharing.Region{
		"ap-northeast-1", "ap-northeast-2", "ap-south-1", "ap-southeast-1", "ap-southeast-2", "ca-central-1", frankfurt, "eu-north-1", "eu-west-1",
		"eu-west-2", "eu-west-3", "sa-east-1", virginia, "us-east-2", "us-west-2",
	}
	return newScene(accounts, all[:regions]...)
}

// proved is a dry run of which AWS would refuse the grant of an account.
func proved(r report.Run, id sharing.AccountID, region sharing.Region) report.Run {
	r.DryRun = true
	for _, c := range r.Plan.Changes {
		if create, ok := c.(plan.CreateGrant); ok && create.Account == id && create.Region == region {
			problem := grantRefused(id, region)
			problem.Doing = "proving that AWS would allow: " + c.String()
			r.Proof = append(r.Proof, plan.Refused{Change: c, Problem: problem})
		}
	}
	return r
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-file +now), go test ./internal/report -update writes it:\n%s", path, diff)
	}
}

func machineText(r report.Run) string {
	var b strings.Builder
	for _, line := range report.MachineRows(r) {
		b.WriteString(strings.Join(line, ",") + "\n")
	}
	return b.String()
}

func jsonText(t testing.TB, r report.Run) string {
	t.Helper()
	text, err := report.JSON(r)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
