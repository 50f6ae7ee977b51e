// SPDX-License-Identifier: MPL-2.0

package awscli_test

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"sync"
	"testing"
	"time"
)

// findCLI returns an AWS CLI of version 2.9 or newer: the one that tools/awscli.sh found, or one on the PATH.
var findCLI = sync.OnceValues(func() (string, error) {
	root, err := filepath.Abs(filepath.Join("..", "..", ".."))
	if err != nil {
		return "", err
	}
	candidates := []string{filepath.Join(root, ".tools", "bin", "aws")}
	for _, dir := range filepath.SplitList(os.Getenv("PATH")) {
		candidates = append(candidates, filepath.Join(dir, "aws"))
	}
	var seen []error
	for _, candidate := range candidates {
		if _, err := os.Stat(candidate); err != nil {
			continue
		}
		version, err := exec.Command(candidate, "--version").CombinedOutput()
		if err == nil && recentEnough(string(version)) {
			return candidate, nil
		}
		seen = append(seen, fmt.Errorf("%s is %s", candidate, cmp.Or(string(bytes.TrimSpace(version)), "nothing that runs")))
	}
	return "", errors.Join(append([]error{errors.New("there is no AWS CLI of version 2.9 or newer: run tools/awscli.sh, as make test does, " +
		"or install the package awscli")}, seen...)...)
})

var versionOfCLI = regexp.MustCompile(`^aws-cli/([0-9]+)\.([0-9]+)\.`)

func recentEnough(version string) bool {
	found := versionOfCLI.FindStringSubmatch(version)
	if found == nil {
		return false
	}
	major, _ := strconv.Atoi(found[1])
	minor, _ := strconv.Atoi(found[2])
	return major > 2 || major == 2 && minor >= 9
}

func TestRecentEnough(t *testing.T) {
	for version, want := range map[string]bool{
		"aws-cli/2.9.19 Python/3.11.2 Linux/6.1 source/x86_64.debian.12": true,
		"aws-cli/2.31.0 Python/3.13":                                     true,
		"aws-cli/2.8.9 Python/3.9":                                       false,
		"aws-cli/1.45.11 Python/3.11":                                    false,
		"bash: aws: not found":                                           false,
	} {
		if got := recentEnough(version); got != want {
			t.Errorf("recentEnough(%q) = %t, want %t", version, got, want)
		}
	}
}

// credentials sign calls.
type credentials struct{ accessKeyID, secretAccessKey, sessionToken string }

// shell runs the AWS CLI against a server, with no configuration but what it is given.
type shell struct {
	cli, url, home string
}

func newShell(t *testing.T, url string) shell {
	t.Helper()
	cli, err := findCLI()
	if err != nil {
		t.Fatal(err)
	}
	return shell{cli: cli, url: url, home: t.TempDir()}
}

// longest is how long one command may take; the CLI's waiters would go on for ten minutes.
const longest = 90 * time.Second

// run runs one command of the CLI and returns what it prints; of a failure, the error has what it says.
func (s shell) run(t *testing.T, as credentials, args ...string) (string, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), longest)
	defer cancel()
	command := exec.CommandContext(ctx, s.cli, append(args, "--endpoint-url", s.url)...)
	command.Env = []string{
		"HOME=" + s.home, "PATH=" + os.Getenv("PATH"), "LC_ALL=C.UTF-8",
		"AWS_CONFIG_FILE=" + filepath.Join(s.home, "config"), "AWS_SHARED_CREDENTIALS_FILE=" + filepath.Join(s.home, "credentials"),
		"AWS_ACCESS_KEY_ID=" + as.accessKeyID, "AWS_SECRET_ACCESS_KEY=" + as.secretAccessKey,
		"AWS_REGION=us-east-1", "AWS_EC2_METADATA_DISABLED=true", "AWS_PAGER=", "AWS_DEFAULT_OUTPUT=json",
	}
	if as.sessionToken != "" {
		command.Env = append(command.Env, "AWS_SESSION_TOKEN="+as.sessionToken)
	}
	var stdout, stderr bytes.Buffer
	command.Stdout, command.Stderr = &stdout, &stderr
	if err := command.Run(); err != nil {
		return "", fmt.Errorf("%w: %s", err, bytes.TrimSpace(stderr.Bytes()))
	}
	return stdout.String(), nil
}
