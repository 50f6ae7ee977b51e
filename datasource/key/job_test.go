// SPDX-License-Identifier: MPL-2.0

package key_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/amishare/packer-plugin-ami-share/internal/awssim"
)

const (
	goldenRole = "arn:aws:iam::" + targetID + ":role/aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling_golden"
	ownKey     = "99999999-12ab-34cd-56ef-1234567890ab"
	imageID    = "ami-0123456789abcdef0"
	snapshotID = "snap-0123456789abcdef0"
	keyOwner   = "999999999999"
)

// documents are the policies that the data source hands out.
type documents struct {
	keyStatements                   []json.RawMessage
	source, targetRole, targetTrust json.RawMessage
}

// theTarget has every option that takes a permission.
func theTarget() options {
	return target(options{
		"assume_role":          options{"role_name": "ami-share", "external_id": externalID, "tags": map[string]string{"run": "1"}},
		"service_linked_roles": []string{"autoscaling/golden"}, "create_service_linked_roles": true,
		"auto_scaling_groups": []string{"web"}, "copy_tags": true, "prove_use": true, "ssm_parameter": []options{theParameter()},
		"launch_templates": []string{"golden"}, "default_version": true,
		"canary": []options{{"region": frankfurt, "subnet_id": "subnet-0default00000000", "instance_type": "t3.micro"}},
	})
}

// theParameter holds the AMI's id: that of the source, and that of the target.
func theParameter() options {
	return options{"name": "/golden/web/ami", "labels": []string{"live"}, "tags": map[string]string{"team": "images"}}
}

// announcing has what the source tells consumers by, in every way.
func announcing() options {
	return options{"ssm_parameter": []options{theParameter()}, "shared_tags": theSharedTags(), "watermark": "approved"}
}

func theSharedTags() map[string]string { return map[string]string{"status": "approved"} }

// dataBlock has every option that takes a permission.
func dataBlock() options {
	return block(announcing(), options{
		"alias": nil, "tags": options{"purpose": "ami-sharing"}, "exact_grants": true, "target": []options{theTarget()},
	})
}

// handedOut runs the data source as an administrator would, to be told which policies it takes.
func handedOut(t *testing.T, o options) documents {
	t.Helper()
	output := mustExecute(t, o)
	d := documents{
		source:      json.RawMessage(output["source_policy"].AsString()),
		targetRole:  json.RawMessage(output["target_role_policy"].AsString()),
		targetTrust: json.RawMessage(output["target_role_trust_policy"].AsString()),
	}
	if err := json.Unmarshal([]byte(output["key_policy_statements"].AsString()), &d.keyStatements); err != nil {
		t.Fatal(err)
	}
	return d
}

