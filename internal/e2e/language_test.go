// SPDX-License-Identifier: MPL-2.0

package e2e

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// command is one of those that stories know beyond testscript's own.
type command struct {
	do        func(ts *testscript.TestScript, neg bool, args []string)
	usage     string // what comes after its name: a word for each argument that it needs, then those that it may have in brackets
	worldless bool   // it needs no local AWS
	negated   bool   // it can have a "!" before it
}

// language is all of them.
func language() map[string]command {
	return map[string]command{
		"world":     {do: world, usage: "FILE...", worldless: true},
		"crowd":     {do: crowd, usage: "COUNT", worldless: true},
		"multitude": {do: multitude, usage: "ACCOUNTS UNITS", worldless: true},
		"identity":  {do: identity, usage: "ISSUER ACCOUNT SUBJECT", worldless: true},
		"relocate":  {do: relocate, usage: "PARTITION REGION REGION FROM TO", worldless: true},
		"size":      {do: size, usage: "FILE MAX", worldless: true},
		"ami":       {do: ami, usage: "REGION ID", worldless: true},
		"hcp":       {do: hcp, worldless: true},
		"tracked":   {do: tracked},
		"packer":    {do: runPacker, usage: "[ARGS...]", worldless: true, negated: true},
		"interrupt": {do: interrupt, usage: "CALL PROGRAM [ARGS...]"},
		"killed":    {do: killed, usage: "CALL PROGRAM [ARGS...]"},
		"cancels":   {do: cancels, usage: "ACCOUNT REGION AMI CALL PROGRAM [ARGS...]"},
		"deprecate": {do: deprecate, usage: "REGION AMI DAYS"},
		"admit":     {do: admit, usage: "ACCOUNT REGION FILE"},
		"as":        {do: as, usage: "ACCESS-KEY [SECRET]"},
		"mark":      {do: mark},
		"calls":     {do: calls, usage: "N ACTION [FIELD=PATTERN...]"},
		"writes":    {do: writes, usage: "N"},
		"within":    {do: within, usage: "DURATION"},
		"state":     {do: state, usage: "save|same|amis|write [FILE]", negated: true},
		"fault":     {do: fault, usage: "JSON"},
		"launch":    {do: launchGroup, usage: "ACCOUNT REGION GROUP PATTERN"},
		"scale":     {do: scale, usage: "ACCOUNT REGION GROUP PATTERN"},
		"start":     {do: start, usage: "ACCOUNT REGION ROLE PATTERN"},
		"role":      {do: role, usage: "create|delete ACCOUNT NAME [KEY-ARN]"},
		"renew":     {do: renew, usage: "ACCOUNT NAME"},
		"grant":     {do: grant, usage: "ACCOUNT KEY-ARN GRANTEE-ARN NAME"},
		"apply":     {do: apply, usage: "keys|role|user|trust|session|commands [ACCOUNT|FILE] [NAME]"},
	}
}

// commands are the language as testscript takes it.
func commands() map[string]func(*testscript.TestScript, bool, []string) {
	all := map[string]func(*testscript.TestScript, bool, []string){}
	for name, c := range language() {
		all[name] = func(ts *testscript.TestScript, neg bool, args []string) {
			switch {
			case neg && !c.negated:
				ts.Fatalf("%s can't be negated", name)
			case !c.takes(len(args)):
				ts.Fatalf("usage: %s", strings.TrimSpace(name+" "+c.usage))
			case of(ts).server == nil && !c.worldless:
				ts.Fatalf("%s needs a world, and there is none", name)
			}
			settle(ts)
			defer plain(ts, name)
			c.do(ts, neg, args)
		}
	}
	return all
}

// takes tells whether a command can have so many arguments.
func (c command) takes(count int) bool {
	needed, optional, _ := strings.Cut(c.usage, "[")
	least := len(strings.Fields(needed))
	return count >= least && (strings.Contains(c.usage, "...") || count <= least+len(strings.Fields(optional)))
}

// plain makes a mistake in a story that a command did not foresee a failure of that story: a panic would end the test of all.
func plain(ts *testscript.TestScript, name string) {
	switch found := recover().(type) {
	case nil:
	case runtime.Error:
		ts.Fatalf("%s: %v\n%s", name, found, debug.Stack())
	default:
		panic(found) // testscript's own, by which a command fails
	}
}

// teller is a test in which one story is told.
type teller struct {
	failed bool
	said   strings.Builder
}

func (r *teller) Run(_ string, f func(testscript.T)) { f(r) }
func (r *teller) Log(args ...any)                    { fmt.Fprintln(&r.said, args...) }
func (r *teller) Fatal(args ...any)                  { r.Log(args...); r.FailNow() }
func (r *teller) Skip(args ...any)                   { r.Fatal(args...) }
func (r *teller) FailNow()                           { r.failed = true; runtime.Goexit() }
func (r *teller) Parallel()                          {}
func (r *teller) Verbose() bool                      { return false }

// TestAFailingStoryFailsAlone: a story goes on after a command that fails, whatever comes then, and the others are told.
func TestAFailingStoryFailsAlone(t *testing.T) {
	script := "world nothing.json\n"
	for _, name := range slices.Sorted(maps.Keys(language())) {
		script += name + "\n! " + name + " 1 2 3 4 5\n" + name + " 1\n" + name + " 1 2\n" + name + " 1 2 3\n" + name + " 1 2 3 4\n"
	}
	script += "world $EXAMPLE/world.json\napply role\ntracked\nwrites 0\nwrites 1\n"
	file := filepath.Join(t.TempDir(), "failing.txtar")
	if err := os.WriteFile(file, []byte(script), 0o600); err != nil {
		t.Fatal(err)
	}
	var r teller
	done := make(chan struct{})
	go func() {
		defer close(done)
		testscript.RunT(&r, telling(t, []string{file}, story{}))
	}()
	<-done
	if !r.failed {
		t.Error("it does not fail")
	}
	for _, want := range []string{"calls needs a world, and there is none", "usage: writes N", "launch can't be negated", "apply: runtime error", "0 writes, want 1"} {
		if !strings.Contains(r.said.String(), want) {
			t.Errorf("it does not say %q:\n%s", want, r.said.String())
		}
	}
}
