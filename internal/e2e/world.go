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
	var merged any
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			return awssim.World{}, err
		}
		var layer any
		if err := json.Unmarshal(text, &layer); err != nil {
			return awssim.World{}, fmt.Errorf("reading %s: %w", file, err)
		}
		merged = merge(merged, layer)
	}
	text, err := json.Marshal(merged)
	if err != nil {
		return awssim.World{}, err
	}
	return awssim.Load(bytes.NewReader(text))
}

func merge(base, over any) any {
	switch over := over.(type) {
	case map[string]any:
		if below, ok := base.(map[string]any); ok {
			return mergeObjects(below, over)
		}
	case []any:
		if below, ok := base.([]any); ok && len(over) > 0 && identity(over[0]) != "" {
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
		for i := range merged {
			if identity(merged[i]) == identity(element) {
				merged[i], found = merge(merged[i], element), true
			}
		}
		if !found {
			merged = append(merged, element)
		}
	}
	return merged
}

// identity is what an element of a list is known by, "" when it is known by nothing. Keys are known by their Region.
func identity(element any) string {
	object, ok := element.(map[string]any)
	if !ok {
		return ""
	}
	for _, name := range []string{"region", "id", "name"} {
		if value, ok := object[name].(string); ok {
			return value
		}
	}
	return ""
}
