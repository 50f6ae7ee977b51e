// SPDX-License-Identifier: MPL-2.0

package e2e

import (
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// TestStoriesInALateWorld runs the scripts once more where everything is seen late, comes in pages of one, and is throttled:
// testdata/worlds/late.json. Between two commands of a script minutes go by, and whatever was late arrives: what a run of
// Packer says and does is the same there. It may read more often and take longer, and that is all: see calls.
//
// Stories that take as long as a third of the others together are told by make late only, which sets AMISHARE_LATE.
func TestStoriesInALateWorld(t *testing.T) {
	all := slices.Concat(scripts(t, "testdata"), scripts(t, filepath.Join("testdata", "examples")))
	told := all
	if os.Getenv("AMISHARE_LATE") == "" {
		told = slices.DeleteFunc(slices.Clone(all), func(file string) bool { return slices.Contains(long, filepath.Base(file)) })
	}
	if len(told) < len(all)-len(long) || len(told) < 60 {
		t.Errorf("%d of %d stories are told: are they found?", len(told), len(all))
	}
	t.Logf("%d of %d stories; make late tells all, with %s", len(told), len(all), strings.Join(long, ", "))
	tell(t, afterMinutes(t, told), story{late: filepath.Join("testdata", "worlds", "late.json")})
}

// long are the stories for make late: five thousand accounts.
var long = []string{"multitude.txtar"}

// notLate are the switches of awssim.Hostility that the late world leaves alone, and why.
var notLate = map[string]string{
	"NewImagePending":           "the builder waits for its AMIs, with seconds between two looks; the stories of AMIs that are pending have one in their world",
	"UsageReportBlind":          "what a report leaves out for a day, no second look shows",
	"OrganizationsWithoutPaths": "another age of the API, not a late one",
	"ThrottleEveryNthWrite":     "the buckets throttle",
	"PackedPolicySpace":         "a limit, and no lag",
	"SessionCalls":              "a limit, and no lag",
	"NoCapacity":                "a launch without room, and no lag",
}

// TestTheLateWorldIsLate: a switch that is added is one of the late world, or says why it is not.
func TestTheLateWorldIsLate(t *testing.T) {
	world, err := World(filepath.Join("..", "..", "example", "world.json"), filepath.Join("testdata", "worlds", "late.json"))
	if err != nil {
		t.Fatal(err)
	}
	switches := reflect.ValueOf(world.Hostility)
	for field, value := range switches.Fields() {
		if _, left := notLate[field.Name]; left != value.IsZero() {
			t.Errorf("%s is %v, and notLate gives a reason for leaving it alone: %v", field.Name, value, left)
		}
	}
}

var execPacker = regexp.MustCompile(`(?m)^((?:! )?)exec packer `)

// afterMinutes returns the scripts with "packer", a command of ours before which minutes go by, for testscript's own "exec packer".
func afterMinutes(t *testing.T, files []string) []string {
	t.Helper()
	dir, late := t.TempDir(), []string{}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		script, _, _ := strings.Cut(string(text), "\n-- ")
		changed := execPacker.ReplaceAllString(script, "${1}packer ") + string(text[len(script):])
		late = append(late, filepath.Join(dir, filepath.Base(file)))
		if err := os.WriteFile(late[len(late)-1], []byte(changed), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return late
}

// runPacker ARGS...: is "exec packer ARGS...".
func runPacker(ts *testscript.TestScript, neg bool, args []string) {
	err := ts.Exec("packer", args...)
	switch {
	case err == nil && neg:
		ts.Fatalf("unexpected command success")
	case err != nil && !neg:
		ts.Fatalf("unexpected command failure: %v", err)
	}
}

// settle makes minutes go by in a late world.
func settle(ts *testscript.TestScript) {
	if s := of(ts); s.late != "" && s.server != nil {
		s.server.Settle()
	}
}
