// SPDX-License-Identifier: MPL-2.0

package e2e

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	// The stories run the plugin's binary, which go test does not see: it would take the results of another plugin from its cache.
	_ "github.com/amishare/packer-plugin-ami-share/datasource/key"
	_ "github.com/amishare/packer-plugin-ami-share/post-processor/amishare"
)

// shop is what all stories share: the plugins, installed once.
var shop struct {
	tools Tools
	dir   string
	env   []string
}

// together is how many stories run at once, unless go test -parallel says another number: much of their time is waiting.
const together = 6

// littleCollecting spares programs that run for a second two fifths of their processor time, which goes into collecting garbage.
const littleCollecting = "GOGC=400"

func TestMain(m *testing.M) {
	flag.Parse()
	said := false
	flag.Visit(func(f *flag.Flag) { said = said || f.Name == "test.parallel" })
	if !said && runtime.GOMAXPROCS(0) < together {
		if err := flag.Set("test.parallel", strconv.Itoa(together)); err != nil {
			panic(err) // go test's own flag
		}
	}
	code, err := inWorkshop(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, "preparing the stories:", err)
		code = 1
	}
	os.Exit(code)
}

// inWorkshop builds this plugin, installs it beside the amazon plugin and runs the tests.
func inWorkshop(m *testing.M) (int, error) {
	dir, err := os.MkdirTemp("", "ami-share-stories-")
	if err != nil {
		return 1, err
	}
	defer os.RemoveAll(dir)
	bin := os.Getenv("AMISHARE_BIN")
	if bin == "" {
		bin = filepath.Join("..", "..", ".tools", "bin")
	}
	if bin, err = filepath.Abs(bin); err != nil {
		return 1, err
	}
	shop.dir = dir
	shop.tools = Tools{filepath.Join(bin, "packer"), filepath.Join(bin, "packer-plugin-amazon"), filepath.Join(dir, "packer-plugin-ami-share")}
	if _, err := os.Stat(shop.tools.Packer); err != nil {
		return 1, fmt.Errorf("there is no packer: run make tools first: %w", err)
	}
	build := exec.Command("go", "build", "-ldflags", "-s -w", "-o", shop.tools.Plugin, "../..") // below make, with its GOFLAGS, as make build does
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		return 1, fmt.Errorf("building the plugin: %w\n%s", err, out)
	}
	workshop, err := NewWorkshop(context.Background(), dir, shop.tools)
	if err != nil {
		return 1, err
	}
	shop.env = append(workshop.Env(), littleCollecting)
	return m.Run(), nil
}

// TestStories runs the scripts in testdata, in the language of testscript with the commands of language_test.go.
func TestStories(t *testing.T) { tell(t, scripts(t, "testdata"), story{}) }

// scripts are the files of the stories in a folder.
func scripts(t *testing.T, dir string) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*.txtar"))
	if err != nil || len(files) == 0 {
		t.Fatalf("there are no stories in %s: %v", dir, err)
	}
	return files
}

// tell runs scripts, each in a story of its own, and at the same time as those of other tests.
func tell(t *testing.T, files []string, like story) {
	t.Helper()
	t.Parallel()
	testscript.Run(t, telling(t, files, like))
}

// telling is how scripts are run.
func telling(t *testing.T, files []string, like story) testscript.Params {
	t.Helper()
	example, err := filepath.Abs(filepath.Join("..", "..", "example"))
	if err != nil {
		t.Fatal(err)
	}
	worlds, err := filepath.Abs(filepath.Join("testdata", "worlds"))
	if err != nil {
		t.Fatal(err)
	}
	return testscript.Params{
		Files: files, Cmds: commands(), RequireExplicitExec: true, ContinueOnError: true,
		Condition: func(name string) (bool, error) {
			if name != "late" {
				return false, fmt.Errorf("there is no condition %q", name)
			}
			return like.late != "", nil
		},
		Setup: func(env *testscript.Env) error {
			env.Vars = append(env.Vars, shop.env...)
			env.Vars = append(env.Vars, "EXAMPLE="+example, "WORLDS="+worlds, "PATH="+filepath.Dir(shop.tools.Packer)+string(filepath.ListSeparator)+os.Getenv("PATH"),
				"PKR_VAR_external_id=golden-images")
			one := like
			env.Values[storyKey{}] = &one
			return nil
		},
	}
}
