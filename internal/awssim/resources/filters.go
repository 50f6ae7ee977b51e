// SPDX-License-Identifier: MPL-2.0

package resources

import (
	"maps"
	"slices"
	"strings"

	"github.com/amishare/packer-plugin-ami-share/internal/awssim/wire"
)

// FilterFields are the filters of an action, and the values that each looks at. A filter fits if one of its values fits one
// of those.
type FilterFields[T any] map[string]func(T) []string

// Filtered keeps what fits all filters of the call. An unknown filter refuses the call. The filters tag:<key> and tag-key
// look at the tags of the id that the caller sees.
func Filtered[T any](r *Request, all []T, fields FilterFields[T], id func(T) string) ([]T, error) {
	if err := r.checkFilters(); err != nil {
		return nil, err
	}
	for _, filter := range r.call.Form.Structs("Filter") {
		field, err := filterField(r, filter.Get("Name"), fields, id)
		if err != nil {
			return nil, err
		}
		var kept []T
		for _, one := range all {
			if anyFits(filter.List("Value"), field(one)) {
				kept = append(kept, one)
			}
		}
		all = kept
	}
	return all, nil
}

// checkFilters refuses more filters than a request can have, and more values.
// https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/Using_Filtering.html
func (r *Request) checkFilters() error {
	filters := r.call.Form.Structs("Filter")
	if len(filters) > 50 {
		return wire.BadRequest("FilterLimitExceeded", "The maximum number of filters specified on a single call is 50")
	}
	for _, filter := range filters {
		if len(filter.List("Value")) > 200 {
			return wire.BadRequest("FilterLimitExceeded", "The maximum number of filter values specified on a single call is 200")
		}
	}
	return nil
}

// checkMaxResults refuses a page that is too small or too large.
func (r *Request) checkMaxResults(least, most int) error {
	size, err := r.call.Number("MaxResults", least)
	if err == nil && (size < least || size > most) {
		return wire.BadRequest("InvalidParameterValue", "Value ( %d ) for parameter maxResults is invalid. Expecting a value between %d and %d.", size, least, most)
	}
	return err
}

// filterField finds what a filter looks at.
func filterField[T any](r *Request, name string, fields FilterFields[T], id func(T) string) (func(T) []string, error) {
	if field, ok := fields[name]; ok {
		return field, nil
	}
	if key, ok := strings.CutPrefix(name, "tag:"); ok && id != nil {
		return func(one T) []string {
			if value, ok := r.SeenTags(id(one))[key]; ok {
				return []string{value}
			}
			return nil
		}, nil
	}
	if name == "tag-key" && id != nil {
		return func(one T) []string { return slices.Collect(maps.Keys(r.SeenTags(id(one)))) }, nil
	}
	return nil, wire.BadRequest("InvalidParameterValue", "The filter '%s' is invalid", name)
}

func anyFits(patterns, values []string) bool {
	return slices.ContainsFunc(patterns, func(pattern string) bool {
		return slices.ContainsFunc(values, func(value string) bool { return wildcard(pattern, value) })
	})
}

// wildcard matches with * for any text and ? for one character.
func wildcard(pattern, value string) bool {
	star, retry := -1, 0 // the last * seen, and where in value what follows it is tried next
	p, v := 0, 0
	for v < len(value) {
		switch {
		case p < len(pattern) && pattern[p] == '*':
			star, retry = p, v
			p++
		case p < len(pattern) && (pattern[p] == '?' || pattern[p] == value[v]):
			p++
			v++
		case star >= 0:
			retry++
			p, v = star+1, retry
		default:
			return false
		}
	}
	return strings.Trim(pattern[p:], "*") == ""
}

// One makes a field of a single value.
func One[T any](get func(T) string) func(T) []string {
	return func(v T) []string { return []string{get(v)} }
}

// Fitting keeps what fits all filters of a form, whose fields have one value each.
func Fitting[T any](form wire.Form, all []T, fields map[string]func(T) string) ([]T, error) {
	for _, filter := range form.Structs("Filter") {
		field, ok := fields[filter.Get("Name")]
		if !ok {
			return nil, wire.BadRequest("InvalidParameterValue", "The filter '%s' is invalid", filter.Get("Name"))
		}
		all = slices.DeleteFunc(all, func(one T) bool { return !anyFits(filter.List("Value"), []string{field(one)}) })
	}
	return all, nil
}
