package key

import (
	"maps"
	"slices"
	"strings"
)

// tagList writes tags for people, sorted.
func tagList(tags map[string]string) string {
	var pairs []string
	for _, name := range slices.Sorted(maps.Keys(tags)) {
		pairs = append(pairs, name+"="+tags[name])
	}
	return strings.Join(pairs, ", ")
}
