// SPDX-License-Identifier: MPL-2.0

package amishare

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	packersdk "github.com/hashicorp/packer-plugin-sdk/packer"

	"github.com/amishare/packer-plugin-ami-share/internal/awssim"
)

const (
	anything = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}`
	ours     = "111111111111"
	first    = "222222222222"
	second   = "333333333333"
)

// localAWS is a local AWS: AMIs in two Regions, a key in each, and two accounts that let themselves be shared with.
type localAWS struct {
	*awssim.Server
	watch func(*http.Request) // sees every call before it is answered
}

// world is what localAWS starts with. The key policies let the source account do everything, and anybody grant.
func world() awssim.World {
	source := awssim.WorldAccount{
		ID:      ours,
		Users:   []awssim.WorldUser{{Name: "packer", AccessKeyID: "AKIASOURCE", SecretAccessKey: "secret", Policies: []json.RawMessage{json.RawMessage(anything)}}},
		Regions: map[string]awssim.WorldRegion{},
	}
	for i, region := range []string{"eu-central-1", "us-east-1"} {
		id := fmt.Sprintf("00000000-0000-0000-0000-00000000000%d", i)
		source.Keys = append(source.Keys, awssim.WorldKey{Region: region, ID: id, Policy: json.RawMessage(
			`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"*"},"Action":"kms:*","Resource":"*"}]}`)})
		source.Regions[region] = awssim.WorldRegion{
			Snapshots: []awssim.WorldSnapshot{{ID: fmt.Sprintf("snap-0123456789abcdef%d", i), KMSKey: id}},
			Images: []awssim.WorldImage{{
				ID: fmt.Sprintf("ami-0123456789abcdef%d", i), Name: "golden",
				BlockDevices: []awssim.WorldBlockDevice{{Snapshot: fmt.Sprintf("snap-0123456789abcdef%d", i)}},
			}},
		}
	}
	return awssim.World{Accounts: []awssim.WorldAccount{source, targetAccount(first), targetAccount(second)}}
}

func targetAccount(id string) awssim.WorldAccount {
	return awssim.WorldAccount{
		ID: id, ServiceLinkedRoles: []string{"autoscaling.amazonaws.com"},
		Roles: []awssim.WorldRole{{
			Name: "ami-share", Policies: []json.RawMessage{json.RawMessage(anything)},
			TrustPolicy: json.RawMessage(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::` + ours +
				`:root"},"Action":"sts:AssumeRole","Condition":{"StringEquals":{"sts:ExternalId":"id-of-` + id + `"}}}]}`),
		}},
	}
}

// start serves a world, and points the SDK at it.
func start(t *testing.T, world awssim.World) *localAWS {
	t.Helper()
	server, err := awssim.New(world)
	if err != nil {
		t.Fatal(err)
	}
	local := &localAWS{Server: server}
	listening := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if local.watch != nil {
			local.watch(r)
		}
		server.ServeHTTP(w, r)
	}))
	t.Cleanup(listening.Close)
	missing := filepath.Join(t.TempDir(), "none")
	for name, value := range map[string]string{
		"AWS_ENDPOINT_URL": listening.URL, "AWS_ACCESS_KEY_ID": "AKIASOURCE", "AWS_SECRET_ACCESS_KEY": "secret", "AWS_SESSION_TOKEN": "",
		"AWS_CONFIG_FILE": missing, "AWS_SHARED_CREDENTIALS_FILE": missing, "AWS_PROFILE": "", "AWS_REGION": "", "AWS_DEFAULT_REGION": "",
		"AWS_EC2_METADATA_DISABLED": "true",
	} {
		t.Setenv(name, value)
	}
	return local
}

// option writes an option whose value is a path, which on Windows has what HCL would take for escapes.
func option(name, path string) string { return fmt.Sprintf("%s = %q\n", name, path) }

// targets are target blocks for accounts, each with its external id.
func targets(accounts ...string) string {
	var b strings.Builder
	for _, account := range accounts {
		fmt.Fprintf(&b, "target {\n account_ids = [%q]\n assume_role {\n role_name = \"ami-share\"\n external_id = \"id-of-%s\"\n}\n}\n", account, account)
	}
	return b.String()
}

// recorder is a ui that keeps what is said.
type recorder struct {
	packersdk.BasicUi

	mu   sync.Mutex
	text bytes.Buffer
	rows []string
}

func newRecorder() *recorder {
	r := new(recorder)
	r.Writer, r.ErrorWriter = &r.text, &r.text
	return r
}

func (r *recorder) Machine(kind string, args ...string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.rows = append(r.rows, kind+","+strings.Join(args, ","))
}

var golden = artifactOf("mitchellh.amazonebs", "eu-central-1:ami-0123456789abcdef0,us-east-1:ami-0123456789abcdef1")

// share runs the post-processor, and checks what holds of every run: the artifact comes back as it was, to be kept.
func share(ctx context.Context, t *testing.T, body string) (*recorder, error) {
	t.Helper()
	p, err := configured(t, body)
	if err != nil {
		t.Fatal(err)
	}
	return process(ctx, t, p)
}

// shareLater is share with a configuration that is not known before the build: Packer hands it over again after that.
func shareLater(ctx context.Context, t *testing.T, before, after string) (*recorder, error) {
	t.Helper()
	p, err := configured(t, before)
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Configure(block(t, after)); err != nil {
		t.Fatal(err)
	}
	return process(ctx, t, p)
}

func process(ctx context.Context, t *testing.T, p *PostProcessor) (*recorder, error) {
	t.Helper()
	ui := newRecorder()
	got, keep, force, err := p.PostProcess(ctx, ui, golden)
	if got != golden || !keep || !force {
		t.Errorf("got the artifact %v, keep %t, force %t", got, keep, force)
	}
	return ui, err
}

// calls counts the calls of the journal by action. Dry runs don't count as writes.
func (l *localAWS) calls() (all, writes map[string]int) {
	all, writes = map[string]int{}, map[string]int{}
	for _, entry := range l.Journal() {
		all[entry.Action]++
		if entry.Write && !entry.DryRun && entry.Service != "sts" {
			writes[entry.Action]++
		}
	}
	return all, writes
}
