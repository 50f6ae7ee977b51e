// SPDX-License-Identifier: MPL-2.0

package schema

import (
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/amishare/packer-plugin-ami-share/internal/awssim/world"
)

// structure is one of the world's types.
type structure struct {
	name   string
	about  string
	fields []field
}

type field struct {
	name     string // in JSON
	about    string
	kind     kind
	required bool
}

const root = "World"

// types reads all types of package world: the world itself, and the others in the order in which they are named first.
func types() ([]structure, error) {
	declared, err := declarations()
	if err != nil {
		return nil, err
	}
	all, seen := []structure{}, map[string]bool{root: true}
	for names := []string{root}; len(names) > 0; names = names[1:] {
		spec := declared[names[0]]
		if spec == nil {
			return nil, fmt.Errorf("package world has no type %s", names[0])
		}
		t, err := read(names[0], spec)
		if err != nil {
			return nil, fmt.Errorf("type %s: %w", names[0], err)
		}
		all = append(all, t)
		for _, f := range t.fields {
			if used := f.kind.uses(); used != "" && !seen[used] {
				seen[used] = true
				names = append(names, used)
			}
		}
	}
	return all, nil
}

// uses is the world's type that a kind is made of, "" for none.
func (k kind) uses() string {
	switch {
	case k.list != nil:
		return k.list.uses()
	case k.byKey != nil:
		return k.byKey.uses()
	default:
		return k.named
	}
}

type declaration struct {
	body *ast.StructType
	doc  string
}

// catalogue has the types of a package by name.
type catalogue map[string]*declaration

func (c catalogue) add(spec *ast.TypeSpec, doc *ast.CommentGroup) {
	if body, ok := spec.Type.(*ast.StructType); ok {
		c[spec.Name.Name] = &declaration{body, sentences(doc)}
	}
}

// declarations are the types of package world by name.
func declarations() (catalogue, error) {
	names, err := fs.Glob(world.Source, "*.go")
	if err != nil {
		return nil, err
	}
	all := catalogue{}
	for _, name := range names {
		text, err := world.Source.ReadFile(name)
		if err != nil {
			return nil, err
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, text, parser.ParseComments)
		if err != nil {
			return nil, err
		}
		ast.Inspect(file, func(n ast.Node) bool {
			general, ok := n.(*ast.GenDecl)
			if !ok {
				return true
			}
			for _, s := range general.Specs {
				if spec, ok := s.(*ast.TypeSpec); ok {
					all.add(spec, general.Doc)
				}
			}
			return false
		})
	}
	return all, nil
}

func read(name string, d *declaration) (structure, error) {
	t := structure{name: name, about: d.doc}
	var problems []error
	about := ""
	for _, f := range d.body.Fields.List {
		tag, options, err := jsonTag(f)
		if err != nil {
			problems = append(problems, err)
			continue
		}
		k, err := kindOf(f.Type)
		if err != nil {
			problems = append(problems, fmt.Errorf("field %s: %w", tag, err))
		}
		if doc := sentences(f.Doc); doc != "" {
			about = doc // one comment can be about several fields
		}
		t.fields = append(t.fields, field{tag, inJSON(about, d.body), k, len(options) == 0})
	}
	return t, errors.Join(problems...)
}

// jsonTag returns the name of a field in JSON, and the options of its tag.
func jsonTag(f *ast.Field) (string, []string, error) {
	if f.Tag == nil {
		return "", nil, errors.New("a field has no tag")
	}
	text, err := strconv.Unquote(f.Tag.Value)
	if err != nil {
		return "", nil, err
	}
	parts := strings.Split(reflect.StructTag(text).Get("json"), ",")
	if parts[0] == "" || parts[0] == "-" {
		return "", nil, fmt.Errorf("a field has the tag %s, without a name in JSON", text)
	}
	return parts[0], parts[1:], nil
}

// sentences is a comment as one paragraph.
func sentences(doc *ast.CommentGroup) string { return strings.Join(strings.Fields(doc.Text()), " ") }

// properNames are names of fields that are words of their own in the middle of a sentence.
var properNames = []string{"Region", "Regions", "Schema"}

// inJSON replaces the names of a type's fields in a comment, which are Go's, by those in JSON.
func inJSON(about string, in *ast.StructType) string {
	words := strings.Fields(about)
	for i, word := range words {
		bare := strings.TrimRight(word, ",.;:")
		if i > 0 && slices.Contains(properNames, bare) {
			continue
		}
		at := slices.IndexFunc(in.Fields.List, func(f *ast.Field) bool { return len(f.Names) > 0 && f.Names[0].Name == bare })
		if at < 0 {
			continue
		}
		if name, _, err := jsonTag(in.Fields.List[at]); err == nil {
			words[i] = "`" + name + "`" + strings.TrimPrefix(word, bare)
		}
	}
	return strings.Join(words, " ")
}
