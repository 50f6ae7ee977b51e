// SPDX-License-Identifier: MPL-2.0

package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestWhatThePoliciesHandOutIsExplained finds statements that the page of ami-share-key does not explain, and actions that the guide
// on permissions does not name.
func TestWhatThePoliciesHandOutIsExplained(t *testing.T) {
	pages := map[string]*regexp.Regexp{
		".web-docs/components/data-source/key/README.md": regexp.MustCompile(`allow\("(AmiShare\w+)"`),
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
