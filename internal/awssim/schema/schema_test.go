// SPDX-License-Identifier: MPL-2.0

package schema_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/amishare/packer-plugin-ami-share/internal/awssim/schema"
	"github.com/amishare/packer-plugin-ami-share/internal/awssim/world"
)

var update = flag.Bool("update", false, "write docs/world.schema.json and docs/world.md")

const introduction = `# The world file

What exists when the [local AWS](local-aws.md) starts, in JSON. Field by field it is here, and in [world.schema.json](world.schema.json), which
editors understand: write ` + "`\"$schema\": \"…/docs/world.schema.json\"`" + ` into a world file. [example/world.json](../example/world.json) is one with four accounts.
A field that is not here is an error, and so is whatever AWS would not have: all problems of a world are told at once.

This page is made from the comments of ` + "`internal/awssim/world`" + `, by ` + "`go test ./internal/awssim/schema -update`" + `.

`

func TestTheDocumentsAreCurrent(t *testing.T) {
	text, err := schema.JSON()
	if err != nil {
		t.Fatal(err)
	}
	page, err := schema.Markdown()
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{"world.schema.json": string(text), "world.md": strings.TrimSuffix(introduction+page, "\n")} {
		path := filepath.Join("..", "..", "..", "docs", name)
		if *update {
			if err := os.WriteFile(path, []byte(want), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		got, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(strings.Split(string(got), "\n"), strings.Split(want, "\n")); diff != "" {
			t.Errorf("%s (-file +now), go test ./internal/awssim/schema -update writes it:\n%s", path, diff)
		}
	}
}

// TestTheSchemaHasTheFieldsOfTheTypes looks at the types as the compiler sees them, where the schema is made from their source.
func TestTheSchemaHasTheFieldsOfTheTypes(t *testing.T) {
	text, err := schema.JSON()
	if err != nil {
		t.Fatal(err)
	}
	type described struct {
		Description string
		Properties  map[string]struct{ Description, Type string }
		Required    []string
	}
	var s struct {
		described
		Defs map[string]described `json:"$defs"`
	}
	if err := json.Unmarshal(text, &s); err != nil {
		t.Fatal(err)
	}
	s.Defs["World"] = s.described
	seen := map[string]bool{}
	var look func(reflect.Type)
	look = func(of reflect.Type) {
		switch {
		case of == reflect.TypeFor[json.RawMessage]():
			return
		case of.Kind() == reflect.Pointer || of.Kind() == reflect.Slice || of.Kind() == reflect.Map:
			look(of.Elem())
			return
		case of.Kind() != reflect.Struct || seen[of.Name()]:
			return
		}
		seen[of.Name()] = true
		have, fields := s.Defs[of.Name()], map[string]bool{}
		for field := range of.Fields() {
			name, options, _ := strings.Cut(field.Tag.Get("json"), ",")
			fields[name] = true
			property, ok := have.Properties[name]
			if !ok || property.Description == "" {
				t.Errorf("%s.%s is not described as %q", of.Name(), field.Name, name)
			}
			if required := slices.Contains(have.Required, name); required != (options == "") {
				t.Errorf("%s.%s is required: %v", of.Name(), name, required)
			}
			look(field.Type)
		}
		if len(fields) != len(have.Properties) || have.Description == "" {
			t.Errorf("the schema describes %s as %q with %d fields, and it has %d", of.Name(), have.Description, len(have.Properties), len(fields))
		}
	}
	look(reflect.TypeFor[world.World]())
	if len(seen) != len(s.Defs) || len(seen) < 15 {
		t.Errorf("the schema has %d types, and the world %d", len(s.Defs), len(seen))
	}
}

func compiled(t *testing.T) *jsonschema.Schema {
	t.Helper()
	text, err := schema.JSON()
	if err != nil {
		t.Fatal(err)
	}
	document, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	compiler := jsonschema.NewCompiler()
	if err := compiler.AddResource("mem:///world.json", document); err != nil {
		t.Fatal(err)
	}
	s, err := compiler.Compile("mem:///world.json")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestTheSchemaRefusesWhatLoadRefuses(t *testing.T) {
	tests := map[string]string{
		"a field that no world has":      `{"accounts":[],"buckets":[]}`,
		"a field that no account has":    `{"accounts":[{"id":"111111111111","bucket":1}]}`,
		"a number where a text belongs":  `{"accounts":[{"id":111111111111}]}`,
		"a text where a number belongs":  `{"accounts":[],"hostility":{"page_size":"1"}}`,
		"a fraction of a page":           `{"accounts":[],"hostility":{"page_size":1.5}}`,
		"a list where an object belongs": `{"accounts":[],"hostility":[]}`,
		"a Region of another form":       `{"accounts":[{"id":"111111111111","regions":{"us-east-1":[]}}]}`,
	}
	s := compiled(t)
	for name, text := range tests {
		t.Run(name, func(t *testing.T) {
			document, err := jsonschema.UnmarshalJSON(strings.NewReader(text))
			if err != nil {
				t.Fatal(err)
			}
			var refused *jsonschema.ValidationError
			if err := s.Validate(document); !errors.As(err, &refused) {
				t.Errorf("the schema says %v", err)
			}
			if _, err := world.Load(strings.NewReader(text)); err == nil {
				t.Error("Load takes it")
			}
		})
	}
}

// layers are no worlds of their own: stories lay them over one, and what comes of it they hold against the schema.
var layers = []string{"hostile.json", "wide.json", "late.json"}

// TestWorldFilesAreValid takes every file that is a world.
func TestWorldFilesAreValid(t *testing.T) {
	s := compiled(t)
	found := 0
	err := filepath.WalkDir(filepath.Join("..", "..", ".."), func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && strings.HasPrefix(entry.Name(), ".") && entry.Name() != "..":
			return filepath.SkipDir
		case entry.IsDir() || filepath.Ext(path) != ".json":
			return nil
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		if !bytes.Contains(text, []byte(`"accounts"`)) || strings.HasSuffix(path, "world.schema.json") || slices.Contains(layers, entry.Name()) {
			return nil
		}
		if _, err := world.Load(bytes.NewReader(text)); strings.Contains(fmt.Sprint(err), "unknown field") {
			return nil // a report, or what else has accounts
		}
		found++
		document, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
		if err != nil {
			return err
		}
		if err := s.Validate(document); err != nil {
			t.Errorf("%s: %v", path, err)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if found < 5 {
		t.Errorf("only %d worlds were found", found)
	}
}
