// SPDX-License-Identifier: MPL-2.0

package e2e

import (
	"context"
	"encoding/json"
	"net/http/httptest"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/testscript"

	"github.com/amishare/packer-plugin-ami-share/internal/awssim"
)

// story is the local AWS of one script.
type story struct {
	world  awssim.World
	server *awssim.Server
	url    string
	mark   int // where the journal is read from
	marked time.Time
	saved  []byte // a state to compare with

	registry *hcpRegistry

	late string // file of a layer that makes the worlds late, "" for worlds as they are
}

type storyKey struct{}

func of(ts *testscript.TestScript) *story { return ts.Value(storyKey{}).(*story) }

// world FILE...: starts a local AWS with a world, changes laid over it, and works as the packer user of its
// source account. Calls count from here on.
func world(ts *testscript.TestScript, neg bool, files []string) {
	of(ts).server = nil // a world that can't be read is none
	for i := range files {
		files[i] = ts.MkAbs(files[i])
	}
	if late := of(ts).late; late != "" {
		files = slices.Insert(files, 1, late) // a story's own hostility stands
	}
	text, err := layered(files)
	ts.Check(err)
	ts.Check(fitsSchema(text))
	w, err := World(files...)
	ts.Check(err)
	serve(ts, w)
}

// serve starts a local AWS, in place of the one before.
func serve(ts *testscript.TestScript, w awssim.World) {
	server, err := awssim.New(w)
	ts.Check(err)
	listening := httptest.NewServer(server)
	ts.Defer(listening.Close)
	s := of(ts)
	s.world, s.server, s.url = w, server, listening.URL
	s.mark, s.marked = 0, time.Now()
	as(ts, false, []string{"AKIAEXAMPLEPACKER", "an-example-secret-of-packer"})
}

// as ACCESS-KEY [SECRET]: works as somebody else from now on.
func as(ts *testscript.TestScript, neg bool, args []string) {
	secret := "an-example-secret-of-ops"
	if len(args) > 1 {
		secret = args[1]
	}
	for _, variable := range EnvOf(of(ts).url, args[0], secret) {
		name, value, _ := strings.Cut(variable, "=")
		ts.Setenv(name, value)
	}
}

// mark: calls, writes and time count from here on.
func mark(ts *testscript.TestScript, neg bool, args []string) {
	s := of(ts)
	s.mark, s.marked = len(s.server.Journal()), time.Now()
}

// calls N ACTION [field=value]...: so many calls of an action (any for all) were made, whatever came of them; "N+" is at
// least so many.
func calls(ts *testscript.TestScript, neg bool, args []string) {
	entries := slices.DeleteFunc(of(ts).since(), func(e awssim.Entry) bool { return !fits(e, args[1], args[2:]) })
	text, atLeast := strings.CutSuffix(args[0], "+")
	want, err := strconv.Atoi(text)
	ts.Check(err)
	atLeast = atLeast || want > 0 && of(ts).looksTwice(entries)
	if got := len(entries); got != want && (!atLeast || got < want) {
		ts.Fatalf("%d calls of %s, want %s:\n%s", got, strings.Join(args[1:], " "), args[0], lines(entries))
	}
}

// looksTwice tells whether a late world may have more of these calls: of reads, since some come too early. What is written is
// written once everywhere, and what is not called here is called nowhere.
func (s *story) looksTwice(entries []awssim.Entry) bool {
	return s.late != "" && !slices.ContainsFunc(entries, func(e awssim.Entry) bool { return e.Write })
}

// since are the calls since the mark, in a late world without those that were throttled.
func (s *story) since() []awssim.Entry {
	return slices.DeleteFunc(s.server.Journal()[s.mark:], func(e awssim.Entry) bool { return s.late != "" && strings.HasPrefix(e.Reason, "throttled") })
}

