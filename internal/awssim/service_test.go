// SPDX-License-Identifier: MPL-2.0

package awssim

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/amishare/packer-plugin-ami-share/internal/awssim/cloud"
	"github.com/amishare/packer-plugin-ami-share/internal/awssim/iam"
	"github.com/amishare/packer-plugin-ami-share/internal/awssim/wire"
)

// counter is a service as small as one can be: it counts. It shows what a service has to have.
type counter struct {
	*cloud.Cloud
	count  int
	hidden cloud.Lag // of reads that don't see the count yet
}

type counterCall struct {
	*cloud.Call
	*counter
}

func (s *counter) APIs() []*cloud.API {
	actions := cloud.Actions(map[string]cloud.Action[*counterCall]{
		"Count": {Unsigned: true, Write: true, Handle: (*counterCall).add},
		"Read":  {Unsigned: true, Handle: (*counterCall).read},
		"Reset": {Write: true, Handle: (*counterCall).add},
	}, func(c *cloud.Call) *counterCall { return &counterCall{c, s} })
	return []*cloud.API{{
		Name: "counter", Protocol: wire.JSON, Target: "Counter_2026", Actions: actions, ConditionKeys: "counter:By",
		Throttled: wire.Errorf(http.StatusBadRequest, "TooManyRequestsException", "slowly"),
	}}
}

func (s *counter) Load(w World) []error {
	if w.LatencyMillis > 0 {
		return []error{errors.New("a counter can't wait")}
	}
	return nil
}

func (s *counter) Dump(d *cloud.Dump) { d.Put(s.count, "counter", "count") }

func (c *counterCall) add() (cloud.Effect, error) {
	var in struct {
		By     int
		DryRun bool
	}
	if err := c.Decode(&in); err != nil {
		return nil, err
	}
	if in.By < 1 {
		return nil, wire.BadRequest("ValidationException", "By must be at least 1")
	}
	return func() (any, error) {
		c.count += in.By
		c.hidden = cloud.Lag(c.Hostility.NewGrantUnlisted)
		return nil, nil
	}, nil
}

func (c *counterCall) read() (cloud.Effect, error) {
	if c.hidden.Waits() {
		return nil, wire.BadRequest("NotYet", "the count is not there yet")
	}
	return cloud.Answer(map[string]any{"Count": c.count, "Region": c.Region}), nil
}

// TestAServiceIsAFolderAndALine adds a service to a server, and calls it without a signature.
func TestAServiceIsAFolderAndALine(t *testing.T) {
	world := World{Hostility: Hostility{NewGrantUnlisted: 1, ThrottleEveryNthWrite: 5}}
	c, problems := cloud.New(world)
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	s := serve(c, iam.New(c), &counter{Cloud: c})
	if err := s.load(world); err != nil {
		t.Fatal(err)
	}
	if !slices.Contains(s.Actions(), "counter:Count") {
		t.Errorf("actions %q", s.Actions())
	}
	for i, test := range []struct {
		action, body string
		status       int
		want         string
	}{
		{"Count", `{"By":2}`, http.StatusOK, `{}`},
		{"Read", `{}`, http.StatusBadRequest, "NotYet"},
		{"Read", `{}`, http.StatusOK, `{"Count":2,"Region":"eu-west-1"}`},
		{"Count", `{"By":0}`, http.StatusBadRequest, "ValidationException"},
		{"Count", `{"By":1,"DryRun":true}`, http.StatusPreconditionFailed, "DryRunOperationException"},
		{"Count", `{"By":1,"Colour":"red"}`, http.StatusBadRequest, "Colour"},
		{"Count", `{"By":1}`, http.StatusBadRequest, "TooManyRequestsException"},
		{"Reset", `{"By":1}`, http.StatusForbidden, "MissingAuthenticationToken"},
		{"Paint", `{}`, http.StatusForbidden, "MissingAuthenticationToken"},
		{"Read", `{}`, http.StatusOK, `{"Count":2,"Region":"eu-west-1"}`},
	} {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "http://counter.eu-west-1.amazonaws.com/", strings.NewReader(test.body))
		r.Header.Set("X-Amz-Target", "Counter_2026."+test.action)
		answer := httptest.NewRecorder()
		s.ServeHTTP(answer, r)
		if answer.Code != test.status || !strings.Contains(answer.Body.String(), test.want) {
			t.Errorf("call %d, %s %s: %d %s, want %d and %s", i+1, test.action, test.body, answer.Code, answer.Body, test.status, test.want)
		}
	}
	if last := s.Journal()[0]; last.Action != "counter:Count" || last.Caller != "" || !last.Write || last.Region != "eu-west-1" {
		t.Errorf("the journal begins with %+v", last)
	}
	if state := string(s.State()); !strings.Contains(state, `"count": 2`) {
		t.Errorf("state %s", state)
	}
	if err := s.load(World{LatencyMillis: 1, Faults: []Fault{{Action: "counter:None", Code: "X"}}}); err == nil ||
		!strings.Contains(err.Error(), "a counter can't wait") || !strings.Contains(err.Error(), "counter:None") {
		t.Errorf("all problems of a world: %v", err)
	}
}
