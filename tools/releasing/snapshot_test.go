// SPDX-License-Identifier: MPL-2.0

package releasing

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"
)

// root is the folder of the project.
var root = filepath.Join("..", "..")

// snapshot is a release of this machine's platform alone, as GoReleaser makes it from .goreleaser.yml.
var snapshot struct {
	source  string // a copy of the project as it is here, tagged
	dir     string // with the assets
	version string // "1.2.3"
	api     string // "x5.0"
	gnupg   string // the folder of a key ring with a key made for it; "" where there is no gpg
}

func TestMain(m *testing.M) {
	code, err := withSnapshot(context.Background(), m)
	if err != nil {
		fmt.Fprintln(os.Stderr, "making a release to test:", err)
		code = 1
	}
	os.Exit(code)
}

func withSnapshot(ctx context.Context, m *testing.M) (int, error) {
	dir, err := os.MkdirTemp("", "release-")
	if err != nil {
		return 1, err
	}
	defer os.RemoveAll(dir)
	if os.Getenv("AMISHARE_BIN") == "" {
		return 1, fmt.Errorf("AMISHARE_BIN does not say where packer and goreleaser are: run make release-check")
	}
	if err := describeSource(); err != nil {
		return 1, err
	}
	if err := copyProject(ctx, dir); err != nil {
		return 1, err
	}
	if err := makeKey(ctx, dir); err != nil {
		return 1, err
	}
	if err := release(ctx, dir); err != nil {
		return 1, err
	}
	return m.Run(), nil
}

var (
	versionLine = regexp.MustCompile(`(?m)^\tVersion = "([0-9.]+)"$`)
	targetLine  = regexp.MustCompile(`(?m)^      - (\w+)_(\w+)\n`)
)

func describeSource() error {
	source, err := os.ReadFile(filepath.Join(root, "version", "version.go"))
	if err != nil {
		return err
	}
	match := versionLine.FindSubmatch(source)
	if match == nil {
		return fmt.Errorf("version/version.go names no version")
	}
	snapshot.version, snapshot.api = string(match[1]), "x5.0"
	return nil
}

// copyProject copies what is or would be in the repository into one of its own, with the version's tag, below a path with a
// space and in a folder of another name.
func copyProject(ctx context.Context, dir string) error {
	snapshot.source = filepath.Join(dir, "a checkout")
	list := exec.CommandContext(ctx, "git", "ls-files", "-z", "--cached", "--others", "--exclude-standard")
	list.Dir = root
	names, err := list.Output()
	if err != nil {
		return fmt.Errorf("listing the project's files: %w", err)
	}
	for name := range strings.SplitSeq(strings.Trim(string(names), "\x00"), "\x00") {
		if err := copyFile(filepath.Join(root, name), filepath.Join(snapshot.source, name)); err != nil {
			return err
		}
	}
	for _, args := range [][]string{
		{"init", "-q"},
		{"remote", "add", "origin", "https://github.com/amishare/packer-plugin-ami-share"},
		{"add", "--all"},
		{"-c", "user.name=Release", "-c", "user.email=" + signer, "-c", "commit.gpgsign=false", "commit", "-q", "-m", "A release"},
		{"-c", "tag.gpgsign=false", "tag", "v" + snapshot.version},
	} {
		if err := run(ctx, snapshot.source, "git", args...); err != nil {
			return err
		}
	}
	return nil
}

// copyFile copies a file with its mode. One that the index has and the folder has not was removed.
func copyFile(from, to string) error {
	info, err := os.Stat(from)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	content, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		return err
	}
	return os.WriteFile(to, content, info.Mode())
}

// makeKey makes a key that signs this release and nothing else.
func makeKey(ctx context.Context, dir string) error {
	if _, err := exec.LookPath("gpg"); err != nil {
		return nil //nolint:nilerr // the test of the signature says so
	}
	snapshot.gnupg = filepath.Join(dir, "keys")
	if err := os.Mkdir(snapshot.gnupg, 0o700); err != nil {
		return err
	}
	return run(ctx, root, "gpg", "--batch", "--pinentry-mode", "loopback", "--passphrase", "", "--quick-generate-key", signer, "ed25519", "sign", "1d")
}

const signer = "release-test@amishare.invalid"

// release runs GoReleaser with the project's own configuration, less the other platforms.
func release(ctx context.Context, dir string) error {
	text, err := os.ReadFile(filepath.Join(root, ".goreleaser.yml"))
	if err != nil {
		return err
	}
	snapshot.dir = filepath.Join(dir, "dist")
	here := fmt.Sprintf("      - %s_%s\n", runtime.GOOS, runtime.GOARCH)
	config := targetLine.ReplaceAllStringFunc(string(text), func(line string) string {
		if line == here {
			return line
		}
		return ""
	})
	config += fmt.Sprintf("dist: %q\n", snapshot.dir)
	path := filepath.Join(dir, "goreleaser.yml")
	if err := os.WriteFile(path, []byte(config), 0o600); err != nil {
		return err
	}
	args := []string{"release", "--snapshot", "--config", path}
	if snapshot.gnupg == "" {
		args = append(args, "--skip=sign")
	}
	return run(ctx, snapshot.source, tool("goreleaser"), args...)
}

// tool returns the path of a tool that make has built.
func tool(name string) string {
	if runtime.GOOS == "windows" {
		name += ".exe"
	}
	return filepath.Join(os.Getenv("AMISHARE_BIN"), name)
}

// run runs a program as make does, and returns what it printed if it fails.
func run(ctx context.Context, dir, program string, args ...string) error {
	command := exec.CommandContext(ctx, program, args...)
	command.Dir = dir
	command.Env = append(os.Environ(), "GOFLAGS=", "CGO_ENABLED=0", "GOTOOLCHAIN=local", "API_VERSION="+snapshot.api,
		"GNUPGHOME="+snapshot.gnupg, "GPG_FINGERPRINT="+signer, "PATH="+os.Getenv("AMISHARE_BIN")+string(os.PathListSeparator)+os.Getenv("PATH"))
	if out, err := command.CombinedOutput(); err != nil {
		return fmt.Errorf("%s %s: %w\n%s", program, strings.Join(args, " "), err, out)
	}
	return nil
}

// asset returns the name that everything about a platform starts with.
func asset(system, architecture string) string {
	return fmt.Sprintf("packer-plugin-ami-share_v%s_%s_%s_%s", snapshot.version, snapshot.api, system, architecture)
}

func read(t *testing.T, path ...string) string {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(path...))
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}