// builders is what Packer's builder needs for itself, as its own documentation has it, as far as it is used here.
const builders = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"ec2:CopyImage","Resource":"*"}]}`

// jobWorld is an AMI in two Regions, with a target that has groups and lacks the role; all that anybody may do is what
// the documents say. The keys are of the owner.
func jobWorld(d documents, owner string) awssim.World {
	sourceAccount := awssim.WorldAccount{
		ID: source, Regions: map[string]awssim.WorldRegion{},
		ManagedPolicies: []awssim.WorldPolicy{{Name: "ami-share", Document: d.source}},
		Users: []awssim.WorldUser{{
			Name: "packer", AccessKeyID: "AKIASOURCE0000000000", SecretAccessKey: "secret", Policies: policies(builders),
			ManagedPolicies: []string{"arn:aws:iam::" + source + ":policy/ami-share"},
		}},
	}
	receiver := awssim.WorldAccount{
		ID: targetID, Regions: map[string]awssim.WorldRegion{},
		Users: []awssim.WorldUser{{Name: "admin", AccessKeyID: "AKIATARGET0000000000", SecretAccessKey: "secret", Policies: policies(anything)}},
		Roles: []awssim.WorldRole{{Name: "ami-share", TrustPolicy: d.targetTrust, Policies: []json.RawMessage{d.targetRole}}},
	}
	var statements []string
	for _, s := range d.keyStatements {
		statements = append(statements, string(s))
	}
	keys := []awssim.WorldKey{}
	for _, region := range []string{frankfurt, virginia} {
		keys = append(keys, awssim.WorldKey{
			Region: region, ID: keyID, Policy: delegating(owner, statements...), Aliases: []string{"alias/ami-sharing"}, Tags: map[string]string{"purpose": "ami-sharing"},
		})
		sourceAccount.Regions[region] = awssim.WorldRegion{
			Snapshots: []awssim.WorldSnapshot{{ID: snapshotID, KMSKey: "arn:aws:kms:" + region + ":" + owner + ":key/" + keyID, Tags: map[string]string{"os": "linux"}}},
			Images: []awssim.WorldImage{{
				ID: imageID, Name: "golden", BlockDevices: []awssim.WorldBlockDevice{{Snapshot: snapshotID}}, Tags: map[string]string{"os": "linux"},
			}},
		}
		receiver.Regions[region] = awssim.WorldRegion{
			LaunchTemplates:   []awssim.WorldLaunchTemplate{{Name: "web", Image: imageID}, {Name: "golden", Image: "ami-00000000000000000"}},
			AutoScalingGroups: []awssim.WorldAutoScalingGroup{{Name: "web", LaunchTemplate: "web"}},
		}
	}
	for _, account := range []awssim.WorldAccount{sourceAccount, receiver} { // the other Region's parameters are made
		region := account.Regions[frankfurt]
		region.Parameters = []awssim.WorldParameter{{Name: "/golden/web/ami", Value: "ami-00000000000000000", DataType: "text"}}
		account.Regions[frankfurt] = region
	}
	if owner == source {
		sourceAccount.Keys = keys
		return awssim.World{Accounts: []awssim.WorldAccount{sourceAccount, receiver}}
	}
	return awssim.World{Accounts: []awssim.WorldAccount{sourceAccount, receiver, {ID: owner, Keys: keys}}}
}

// part is a part of the whole job. It returns what went wrong, "" for nothing.
type part struct {
	name  string
	world func(*awssim.World)
	run   func(*testing.T, *awssim.Server, options) string
}

// theJob is everything that the plugin is for, in parts each of which needs permissions that no other part needs.
func theJob() []part {
	return []part{
		{"find and prove", nil, findAndProve},
		{"share", nil, shareEverything},
		{"start a canary", nil, withTheTarget(startCanary)},
		{"see why a canary does not start", nil, withTheTarget(seeWhy)},
		{"build", nil, buildAnImage},
		{"explain a refusal", withRole, explainARefusal},
		{"take back", nil, takeBack},
		{"take back announcements", nil, takeBackAnnouncements},
		{"replace grants", withRole, replaceGrants},
		{"end grants", withRole, endGrants},
		{"default key by ARN", func(w *awssim.World) {
			withRole(w)
			setRegions(w, func(r *awssim.WorldRegion) { r.DefaultEBSKey = "alias/aws/ebs" })
		}, shareEverything},
		{"default key whose policy names the role", func(w *awssim.World) {
			withRole(w)
			withOwnKeys(w, `{"Effect":"Allow","Principal":{"AWS":"`+goldenRole+`"},"Action":"kms:*","Resource":"*"}`)
		}, shareEverything},
		{"default key granted to the role", func(w *awssim.World) { withRole(w); withOwnKeys(w) }, func(t *testing.T, s *awssim.Server, o options) string {
			grantOwnKeys(t)
			return shareEverything(t, s, o)
		}},
		{"hidden AMI", func(w *awssim.World) {
			withRole(w)
			setRegions(w, func(r *awssim.WorldRegion) {
				r.AllowedImages = &awssim.WorldAllowedImages{State: "enabled", Criteria: []awssim.WorldImageCriterion{{ImageProviders: []string{"amazon"}}}}
			})
		}, hiddenImage},
	}
}

func withRole(w *awssim.World) {
	w.Accounts[1].ServiceLinkedRoles = []string{"autoscaling.amazonaws.com/golden"}
}

func setRegions(w *awssim.World, change func(*awssim.WorldRegion)) {
	for name, region := range w.Accounts[1].Regions {
		change(&region)
		w.Accounts[1].Regions[name] = region
	}
}

func withOwnKeys(w *awssim.World, statements ...string) {
	for _, region := range []string{frankfurt, virginia} {
		w.Accounts[1].Keys = append(w.Accounts[1].Keys, awssim.WorldKey{Region: region, ID: ownKey, Policy: delegating(targetID, statements...)})
	}
	setRegions(w, func(r *awssim.WorldRegion) { r.DefaultEBSKey = ownKey })
}

// job is the whole job: whose key it takes, and what the data source is given. It remembers which calls its parts make.
type job struct {
	owner string
	data  options
	calls map[string][]string // by part, as "service:Action"
}

func newJob(owner string, data options) *job {
	return &job{owner: owner, data: data, calls: map[string][]string{}}
}

// do runs the job in worlds of the documents, part by part, and returns what went wrong first. Parts that are known to make one
// of the calls begin: the others are unlikely to miss a permission for them.
func (j *job) do(t *testing.T, d documents, calls ...string) string {
	t.Helper()
	var first, then []part
	for _, p := range theJob() {
		if slices.ContainsFunc(calls, func(call string) bool { return slices.Contains(j.calls[p.name], call) }) {
			first = append(first, p)
		} else {
			then = append(then, p)
		}
	}
	for _, p := range append(first, then...) {
		w := jobWorld(d, j.owner)
		if p.world != nil {
			p.world(&w)
		}
		server := serve(t, w)
		if complaint := p.run(t, server, j.data); complaint != "" {
			return p.name + ": " + complaint
		}
		for _, entry := range server.Journal() {
			j.calls[p.name] = append(j.calls[p.name], entry.Service+":"+entry.Action)
		}
	}
	return ""
}

// refusal returns the first call that somebody was not allowed, "" when there is none.
func refusal(server *awssim.Server) string {
	for _, entry := range server.Journal() {
		if entry.Code == "UnauthorizedOperation" || strings.HasPrefix(entry.Code, "AccessDenied") {
			return fmt.Sprintf("%s may not %s: %s", entry.Caller, entry.Action, entry.Reason)
		}
	}
	return ""
}

func findAndProve(_ *testing.T, server *awssim.Server, data options) string {
	output, err := execute(data)
	if err != nil {
		return err.Error()
	}
	if data["key_id"] == nil && refusal(server) != "" {
		return refusal(server)
	}
	for _, warning := range list(output["warnings"]) {
		if !strings.Contains(warning, "does not exist yet") {
			return warning
		}
	}
	return ""
}

func explainARefusal(_ *testing.T, _ *awssim.Server, data options) string {
	wide := maps.Clone(data)
	wide["grant_operations"] = append(operations(), "RetireGrant")
	_, err := execute(wide)
	if err == nil || !strings.Contains(err.Error(), "does not allow RetireGrant") && wide["key_id"] == nil {
		return fmt.Sprintf("not explained: %v", err)
	}
	return ""
}
