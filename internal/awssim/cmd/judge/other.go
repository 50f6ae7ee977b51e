// SPDX-License-Identifier: MPL-2.0

package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
)

// verdict is what an evaluator says of a case.
type verdict struct {
	Effect  string // "allow", "deny" for an explicit deny, "silent" for an implicit one
	Refused string // why the case was not decided, "" if it was
}

func (v verdict) String() string {
	if v.Refused != "" {
		return "refused"
	}
	return v.Effect
}

// judgeProcess is the other evaluator, which answers line by line.
type judgeProcess struct {
	command *exec.Cmd
	in      io.WriteCloser
	out     *bufio.Reader
}

func startJudge(arguments []string) (*judgeProcess, error) {
	command := exec.Command(arguments[0], arguments[1:]...) //nolint:gosec // what the Makefile says is run
	command.Stderr = os.Stderr
	in, err := command.StdinPipe()
	if err != nil {
		return nil, fmt.Errorf("starting the other evaluator: %w", err)
	}
	out, err := command.StdoutPipe()
	if err != nil {
		return nil, fmt.Errorf("starting the other evaluator: %w", err)
	}
	if err := command.Start(); err != nil {
		return nil, fmt.Errorf("starting the other evaluator: %w", err)
	}
	return &judgeProcess{command: command, in: in, out: bufio.NewReader(out)}, nil
}

// stop ends the process, which ends by itself when its input does.
func (j *judgeProcess) stop() {
	j.in.Close()
	_ = j.command.Wait()
}

func (j *judgeProcess) decide(c *testCase) (verdict, error) {
	line, err := json.Marshal(c.simulation())
	if err != nil {
		return verdict{}, err
	}
	if _, err := j.in.Write(append(line, '\n')); err != nil {
		return verdict{}, fmt.Errorf("asking the other evaluator: %w", err)
	}
	answer, err := j.out.ReadBytes('\n')
	if err != nil {
		return verdict{}, fmt.Errorf("asking the other evaluator: %w", err)
	}
	var v verdict
	if err := json.Unmarshal(answer, &v); err != nil {
		return verdict{}, fmt.Errorf("the other evaluator answered %q: %w", answer, err)
	}
	return v, nil
}
