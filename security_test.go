// SPDX-License-Identifier: MPL-2.0

package main

import (
	"encoding/json"
	"maps"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	aws "github.com/amishare/packer-plugin-ami-share/internal/clients"
)

const securityPage = "docs/guides/security.md"

// listed is what docs/guides/security.md says about a call.
type listed struct {
	places string // "source", "target", "source, target", …
	always bool   // without any option
	writes bool
}

var (
	listedCall   = regexp.MustCompile("`([a-z0-9]+:[A-Z][A-Za-z]+)`")
	listedAction = regexp.MustCompile(`"([^"]+)"`)
	readingCall  = regexp.MustCompile(`:(Describe|List|Get)`)
)

// listedCalls reads the two tables of the page: a row has the calls, where they are made, what for and when.
func listedCalls(t *testing.T) map[string]listed {
	t.Helper()
	text, err := os.ReadFile(securityPage)
	if err != nil {
		t.Fatal(err)
	}
	_, tables, _ := strings.Cut(string(text), "### What it reads")
	tables, _, _ = strings.Cut(tables, "\n## ")
	reads, writes, ok := strings.Cut(tables, "### What it writes")
	if !ok {
		t.Fatalf("%s does not have its two tables", securityPage)
	}
	all := map[string]listed{}
	for i, table := range []string{reads, writes} {
		for row := range strings.Lines(table) {
			cells := strings.Split(row, "|")
			if len(cells) < 6 {
				continue
			}
			for _, call := range listedCall.FindAllStringSubmatch(cells[1], -1) {
				if _, twice := all[call[1]]; twice {
					t.Errorf("%s has %s twice", securityPage, call[1])
				}
				all[call[1]] = listed{places: strings.TrimSpace(cells[2]), always: strings.HasPrefix(strings.TrimSpace(cells[4]), "always"), writes: i == 1}
			}
		}
	}
	return all
}

// TestTheSecurityPageHasEveryCall holds the page against the only functions that the plugin has for calls.
func TestTheSecurityPageHasEveryCall(t *testing.T) {
	made := map[string]bool{}
	for name, service := range map[string]reflect.Type{
		"ec2": reflect.TypeFor[aws.EC2](), "kms": reflect.TypeFor[aws.KMS](), "iam": reflect.TypeFor[aws.IAM](),
		"sts": reflect.TypeFor[aws.STS](), "autoscaling": reflect.TypeFor[aws.AutoScaling](), "tag": reflect.TypeFor[aws.Tagging](),
		"organizations": reflect.TypeFor[aws.Organizations](), "ssm": reflect.TypeFor[aws.SSM](),
	} {
		for operation := range service.Fields() {
			made[name+":"+operation.Name] = true
		}
	}
	page := listedCalls(t)
	for call := range made {
		if _, ok := page[call]; !ok {
			t.Errorf("%s does not have %s", securityPage, call)
		}
	}
	dry := []string{"sts:AssumeRole", "kms:Decrypt", "kms:ReEncrypt"} // change nothing: the last two are dry runs
	for call, said := range page {
		if !made[call] {
			t.Errorf("%s has %s, which the plugin never calls", securityPage, call)
		}
		if writes := !readingCall.MatchString(call) && !slices.Contains(dry, call); writes != said.writes {
			t.Errorf("%s is in the wrong table of %s", call, securityPage)
		}
	}
}

// TestTheSecurityPageAgreesWithThePolicies holds where and when a call is made against the policies that are handed out. Other tests
// show that these are sufficient, and that nothing in them is too much.
func TestTheSecurityPageAgreesWithThePolicies(t *testing.T) {
	everywhere := map[string]map[string]bool{
		"source": allowedBy(t, "every-option.source-policy", "AmiShareBuildGrants"),
		"target": allowedBy(t, "every-option.target-role-policy", "AmiShareFindReferences"),
	}
	always := allowedBy(t, "one-target.source-policy", "AmiShareBuild", "AmiShareBuildGrants")
	maps.Copy(always, allowedBy(t, "one-target.target-role-policy"))
	for call, said := range listedCalls(t) {
		action := call
		switch {
		case strings.HasPrefix(call, "organizations:") || call == "sts:GetCallerIdentity": // of no target's run; takes no permission
			continue
		case call == "kms:ReEncrypt":
			action = "kms:ReEncryptFrom"
		}
		for place, allowed := range everywhere {
			if strings.Contains(said.places, place) != allowed[action] {
				t.Errorf("%s: %s is made in %q, and the policy for the %s has it: %v", securityPage, call, said.places, place, allowed[action])
			}
		}
		if said.always != always[action] {
			t.Errorf("%s: %s is always made: %v, and a policy without options has it: %v", securityPage, call, said.always, always[action])
		}
	}
}

// allowedBy are the actions that a document of docs/policies allows the plugin itself. Left out are statements for the builder and for EC2.
func allowedBy(t *testing.T, name string, without ...string) map[string]bool {
	t.Helper()
	text, err := os.ReadFile("docs/policies/" + name + ".json")
	if err != nil {
		t.Fatal(err)
	}
	var document struct {
		Statement []struct {
			Sid    string
			Action json.RawMessage // one action, or a list of them
		}
	}
	if err := json.Unmarshal(text, &document); err != nil {
		t.Fatal(err)
	}
	actions := map[string]bool{}
	for _, statement := range document.Statement {
		if slices.Contains(without, statement.Sid) {
			continue
		}
		for _, action := range listedAction.FindAllStringSubmatch(string(statement.Action), -1) {
			actions[action[1]] = true
		}
	}
	return actions
}
