// SPDX-License-Identifier: MPL-2.0

//go:build unix

package e2e

import (
	"context"
	"errors"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// TestTheExamplesPage types the commands of example/README.md: those of the first shell, which ends with a local AWS that keeps running,
// and then those of the second. Only the port is another one, since somebody may use that of the page.
func TestTheExamplesPage(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile(filepath.Join("..", "..", "example", "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	shells := guidePiece.FindAllStringSubmatch(string(text), -1)
	if len(shells) != 2 {
		t.Fatalf("the page has commands for %d shells", len(shells))
	}
	const port = "4599"
	free := freePort(t)
	home := t.TempDir()
	environment := append(Plain(os.Environ()), "CHECKPOINT_DISABLE=1", "PACKER_NO_COLOR=1", "HOME="+home, "PACKER_PLUGIN_PATH="+filepath.Join(home, "plugins"),
		"PACKER_CONFIG_DIR="+filepath.Join(home, "config"), "GOMODCACHE="+goEnv(t, "GOMODCACHE"), "GOCACHE="+goEnv(t, "GOCACHE"), "PORT="+free)
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute)
	defer cancel()
	first := shell(ctx, environment, shells[0][2])
	first.SysProcAttr = groupOfItsOwn()
	var out strings.Builder
	first.Stdout, first.Stderr = &out, &out
	if err := first.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- first.Wait() }()
	t.Cleanup(func() { _ = killGroup(first.Process.Pid) })
	if err := serves(ctx, "http://127.0.0.1:"+free+"/_awssim/journal", ended); err != nil {
		_ = killGroup(first.Process.Pid)
		t.Fatalf("the first shell serves no local AWS: %v\n%s", err, out.String())
	}
	second := shell(ctx, environment, strings.ReplaceAll(shells[1][2], port, free))
	said, err := second.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, said)
	}
	for _, want := range []string{"222222222222  +✓     +✓", `"action":"kms:CreateGrant"`} {
		if !strings.Contains(string(said), want) {
			t.Errorf("%q is not in\n%s", want, said)
		}
	}
}

// shell runs commands in the repository's folder.
func shell(ctx context.Context, environment []string, commands string) *exec.Cmd {
	command := exec.CommandContext(ctx, "bash", "-x", "-c", "set -euo pipefail\n"+commands)
	command.Dir, command.Env, command.WaitDelay = filepath.Join("..", ".."), environment, time.Second
	return command
}

func freePort(t *testing.T) string {
	t.Helper()
	listening, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listening.Close()
	return strconv.Itoa(listening.Addr().(*net.TCPAddr).Port)
}

func goEnv(t *testing.T, name string) string {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "go", "env", name).Output()
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(out))
}

// serves asks until there is an answer, or what should serve has ended.
func serves(ctx context.Context, url string, ended <-chan error) error {
	for {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
		if err != nil {
			return err
		}
		response, err := http.DefaultClient.Do(request)
		if err == nil {
			return response.Body.Close()
		}
		select {
		case err := <-ended:
			return errors.Join(errors.New("it has ended"), err)
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(100 * time.Millisecond):
		}
	}
}
