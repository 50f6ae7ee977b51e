// SPDX-License-Identifier: MPL-2.0

package main

import (
	"os"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"
)

var (
	raced      = regexp.MustCompile(`(?m)^RACED :=((?:.*\\\n)*.*)$`)
	concurrent = regexp.MustCompile(`\bgo func\b|\.Go\(func|\bsync\.\w|\batomic\.\w`)
)

// TestWhatIsConcurrentRunsUnderTheRaceDetector: a package of the product that does or guards anything at the same time is one that make test
// runs under the race detector.
func TestWhatIsConcurrentRunsUnderTheRaceDetector(t *testing.T) {
	makefile, err := os.ReadFile("GNUmakefile")
	if err != nil {
		t.Fatal(err)
	}
	match := raced.FindSubmatch(makefile)
	if match == nil {
		t.Fatal("GNUmakefile has no RACED")
	}
	patterns := strings.Fields(strings.ReplaceAll(string(match[1]), "\\\n", " "))
	found := 0
	for file, text := range sources(t) {
		folder := "./" + path.Dir(file)
		tool := strings.HasPrefix(file, "internal/awssim/") || strings.HasPrefix(file, "internal/e2e/") || strings.HasPrefix(file, "tools/")
		if tool || isTest(file) || !concurrent.Match(text) {
			continue
		}
		found++
		if !slices.ContainsFunc(patterns, func(pattern string) bool {
			tree, all := strings.CutSuffix(pattern, "...")
			return folder == pattern || all && strings.HasPrefix(folder+"/", tree)
		}) {
			t.Errorf("%s does things at the same time, and %s is not in RACED of GNUmakefile", file, folder)
		}
	}
	if found < 10 {
		t.Errorf("%d files do things at the same time: are they found?", found)
	}
}
