// SPDX-License-Identifier: MPL-2.0

// Package schema documents world files: it reads the types of package world and their comments, and writes them as a JSON
// Schema and as tables for people.
package schema

import (
	"bytes"
	"encoding/json"
	"fmt"
	"go/ast"
	"slices"
)

// object is a JSON object whose members keep their order.
type object []member

type member struct {
	name  string
	value any
}

func (o object) MarshalJSON() ([]byte, error) {
	var out bytes.Buffer
	out.WriteByte('{')
	for i, m := range o {
		if i > 0 {
			out.WriteByte(',')
		}
		name, err := plain(m.name)
		if err != nil {
			return nil, err
		}
		value, err := plain(m.value)
		if err != nil {
			return nil, err
		}
		out.Write(name)
		out.WriteByte(':')
		out.Write(value)
	}
	out.WriteByte('}')
	return out.Bytes(), nil
}

// plain is JSON in which <, > and & are as they are.
func plain(value any) ([]byte, error) {
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		return nil, err
	}
	return bytes.TrimSpace(out.Bytes()), nil
}

// JSON returns the JSON Schema of world files. Any JSON document is a policy as far as it goes: whether AWS takes it, the
// local AWS says when it loads the world.
// https://json-schema.org/draft/2020-12/schema
func JSON() ([]byte, error) {
	all, err := types()
	if err != nil {
		return nil, err
	}
	var definitions object
	for _, t := range all[1:] {
		definitions = append(definitions, member{t.name, t.schema()})
	}
	root := slices.Concat(object{
		{"$schema", "https://json-schema.org/draft/2020-12/schema"},
		{"title", "World of the local AWS"},
	}, all[0].schema(), object{{"$defs", definitions}})
	text, err := plain(root)
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	if err := json.Indent(&out, text, "", "  "); err != nil {
		return nil, err
	}
	out.WriteByte('\n')
	return out.Bytes(), nil
}

func (t structure) schema() object {
	properties, required := object{}, []string{}
	for _, f := range t.fields {
		properties = append(properties, member{f.name, append(f.kind.schema(), member{"description", f.about})})
		if f.required {
			required = append(required, f.name)
		}
	}
	s := object{{"type", "object"}, {"description", t.about}, {"properties", properties}, {"additionalProperties", false}}
	if len(required) > 0 {
		s = append(s, member{"required", required})
	}
	return s
}

// kind is the type of a field: a basic type of JSON, a list or map of something, or one of the world's own types.
type kind struct {
	basic string
	list  *kind
	byKey *kind
	named string
}

func (k kind) schema() object {
	switch {
	case k.list != nil:
		return object{{"type", "array"}, {"items", k.list.schema()}}
	case k.byKey != nil:
		return object{{"type", "object"}, {"additionalProperties", k.byKey.schema()}}
	case k.named != "":
		return object{{"$ref", "#/$defs/" + k.named}}
	default:
		return object{{"type", k.basic}}
	}
}

// kindOf reads a type of Go.
func kindOf(e ast.Expr) (kind, error) {
	switch e := e.(type) {
	case *ast.StarExpr:
		return kindOf(e.X)
	case *ast.ArrayType:
		of, err := kindOf(e.Elt)
		return kind{list: &of}, err
	case *ast.MapType:
		of, err := kindOf(e.Value)
		return kind{byKey: &of}, err
	case *ast.SelectorExpr:
		if e.Sel.Name == "RawMessage" { // a policy document
			return kind{basic: "object"}, nil
		}
	case *ast.Ident:
		switch {
		case e.Name == "string":
			return kind{basic: "string"}, nil
		case e.Name == "bool":
			return kind{basic: "boolean"}, nil
		case e.Name == "int":
			return kind{basic: "integer"}, nil
		case e.Name == "float64":
			return kind{basic: "number"}, nil
		case ast.IsExported(e.Name):
			return kind{named: e.Name}, nil
		}
	}
	return kind{}, fmt.Errorf("the type %T has no schema", e)
}
