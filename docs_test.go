// SPDX-License-Identifier: MPL-2.0

package main

import (
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hcldec"
	"github.com/hashicorp/hcl/v2/hclsyntax"

	"github.com/amishare/packer-plugin-ami-share/datasource/accounts"
	"github.com/amishare/packer-plugin-ami-share/datasource/key"
	"github.com/amishare/packer-plugin-ami-share/post-processor/amishare"
)

// Where links of the pages lead to: this repository, and the plugin's pages on HashiCorp's integrations portal.
const (
	repository = "https://github.com/amishare/packer-plugin-ami-share/"
	portal     = "/packer/integrations/amishare/ami-share/latest/components/"
)

// page is a document for people: README.md, a file below docs/, or a page that is rendered for the portal.
type page struct {
	path string
	text string
}

// pages reads all documents.
func pages(t *testing.T) []page {
	t.Helper()
	var all []page
	err := filepath.WalkDir(".", func(name string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && skipped(name):
			return filepath.SkipDir
		case entry.IsDir() || !strings.HasSuffix(name, ".md") && !strings.HasSuffix(name, ".mdx"):
			return nil
		}
		text, err := os.ReadFile(name)
		all = append(all, page{filepath.ToSlash(name), string(text)})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// skipped are the folders without pages: those of tools, and the partials, which are read as part of the pages that include them.
func skipped(name string) bool {
	hidden := strings.HasPrefix(name, ".") && name != "." && name != ".github" && !strings.HasPrefix(filepath.ToSlash(name), ".web-docs")
	return name == "docs-partials" || name == "dist" || hidden
}

var fence = regexp.MustCompile("(?ms)^[ \t]*```(\\w*)[^\n]*\n(.*?)^[ \t]*```")

func TestHCLOfThePagesParses(t *testing.T) {
	blocks := 0
	for _, page := range pages(t) {
		for _, found := range fence.FindAllStringSubmatchIndex(page.text, -1) {
			if page.text[found[2]:found[3]] != "hcl" {
				continue
			}
			blocks++
			start := hcl.Pos{Line: 1 + strings.Count(page.text[:found[4]], "\n"), Column: 1}
			file, problems := hclsyntax.ParseConfig([]byte(page.text[found[4]:found[5]]), page.path, start)
			if problems.HasErrors() {
				t.Error(problems)
				continue
			}
			checkOptions(t, file.Body.(*hclsyntax.Body))
		}
	}
	if blocks < 10 {
		t.Errorf("the pages have %d blocks of HCL: are they found?", blocks)
	}
}

// specs are the options of the components, by their type in a template. A target block may stand alone on a page.
func specs() map[string]hcldec.ObjectSpec {
	postProcessor := (&amishare.PostProcessor{}).ConfigSpec()
	return map[string]hcldec.ObjectSpec{
		"post-processor ami-share": postProcessor,
		"data ami-share-key":       (&key.Datasource{}).ConfigSpec(),
		"data ami-share-accounts":  (&accounts.Datasource{}).ConfigSpec(),
		"target":                   nested(postProcessor["target"]),
	}
}

// checkOptions fails for each option of this plugin's blocks that does not exist.
func checkOptions(t *testing.T, body *hclsyntax.Body) {
	t.Helper()
	for _, block := range body.Blocks {
		name := block.Type
		if len(block.Labels) > 0 {
			name += " " + block.Labels[0]
		}
		if spec, ours := specs()[name]; ours {
			checkBody(t, spec, block.Body)
			continue
		}
		checkOptions(t, block.Body)
	}
}

func checkBody(t *testing.T, spec hcldec.ObjectSpec, body *hclsyntax.Body) {
	t.Helper()
	for name, attribute := range body.Attributes {
		if _, ok := spec[name]; !ok {
			t.Errorf("%s: there is no option %q", attribute.SrcRange, name)
		}
	}
	for _, block := range body.Blocks {
		name, inner := block.Type, block.Body
		if name == "dynamic" {
			name, inner = block.Labels[0], block.Body.Blocks[0].Body
		}
		if _, ok := spec[name]; !ok {
			t.Errorf("%s: there is no block %q", block.DefRange(), name)
			continue
		}
		checkBody(t, nested(spec[name]), inner)
	}
}

// nested returns the options of a block within a component.
func nested(spec hcldec.Spec) hcldec.ObjectSpec {
	switch spec := spec.(type) {
	case *hcldec.BlockSpec:
		return spec.Nested.(hcldec.ObjectSpec)
	case *hcldec.BlockListSpec:
		return spec.Nested.(hcldec.ObjectSpec)
	}
	return nil
}

var goName = regexp.MustCompile(`(?m)^\w*(Config|Output) (is|are|gets|has)\b.*`)

func TestPagesDoNotBeginWithTheNamesOfGo(t *testing.T) {
	for _, page := range pages(t) {
		if found := goName.FindString(page.text); found != "" && strings.HasPrefix(page.path, ".web-docs/") {
			t.Errorf("%s: %s", page.path, found)
		}
	}
}

var link = regexp.MustCompile(`\]\(([^)\s]+)\)`)

func TestLinksOfThePagesLeadSomewhere(t *testing.T) {
	all := map[string]page{}
	for _, page := range pages(t) {
		all[page.path] = page
	}
	links := 0
	for _, page := range all {
		for _, found := range link.FindAllStringSubmatch(fence.ReplaceAllString(page.text, ""), -1) {
			links++
			if problem := broken(page, found[1], all); problem != "" {
				t.Errorf("%s: the link %s %s", page.path, found[1], problem)
			}
		}
	}
	if links < 30 {
		t.Errorf("the pages have %d links: are they found?", links)
	}
}

// broken says what is wrong with a link, "" when nothing is. What lies outside the repository is not looked at.
func broken(from page, target string, all map[string]page) string {
	target, anchor, _ := strings.Cut(target, "#")
	file := from.path
	switch {
	case strings.HasPrefix(target, portal):
		file = ".web-docs/components/" + strings.TrimPrefix(target, portal) + "/README.md"
	case strings.HasPrefix(target, repository):
		rest, ok := strings.CutPrefix(target, repository+"blob/main/")
		if !ok {
			rest, ok = strings.CutPrefix(target, repository+"tree/main/")
		}
		if !ok {
			return "" // issues, releases
		}
		file = rest
	case strings.Contains(target, "://") || strings.HasPrefix(target, "/packer/") || strings.HasPrefix(target, "mailto:"):
		return ""
	case target != "" && strings.HasPrefix(from.path, ".web-docs/components/"):
		return "is relative, and the portal has no such file"
	case target != "":
		file = path.Join(path.Dir(from.path), target)
	}
	if _, err := os.Stat(filepath.FromSlash(file)); err != nil {
		return "leads to no file: " + file
	}
	if anchor != "" && !anchors(rendered(all, file))[anchor] {
		return "leads to no heading of " + file
	}
	return ""
}

// rendered returns the text of a page as people see it: what a page of docs/ includes is only in the one rendered from it.
func rendered(all map[string]page, file string) string {
	kinds := map[string]string{"docs/post-processors/": "post-processor/", "docs/datasources/": "data-source/"}
	for folder, kind := range kinds {
		if name, ok := strings.CutPrefix(file, folder); ok {
			return all[".web-docs/components/"+kind+strings.TrimSuffix(name, ".mdx")+"/README.md"].text
		}
	}
	return all[file].text
}

var (
	heading     = regexp.MustCompile(`(?m)^#+ +(.+?)\s*$`)
	notInAnchor = regexp.MustCompile(`[^\p{L}\p{N}_ -]`)
)

// anchors are the names of a page's headings, made as GitHub and the portal make them.
func anchors(text string) map[string]bool {
	names := map[string]bool{}
	for _, found := range heading.FindAllStringSubmatch(fence.ReplaceAllString(text, ""), -1) {
		names[strings.ReplaceAll(notInAnchor.ReplaceAllString(strings.ToLower(found[1]), ""), " ", "-")] = true
	}
	return names
}

// tableRow is a line of a table, and ruler what stands below the first one.
var (
	tableRow = regexp.MustCompile(`^ *\|.*\|$`)
	ruler    = regexp.MustCompile(`^ *\|( *:?-+:? *\|)+$`)
)

// TestTablesOfThePagesAreWhole finds rows that are shown as text: a table that a blank line cuts in two, and one without a heading.
func TestTablesOfThePagesAreWhole(t *testing.T) {
	tables := 0
	for _, page := range pages(t) {
		lines := strings.Split(fence.ReplaceAllString(page.text, ""), "\n")
		for i, line := range lines {
			if !tableRow.MatchString(line) || i > 0 && tableRow.MatchString(lines[i-1]) {
				continue
			}
			tables++
			if i+1 == len(lines) || !ruler.MatchString(lines[i+1]) {
				t.Errorf("%s: this row stands in no table: %s", page.path, line)
			}
		}
	}
	if tables < 40 {
		t.Errorf("the pages have %d tables: are they found?", tables)
	}
}
