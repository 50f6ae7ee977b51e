// SPDX-License-Identifier: MPL-2.0

package campaign

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hcldec"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	packersdk "github.com/hashicorp/packer-plugin-sdk/packer"

	"github.com/amishare/packer-plugin-ami-share/internal/awssim"
	"github.com/amishare/packer-plugin-ami-share/post-processor/amishare"
)

// stage serves one local AWS after the other at one address, where the SDK looks for AWS. Runs that are there at once have an
// address each, by their profile.
type stage struct {
	places  []*httptest.Server
	serving sync.WaitGroup // the calls that have come
	mu      sync.Mutex
	server  *awssim.Server
	before  func(*http.Request) // sees every call before it is answered; may be nil
	hosts   []string            // of the runs that are there at once
	own     string              // the profile of its runs, where it is one of several
	live    bool                // its runs are in no bubble
}

// mostAtOnce is how many runs there can be at once.
const mostAtOnce = 5

// newStage starts to serve. A connection is good for one call: one that is kept would be waited for, and time in the bubble
// would stand still.
func newStage(t *testing.T) *stage {
	t.Helper()
	s := &stage{}
	var profiles strings.Builder
	for n := range mostAtOnce {
		address := s.listen(t)
		s.hosts = append(s.hosts, strings.TrimPrefix(address, "http://"))
		profiles.WriteString(profile(fmt.Sprint("run", n), address))
	}
	setEnvironment(t, profiles.String())
	return s
}

// newStages are several at once.
func newStages(t *testing.T, n int, live bool) []*stage {
	t.Helper()
	var profiles strings.Builder
	stages := make([]*stage, n)
	for i := range stages {
		stages[i] = &stage{own: fmt.Sprint("stage", i), live: live}
		profiles.WriteString(profile(stages[i].own, stages[i].listen(t)))
	}
	setEnvironment(t, profiles.String())
	return stages
}

// profile is one of a configuration file, with the address of a local AWS.
func profile(name, address string) string {
	return fmt.Sprintf("[profile %s]\naws_access_key_id = AKIASOURCE\naws_secret_access_key = secret\nendpoint_url = %s\n", name, address)
}

// setEnvironment lets the SDK find the profiles, and nothing of the user's.
func setEnvironment(t *testing.T, profiles string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "config")
	if err := os.WriteFile(path, []byte(profiles), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, value := range map[string]string{
		"AWS_ENDPOINT_URL": "", "AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": "", "AWS_SESSION_TOKEN": "",
		"AWS_CONFIG_FILE": path, "AWS_SHARED_CREDENTIALS_FILE": path + ".none", "AWS_PROFILE": "run0", "AWS_REGION": "", "AWS_DEFAULT_REGION": "",
		"AWS_EC2_METADATA_DISABLED": "true",
	} {
		t.Setenv(name, value)
	}
}

// listen serves at one more address.
func (s *stage) listen(t *testing.T) string {
	t.Helper()
	listening := httptest.NewUnstartedServer(s)
	listening.Config.SetKeepAlivesEnabled(false)
	listening.Start()
	t.Cleanup(listening.Close)
	s.places = append(s.places, listening)
	return listening.URL
}

// drain waits for the effects of the calls of a program that has ended: none comes after that.
func (s *stage) drain(t *testing.T) {
	t.Helper()
	for _, place := range s.places {
		answer, err := place.Client().Get(place.URL) // connections are taken in the order in which they come
		if err != nil {
			t.Fatal(err)
		}
		_ = answer.Body.Close() // nobody reads it
		place.CloseClientConnections()
	}
	s.serving.Wait()
}

// runBehind tells which of the runs that are there at once makes a call.
func (s *stage) runBehind(r *http.Request) int { return slices.Index(s.hosts, r.Host) }

// ServeHTTP implements http.Handler.
func (s *stage) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.serving.Add(1)
	defer s.serving.Done()
	s.mu.Lock()
	server, before := s.server, s.before
	s.mu.Unlock()
	if before != nil {
		before(r)
	}
	server.ServeHTTP(w, r)
}

