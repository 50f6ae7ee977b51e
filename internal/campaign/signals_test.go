// SPDX-License-Identifier: MPL-2.0

//go:build unix

package campaign

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/amishare/packer-plugin-ami-share/internal/awssim"
	"github.com/amishare/packer-plugin-ami-share/internal/e2e"
)

// stop is how a run of packer is stopped.
type stop struct {
	name   string
	signal syscall.Signal
	all    bool // packer and the plugins that it has started; else packer alone
}

func stops() []stop {
	return []stop{
		{"Ctrl-C", syscall.SIGINT, true}, {"SIGTERM", syscall.SIGTERM, false}, {"SIGTERM to all", syscall.SIGTERM, true}, {"SIGKILL to all", syscall.SIGKILL, true},
	}
}

// moment is the nth call of an action in a run that is stopped then.
type moment struct {
	stop
	action string
	nth    int
	mode   string
	beside []awssim.Fault
}

func (m moment) String() string {
	return fmt.Sprintf("%s, %s while %s is called (call %d of it)", m.mode, m.name, m.action, m.nth)
}

// moments are the first and the last call of each action of a run, and of one that is taken back, for each way to stop it.
func (s *stage) moments(t *testing.T) []moment {
	t.Helper()
	var all []moment
	for _, like := range []trial{{mode: "fail"}, {mode: "rollback"}, scenes()[0].trial} {
		last := map[string]int{}
		var order []string
		for _, c := range s.calls(t, like) {
			if last[c.action]++; last[c.action] == 1 {
				order = append(order, c.action)
			}
		}
		for _, action := range order {
			for _, how := range stops() {
				for _, nth := range slices.Compact([]int{1, last[action]}) {
					all = append(all, moment{how, action, nth, like.mode, like.beside})
				}
			}
		}
	}
	return all
}

// TestSignals stops the real packer at a moment, and holds what it told against what it did. A second run makes it right.
func TestSignals(t *testing.T) {
	log.SetOutput(io.Discard)
	s := newStage(t)
	packer := newPacker(t)
	goal := s.goal(t)
	all := s.moments(t)
	tried, wrongEnds := 0, 0
	for i, m := range all {
		if os.Getenv("AMISHARE_CAMPAIGN") == "" && i%59 != 0 { // prime: all ways to stop, and all stages
			continue
		}
		if part := os.Getenv("AMISHARE_CASE"); !strings.Contains(m.String(), part) {
			continue
		}
		tried++
		if wrong := s.stopped(t, packer, m, goal.facts); len(wrong) > 0 {
			wrongEnds++
			t.Errorf("%s:\n  %s", m, strings.Join(wrong, "\n  "))
		}
		if tried%100 == 0 {
			t.Logf("%d moments so far, wrong in %d", tried, wrongEnds)
		}
	}
	t.Logf("%d of %d moments ended wrong in %d", tried, len(all), wrongEnds)
}

// stopped runs packer, stops it at a moment, and runs the same again.
func (s *stage) stopped(t *testing.T, p *packer, m moment, goal facts) []string {
	t.Helper()
	server := s.open(t)
	like := trial{mode: m.mode, beside: m.beside, kind: kind{faults: func(call) []awssim.Fault { return nil }}}
	v := &verdict{trial: like, before: factsOf(t, server), goal: goal}
	for _, fault := range m.beside {
		server.Fail(fault)
	}
	run := p.start(t, like.template())
	s.at(m, func() { run.stop(m.stop) })
	err := run.wait()
	s.at(moment{}, nil)
	s.drain(t)
	server.Heal()
	server.Settle()
	v.after = factsOf(t, server)
	switch {
	case !run.stopped.Load():
		v.add("the call was never made")
	case err == nil:
		v.add("packer's exit code is 0:\n%s", run.said())
	case m.signal != syscall.SIGKILL:
		v.told = told{err: err, said: run.said(), report: readReport(t, run.report)}
		v.interrupted()
	}
	again := s.run(t, like.template())
	v.again(again, factsOf(t, server))
	return v.wrong
}

// interrupted holds what an interrupted run told against what it did.
func (v *verdict) interrupted() {
	report := v.told.report
	done := report.good() && len(differing(v.after, v.goal)) == 0 // all was there before the signal came
	if !done && !slices.Contains([]string{"cancelled", "rolled_back", "failed", "refused"}, report.Outcome) {
		v.add("the outcome is %s", report.Outcome)
	}
	if !strings.Contains(v.told.said, "Interrupted: nothing new was started, the AMIs are kept") {
		v.add("packer does not say what became of the AMIs:\n%s", v.told.said)
	}
	v.items()
	if report.Outcome == "rolled_back" {
		v.takenBack()
	}
	v.canaries()
}

