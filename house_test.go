// SPDX-License-Identifier: MPL-2.0

package main

import (
	"bytes"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// The house is kept small enough to be read: how many lines a package may have, tests aside, and a file.
const (
	mostLinesOfPackage = 5000
	mostLinesOfServer  = 1000 // internal/awssim itself: its services are packages of their own
	mostLinesOfFile    = 400
)

// tables are the files that may be longer: they consist of rows.
var tables = []string{
	"internal/awssim/contract_ec2_test.go",
	"internal/awssim/contract_sharing_test.go",
	"internal/plan/compute_test.go",
}

// sources yields the Go files of the repository by their path, with what they hold.
func sources(t *testing.T) map[string][]byte {
	t.Helper()
	files := map[string][]byte{}
	err := filepath.WalkDir(".", func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && path != "." && strings.HasPrefix(entry.Name(), "."), entry.IsDir() && entry.Name() == "node_modules":
			return filepath.SkipDir
		case entry.IsDir() || filepath.Ext(path) != ".go":
			return nil
		}
		files[filepath.ToSlash(path)], err = os.ReadFile(path)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(files) < 100 {
		t.Fatalf("there are %d Go files only", len(files))
	}
	return files
}

func isTest(path string) bool { return strings.HasSuffix(path, "_test.go") }

func TestPackagesAndFilesAreSmall(t *testing.T) {
	lines := map[string]int{}
	for path, text := range sources(t) {
		n := bytes.Count(text, []byte("\n"))
		long := n > mostLinesOfFile
		switch table := slices.Contains(tables, path); {
		case long && !table:
			t.Errorf("%s has %d lines, and may have %d", path, n, mostLinesOfFile)
		case !long && table:
			t.Errorf("%s is short: take it out of tables", path)
		}
		if !isTest(path) {
			lines[filepath.ToSlash(filepath.Dir(path))] += n
		}
	}
	for dir, n := range lines {
		most := mostLinesOfPackage
		if dir == "internal/awssim" {
			most = mostLinesOfServer
		}
		if n > most {
			t.Errorf("the package %s has %d lines, and may have %d", dir, n, most)
		}
	}
}

func TestPackagesSayWhatTheyAreFor(t *testing.T) {
	documented := map[string]bool{}
	for path, text := range sources(t) {
		dir := filepath.ToSlash(filepath.Dir(path))
		file, err := parser.ParseFile(token.NewFileSet(), path, text, parser.PackageClauseOnly|parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		documented[dir] = documented[dir] || introduces(file)
	}
	for dir, ok := range documented {
		if !ok {
			t.Errorf("no comment of the package %s begins with its name and says in a sentence what it is for", dir)
		}
	}
}

// introduces tells whether a file has the comment of its package.
func introduces(file *ast.File) bool {
	if file.Doc == nil {
		return false
	}
	first, _, ended := strings.Cut(file.Doc.Text(), ".")
	return ended && (strings.HasPrefix(first, "Package "+strings.TrimSuffix(file.Name.Name, "_test")+" ") || strings.HasPrefix(first, "Command "))
}

func TestEachDecisionHasANumberOfItsOwn(t *testing.T) {
	pages, err := filepath.Glob("docs/decisions/*.md")
	if err != nil || len(pages) < 20 {
		t.Fatal(pages, err)
	}
	heading := regexp.MustCompile(`^# [0-9]{4} [A-Z0-9]`)
	first := map[string]string{}
	for _, path := range pages {
		name := filepath.Base(path)
		number := name[:4]
		if other, taken := first[number]; taken {
			t.Errorf("%s and %s have the same number", name, other)
		}
		first[number] = name
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if !heading.Match(text) || !bytes.HasPrefix(text, []byte("# "+number+" ")) {
			t.Errorf("%s does not begin with its number and what was decided: %.40q", name, text)
		}
	}
}
