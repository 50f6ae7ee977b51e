// SPDX-License-Identifier: MPL-2.0

package bench

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	packersdk "github.com/hashicorp/packer-plugin-sdk/packer"
	"github.com/hashicorp/packer-plugin-sdk/plugin"
	"github.com/hashicorp/packer-plugin-sdk/rpc"
)

// usage is what one run of the plugin took.
type usage struct {
	wall        time.Duration // from the call of PostProcess to its answer
	cpu         time.Duration // of the process, start and end included
	memory      int64         // the most bytes that were resident at once; 0 where the system does not tell
	descriptors int           // the most that were open at once; 0 where the system does not tell
	report      int64         // bytes of the JSON report
	said        string        // to the user
	rows        int           // that are machine-readable: each is a call to Packer
}

// post runs the plugin's binary as Packer does, hands it an artifact over Packer's protocol, and waits for it. The process may
// have so many files and descriptors open; 0 leaves that as it is.
func post(ctx context.Context, binary, url string, options map[string]any, artifact string, descriptors int) (u usage, err error) {
	command := exec.CommandContext(ctx, binary, "start", "post-processor", plugin.DEFAULT_NAME)
	if descriptors > 0 {
		limited := fmt.Sprintf(`ulimit -n %d && exec "$0" "$@"`, descriptors)
		command = exec.CommandContext(ctx, "sh", append([]string{"-c", limited}, command.Args...)...)
	}
	command.Env = append(environment(url), plugin.MagicCookieKey+"="+plugin.MagicCookieValue, "PACKER_PLUGIN_MIN_PORT=10000", "PACKER_PLUGIN_MAX_PORT=25000")
	var log strings.Builder
	command.Stderr = &log
	out, err := command.StdoutPipe()
	if err != nil {
		return u, err
	}
	if err := command.Start(); err != nil {
		return u, err
	}
	err = u.converse(ctx, command.Process, bufio.NewReader(out), options, artifact)
	if err != nil {
		_ = command.Process.Kill()
	}
	ended := command.Wait()
	u.cpu = command.ProcessState.UserTime() + command.ProcessState.SystemTime()
	if err = errors.Join(err, ended); err != nil {
		return u, fmt.Errorf("%w\n%s\n%s", err, u.said, log.String())
	}
	return u, nil
}

// converse speaks with a plugin that has been started. It ends when the connection does.
func (u *usage) converse(ctx context.Context, process *os.Process, out *bufio.Reader, options map[string]any, artifact string) error {
	line, err := out.ReadString('\n')
	if err != nil {
		return fmt.Errorf("waiting for the plugin's address: %w", err)
	}
	parts := strings.Split(strings.TrimSpace(line), "|")
	if len(parts) != 4 {
		return fmt.Errorf("the plugin says %q, not where it listens", line)
	}
	connection, err := net.Dial(parts[2], parts[3])
	if err != nil {
		return err
	}
	client, err := rpc.NewClient(connection)
	if err != nil {
		return err
	}
	defer client.Close()
	processor := client.PostProcessor()
	if err := processor.Configure(options); err != nil {
		return err
	}
	ui := new(listener)
	stop := watch(process.Pid)
	began := time.Now()
	_, _, _, err = processor.PostProcess(ctx, ui, handedOver(artifact))
	u.wall = time.Since(began)
	u.memory, u.descriptors = stop()
	u.said, u.rows = ui.text(), int(ui.rows.Load())
	return err
}

// handedOver is the artifact of an amazon builder.
func handedOver(id string) packersdk.Artifact {
	return &packersdk.MockArtifact{BuilderIdValue: "mitchellh.amazonebs", IdValue: id, StateValues: map[string]any{
		"generated_data": map[any]any{"BuildRegion": regions[0]},
	}}
}

// listener is Packer's side of what the plugin says.
type listener struct {
	packersdk.BasicUi

	mu   sync.Mutex
	said strings.Builder
	rows atomic.Int64
}

func (l *listener) text() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.said.String()
}

// Say implements packersdk.Ui.
func (l *listener) Say(message string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.said.WriteString(message + "\n")
}

// Error implements packersdk.Ui.
func (l *listener) Error(message string) { l.Say(message) }

// Machine implements packersdk.Ui.
func (l *listener) Machine(string, ...string) { l.rows.Add(1) }

// watch looks at a process until stop is called, which returns the most memory and descriptors that it had at once.
func watch(pid int) (stop func() (memory int64, descriptors int)) {
	done := make(chan struct{})
	var watching sync.WaitGroup
	var memory int64
	var descriptors int
	look := func() {
		memory = max(memory, peakMemory(pid))
		descriptors = max(descriptors, openDescriptors(pid))
	}
	watching.Go(func() {
		ticker := time.NewTicker(50 * time.Millisecond)
		defer ticker.Stop()
		for {
			select {
			case <-done:
				return
			case <-ticker.C:
				look()
			}
		}
	})
	return func() (int64, int) {
		close(done)
		watching.Wait()
		look()
		return memory, descriptors
	}
}

// peakMemory returns the most bytes that a process has had in memory, as Linux tells it; 0 elsewhere.
func peakMemory(pid int) int64 {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0
	}
	for line := range strings.SplitSeq(string(status), "\n") {
		if text, ok := strings.CutPrefix(line, "VmHWM:"); ok {
			kilobytes, _ := strconv.ParseInt(strings.TrimSuffix(strings.TrimSpace(text), " kB"), 10, 64)
			return kilobytes * 1024
		}
	}
	return 0
}

// openDescriptors returns how many files and descriptors a process has open, as Linux tells it; 0 elsewhere.
func openDescriptors(pid int) int {
	open, _ := os.ReadDir(fmt.Sprintf("/proc/%d/fd", pid))
	return len(open)
}