// at does something when a moment has come. The call is answered after that.
func (s *stage) at(m moment, do func()) {
	var mu sync.Mutex
	seen := 0
	s.mu.Lock()
	defer s.mu.Unlock()
	s.before = nil
	if do == nil {
		return
	}
	s.before = func(r *http.Request) {
		if actionOf(r) != m.action {
			return
		}
		mu.Lock()
		seen++
		now := seen == m.nth
		mu.Unlock()
		if now {
			do()
		}
	}
}

// actionOf returns the action that a request asks for, as in "kms:CreateGrant". The body can be read again.
func actionOf(r *http.Request) string {
	body, _ := io.ReadAll(r.Body)
	r.Body = io.NopCloser(bytes.NewReader(body))
	var service string
	if scope := strings.Split(r.Header.Get("Authorization"), "/"); len(scope) > 3 {
		service = scope[3]
	}
	if target := r.Header.Get("X-Amz-Target"); target != "" {
		return service + ":" + target[strings.LastIndex(target, ".")+1:]
	}
	form, _ := url.ParseQuery(string(body))
	return service + ":" + form.Get("Action")
}

// packer is the real one, with the plugin as it is.
type packer struct {
	tools e2e.Tools
	env   []string
}

func newPacker(t *testing.T) *packer {
	t.Helper()
	bin := os.Getenv("AMISHARE_BIN")
	if bin == "" {
		bin = filepath.Join("..", "..", ".tools", "bin")
	}
	dir := t.TempDir()
	tools := e2e.Tools{Packer: filepath.Join(bin, "packer"), Amazon: filepath.Join(bin, "packer-plugin-amazon"), Plugin: filepath.Join(dir, "packer-plugin-ami-share")}
	build := exec.Command("go", "build", "-ldflags", "-s -w", "-o", tools.Plugin, "../..")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("building the plugin: %v\n%s", err, out)
	}
	workshop, err := e2e.NewWorkshop(context.Background(), dir, tools)
	if err != nil {
		t.Fatalf("installing the plugins, for which make tools makes packer: %v", err)
	}
	env := slices.Concat(os.Environ(), workshop.Env())
	return &packer{tools, slices.DeleteFunc(env, func(v string) bool { return strings.HasPrefix(v, "AWS_CONFIG_FILE="+dir) })}
}

// stoppable is a run of packer.
type stoppable struct {
	program *exec.Cmd
	report  string
	over    chan struct{} // closed when it has ended
	heard   chan struct{} // closed when it says that it has had the signal
	mu      sync.Mutex
	text    bytes.Buffer
	stopped atomic.Bool
	err     error
}

// start runs packer with what the post-processor is to do, on AMIs that are there.
func (p *packer) start(t *testing.T, template string) *stoppable {
	t.Helper()
	dir := t.TempDir()
	run := &stoppable{report: filepath.Join(dir, "report.json"), over: make(chan struct{}), heard: make(chan struct{})}
	var images string
	for _, region := range regions() {
		images += fmt.Sprintf("%q = %q\n", region, image(region))
	}
	text := "source \"null\" \"it\" {\ncommunicator = \"none\"\n}\nbuild {\nsources = [\"source.null.it\"]\npost-processor \"ami-share\" {\n" +
		fmt.Sprintf("region = %q\nimages = {\n%s}\nreport_file = %q\n", regions()[0], images, run.report) + template + "}\n}\n"
	if err := os.WriteFile(filepath.Join(dir, "it.pkr.hcl"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	path, err := filepath.Abs(p.tools.Packer)
	if err != nil {
		t.Fatal(err)
	}
	run.program = exec.Command(path, "build", "it.pkr.hcl")
	run.program.Dir, run.program.Env = dir, p.env
	run.program.Stdout, run.program.Stderr = run, run
	run.program.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := run.program.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		defer close(run.over)
		run.err = run.program.Wait()
	}()
	return run
}

// Write takes what packer says.
func (r *stoppable) Write(text []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.text.Write(text)
	if strings.Contains(r.text.String(), "Cancelling build after receiving") {
		select {
		case <-r.heard:
		default:
			close(r.heard)
		}
	}
	return len(text), nil
}

func (r *stoppable) said() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.text.String()
}

// stop sends the signal, and returns when packer has had it.
func (r *stoppable) stop(how stop) {
	r.stopped.Store(true)
	pid := r.program.Process.Pid
	if how.all {
		pid = -pid
	}
	_ = syscall.Kill(pid, how.signal) // it may have ended
	select {
	case <-r.heard:
	case <-r.over:
	}
}

func (r *stoppable) wait() error {
	<-r.over
	return r.err
}
