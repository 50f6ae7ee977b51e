// SPDX-License-Identifier: MPL-2.0

package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

var (
	names   = regexp.MustCompile(`^(AWS|KMS|IAM|EC2|STS|EBS|AMI|OU|Region|Amazon|Packer|Auto Scaling|%)`)
	started = regexp.MustCompile(`^[A-Z0-9"%\n]`)
)

// TestProblemsHaveOneVoice reads the texts of all problems in the source: a cause is a clause without a full stop, a remedy
// is one or more sentences, as sharing.Problem says. What internal/diagnose makes of AWS's errors, its own tests check.
func TestProblemsHaveOneVoice(t *testing.T) {
	texts := 0
	for _, root := range []string{"internal", "datasource", "post-processor"} {
		err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
			if err != nil || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") || strings.Contains(path, "awssim") {
				return err
			}
			set := token.NewFileSet()
			file, err := parser.ParseFile(set, path, nil, 0)
			if err != nil {
				return err
			}
			ast.Inspect(file, func(n ast.Node) bool {
				for name, value := range texted(n) {
					texts++
					first, last := ends(value)
					checkVoice(t, set.Position(n.Pos()).String(), name, first, last)
				}
				return true
			})
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if texts < 40 {
		t.Errorf("only %d texts were found", texts)
	}
}

// texted returns the values that a node gives to Cause and Remedy.
func texted(n ast.Node) map[string]ast.Expr {
	values := map[string]ast.Expr{}
	switch n := n.(type) {
	case *ast.KeyValueExpr:
		if key, ok := n.Key.(*ast.Ident); ok {
			values[key.Name] = n.Value
		}
	case *ast.AssignStmt:
		for i, left := range n.Lhs {
			if field, ok := left.(*ast.SelectorExpr); ok && len(n.Lhs) == len(n.Rhs) && n.Tok == token.ASSIGN {
				values[field.Sel.Name] = n.Rhs[i]
			}
		}
	}
	for name := range values {
		if name != "Cause" && name != "Remedy" {
			delete(values, name)
		}
	}
	return values
}

// ends returns the literals that a text begins and ends with, "" for what is no literal.
func ends(e ast.Expr) (first, last string) {
	switch e := e.(type) {
	case *ast.BasicLit:
		text, err := strconv.Unquote(e.Value)
		if err != nil {
			return "", ""
		}
		return text, text
	case *ast.BinaryExpr:
		first, _ = ends(e.X)
		_, last = ends(e.Y)
		return first, last
	case *ast.CallExpr:
		if name, ok := e.Fun.(*ast.SelectorExpr); ok && name.Sel.Name == "Sprintf" {
			return ends(e.Args[0])
		}
	}
	return "", ""
}

func checkVoice(t *testing.T, where, name, first, last string) {
	t.Helper()
	switch {
	case name == "Remedy" && first != "" && !started.MatchString(first):
		t.Errorf("%s: the remedy does not begin like a sentence: %q", where, first)
	case name == "Remedy" && last != "" && !strings.HasSuffix(last, ".") && !strings.Contains(last, "\n") && !strings.HasPrefix(last, " --"):
		t.Errorf("%s: the remedy does not end like a sentence: %q", where, last)
	case name == "Cause" && first != "" && first[0] >= 'A' && first[0] <= 'Z' && !names.MatchString(first):
		t.Errorf("%s: the cause begins like a sentence: %q", where, first)
	case name == "Cause" && strings.HasSuffix(last, "."):
		t.Errorf("%s: the cause ends like a sentence: %q", where, last)
	}
}
