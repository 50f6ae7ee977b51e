// SPDX-License-Identifier: MPL-2.0

package e2e

import (
	"bytes"
	"sync"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/amishare/packer-plugin-ami-share/internal/awssim/schema"
)

// fitsSchema holds a world against the schema of world files: each world of each story is one that the schema has to take.
func fitsSchema(world []byte) error {
	s, err := worldSchema()
	if err != nil {
		return err
	}
	document, err := jsonschema.UnmarshalJSON(bytes.NewReader(world))
	if err != nil {
		return err
	}
	return s.Validate(document)
}

var worldSchema = sync.OnceValues(func() (*jsonschema.Schema, error) {
	text, err := schema.JSON()
	if err != nil {
		return nil, err
	}
	document, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		return nil, err
	}
	compiler := jsonschema.NewCompiler()
	if err := compiler.AddResource("mem:///world.json", document); err != nil {
		return nil, err
	}
	return compiler.Compile("mem:///world.json")
})
