// SPDX-License-Identifier: MPL-2.0

//go:build unix

package main

import (
	"bytes"
	"os/exec"
	"strings"
	"testing"

	"github.com/amishare/packer-plugin-ami-share/internal/awssim"
	"github.com/amishare/packer-plugin-ami-share/internal/awssim/schema"
)

// TestTheGreetingCanBePasted lets a shell read it, all but the first line, which is for programs.
func TestTheGreetingCanBePasted(t *testing.T) {
	world := awssim.World{Accounts: []awssim.WorldAccount{
		{ID: "999999999999", Name: "amazon"},
		{ID: "111111111111", Name: "images\nexport AWS_REGION=pasted", Users: []awssim.WorldUser{
			{Name: "$(echo evil)", AccessKeyID: "AKIAEXAMPLEPACKER", SecretAccessKey: `it's a "secret" of $HOME; false`},
			{Name: "ops\nfalse", AccessKeyID: "AKIAEXAMPLEOPS111", SecretAccessKey: "another/secret+of=ops"},
		}},
	}}
	said := greeting("http://127.0.0.1:4599", world)
	first, paste, _ := strings.Cut(said, "\n")
	if first != "http://127.0.0.1:4599" {
		t.Errorf("the first line is %q", first)
	}
	script := "set -eu\n" + paste + `printf '%s\n' "$AWS_ENDPOINT_URL" "$AWS_ACCESS_KEY_ID" "$AWS_SECRET_ACCESS_KEY" "${AWS_SESSION_TOKEN-none}" "${AWS_PROFILE-none}" "${AWS_REGION-none}"`
	shell := exec.CommandContext(t.Context(), "sh", "-c", script)
	shell.Env = []string{"AWS_SESSION_TOKEN=old", "AWS_PROFILE=old"}
	out, err := shell.CombinedOutput()
	if want := "http://127.0.0.1:4599\nAKIAEXAMPLEPACKER\nit's a \"secret\" of $HOME; false\nnone\nnone\nnone\n"; err != nil || string(out) != want {
		t.Errorf("%v, the shell has\n%s, want\n%s", err, out, want)
	}
	for _, want := range []string{"http://127.0.0.1:4599/_awssim/", "# export AWS_ACCESS_KEY_ID=AKIAEXAMPLEOPS111 AWS_SECRET_ACCESS_KEY=another/secret+of=ops\n"} {
		if !strings.Contains(said, want) {
			t.Errorf("%q is not in\n%s", want, said)
		}
	}
}

func TestSchemaIsPrinted(t *testing.T) {
	want, err := schema.JSON()
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := printSchema(&out); err != nil || out.String() != string(want) {
		t.Errorf("%v, printed\n%s", err, out.String())
	}
}
