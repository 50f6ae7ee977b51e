// SPDX-License-Identifier: MPL-2.0

package e2e

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/testscript"
)

// hcpProject is where the registry is.
const hcpProject = "/packer/2023-01-01/organizations/an-organization/projects/a-project"

// hcpRegistry is as much of HCP Packer's registry as Packer needs to track one build: it has a bucket, has never seen the
// version, and remembers what the build is said to have made.
// https://developer.hashicorp.com/hcp/api-docs/packer
type hcpRegistry struct {
	mu     sync.Mutex
	status string
	made   []string // "us-east-1:ami-…"
}

// buildUpdate is what Packer says of a build.
type buildUpdate struct {
	Status    string
	Platform  string
	Artifacts []struct {
		Region             string
		ExternalIdentifier string `json:"external_identifier"`
	}
}

func (h *hcpRegistry) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h.mu.Lock()
	defer h.mu.Unlock()
	w.Header().Set("Content-Type", "application/json")
	path, _ := strings.CutPrefix(r.URL.Path, hcpProject+"/buckets/golden")
	const build = `{"build":{"id":"a-build","component_type":"amazon-ebs.golden","status":"BUILD_RUNNING","platform":"aws","labels":{}}}`
	switch {
	case r.URL.Path == "/oauth2/token":
		fmt.Fprint(w, `{"access_token":"a-token","token_type":"bearer","expires_in":3600}`)
	case path == "":
		fmt.Fprint(w, `{"bucket":{"id":"a-bucket","name":"golden"}}`)
	case r.Method == http.MethodPost && path == "/versions":
		fmt.Fprint(w, `{"version":{"id":"a-version","name":"v0"}}`)
	case r.Method == http.MethodPost && strings.HasSuffix(path, "/builds"):
		fmt.Fprint(w, build)
	case strings.HasSuffix(path, "/builds"):
		fmt.Fprint(w, `{"builds":[]}`)
	case r.Method == http.MethodPatch && strings.HasSuffix(path, "/builds/a-build"):
		h.update(r)
		fmt.Fprint(w, build)
	case r.Method == http.MethodGet && strings.HasPrefix(path, "/versions/"):
		w.WriteHeader(http.StatusConflict)
		fmt.Fprint(w, `{"code":10,"message":"there is no such version"}`)
	default:
		w.WriteHeader(http.StatusNotImplemented)
		fmt.Fprintf(w, `{"code":12,"message":"%s %s is not known here"}`, r.Method, r.URL.Path)
	}
}

func (h *hcpRegistry) update(r *http.Request) {
	var update buildUpdate
	if err := json.NewDecoder(r.Body).Decode(&update); err != nil {
		h.status = err.Error()
		return
	}
	h.status, h.made = update.Status, nil
	for _, artifact := range update.Artifacts {
		h.made = append(h.made, artifact.Region+":"+artifact.ExternalIdentifier)
	}
	slices.Sort(h.made)
}

// hcp: has Packer track the builds of this story in a registry of HCP Packer that is started for it.
func hcp(ts *testscript.TestScript, neg bool, args []string) {
	registry := &hcpRegistry{}
	server := httptest.NewTLSServer(registry) // a token is asked for over TLS only
	ts.Defer(server.Close)
	of(ts).registry = registry
	for name, value := range map[string]string{
		"HCP_AUTH_URL": server.URL, "HCP_AUTH_TLS": "insecure", "HCP_API_ADDRESS": server.Listener.Addr().String(), "HCP_API_TLS": "insecure",
		"HCP_CLIENT_ID": "an-id", "HCP_CLIENT_SECRET": "a-secret", "HCP_ORGANIZATION_ID": "an-organization", "HCP_PROJECT_ID": "a-project",
		"HCP_PACKER_BUCKET_NAME": "golden", "HCP_PACKER_BUILD_FINGERPRINT": "a-fingerprint",
	} {
		ts.Setenv(name, value)
	}
}

// tracked: the registry knows of the AMIs in manifest.json, and that the build is done.
func tracked(ts *testscript.TestScript, neg bool, args []string) {
	images, err := ManifestImages(ts.MkAbs("manifest.json"))
	ts.Check(err)
	var want []string
	for region, image := range images {
		want = append(want, fmt.Sprintf("%s:%s", region, image))
	}
	slices.Sort(want)
	registry := of(ts).registry
	registry.mu.Lock()
	defer registry.mu.Unlock()
	if diff := cmp.Diff(want, registry.made); diff != "" || registry.status != "BUILD_DONE" || len(want) == 0 {
		ts.Fatalf("the build is %s in the registry, with AMIs (-manifest +registry):\n%s", registry.status, diff)
	}
}
