// SPDX-License-Identifier: MPL-2.0

package awssim_test

import (
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/amishare/packer-plugin-ami-share/internal/awssim"
)

var update = flag.Bool("update", false, "write the list of actions in docs/local-aws.md")

const (
	beforeActions = "<!-- actions: written by go test ./internal/awssim -run Current -update -->\n"
	afterActions  = "<!-- end of the actions -->\n"
)

// TestTheListOfActionsIsCurrent keeps docs/local-aws.md true.
func TestTheListOfActionsIsCurrent(t *testing.T) {
	path := filepath.Join("..", "..", "docs", "local-aws.md")
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, found := strings.Cut(string(text), beforeActions)
	_, after, closed := strings.Cut(rest, afterActions)
	if !found || !closed {
		t.Fatalf("%s has no place for the actions", path)
	}
	want := before + beforeActions + listOfActions(t) + afterActions + after
	if *update {
		if err := os.WriteFile(path, []byte(want), 0o600); err != nil {
			t.Fatal(err)
		}
		return
	}
	if diff := cmp.Diff(strings.Split(string(text), "\n"), strings.Split(want, "\n")); diff != "" {
		t.Errorf("%s (-file +now), go test ./internal/awssim -run Current -update writes it:\n%s", path, diff)
	}
}

// listOfActions is a table with a row for each service.
func listOfActions(t *testing.T) string {
	t.Helper()
	server, err := awssim.New(awssim.World{})
	if err != nil {
		t.Fatal(err)
	}
	services := map[string][]string{}
	for _, action := range server.Actions() {
		service, name, _ := strings.Cut(action, ":")
		services[service] = append(services[service], name)
	}
	var b strings.Builder
	b.WriteString("| service | actions |\n|---|---|\n")
	for _, service := range slices.Sorted(maps.Keys(services)) {
		fmt.Fprintf(&b, "| %s | %s |\n", service, strings.Join(services[service], ", "))
	}
	return b.String()
}
