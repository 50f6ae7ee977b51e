// SPDX-License-Identifier: MPL-2.0

package releasing

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// modules are the folders that have a go.mod, as dependabot names them: "/", "/tools".
func modules(t *testing.T) []string {
	t.Helper()
	out, ok := script(t, nil, "git", "ls-files", "--", "go.mod", "*/go.mod")
	if !ok {
		t.Fatal(out)
	}
	var all []string
	for path := range strings.FieldsSeq(out) {
		all = append(all, strings.TrimSuffix(strings.TrimSuffix("/"+path, "go.mod"), "/"))
	}
	if len(all) < 5 {
		t.Fatalf("there are %d modules: %q", len(all), all)
	}
	return all
}

func TestEveryModuleIsKeptCurrentAndTidy(t *testing.T) {
	updated := regexp.MustCompile(`directories: \[(.*)\]`).FindStringSubmatch(read(t, root, ".github", "dependabot.yml"))
	checked := regexp.MustCompile(`(?m)^MODULES := (.*)$`).FindStringSubmatch(read(t, root, "GNUmakefile"))
	if updated == nil || checked == nil {
		t.Fatal("dependabot.yml or GNUmakefile names no modules")
	}
	for _, module := range modules(t) {
		if name := "/" + strings.TrimPrefix(module, "/"); !strings.Contains(", "+updated[1]+",", " "+name+",") {
			t.Errorf("dependabot does not look at %s", name)
		}
		name := strings.TrimPrefix(module, "/")
		if name == "" {
			name = "."
		}
		if !strings.Contains(" "+checked[1]+" ", " "+name+" ") {
			t.Errorf("make check-modules does not look at %s", name)
		}
	}
}

func TestABugsReporterIsAskedForWhatAnAnswerNeeds(t *testing.T) {
	form := read(t, root, ".github", "ISSUE_TEMPLATE", "bug.yml")
	for _, want := range []string{"packer version", "report_file", "PACKER_LOG=1", "decode-authorization-message"} {
		if !strings.Contains(form, want) {
			t.Errorf("the form does not mention %s", want)
		}
	}
}

func TestLinesEndAlikeOnEverySystem(t *testing.T) {
	out, ok := script(t, nil, "git", "ls-files", "--eol")
	if !ok {
		t.Fatal(out)
	}
	for line := range strings.Lines(out) {
		if strings.HasPrefix(line, "i/crlf") || strings.HasPrefix(line, "i/mixed") || !strings.Contains(line, "eol=lf") {
			t.Error(line)
		}
	}
}

func TestTheHookRefusesWhatIsNotFormatted(t *testing.T) {
	bad := filepath.Join(snapshot.source, "version", "bad.go")
	if err := os.WriteFile(bad, []byte("package version\nvar  x int\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	defer func() {
		script(t, nil, "git", "rm", "-q", "--cached", "version/bad.go")
		os.Remove(bad)
	}()
	if out, ok := script(t, nil, "git", "add", "version/bad.go"); !ok {
		t.Fatal(out)
	}
	if out, ok := script(t, nil, "tools/hooks/pre-commit"); ok || !strings.Contains(out, "version/bad.go") {
		t.Errorf("it succeeds: %v\n%s", ok, out)
	}
}
