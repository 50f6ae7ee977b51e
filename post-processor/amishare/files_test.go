package amishare

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestReplaceFile(t *testing.T) {
	folder := t.TempDir()
	path := filepath.Join(folder, "new", "report.json")
	for _, content := range []string{"first, and longer", "second"} {
		if err := replaceFile(path, []byte(content)); err != nil {
			t.Fatal(err)
		}
		if got, err := os.ReadFile(path); err != nil || string(got) != content {
			t.Errorf("the file holds %q, want %q (%v)", got, content, err)
		}
	}
	entries, err := os.ReadDir(filepath.Dir(path))
	if err != nil || len(entries) != 1 {
		t.Errorf("beside the file there is more: %v, %v", entries, err)
	}
	t.Run("says which file could not be written, and leaves nothing behind", func(t *testing.T) {
		taken := filepath.Join(folder, "taken")
		if err := os.MkdirAll(filepath.Join(taken, "inside"), 0o755); err != nil {
			t.Fatal(err)
		}
		err := replaceFile(taken, []byte("x"))
		if err == nil || !strings.Contains(err.Error(), "writing "+taken) {
			t.Errorf("got %v", err)
		}
		if left, _ := filepath.Glob(filepath.Join(folder, ".taken.*")); len(left) > 0 {
			t.Errorf("left behind: %v", left)
		}
	})
}

func TestAppendFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "new", "summary.md")
	for _, content := range []string{"one\n", "two\n"} {
		if err := appendFile(path, content); err != nil {
			t.Fatal(err)
		}
	}
	if got, err := os.ReadFile(path); err != nil || string(got) != "one\ntwo\n" {
		t.Errorf("the file holds %q (%v)", got, err)
	}
}
