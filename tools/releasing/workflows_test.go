// SPDX-License-Identifier: MPL-2.0

package releasing

import (
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var (
	uses   = regexp.MustCompile(`(?m)uses: (\S+)(.*)$`)
	pinned = regexp.MustCompile(`^[\w-]+/[\w-]+@[0-9a-f]{40}$`)
	ref    = regexp.MustCompile(`(?m)^ +repository: .*\n +ref: [0-9a-f]{40} # \S+$`)
	named  = regexp.MustCompile(`^ # v\d+\.\d+\.\d+$`)
)

func workflows(t *testing.T) map[string]string {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(root, ".github", "workflows", "*.yml"))
	if err != nil || len(paths) < 4 {
		t.Fatalf("there are %d workflows, error %v", len(paths), err)
	}
	texts := map[string]string{}
	for _, path := range paths {
		texts[filepath.Base(path)] = read(t, path)
	}
	return texts
}

func TestActionsArePinned(t *testing.T) {
	for name, text := range workflows(t) {
		for _, use := range uses.FindAllStringSubmatch(text, -1) {
			if local := strings.HasPrefix(use[1], "./"); !local && (!pinned.MatchString(use[1]) || !named.MatchString(use[2])) {
				t.Errorf("%s: %s%s is not a commit with the version behind it", name, use[1], use[2])
			}
		}
		if others := strings.Count(text, "repository: "); others != len(ref.FindAllString(text, -1)) {
			t.Errorf("%s: a checkout of another repository is not pinned to a commit", name)
		}
	}
}

func TestWorkflowsMayDoNoMoreThanTheyMust(t *testing.T) {
	for name, text := range workflows(t) {
		if !strings.Contains(text, "\npermissions:\n  contents: read\n") {
			t.Errorf("%s: it does not start from contents: read", name)
		}
		if !strings.Contains(text, "\nconcurrency:\n") {
			t.Errorf("%s: it has no concurrency group", name)
		}
		if strings.Count(text, "actions/checkout@") != strings.Count(text, "persist-credentials: false") {
			t.Errorf("%s: a checkout leaves its token behind", name)
		}
	}
}

// The pattern is in GitHub's language: a dot is a dot, and + repeats what is before it.
// https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-syntax#filter-pattern-cheat-sheet
func TestOnlyAReleasesTagMakesARelease(t *testing.T) {
	text := workflows(t)["release.yml"]
	match := regexp.MustCompile(`tags: \["(.*)"\]`).FindStringSubmatch(text)
	if match == nil {
		t.Fatal("the release workflow names no tags")
	}
	tags := regexp.MustCompile("^" + strings.ReplaceAll(match[1], ".", `\.`) + "$")
	for tag, want := range map[string]bool{"v0.1.0": true, "v1.20.13": true, "v1.0.0-rc1": false, "1.0.0": false, "v1.0": false, "v1.0.0.1": false, "release-v1.0.0": false} {
		if tags.MatchString(tag) != want {
			t.Errorf("the tag %s makes a release: %v", tag, !want)
		}
	}
}

// What is in a release has been tested and attested before anybody can get it: GoReleaser makes a draft, which Packer does not find.
func TestNothingIsPublishedBeforeItIsTestedAndAttested(t *testing.T) {
	text := workflows(t)["release.yml"]
	at := 0
	for _, step := range []string{
		"tools/check-tag.sh", "needs: tag", "workflows/test.yml", "needs: test", "environment: release", "make plugin-check", "make release", "attest-build-provenance@",
		"gh release edit \"$GITHUB_REF_NAME\" --draft=false", "needs: release", "notify-integration-release.yml",
	} {
		next := strings.Index(text[at:], step)
		if next < 0 {
			t.Fatalf("%q is missing, or stands too early", step)
		}
		at += next
	}
	if !strings.Contains(read(t, root, ".goreleaser.yml"), "\n  draft: true") {
		t.Error("GoReleaser publishes what it makes at once")
	}
}
