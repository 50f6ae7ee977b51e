// SPDX-License-Identifier: MPL-2.0

package cloud

import (
	"fmt"
	"iter"
	"maps"
	"slices"

	"github.com/amishare/packer-plugin-ami-share/internal/awssim/world"
)

// Regional keeps what a service has for each account in each Region. Create it with NewRegional.
type Regional[T any] struct {
	fresh func() *T
	all   map[string]map[string]*T // by Region and account id
}

// Place is an account in a Region.
type Place struct{ Account, Region string }

// NewRegional returns an empty store. fresh makes what an account has in a Region before anything was done there.
func NewRegional[T any](fresh func() *T) Regional[T] {
	return Regional[T]{fresh: fresh, all: map[string]map[string]*T{}}
}

// Of returns what an account has in a Region. It is made when somebody first asks for it.
func (r Regional[T]) Of(a *Account, region string) *T {
	if r.all[region] == nil {
		r.all[region] = map[string]*T{}
	}
	if r.all[region][a.ID] == nil {
		r.all[region][a.ID] = r.fresh()
	}
	return r.all[region][a.ID]
}

// In returns what the accounts have in a Region, by account id.
func (r Regional[T]) In(region string) map[string]*T { return r.all[region] }

// Each goes through everything, in the order of Regions and account ids.
func (r Regional[T]) Each() iter.Seq2[Place, *T] {
	return func(yield func(Place, *T) bool) {
		for _, region := range slices.Sorted(maps.Keys(r.all)) {
			for _, id := range slices.Sorted(maps.Keys(r.all[region])) {
				if !yield(Place{id, region}, r.all[region][id]) {
					return
				}
			}
		}
	}
}

// LoadRegions loads something of each Region of each account of a world, in order, and returns all problems with where they are.
func (c *Cloud) LoadRegions(w world.World, load func(a *Account, name string, region world.Region) []error) []error {
	var problems []error
	for _, a := range w.Accounts {
		for _, name := range slices.Sorted(maps.Keys(a.Regions)) {
			for _, problem := range load(c.AccountByID(a.ID), name, a.Regions[name]) {
				problems = append(problems, fmt.Errorf("account %s, region %s: %w", a.ID, name, problem))
			}
		}
	}
	return problems
}
