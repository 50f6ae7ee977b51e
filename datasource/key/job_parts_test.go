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
func share(t *testing.T, more options) (said string, err error) {
	t.Helper()
	return shareWithin(t.Context(), t, more)
}

func shareWithin(ctx context.Context, t *testing.T, more options) (said string, err error) {
	t.Helper()
	target := theTarget()
	delete(target, "canary") // has a part of the job of its own
	config := map[string]any{"target": []options{target}}
	maps.Copy(config, announcing())
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
	said, err := share(t, nil)
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
	said, err := share(t, options{"target": []options{target}})
	if err != nil || strings.Contains(said, "Warnings:") {
		return fmt.Sprintf("%v\n%s", err, said)
	}
	return refusal(server)
}

// seeWhy shares with too few operations, and the canary is told with the reason.
func seeWhy(t *testing.T, _ *awssim.Server, target options) string {
	said, err := share(t, options{"grant_operations": []string{"Decrypt", "CreateGrant"}, "target": []options{target}})
	if err == nil || !strings.Contains(err.Error(), "EC2 may not use a key of the volumes") {
		return fmt.Sprintf("%v\n%s", err, said)
	}
	return "" // EC2 was refused the key, as it should be
}

// replaceGrants shares with fewer operations first: the grants of that run are retired.
func replaceGrants(t *testing.T, server *awssim.Server, o options) string {
	if said, err := share(t, options{"grant_operations": []string{"Decrypt", "CreateGrant"}}); err != nil {
		return fmt.Sprintf("%v\n%s", err, said)
	}
	return shareEverything(t, server, o)
}

// endGrants shares with somebody else only: the grants of the target, which is no target any more, are ended by the source.
func endGrants(t *testing.T, server *awssim.Server, _ options) string {
	target := theTarget()
	delete(target, "canary")
	delete(target, "launch_templates") // which would use the AMI
	delete(target, "default_version")
	if said, err := share(t, options{"target": []options{target}}); err != nil {
		return fmt.Sprintf("%v\n%s", err, said)
	}
	replaceUses(t)
	said, err := share(t, options{
		"exact": true, "exact_grants": true, "target": []options{{"account_ids": []string{"333333333333"}, "service_linked_roles": []string{}}},
	})
	if err != nil || strings.Contains(string(server.State()), `"packer-plugin-ami-share:`+targetID) {
		return fmt.Sprintf("%v\n%s\n%s", err, said, server.State())
	}
	return refusal(server)
}

// replaceUses deletes the target's launch templates, which name the AMI: who uses one keeps it.
func replaceUses(t *testing.T) {
	t.Helper()
	for _, region := range []string{frankfurt, virginia} {
		_, err := ec2.NewFromConfig(sdk("AKIATARGET0000000000", region)).DeleteLaunchTemplate(t.Context(), &ec2.DeleteLaunchTemplateInput{LaunchTemplateName: aws.String("web")})
		if err != nil {
			t.Fatal(err)
		}
	}
}

// takeBack lets the last change of the first act fail, so that all others are undone.
func takeBack(t *testing.T, server *awssim.Server, _ options) string {
	return takeBackAfter(t, server, awssim.Fault{Action: "autoscaling:UpdateAutoScalingGroup", Code: "ValidationError", Message: "fault"})
}

// takeBackAnnouncements lets the last changes of the second act fail in one Region. In the other one the parameters had been
// there before.
func takeBackAnnouncements(t *testing.T, server *awssim.Server, _ options) string {
	return takeBackAfter(t, server, awssim.Fault{Action: "ssm:LabelParameterVersion", Region: virginia, Code: "TooManyUpdates", Message: "fault"})
}

func takeBackAfter(t *testing.T, server *awssim.Server, fault awssim.Fault) string {
	t.Helper()
	before := ofAMIs(t, server)
	server.Fail(fault)
	said, err := share(t, options{"on_failure": "rollback"})
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

// hiddenImage is told why the target doesn't see an AMI. Whoever may not ask looks for it for two minutes; that much is not needed to see that
// the reason is not told.
func hiddenImage(t *testing.T, _ *awssim.Server, _ options) string {
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	said, err := shareWithin(ctx, t, nil)
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
