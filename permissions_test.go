// SPDX-License-Identifier: MPL-2.0

package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestWhatThePoliciesHandOutIsExplained finds statements that the pages of ami-share-key and of the policies do not explain, and actions that the guide
// on permissions does not name.
func TestWhatThePoliciesHandOutIsExplained(t *testing.T) {
	statement := regexp.MustCompile(`allow\("(AmiShare\w+)"`)
	pages := map[string]*regexp.Regexp{
		"docs/policies/README.md":                        statement,
		".web-docs/components/data-source/key/README.md": statement,
		"docs/guides/permissions.md":                     regexp.MustCompile(`"((?:autoscaling|ec2|iam|imagebuilder|kms|ssm|sts|tag):(?:Add|Assume|Create|Decrypt|Delete|Describe|Get|Label|List|Modify|Pass|Put|ReEncrypt|Retire|Revoke|Run|Tag|Unlabel|Update)[A-Za-z]*)"`),
	}
	sources, err := filepath.Glob("internal/policy/*.go")
	if err != nil {
		t.Fatal(err)
	}
	for path, names := range pages {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		found := 0
		for _, source := range sources {
			code, err := os.ReadFile(source)
			if err != nil {
				t.Fatal(err)
			}
			for _, name := range names.FindAllStringSubmatch(string(code), -1) {
				if found++; !strings.HasSuffix(source, "_test.go") && !strings.Contains(string(text), "`"+name[1]+"`") && name[1] != "ec2:CreateAction" {
					t.Errorf("%s says nothing of %s, which %s hands out", path, name[1], source)
				}
			}
		}
		if found == 0 {
			t.Errorf("no source has names for %s", path)
		}
	}
}

// TestWhoLaunchesByHandIsLetInByThePage holds the statement of the guide on permissions against the one by which a story starts an instance.
func TestWhoLaunchesByHandIsLetInByThePage(t *testing.T) {
	page, err := os.ReadFile("docs/guides/permissions.md")
	if err != nil {
		t.Fatal(err)
	}
	story, err := os.ReadFile("internal/e2e/testdata/people_launch.txtar")
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	for _, block := range fence.FindAllSubmatch(page, -1) {
		var compact bytes.Buffer
		if string(block[1]) != "json" {
			continue
		}
		if err := json.Compact(&compact, block[2]); err != nil {
			t.Fatalf("%v in\n%s", err, block[2])
		}
		if found++; !bytes.Contains(story, compact.Bytes()) {
			t.Errorf("no story is told with\n%s", block[2])
		}
	}
	if found == 0 {
		t.Error("the page has no statement")
	}
}
