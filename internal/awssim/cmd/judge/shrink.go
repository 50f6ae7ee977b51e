// SPDX-License-Identifier: MPL-2.0

package main

import (
	"maps"
	"slices"
)

// shrink takes a case apart piece by piece as long as what remains still is one of the kind.
func shrink(c *testCase, still func(*testCase) (bool, error)) (*testCase, error) {
	for {
		smaller, err := firstThat(smallerThan(c), still)
		if err != nil || smaller == nil {
			return c, err
		}
		c = smaller
	}
}

func firstThat(all []*testCase, still func(*testCase) (bool, error)) (*testCase, error) {
	for _, c := range all {
		ok, err := still(c)
		if err != nil {
			return nil, err
		}
		if ok {
			return c, nil
		}
	}
	return nil, nil
}

// smallerThan are the cases that lack one piece of a case: a document, a statement, a condition, a value, a key.
func smallerThan(c *testCase) []*testCase {
	var all []*testCase
	for i, d := range c.Documents {
		if d.Kind == "key" || d.Kind == "trust" { // there is no key and no role without
			continue
		}
		smaller := *c
		smaller.Documents = slices.Delete(slices.Clone(c.Documents), i, i+1)
		all = append(all, &smaller)
	}
	for i, d := range c.Documents {
		for _, d := range smallerDocuments(d) {
			smaller := *c
			smaller.Documents = slices.Clone(c.Documents)
			smaller.Documents[i] = d
			all = append(all, &smaller)
		}
	}
	for _, context := range smallerMaps(c.Context) {
		smaller := *c
		smaller.Context = context
		all = append(all, &smaller)
	}
	return all
}

func smallerDocuments(d document) []document {
	var all []document
	if len(d.Statements) > 1 {
		for _, statements := range without(d.Statements) {
			all = append(all, document{d.Kind, statements})
		}
	}
	for i, s := range d.Statements {
		for _, s := range smallerStatements(s) {
			statements := slices.Clone(d.Statements)
			statements[i] = s
			all = append(all, document{d.Kind, statements})
		}
	}
	return all
}

func smallerStatements(s statement) []statement {
	var all []statement
	if len(s.Condition) > 0 {
		bare := s
		bare.Condition = nil
		all = append(all, bare)
	}
	for operator, keys := range sorted(s.Condition) {
		if len(s.Condition) > 1 {
			fewer := s
			fewer.Condition = maps.Clone(s.Condition)
			delete(fewer.Condition, operator)
			all = append(all, fewer)
		}
		for _, keys := range smallerMaps(keys) {
			if len(keys) == 0 {
				continue
			}
			fewer := s
			fewer.Condition = maps.Clone(s.Condition)
			fewer.Condition[operator] = keys
			all = append(all, fewer)
		}
	}
	for _, list := range []func(*statement) *[]string{
		func(s *statement) *[]string { return &s.Principal }, func(s *statement) *[]string { return &s.NotPrincipal },
		func(s *statement) *[]string { return &s.Action }, func(s *statement) *[]string { return &s.NotAction },
		func(s *statement) *[]string { return &s.Resource }, func(s *statement) *[]string { return &s.NotResource },
	} {
		if values := *list(&s); len(values) > 1 {
			for _, values := range without(values) {
				fewer := s
				*list(&fewer) = values
				all = append(all, fewer)
			}
		}
	}
	return all
}

// smallerMaps are the maps that lack a key, or one of its values if it has several.
func smallerMaps(m map[string][]string) []map[string][]string {
	var all []map[string][]string
	for key, values := range sorted(m) {
		fewer := maps.Clone(m)
		delete(fewer, key)
		all = append(all, fewer)
		if len(values) < 2 {
			continue
		}
		for _, values := range without(values) {
			fewer := maps.Clone(m)
			fewer[key] = values
			all = append(all, fewer)
		}
	}
	return all
}

// without returns the list without each of its elements in turn.
func without[T any](list []T) [][]T {
	var all [][]T
	for i := range list {
		all = append(all, slices.Delete(slices.Clone(list), i, i+1))
	}
	return all
}

// sorted walks a map in the order of its keys.
func sorted[V any](m map[string]V) func(func(string, V) bool) {
	return func(yield func(string, V) bool) {
		for _, key := range sortedKeys(m) {
			if !yield(key, m[key]) {
				return
			}
		}
	}
}
