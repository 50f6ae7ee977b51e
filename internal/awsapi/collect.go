// SPDX-License-Identifier: MPL-2.0

package awsapi

import (
	"cmp"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/amishare/packer-plugin-ami-share/internal/sharing"
)

// mostWorkers is how many items are worked on at the same time. Each waits for a few calls at once, which makes more than
// may be in flight; more workers would only take more memory.
const mostWorkers = 256

// each calls do for every item, many at the same time, and returns when all are done. The calls to AWS that they make are
// bounded elsewhere. When do panics, so does each, in the goroutine that called it, once the others are done.
func each[T any](items []T, do func(i int, item T)) {
	var next atomic.Int64
	var crashed atomic.Pointer[crash]
	work := func() {
		defer func() {
			if value := recover(); value != nil {
				crashed.CompareAndSwap(nil, crashOf(value))
			}
		}()
		for i := int(next.Add(1)) - 1; i < len(items); i = int(next.Add(1)) - 1 {
			do(i, items[i])
		}
	}
	var workers sync.WaitGroup
	for range min(len(items), mostWorkers) {
		workers.Go(work)
	}
	workers.Wait()
	if c := crashed.Load(); c != nil {
		panic(c)
	}
}

// together calls all functions at the same time and returns when all are done.
func together(functions ...func()) {
	each(functions, func(_ int, do func()) { do() })
}

// list collects what goroutines find.
type list[T any] struct {
	mu    sync.Mutex
	items []T
}

func (l *list[T]) add(items ...T) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.items = append(l.items, items...)
}

// names returns Regions as words.
func names(regions []sharing.Region) []string {
	words := make([]string, len(regions))
	for i, region := range regions {
		words[i] = string(region)
	}
	return words
}

func sortProblems(problems []sharing.Problem) []sharing.Problem {
	slices.SortFunc(problems, compareProblems)
	return problems
}

func compareProblems(a, b sharing.Problem) int {
	return cmp.Or(sharing.CompareScopes(a.Scope, b.Scope), cmp.Compare(a.Doing, b.Doing), cmp.Compare(a.Cause, b.Cause))
}

// regionsOf returns the Regions of AMIs, sorted, each once.
func regionsOf(images []sharing.ImageRef) []sharing.Region {
	var regions []sharing.Region
	for _, image := range images {
		regions = append(regions, image.Region)
	}
	slices.Sort(regions)
	return slices.Compact(regions)
}