func fits(e awssim.Entry, action string, filters []string) bool {
	fields := map[string]string{
		"account": e.Account, "region": e.Region, "decision": e.Decision, "code": e.Code, "caller": e.Caller, "service": e.Service,
		"dry": strconv.FormatBool(e.DryRun), "parameters": parameters(e),
	}
	for _, filter := range filters {
		name, pattern, _ := strings.Cut(filter, "=")
		value, known := fields[name]
		if !known || !regexp.MustCompile(pattern).MatchString(value) {
			return false
		}
	}
	return e.Action == action || action == "any"
}

func parameters(e awssim.Entry) string {
	text, err := json.Marshal(e.Parameters)
	if err != nil {
		return err.Error()
	}
	return string(text)
}

func lines(entries []awssim.Entry) string {
	var b strings.Builder
	for _, e := range entries {
		b.WriteString(e.Action + " " + e.Account + " " + e.Region + " " + e.Decision + " " + e.Code + " " + e.Reason + "\n")
	}
	return b.String()
}

// writes N: so many calls changed something, or could have; the builder's own are left out by "mark" or by not building.
func writes(ts *testscript.TestScript, neg bool, args []string) {
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	entries := slices.DeleteFunc(of(ts).since(), func(e awssim.Entry) bool { return !e.Write || e.DryRun })
	if len(entries) != want {
		ts.Fatalf("%d writes, want %d:\n%s", len(entries), want, lines(entries))
	}
}

// launch ACCOUNT REGION GROUP PATTERN: has a group launch the AMI of manifest.json, or of $ami_<region> where ami set it,
// and looks how that ends.
func launchGroup(ts *testscript.TestScript, neg bool, args []string) {
	account, region, group := args[0], args[1], args[2]
	image := builtImage(ts, region)
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	got, err := Launch(ctx, Config(of(ts).url, "AKIAEXAMPLEOPS"+account[:3], "an-example-secret-of-ops", region), group, image)
	if err != nil {
		got = err.Error()
	}
	if !regexp.MustCompile(args[3]).MatchString(got) {
		ts.Fatalf("the group %s of account %s in %s ended with %q, which does not match %q", group, account, region, got, args[3])
	}
}

// builtImage is the AMI of a Region that was built, or that ami named.
func builtImage(ts *testscript.TestScript, region string) string {
	if image := ts.Getenv(amiVariable(region)); image != "" {
		return image
	}
	images, err := ManifestImages(ts.MkAbs("manifest.json"))
	ts.Check(err)
	return images[region]
}

func amiVariable(region string) string { return "ami_" + strings.ReplaceAll(region, "-", "_") }

// ami REGION ID: names the AMI of a Region, as $ami_<region>.
func ami(ts *testscript.TestScript, neg bool, args []string) {
	ts.Setenv(amiVariable(args[0]), args[1])
}

// state save: remembers what can be shared, and with whom it is. state same: it is as it was. state amis: so are the AMIs
// and snapshots, whatever grants and roles there are now. state write FILE: writes it down.
func state(ts *testscript.TestScript, neg bool, args []string) {
	s := of(ts)
	before, now := s.saved, []byte(s.server.State())
	switch args[0] {
	case "save":
		s.saved = now
		return
	case "write":
		ts.Check(os.WriteFile(ts.MkAbs(args[1]), now, 0o600))
		return
	case "amis":
		before, now = withoutGrants(ts, before), withoutGrants(ts, now)
	}
	diff := cmp.Diff(strings.Split(string(before), "\n"), strings.Split(string(now), "\n"))
	if (diff == "") == neg {
		ts.Fatalf("the state has changed: %v\n%s", diff != "", diff)
	}
}

// withoutGrants leaves out of a state what belongs to keys and accounts.
func withoutGrants(ts *testscript.TestScript, state []byte) []byte {
	var dump struct {
		Accounts map[string]struct {
			Regions json.RawMessage `json:"regions"`
		} `json:"accounts"`
	}
	ts.Check(json.Unmarshal(state, &dump))
	text, err := json.MarshalIndent(dump, "", "  ")
	ts.Check(err)
	return text
}

// fault JSON: makes calls fail from now on.
func fault(ts *testscript.TestScript, neg bool, args []string) {
	var f awssim.Fault
	ts.Check(json.Unmarshal([]byte(args[0]), &f))
	of(ts).server.Fail(f)
}
