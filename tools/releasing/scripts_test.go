// SPDX-License-Identifier: MPL-2.0

package releasing

import (
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

const changelog = `# Changelog

## Unreleased

## 1.2.3 (March 4, 2027)

FEATURES:

- it does something

## 1.2.2 (March 3, 2027)

BUG FIXES:

- it did nothing

## 1.2.1 (Unreleased)

BUG FIXES:

- it will do nothing

## 1.2.0

- it has no date
`

// script runs one of the scripts of the project, and returns what it prints and whether it succeeds.
func script(t *testing.T, env []string, name string, args ...string) (string, bool) {
	t.Helper()
	command := exec.CommandContext(t.Context(), name, args...)
	command.Dir, command.Env = snapshot.source, append(os.Environ(), env...)
	out, err := command.CombinedOutput()
	if _, ran := errors.AsType[*exec.ExitError](err); err != nil && !ran {
		t.Fatal(err)
	}
	return string(out), err == nil
}

func TestReleaseNotesAreTheChangelogs(t *testing.T) {
	path := filepath.Join(t.TempDir(), "CHANGELOG.md")
	if err := os.WriteFile(path, []byte(changelog), 0o600); err != nil {
		t.Fatal(err)
	}
	out, ok := script(t, nil, "tools/release-notes.sh", path, "v1.2.3")
	if want := "FEATURES:\n\n- it does something\n"; !ok || out != want {
		t.Errorf("the notes are %q, want %q", out, want)
	}
	for _, version := range []string{"v1.2.4", "v1.2", "vUnreleased", "v1.2.1", "v1.2.0"} {
		if out, ok := script(t, nil, "tools/release-notes.sh", path, version); ok || !strings.Contains(out, "has no section") {
			t.Errorf("the notes of %s are %q", version, out)
		}
	}
}

func TestTheTagIsTheVersionInTheSource(t *testing.T) {
	for version, want := range map[string]bool{snapshot.version: true, "9.9.9": false, snapshot.version + "-rc1": false} {
		if out, ok := script(t, nil, "tools/check-version.sh", version); ok != want {
			t.Errorf("%s: %s", version, out)
		}
	}
}

func TestTheUsersGOFLAGSStay(t *testing.T) {
	show := filepath.Join(t.TempDir(), "show.mk")
	if err := os.WriteFile(show, []byte("include GNUmakefile\nshow: ; @echo \"$$GOFLAGS\"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	const ours = "-buildvcs=false -trimpath -gcflags=all=-l -gcflags=runtime/...= -gcflags=internal/runtime/...= -gcflags=internal/abi= " +
		"-tags=nethttpomithttp2,notfastpath"
	for flags, want := range map[string]string{
		"":                   ours,
		"-mod=mod -tags=own": "-mod=mod " + ours + ",own",
		"--tags=own":         ours + ",own",
		// Of two, go takes the last.
		"-tags=other -tags=own,two": ours + ",own,two",
		"'-ldflags=-X main.a=b c'":  "'-ldflags=-X main.a=b c' " + ours,
		// As in a make that is called by make.
		ours + ",own": ours + ",own",
	} {
		out, ok := script(t, []string{"GOFLAGS=" + flags}, "make", "-s", "-f", show, "show")
		if !ok || strings.TrimSpace(out) != want {
			t.Errorf("GOFLAGS=%q becomes %q, want %q", flags, out, want)
		}
	}
}

func TestTheUsersGOFLAGSReachOtherModulesWithTheirQuotes(t *testing.T) {
	for _, target := range []string{".tools/bin/actionlint", "check-modules", "release-check"} {
		out, ok := script(t, []string{"GOFLAGS='-ldflags=-X main.a=b c' -tags=own"}, "make", "-n", "--always-make", target)
		if !ok || !strings.Contains(out, `GOFLAGS="$MODULE_GOFLAGS`) || strings.Contains(out, "main.a=b") {
			t.Errorf("%s runs\n%s", target, out)
		}
	}
}

// The copy is in a folder of another name, below one with a space in its path.
func TestGeneratedFilesAreCurrentWhereverTheCheckoutIs(t *testing.T) {
	link := filepath.Join(snapshot.source, ".tools")
	if err := os.Symlink(filepath.Dir(os.Getenv("AMISHARE_BIN")), link); err != nil {
		t.Fatal(err)
	}
	defer os.Remove(link)
	if out, ok := script(t, []string{"GOFLAGS="}, "make", "check-generate"); !ok {
		t.Error(out)
	}
}

func TestWithoutADatabaseNothingIsSaidToBeSafe(t *testing.T) {
	nowhere := "GOVULNDB=http://127.0.0.1:1"
	out, ok := script(t, []string{nowhere}, "tools/vulncheck.sh", tool("govulncheck"))
	if !ok || !strings.Contains(out, "NOT CHECKED") {
		t.Errorf("it succeeds: %v\n%s", ok, out)
	}
	if out, ok = script(t, []string{nowhere, "VULNDB_REQUIRED=1"}, "tools/vulncheck.sh", tool("govulncheck")); ok {
		t.Errorf("a workflow takes it for success:\n%s", out)
	}
}

func TestAKnownVulnerabilityThatThePluginReachesIsFound(t *testing.T) {
	dir := t.TempDir()
	for name, content := range map[string]string{
		"index/db.json":      `{"modified":"2026-01-01T00:00:00Z"}`,
		"index/modules.json": `[{"path":"github.com/hashicorp/packer-plugin-sdk","vulns":[{"id":"GO-2026-0001","modified":"2026-01-01T00:00:00Z"}]}]`,
		"index/vulns.json":   `[{"id":"GO-2026-0001","modified":"2026-01-01T00:00:00Z"}]`,
		"ID/GO-2026-0001.json": `{"schema_version":"1.3.1","id":"GO-2026-0001","modified":"2026-01-01T00:00:00Z","published":"2026-01-01T00:00:00Z","summary":"made up",
			"affected":[{"package":{"name":"github.com/hashicorp/packer-plugin-sdk","ecosystem":"Go"},"ranges":[{"type":"SEMVER","events":[{"introduced":"0"}]}],
			"ecosystem_specific":{"imports":[{"path":"github.com/hashicorp/packer-plugin-sdk/plugin","symbols":["NewSet"]}]}}],
			"database_specific":{"url":"https://pkg.go.dev/vuln/GO-2026-0001"}}`,
	} {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if out, ok := script(t, []string{"GOVULNDB=file://" + dir}, "tools/vulncheck.sh", tool("govulncheck")); ok || !strings.Contains(out, "GO-2026-0001") {
		t.Errorf("it succeeds: %v\n%s", ok, out)
	}
}

func TestAReleaseIsNotBuiltWithAnOldGo(t *testing.T) {
	for version, want := range map[string]bool{"go1.26.3": false, "go1.26.10": false, "go1.26.11": true, "go1.27.0": true, "go1.27": true} {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, "go"), []byte("#!/bin/sh\necho "+version+"\n"), 0o700); err != nil {
			t.Fatal(err)
		}
		path := "PATH=" + dir + string(os.PathListSeparator) + os.Getenv("PATH")
		if out, ok := script(t, []string{path}, "tools/check-version.sh", snapshot.version, "release"); ok != want {
			t.Errorf("%s makes a release: %v\n%s", version, ok, out)
		}
	}
}

// program writes a program that prints a line, into a folder of its own, and returns a PATH that has it and what else
// a script needs, but no AWS CLI.
func program(t *testing.T, name, line string) string {
	t.Helper()
	dir := t.TempDir()
	for _, needed := range []string{"sh", "dirname", "mkdir", "ln", "uname", "id"} {
		path, err := exec.LookPath(needed)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink(path, filepath.Join(dir, needed)); err != nil {
			t.Fatal(err)
		}
	}
	path := filepath.Join(dir, name)
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte("#!/bin/sh\necho '"+line+"'\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	return "PATH=" + dir
}

func TestAnAWSCLIThatIsThereWillDo(t *testing.T) {
	out, ok := script(t, []string{program(t, "aws", "aws-cli/2.15.0 Python/3.11.2")}, "tools/awscli.sh")
	if !ok || strings.TrimSpace(out) != "aws-cli/2.15.0 Python/3.11.2" {
		t.Errorf("it succeeds: %v\n%s", ok, out)
	}
	if err := os.RemoveAll(filepath.Join(snapshot.source, ".tools")); err != nil {
		t.Fatal(err)
	}
}

func TestWithoutAnAWSCLIItIsSaidWhatToInstall(t *testing.T) {
	for name, env := range map[string]string{
		"brew install awscli": program(t, "uname", "Darwin"),
		"install the package": program(t, "aws", "aws-cli/1.32.0 Python/3.11.2"),
	} {
		if out, ok := script(t, []string{env}, "tools/awscli.sh"); ok || !strings.Contains(out, name) {
			t.Errorf("it succeeds: %v\n%s", ok, out)
		}
	}
}
