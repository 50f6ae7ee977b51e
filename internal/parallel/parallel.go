// SPDX-License-Identifier: MPL-2.0

// Package parallel does many things at the same time, and loses none of them when one panics.
package parallel

import (
	"slices"
	"sync"
	"sync/atomic"
)

// mostWorkers is how many items are worked on at the same time. Where there are many, each waits for some calls at once, which makes more
// than may be in flight; more workers would only take more memory.
const mostWorkers = 180

// Each calls do for every item, many at the same time, and returns when all are done. The calls to AWS that they make are
// bounded elsewhere. When do panics, so does Each, in the goroutine that called it, once the others are done.
func Each[T any](items []T, do func(i int, item T)) { AtMost(mostWorkers, items, do) }

// AtMost is Each for items that wait for one call each, with so many workers: those stay until all is done, so that the stack of a
// goroutine, which a call makes large, grows once and not for each item.
func AtMost[T any](most int, items []T, do func(i int, item T)) {
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
	for range min(len(items), most) - 1 {
		workers.Go(work)
	}
	work() // whoever waits can work: a goroutine less, whose stack has not grown yet
	workers.Wait()
	if c := crashed.Load(); c != nil {
		panic(c)
	}
}

// Together calls all functions at the same time and returns when all are done.
func Together(functions ...func()) {
	Each(functions, func(_ int, do func()) { do() })
}

// List collects what goroutines find.
type List[T any] struct {
	mu    sync.Mutex
	Items []T // read it when nobody adds any more
}

// Add adds items.
func (l *List[T]) Add(items ...T) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.Items = append(l.Items, items...)
}

// Any tells whether one of the items so far is such a one.
func (l *List[T]) Any(is func(T) bool) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.ContainsFunc(l.Items, is)
}
