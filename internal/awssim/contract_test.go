// SPDX-License-Identifier: MPL-2.0

package awssim_test

import (
	"bytes"
	"context"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/google/go-cmp/cmp"

	"github.com/amishare/packer-plugin-ami-share/internal/awssim"
	"github.com/amishare/packer-plugin-ami-share/internal/awssim/shapes"
)

// call makes calls with the clients of a configuration. dry is nil, or asks for a dry run of the last one.
type call func(ctx context.Context, config aws.Config, dry *bool) error

// row is the contract of an action: how it works, and how it is refused.
type row struct {
	good   call   // succeeds for an administrator
	bad    call   // wrong in itself; nil where there is nothing that could be wrong
	code   string // of the bad call
	denied string // code for a caller without permission, "" where everybody may
	dry    string // code of the dry run, "" where there is none
	// anywhere names the aspects (good, bad, denied, dry) that hold in any account of AWS; the others are about the ids of
	// the made-up world, or would change what is not theirs.
	anywhere string
	creates  string // what good, and bad on its way, make
	undo     call   // takes it away again
}

// check runs the aspects of a row, each in a fresh world, or those that hold anywhere on AWS.
func (r row) check(t *testing.T, action string) {
	t.Helper()
	aspects := []struct {
		name, wants, as string
		call            call
		dry             *bool
	}{
		{"good", "", administrator, r.good, nil},
		{"denied", r.denied, nobody, r.good, nil},
		{"bad", r.code, administrator, r.bad, nil},
		{"dry", r.dry, administrator, r.good, aws.Bool(true)},
	}
	for _, aspect := range aspects {
		if aspect.call == nil || aspect.name != "good" && aspect.wants == "" {
			continue
		}
		t.Run(aspect.name, func(t *testing.T) {
			var config, admin aws.Config
			last := func() string { return action }
			if onAWS() {
				config, admin = r.elsewhere(t, action, aspect.name, aspect.as)
			} else {
				t.Parallel()
				f := start(t, computeWorld(t))
				config, admin, last = f.config(t, aspect.as, home), f.config(t, administrator, home), f.lastAction
			}
			ctx := context.WithValue(t.Context(), administratorKey{}, admin)
			err := aspect.call(ctx, config, aspect.dry)
			if got := code(err); got != aspect.wants {
				t.Errorf("error code %q, want %q: %v", got, aspect.wants, err)
			}
			if got := last(); got != action {
				t.Errorf("the answer is one of %s", got)
			}
			if r.undo != nil {
				must(t, r.undo(context.WithoutCancel(ctx), admin, nil))
			}
		})
	}
}

// administratorOf is the configuration with which what comes before a call is done, whoever makes the call.
func administratorOf(ctx context.Context) aws.Config {
	admin, _ := ctx.Value(administratorKey{}).(aws.Config)
	return admin
}

type administratorKey struct{}

// lastAction is the action that the journal ends with.
func (f *fixture) lastAction() string {
	journal := f.server.Journal()
	return journal[len(journal)-1].Action
}

// fixture is a local AWS that a test talks to over HTTP, with the SDK's own clients.
type fixture struct {
	server  *awssim.Server
	url     string
	client  *http.Client      // one for all calls: each SDK client would have connections of its own, and some tests make thousands
	secrets map[string]string // by access key id
}

// start serves a world for the length of a test, and watches that what is refused changes nothing.
func start(t *testing.T, world awssim.World) *fixture {
	t.Helper()
	return serve(t, world, func(server *awssim.Server) http.Handler { return watched(t, server) })
}

// serve serves a world by way of a handler around it.
func serve(t *testing.T, world awssim.World, around func(*awssim.Server) http.Handler) *fixture {
	t.Helper()
	server, err := awssim.New(world)
	if err != nil {
		t.Fatal(err)
	}
	listening := httptest.NewServer(around(server))
	t.Cleanup(listening.Close)
	f := &fixture{server: server, url: listening.URL, client: listening.Client(), secrets: map[string]string{}}
	for _, account := range world.Accounts {
		for _, user := range account.Users {
			f.secrets[user.AccessKeyID] = user.SecretAccessKey
		}
	}
	return f
}

// watched fails a test when a call that is refused, as every dry run is, changes anything, when the journal does not
// tell of a call what was decided and why, and when an answer has what is not in the SDK's model.
func watched(t *testing.T, server *awssim.Server) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		before := server.Census()
		answer := httptest.NewRecorder()
		server.ServeHTTP(answer, r)
		if after := server.Census(); answer.Code >= 400 && before != after {
			t.Errorf("a call that got %d changed something: %s\n%s", answer.Code, body, cmp.Diff(strings.Split(before, "\n"), strings.Split(after, "\n")))
		}
		journal := server.Journal()
		last := journal[len(journal)-1]
		if last.Reason == "" || last.Decision == "" || last.Status != answer.Code {
			t.Errorf("the journal has no reason, no decision or another status than %d: %+v", answer.Code, last)
		}
		if last.Decision == "allow" && answer.Code == http.StatusOK {
			for _, wrong := range shapes.Check(last.Action, answer.Body.Bytes()) {
				t.Errorf("no client would read it: %s", wrong)
			}
		}
		if strings.Contains(string(body), "DryRun=true") && answer.Code == http.StatusOK {
			t.Errorf("a dry run that succeeds: %s", body)
		}
		maps.Copy(w.Header(), answer.Header())
		w.WriteHeader(answer.Code)
		if _, err := w.Write(answer.Body.Bytes()); err != nil {
			t.Error(err)
		}
	})
}

// config is the configuration of a client that signs with a user's access key.
func (f *fixture) config(t *testing.T, accessKey, region string) aws.Config {
	t.Helper()
	secret, ok := f.secrets[accessKey]
	if !ok {
		t.Fatalf("the world has no access key %q", accessKey)
	}
	return aws.Config{
		Region: region, BaseEndpoint: &f.url, Credentials: credentials.NewStaticCredentialsProvider(accessKey, secret, ""),
		RetryMaxAttempts: 1, HTTPClient: f.client,
	}
}
