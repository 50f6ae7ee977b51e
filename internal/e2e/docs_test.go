// SPDX-License-Identifier: MPL-2.0

package e2e

import (
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var (
	hclBlock  = regexp.MustCompile("(?ms)^```hcl\n(.*?)^```")
	reference = regexp.MustCompile(`\b(source|data)\.([\w-]+)\.([\w-]+)|\b(var)\.([\w-]+)`)
)

// TestWholeTemplatesOfThePagesValidate gives every whole template in the documentation to packer validate.
func TestWholeTemplatesOfThePagesValidate(t *testing.T) {
	checked := 0
	for _, page := range documents(t) {
		text, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		for _, block := range hclBlock.FindAllStringSubmatch(string(text), -1) {
			if whole(block[1]) {
				checked++
				t.Run(filepath.Base(filepath.Dir(page))+" "+filepath.Base(page), func(t *testing.T) { validate(t, block[1]) })
			}
		}
	}
	if checked < 3 {
		t.Errorf("%d templates were checked: are they found?", checked)
	}
}

// documents are the pages that people copy HCL from.
func documents(t *testing.T) []string {
	t.Helper()
	root := filepath.Join("..", "..")
	all := []string{filepath.Join(root, "README.md")}
	for _, folder := range []string{"docs", ".web-docs", "example"} {
		err := filepath.WalkDir(filepath.Join(root, folder), func(name string, _ fs.DirEntry, err error) error {
			if strings.HasSuffix(name, ".md") || strings.HasSuffix(name, ".mdx") {
				all = append(all, name)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return all
}

// whole tells whether a piece of HCL has a build and declares all that it refers to.
func whole(piece string) bool {
	if !strings.Contains("\n"+piece, "\nbuild {") {
		return false
	}
	for _, found := range reference.FindAllStringSubmatch(piece, -1) {
		declaration := found[1] + ` "` + found[2] + `" "` + found[3] + `" {`
		if found[4] == "var" {
			declaration = `variable "` + found[5] + `" {`
		}
		if !strings.Contains(piece, declaration) {
			return false
		}
	}
	return true
}

func validate(t *testing.T, template string) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "page.pkr.hcl")
	if err := os.WriteFile(file, []byte(template), 0o600); err != nil {
		t.Fatal(err)
	}
	command := exec.CommandContext(t.Context(), shop.tools.Packer, "validate", file)
	command.Env = append(append(Plain(os.Environ()), shop.env...), EnvOf("http://127.0.0.1:1", "AKIAEXAMPLE", "an-example-secret")...)
	command.Env = append(command.Env, "PKR_VAR_external_id=golden-images")
	if out, err := command.CombinedOutput(); err != nil {
		t.Errorf("%s\n%s", template, out)
	}
}
