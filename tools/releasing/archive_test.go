// SPDX-License-Identifier: MPL-2.0

package releasing

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
)

// platform is what the assets of this machine's platform start with.
func platform() string { return asset(runtime.GOOS, runtime.GOARCH) }

func exe() string {
	if runtime.GOOS == "windows" {
		return ".exe"
	}
	return ""
}

// unpacked returns the files of this platform's archive.
func unpacked(t *testing.T) map[string][]byte {
	t.Helper()
	archive, err := zip.OpenReader(filepath.Join(snapshot.dir, platform()+".zip"))
	if err != nil {
		t.Fatal(err)
	}
	defer archive.Close()
	files := map[string][]byte{}
	for _, entry := range archive.File {
		reader, err := entry.Open()
		if err != nil {
			t.Fatal(err)
		}
		if files[entry.Name], err = io.ReadAll(reader); err != nil {
			t.Fatal(err)
		}
	}
	return files
}

func TestTheArchiveHoldsTheBinaryAndTheLicence(t *testing.T) {
	files := unpacked(t)
	if len(files) != 2 || len(files[platform()+exe()]) == 0 {
		t.Errorf("the archive holds %d files, and a binary of %d bytes", len(files), len(files[platform()+exe()]))
	}
	if string(files["LICENSE"]) != read(t, root, "LICENSE") {
		t.Error("its licence is not the project's")
	}
}

func TestMakeBuildsTheBinaryOfTheRelease(t *testing.T) {
	built := build(t, runtime.GOOS, runtime.GOARCH)
	if !bytes.Equal(built, unpacked(t)[platform()+exe()]) {
		t.Error("make build RELEASE=1 and the release differ")
	}
}

// build returns the binary that make builds for a platform.
func build(t *testing.T, system, architecture string) []byte {
	t.Helper()
	path := filepath.Join(t.TempDir(), "plugin")
	t.Setenv("GOOS", system)
	t.Setenv("GOARCH", architecture)
	if err := run(t.Context(), snapshot.source, "make", "build", "RELEASE=1", "PLUGIN="+path); err != nil {
		t.Fatal(err)
	}
	return []byte(read(t, path))
}

// mostBytes is how large the plugin may be. https://developer.hashicorp.com/packer/docs/plugins/creation has no bound; this
// is what a runner downloads for every job.
const mostBytes = 25_000_000

func TestThePluginIsSmallOnThePlatformsWhereItIsLargest(t *testing.T) {
	for _, platform := range [][2]string{{"linux", "amd64"}, {"windows", "amd64"}, {"darwin", "arm64"}} {
		t.Run(platform[0], func(t *testing.T) {
			if size := len(build(t, platform[0], platform[1])); size > mostBytes {
				t.Errorf("it has %d bytes, and may have %d", size, mostBytes)
			} else {
				t.Logf("%d bytes", size)
			}
		})
	}
}

func TestTheWindowsBinaryDescribesItself(t *testing.T) {
	wine, err := exec.LookPath("wine")
	if err != nil {
		t.Skip("there is no wine here: the Windows binary was built and not run")
	}
	path := filepath.Join(t.TempDir(), "packer-plugin-ami-share.exe")
	if err := os.WriteFile(path, build(t, "windows", "amd64"), 0o600); err != nil {
		t.Fatal(err)
	}
	prefix := t.TempDir()
	under := func(program ...string) (string, error) {
		command := exec.CommandContext(t.Context(), wine, program...)
		command.Env = append(os.Environ(), "WINEPREFIX="+prefix, "WINEDEBUG=-all")
		out, err := command.Output()
		return string(out), err
	}
	if out, err := under(greeter(t)); err != nil || strings.TrimSpace(out) != greeting {
		t.Skipf("this wine runs no program that Go makes (before wine 9 it has no bcryptprimitives.dll): the Windows binary was built and not run: %v", err)
	}
	out, err := under(path, "describe")
	if err != nil || !strings.Contains(string(out), `"version":"`+snapshot.version+`"`) {
		t.Errorf("%v: %s", err, out)
	}
}

const greeting = "it runs"

// greeter builds the smallest program for Windows.
func greeter(t *testing.T) string {
	t.Helper()
	folder := t.TempDir()
	source, program := filepath.Join(folder, "main.go"), filepath.Join(folder, "greeter.exe")
	if err := os.WriteFile(source, []byte("package main\n\nimport \"os\"\n\nfunc main() { _, _ = os.Stdout.WriteString(\""+greeting+"\") }\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("GOOS", "windows")
	t.Setenv("GOARCH", "amd64")
	if err := run(t.Context(), folder, "go", "build", "-o", program, source); err != nil {
		t.Fatal(err)
	}
	return program
}

func TestTheChecksums(t *testing.T) {
	for name, want := range checksums(t) {
		if got := fmt.Sprintf("%x", sha256.Sum256([]byte(read(t, snapshot.dir, name)))); got != want {
			t.Errorf("%s has the checksum %s, and the file says %s", name, got, want)
		}
	}
}

// checksums returns the checksum of each asset.
func checksums(t *testing.T) map[string]string {
	t.Helper()
	sums := map[string]string{}
	for line := range strings.Lines(read(t, snapshot.dir, "packer-plugin-ami-share_v"+snapshot.version+"_SHA256SUMS")) {
		fields := strings.Fields(line)
		if len(fields) != 2 {
			t.Fatalf("Packer does not understand the line %q", line)
		}
		sums[fields[1]] = fields[0]
	}
	if len(sums) != 2 {
		t.Fatalf("there are checksums of %d files: %v", len(sums), sums)
	}
	return sums
}

func TestTheSignature(t *testing.T) {
	if snapshot.gnupg == "" {
		t.Skip("there is no gpg here: nothing was signed, and no signature was checked")
	}
	sums := "packer-plugin-ami-share_v" + snapshot.version + "_SHA256SUMS"
	if err := run(t.Context(), snapshot.dir, "gpg", "--verify", sums+".sig", sums); err != nil {
		t.Error(err)
	}
	forged := filepath.Join(t.TempDir(), sums)
	if err := os.WriteFile(forged, []byte("another content\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := run(t.Context(), snapshot.dir, "gpg", "--verify", sums+".sig", forged); err == nil {
		t.Error("the signature fits another content")
	}
}

func TestTheBillOfMaterials(t *testing.T) {
	var bill struct {
		BOMFormat  string
		Components []struct{ Name string }
	}
	if err := json.Unmarshal([]byte(read(t, snapshot.dir, platform()+exe()+".cdx.json")), &bill); err != nil {
		t.Fatal(err)
	}
	has := func(module string) bool {
		return slices.ContainsFunc(bill.Components, func(c struct{ Name string }) bool { return c.Name == module })
	}
	if bill.BOMFormat != "CycloneDX" || !has("github.com/hashicorp/packer-plugin-sdk") || !has("github.com/aws/aws-sdk-go-v2") {
		t.Errorf("the format is %q, and the components are %v", bill.BOMFormat, bill.Components)
	}
}
