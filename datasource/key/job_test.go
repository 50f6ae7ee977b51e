// SPDX-License-Identifier: MPL-2.0

package key_test

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/kms/types"
	packersdk "github.com/hashicorp/packer-plugin-sdk/packer"

	"github.com/amishare/packer-plugin-ami-share/internal/awssim"
	"github.com/amishare/packer-plugin-ami-share/post-processor/amishare"
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
		"canary": []options{{"region": frankfurt, "subnet_id": "subnet-0default00000000", "instance_type": "t3.micro"}},
	})
}

// theParameter holds the AMI's id: that of the source, and that of the target.
func theParameter() options {
	return options{"name": "/golden/web/ami", "labels": []string{"live"}, "tags": map[string]string{"team": "images"}}
}

// dataBlock has every option that takes a permission.
func dataBlock() options {
	return block(options{
		"alias": nil, "tags": options{"purpose": "ami-sharing"}, "exact_grants": true, "target": []options{theTarget()},
		"ssm_parameter": []options{theParameter()},
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
			LaunchTemplates:   []awssim.WorldLaunchTemplate{{Name: "web", Image: imageID}},
			AutoScalingGroups: []awssim.WorldAutoScalingGroup{{Name: "web", LaunchTemplate: "web"}},
		}
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

// do runs the job in worlds of the documents, part by part, and returns what went wrong first.
func do(t *testing.T, d documents, owner string, data options) string {
	t.Helper()
	for _, p := range theJob() {
		w := jobWorld(d, owner)
		if p.world != nil {
			p.world(&w)
		}
		if complaint := p.run(t, serve(t, w), data); complaint != "" {
			return p.name + ": " + complaint
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

// quietUI keeps what is said.
type quietUI struct {
	packersdk.BasicUi
	mu   sync.Mutex
	said strings.Builder
}

func (u *quietUI) Say(text string) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.said.WriteString(text + "\n")
}

func (u *quietUI) Sayf(format string, args ...any)   { u.Say(fmt.Sprintf(format, args...)) }
func (u *quietUI) Message(text string)               { u.Say(text) }
func (u *quietUI) Error(text string)                 { u.Say(text) }
func (u *quietUI) Errorf(format string, args ...any) { u.Say(fmt.Sprintf(format, args...)) }
func (u *quietUI) Machine(string, ...string)         {}

// share runs the post-processor.
func share(ctx context.Context, t *testing.T, more options) (said string, err error) {
	t.Helper()
	target := theTarget()
	delete(target, "canary") // has a part of the job of its own
	config := map[string]any{"target": []options{target}, "ssm_parameter": []options{theParameter()}}
	maps.Copy(config, more)
	var p amishare.PostProcessor
	if err := p.Configure(config); err != nil {
		t.Fatal(err)
	}
	var ui quietUI
	artifact := &packersdk.MockArtifact{BuilderIdValue: "mitchellh.amazonebs", IdValue: frankfurt + ":" + imageID + "," + virginia + ":" + imageID}
	_, _, _, err = p.PostProcess(ctx, &ui, artifact)
	return ui.said.String(), err
}

func shareEverything(t *testing.T, server *awssim.Server, _ options) string {
	said, err := share(t.Context(), t, nil)
	if err != nil || strings.Contains(said, "Warnings:") {
		return fmt.Sprintf("%v\n%s", err, said)
	}
	return refusal(server)
}

// withTheTarget runs a part that is about one target.
func withTheTarget(run func(*testing.T, *awssim.Server, options) string) func(*testing.T, *awssim.Server, options) string {
	return func(t *testing.T, server *awssim.Server, _ options) string { return run(t, server, theTarget()) }
}

// startCanary shares with a target, and has an instance started.
func startCanary(t *testing.T, server *awssim.Server, target options) string {
	said, err := share(t.Context(), t, options{"target": []options{target}})
	if err != nil || strings.Contains(said, "Warnings:") {
		return fmt.Sprintf("%v\n%s", err, said)
	}
	return refusal(server)
}

// seeWhy shares with too few operations, and the canary is told with the reason.
func seeWhy(t *testing.T, _ *awssim.Server, target options) string {
	said, err := share(t.Context(), t, options{"grant_operations": []string{"Decrypt", "CreateGrant"}, "target": []options{target}})
	if err == nil || !strings.Contains(err.Error(), "EC2 may not use a key of the volumes") {
		return fmt.Sprintf("%v\n%s", err, said)
	}
	return "" // EC2 was refused the key, as it should be
}

// replaceGrants shares with fewer operations first: the grants of that run are retired.
func replaceGrants(t *testing.T, server *awssim.Server, o options) string {
	if said, err := share(t.Context(), t, options{"grant_operations": []string{"Decrypt", "CreateGrant"}}); err != nil {
		return fmt.Sprintf("%v\n%s", err, said)
	}
	return shareEverything(t, server, o)
}

// endGrants shares with somebody else only: the grants of the target, which is no target any more, are ended by the source.
func endGrants(t *testing.T, server *awssim.Server, o options) string {
	if complaint := shareEverything(t, server, o); complaint != "" {
		return complaint
	}
	said, err := share(t.Context(), t, options{
		"exact": true, "exact_grants": true, "target": []options{{"account_ids": []string{"333333333333"}, "service_linked_roles": []string{}}},
	})
	if err != nil || strings.Contains(string(server.State()), `"packer-plugin-ami-share:`+targetID) {
		return fmt.Sprintf("%v\n%s\n%s", err, said, server.State())
	}
	return refusal(server)
}

// takeBack lets the last change of the first act fail, so that all others are undone.
func takeBack(t *testing.T, server *awssim.Server, _ options) string {
	return takeBackAfter(t, server, awssim.Fault{Action: "autoscaling:UpdateAutoScalingGroup", Code: "ValidationError", Message: "fault"})
}

// takeBackAnnouncements lets one of the last changes of the second act fail.
func takeBackAnnouncements(t *testing.T, server *awssim.Server, _ options) string {
	return takeBackAfter(t, server, awssim.Fault{Action: "ssm:LabelParameterVersion", Nth: 4, Code: "TooManyUpdates", Message: "fault"})
}

func takeBackAfter(t *testing.T, server *awssim.Server, fault awssim.Fault) string {
	t.Helper()
	before := ofAMIs(t, server)
	server.Fail(fault)
	said, err := share(t.Context(), t, options{"on_failure": "rollback"})
	if err == nil || ofAMIs(t, server) != before {
		return fmt.Sprintf("not as before: %v\n%s", err, said)
	}
	return refusal(server)
}

// ofAMIs returns the state without what belongs to keys and accounts: grants, roles, and those of groups.
func ofAMIs(t *testing.T, server *awssim.Server) string {
	t.Helper()
	var state struct {
		Accounts map[string]struct {
			Regions map[string]map[string]any `json:"regions"`
		} `json:"accounts"`
	}
	if err := json.Unmarshal(server.State(), &state); err != nil {
		t.Fatal(err)
	}
	for _, account := range state.Accounts {
		for _, region := range account.Regions {
			delete(region, "auto_scaling_groups")
		}
	}
	return fmt.Sprintf("%v", state)
}

// hiddenImage waits no longer than the plugin does when it may ask why it doesn't see an AMI.
func hiddenImage(t *testing.T, _ *awssim.Server, _ options) string {
	ctx, cancel := context.WithTimeout(t.Context(), 4*time.Second)
	defer cancel()
	said, err := share(ctx, t, nil)
	if err == nil || !strings.Contains(said+err.Error(), "Allowed AMIs setting hides") {
		return fmt.Sprintf("not named: %v\n%s", err, said)
	}
	return ""
}

// sdk is a configuration of a user, for what others than the plugin do.
func sdk(accessKey, region string) aws.Config {
	return aws.Config{
		Region: region, BaseEndpoint: aws.String(os.Getenv("AWS_ENDPOINT_URL")),
		Credentials: credentials.NewStaticCredentialsProvider(accessKey, "secret", ""), RetryMaxAttempts: 1,
	}
}

// buildAnImage copies the AMI into the other Region, as the builder does, and encrypts it under the key there.
func buildAnImage(t *testing.T, server *awssim.Server, data options) string {
	t.Helper()
	destination := keyARN(virginia)
	if id, ok := data["key_id"].(string); ok {
		destination = strings.Replace(id, frankfurt, virginia, 1)
	}
	_, err := ec2.NewFromConfig(sdk("AKIASOURCE0000000000", virginia)).CopyImage(t.Context(), &ec2.CopyImageInput{
		SourceImageId: aws.String(imageID), SourceRegion: aws.String(frankfurt), Name: aws.String("copy"),
		Encrypted: aws.Bool(true), KmsKeyId: &destination,
	})
	if err != nil {
		return err.Error()
	}
	for _, entry := range server.Journal() {
		if entry.Decision != "allow" {
			return fmt.Sprintf("%s: %s: %s", entry.Caller, entry.Action, entry.Reason)
		}
	}
	return ""
}

func grantOwnKeys(t *testing.T) {
	t.Helper()
	for _, region := range []string{frankfurt, virginia} {
		_, err := kms.NewFromConfig(sdk("AKIATARGET0000000000", region)).CreateGrant(t.Context(), &kms.CreateGrantInput{
			KeyId: aws.String(ownKey), GranteePrincipal: aws.String(goldenRole), Operations: []types.GrantOperation{
				types.GrantOperationDecrypt, types.GrantOperationGenerateDataKeyWithoutPlaintext, types.GrantOperationCreateGrant,
			},
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}
