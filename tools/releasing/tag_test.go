// SPDX-License-Identifier: MPL-2.0

package releasing

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// commit makes a commit in a clone, and puts tags on it.
func commit(t *testing.T, clone, changelog string, tags ...string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(clone, "CHANGELOG.md"), []byte(changelog), 0o600); err != nil {
		t.Fatal(err)
	}
	all := [][]string{{"-c", "user.name=Release", "-c", "user.email=" + signer, "-c", "commit.gpgsign=false", "commit", "-q", "-a", "-m", "A change"}}
	for _, tag := range tags {
		all = append(all, []string{"-c", "tag.gpgsign=false", "tag", "--force", tag})
	}
	for _, args := range all {
		if err := run(t.Context(), clone, "git", args...); err != nil {
			t.Fatal(err)
		}
	}
}

func TestOnlyATagOnMainIsReleased(t *testing.T) {
	clone := filepath.Join(t.TempDir(), "clone")
	for _, args := range [][]string{{"clone", "-q", snapshot.source, clone}, {"-C", clone, "checkout", "-q", "-B", "main"}} {
		if err := run(t.Context(), snapshot.source, "git", args...); err != nil {
			t.Fatal(err)
		}
	}
	version := "v" + snapshot.version
	check := func(tag string) string {
		out, ok := script(t, nil, filepath.Join(clone, "tools", "check-tag.sh"), tag, "main")
		if ok {
			return "it is released"
		}
		return out
	}
	notes := "## " + snapshot.version + " (March 4, 2027)\n\n- it does something\n"
	commit(t, clone, "## Unreleased\n", version)
	if got := check(version); !strings.Contains(got, "has no section") {
		t.Errorf("without notes: %s", got)
	}
	commit(t, clone, notes, version, "v9.9.9")
	if got := check(version); got != "it is released" {
		t.Errorf("on main: %s", got)
	}
	if got := check("v9.9.9"); !strings.Contains(got, "the release is 9.9.9") {
		t.Errorf("of another version: %s", got)
	}
	commit(t, clone, notes+"- and more\n")
	if got := check(version); got != "it is released" {
		t.Errorf("when main has gone on: %s", got)
	}
	if err := run(t.Context(), clone, "git", "checkout", "-q", "--detach"); err != nil {
		t.Fatal(err)
	}
	commit(t, clone, notes+"- and what nobody has seen\n", version)
	if got := check(version); !strings.Contains(got, "is not on main") {
		t.Errorf("beside main: %s", got)
	}
}
