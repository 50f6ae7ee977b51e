// SPDX-License-Identifier: MPL-2.0

package e2e

import (
	"context"
	"fmt"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/amishare/packer-plugin-ami-share/internal/awssim"
)

// emptyAccounts are what the guide begins with: nobody but an administrator in each account, and Amazon's AMI.
const emptyAccounts = `{"accounts": [
  {"id": "137112412989", "name": "amazon", "regions": {"eu-central-1": {"images": [
    {"id": "ami-0a1b2c3d4e5f60718", "name": "al2023-ami-2023.9.20261101.0-kernel-6.12-x86_64", "launch_permissions": ["all"]}]}}},
  {"id": "111111111111", "users": [{"name": "admin", "access_key_id": "AKIAEXAMPLEIMAGES", "secret_access_key": "a-secret-of-images",
    "policies": [{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}]}]},
  {"id": "222222222222", "users": [{"name": "admin", "access_key_id": "AKIAEXAMPLEWEB222", "secret_access_key": "a-secret-of-web",
    "policies": [{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}]}]}]}`

// The files of the AWS CLI with the two profiles that the guide asks for.
const (
	cliConfig = "[profile images]\nregion = eu-central-1\n[profile web]\nregion = eu-central-1\n[profile packer]\nregion = eu-central-1\n"

	cliCredentials = "[images]\naws_access_key_id = AKIAEXAMPLEIMAGES\naws_secret_access_key = a-secret-of-images\n" +
		"[web]\naws_access_key_id = AKIAEXAMPLEWEB222\naws_secret_access_key = a-secret-of-web\n"
)

// piece is a file to save, or commands to type where file is "".
type piece struct{ file, text string }

var (
	guidePiece = regexp.MustCompile("(?ms)^```(hcl|json|sh)\n(.*?)^```")
	saveAs     = regexp.MustCompile("(?s).*Save this as\\s+`([^`]+)`")
)

// pieces reads the guide from the top.
func pieces(t *testing.T) []piece {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", "docs", "guides", "getting-started.md"))
	if err != nil {
		t.Fatal(err)
	}
	var all []piece
	end := 0
	for _, found := range guidePiece.FindAllSubmatchIndex(text, -1) {
		one := piece{text: string(text[found[4]:found[5]])}
		if name := saveAs.FindSubmatch(text[end:found[0]]); name != nil {
			one.file = string(name[1])
		} else if string(text[found[2]:found[3]]) != "sh" {
			t.Fatalf("the guide does not say what to do with\n%s", one.text)
		}
		end = found[1]
		all = append(all, one)
	}
	return all
}

// TestGettingStarted does what the guide says, from accounts with nothing in them to an instance InService.
func TestGettingStarted(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	script := "set -euo pipefail\n"
	for _, one := range pieces(t) {
		if one.file == "" {
			script += one.text
			continue
		}
		if err := os.WriteFile(filepath.Join(dir, one.file), []byte(one.text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	// Far longer than it takes: the guide waits for an instance as long as there is none.
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	command := exec.CommandContext(ctx, "bash", "-x", "-c", script)
	command.Dir, command.Env = dir, guideEnv(t)
	command.WaitDelay = time.Second
	out, err := command.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if !strings.Contains(string(out), "\nInService\n") {
		t.Errorf("no instance is InService:\n%s", out)
	}
}

// guideEnv is the machine of somebody who begins: the profiles, Packer with its plugins, and an AWS CLI that asks the local AWS; one
// before version 2.13 doesn't know AWS_ENDPOINT_URL.
func guideEnv(t *testing.T) []string {
	t.Helper()
	world, err := awssim.Load(strings.NewReader(emptyAccounts))
	if err != nil {
		t.Fatal(err)
	}
	aws, err := awssim.New(world)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(aws)
	t.Cleanup(server.Close)
	bin := t.TempDir()
	// At an endpoint that it is given, the CLI signs IAM's calls for the profile's Region; at AWS's own, for IAM's.
	cli := fmt.Sprintf("#!/bin/sh\ncase $1 in configure) exec %[1]q \"$@\" ;; esac\n"+
		"case \" $* \" in *\" iam \"*) exec %[1]q --endpoint-url %[2]s --region us-east-1 \"$@\" ;; esac\nexec %[1]q --endpoint-url %[2]s \"$@\"\n",
		filepath.Join(filepath.Dir(shop.tools.Packer), "aws"), server.URL)
	if err := os.WriteFile(filepath.Join(bin, "aws"), []byte(cli), 0o700); err != nil {
		t.Fatal(err)
	}
	home := t.TempDir()
	for name, text := range map[string]string{"config": cliConfig, "credentials": cliCredentials} {
		if err := os.WriteFile(filepath.Join(home, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return append(append(Plain(os.Environ()), released(t)...), "PATH="+bin+":"+filepath.Dir(shop.tools.Packer)+":"+os.Getenv("PATH"), "HOME="+home,
		"AWS_CONFIG_FILE="+filepath.Join(home, "config"), "AWS_SHARED_CREDENTIALS_FILE="+filepath.Join(home, "credentials"),
		"AWS_ENDPOINT_URL="+server.URL, "AWS_ENDPOINT_URL_STS="+server.URL, "AWS_PAGER=") // the amazon builder looks for STS under its own name when a profile has a role
}

// released installs the plugin as a release has it: packer init looks on the network for one in place of a development build.
func released(t *testing.T) []string {
	t.Helper()
	dir, tools := t.TempDir(), shop.tools
	tools.Plugin = filepath.Join(dir, "packer-plugin-ami-share")
	build := exec.CommandContext(t.Context(), "go", "build", "-ldflags", "-s -w -X github.com/amishare/packer-plugin-ami-share/version.VersionPrerelease=",
		"-o", tools.Plugin, "../..")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("building the plugin: %v\n%s", err, out)
	}
	workshop, err := NewWorkshop(t.Context(), dir, tools)
	if err != nil {
		t.Fatal(err)
	}
	return workshop.Env()
}
