// SPDX-License-Identifier: MPL-2.0

package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"os"

	"github.com/amishare/packer-plugin-ami-share/internal/awssim"
)

// World reads a world from a file, with the changes of other files laid over it. Objects are merged field by field, lists
// of objects by their id, name or Region; null takes away what it is laid over; any other value replaces it.
func World(files ...string) (awssim.World, error) {
	text, err := layered(files)
	if err != nil {
		return awssim.World{}, err
	}
	return awssim.Load(bytes.NewReader(text))
}

// layered is the text of a world.
func layered(files []string) ([]byte, error) {
	var merged any
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		var layer any
		if err := json.Unmarshal(text, &layer); err != nil {
			return nil, fmt.Errorf("reading %s: %w", file, err)
		}
		merged = merge(merged, layer)
	}
	return json.Marshal(merged)
}

func merge(base, over any) any {
	switch over := over.(type) {
	case map[string]any:
		if below, ok := base.(map[string]any); ok {
			return mergeObjects(below, over)
		}
	case []any:
		if below, ok := base.([]any); ok && len(over) > 0 && alike(over[0], over[0]) {
			return mergeLists(below, over)
		}
	}
	return over
}

func mergeObjects(base, over map[string]any) map[string]any {
	merged := map[string]any{}
	maps.Copy(merged, base)
	for name, value := range over {
		if value == nil {
			delete(merged, name)
			continue
		}
		merged[name] = merge(merged[name], value)
	}
	return merged
}

func mergeLists(base, over []any) []any {
	merged := append([]any{}, base...)
	for _, element := range over {
		found := false
		for i := range base { // not with each other: of thousands, that would be millions of pairs
			if alike(merged[i], element) {
				merged[i], found = merge(merged[i], element), true
			}
		}
		if !found {
			merged = append(merged, element)
		}
	}
	return merged
}

// alike tells whether two elements of lists are the same thing: by Region and id, as far as both have them, else by name.
// So a layer changes the key of a Region, or adds another one with an id of its own.
func alike(a, b any) bool {
	one, _ := a.(map[string]any)
	other, _ := b.(map[string]any)
	known := false
	for _, field := range []string{"region", "id"} {
		x, inOne := one[field].(string)
		y, inOther := other[field].(string)
		if inOne && inOther {
			known = true
			if x != y {
				return false
			}
		}
	}
	if known {
		return true
	}
	name, ok := one["name"].(string)
	return ok && name == other["name"]
}
