// SPDX-License-Identifier: MPL-2.0

package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// TestTroubleshootingHasAWSsWords finds codes and words of AWS by which the plugin tells errors apart, and that somebody who searches
// docs/troubleshooting.md for them does not find.
func TestTroubleshootingHasAWSsWords(t *testing.T) {
	text, err := os.ReadFile("docs/troubleshooting.md")
	if err != nil {
		t.Fatal(err)
	}
	page := strings.Join(strings.Fields(string(text)), " ")
	sources, err := filepath.Glob("internal/diagnose/*.go")
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	for _, source := range sources {
		if strings.HasSuffix(source, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), source, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, words := range toldApart(file) {
			if found++; !strings.Contains(page, words) {
				t.Errorf("docs/troubleshooting.md does not have %q, which %s knows", words, source)
			}
		}
	}
	if found < 80 {
		t.Errorf("only %d codes and words were found: are they still in tables?", found)
	}
}

// toldApart are the texts that errors of AWS are told apart by: lists of codes, and what the rows of a table look for in a message.
func toldApart(file *ast.File) []string {
	var all []string
	ast.Inspect(file, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.CompositeLit:
			if list, ok := n.Type.(*ast.ArrayType); ok && types.ExprString(list.Elt) == "string" {
				all = append(all, literals(n)...)
			}
		case *ast.KeyValueExpr:
			if types.ExprString(n.Key) == "contains" {
				all = append(all, literals(n.Value)...)
			}
		}
		return true
	})
	return all
}

// literals are the strings in an expression.
func literals(e ast.Expr) []string {
	var all []string
	ast.Inspect(e, func(n ast.Node) bool {
		if literal, ok := n.(*ast.BasicLit); ok && literal.Kind == token.STRING {
			if text, err := strconv.Unquote(literal.Value); err == nil {
				all = append(all, text)
			}
		}
		return true
	})
	return all
}