// put puts a new local AWS on the stage.
func (s *stage) put(t *testing.T, w awssim.World) *awssim.Server {
	t.Helper()
	server, err := awssim.New(w)
	if err != nil {
		t.Fatal(err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.server, s.before = server, nil
	return server
}

// open puts a new local AWS on the stage, with what the earlier run has made in it.
func (s *stage) open(t *testing.T) *awssim.Server {
	t.Helper()
	server := s.put(t, world())
	if first := s.run(t, earlier); first.err != nil {
		t.Fatalf("the earlier run: %v\n%s", first.err, first.said)
	}
	return server
}

// told is what a run told.
type told struct {
	err    error
	said   string
	report document
}

// run runs the post-processor in a bubble. What it hands on must be the artifact, to be kept.
func (s *stage) run(t *testing.T, template string) told {
	t.Helper()
	return s.process(t, template, artifactOf())
}

// runOf is run for one build.
func (s *stage) runOf(t *testing.T, b build) told {
	t.Helper()
	return s.process(t, b.template, &packersdk.MockArtifact{BuilderIdValue: "mitchellh.amazonebs", IdValue: regions()[0] + ":" + b.image, StateValues: map[string]any{
		"generated_data": map[any]any{"BuildRegion": regions()[0]},
	}})
}

func (s *stage) process(t *testing.T, template string, artifact *packersdk.MockArtifact) told {
	t.Helper()
	path := filepath.Join(t.TempDir(), "report.json")
	result := told{}
	if s.own != "" {
		template = fmt.Sprintf("profile = %q\n", s.own) + template
	}
	if s.live {
		result.said, result.err = process(t.Context(), t, template, path, artifact)
		result.report = readReport(t, path)
		return result
	}
	now := time.Now()
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(time.Until(now)) // a bubble begins in the year 2000, and AWS looks at the time of a signature
		result.said, result.err = process(t.Context(), t, template, path, artifact)
	})
	result.report = readReport(t, path)
	return result
}

// process runs the post-processor.
func process(ctx context.Context, t *testing.T, template, report string, artifact *packersdk.MockArtifact) (said string, err error) {
	t.Helper()
	p := new(amishare.PostProcessor)
	file, diagnostics := hclsyntax.ParseConfig([]byte(template), "campaign.pkr.hcl", hcl.InitialPos)
	if diagnostics.HasErrors() {
		t.Fatal(diagnostics)
	}
	body, diagnostics := hcldec.Decode(file.Body, p.ConfigSpec(), nil)
	if diagnostics.HasErrors() {
		t.Fatal(diagnostics)
	}
	if err := p.Configure(map[string]any{"packer_core_version": "1.16.0", "packer_build_name": "golden", "report_file": report}, body); err != nil {
		t.Fatal(err)
	}
	var text bytes.Buffer
	ui := &packersdk.BasicUi{Reader: bytes.NewReader(nil), Writer: &text, ErrorWriter: &text}
	got, keep, force, err := p.PostProcess(ctx, ui, artifact)
	if got != packersdk.Artifact(artifact) || !keep || !force {
		t.Errorf("got the artifact %v, keep %t, force %t", got, keep, force)
	}
	return text.String(), err
}

func artifactOf() *packersdk.MockArtifact {
	var id string
	for i, region := range regions() {
		if i > 0 {
			id += ","
		}
		id += region + ":" + image(region)
	}
	return &packersdk.MockArtifact{BuilderIdValue: "mitchellh.amazonebs", IdValue: id, StateValues: map[string]any{
		"generated_data": map[any]any{"BuildRegion": regions()[0]},
	}}
}

func readReport(t *testing.T, path string) document {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatalf("there is no report: %v", err)
	}
	var d document
	if err := json.Unmarshal(text, &d); err != nil {
		t.Fatalf("the report: %v", err)
	}
	if err := os.Remove(path); err != nil { // there are many
		t.Fatal(err)
	}
	return d
}
