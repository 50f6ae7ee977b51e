// SPDX-License-Identifier: MPL-2.0

package e2e

import (
	"bytes"
	"os"
	"os/exec"
	"slices"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// interrupt 'ACTION [field=value]...' packer ARGS...: runs packer and sends an interrupt to it and all it has started, as Ctrl-C
// in a terminal does, when such a call is first made.
// What it prints is in the files stdout.txt and stderr.txt. It has to fail.
func interrupt(ts *testscript.TestScript, neg bool, args []string) { stopped(ts, args, interruptGroup) }

// killed 'ACTION [field=value]...' packer ARGS...: the same with a signal that nobody can catch.
func killed(ts *testscript.TestScript, neg bool, args []string) { stopped(ts, args, killGroup) }

// stopped runs packer and does something to it and all it has started when a call is first made.
func stopped(ts *testscript.TestScript, args []string, stop func(pid int) error) {
	var stdout, stderr bytes.Buffer
	program := exec.Command(shop.tools.Packer, args[2:]...)
	program.Dir = ts.MkAbs(".")
	program.Env = slices.Concat(Plain(os.Environ()), shop.env, EnvOf(of(ts).url, ts.Getenv("AWS_ACCESS_KEY_ID"), ts.Getenv("AWS_SECRET_ACCESS_KEY")),
		[]string{"PKR_VAR_external_id=" + ts.Getenv("PKR_VAR_external_id")})
	program.Stdout, program.Stderr = &stdout, &stderr
	program.SysProcAttr = groupOfItsOwn()
	ts.Check(program.Start())
	sent := make(chan bool, 1)
	go func() {
		sent <- of(ts).when(args[0], func() { _ = stop(program.Process.Pid) })
	}()
	err := program.Wait()
	ts.Check(os.WriteFile(ts.MkAbs("stdout.txt"), stdout.Bytes(), 0o600))
	ts.Check(os.WriteFile(ts.MkAbs("stderr.txt"), stderr.Bytes(), 0o600))
	if !<-sent {
		ts.Fatalf("%s was never called:\n%s%s", args[0], stdout.String(), stderr.String())
	}
	if err == nil {
		ts.Fatalf("the program succeeded all the same:\n%s", stdout.String())
	}
}

// when does something as soon as a call shows in the journal, and tells whether it did.
func (s *story) when(call string, do func()) bool {
	action, filters, _ := strings.Cut(call, " ")
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		for _, entry := range s.since() {
			if fits(entry, action, strings.Fields(filters)) && !entry.DryRun {
				do()
				return true
			}
		}
	}
	return false
}
