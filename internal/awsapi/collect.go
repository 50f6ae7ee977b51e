package awsapi

import (
	"cmp"
	"slices"
	"sync"

	"github.com/amishare/packer-plugin-ami-share/internal/sharing"
)

// each calls do for every item, all at the same time, and returns when all are done. The calls to AWS that they make are
// bounded elsewhere.
func each[T any](items []T, do func(i int, item T)) {
	var wg sync.WaitGroup
	for i, item := range items {
		wg.Go(func() { do(i, item) })
	}
	wg.Wait()
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

func sortProblems(problems []sharing.Problem) []sharing.Problem {
	slices.SortFunc(problems, compareProblems)
	return problems
}

func compareProblems(a, b sharing.Problem) int {
	return cmp.Or(sharing.CompareScopes(a.Scope, b.Scope), cmp.Compare(a.Doing, b.Doing), cmp.Compare(a.Cause, b.Cause))
}

// regionsOf returns the Regions of images, sorted, each once.
func regionsOf(images []sharing.ImageRef) []sharing.Region {
	var regions []sharing.Region
	for _, image := range images {
		regions = append(regions, image.Region)
	}
	slices.Sort(regions)
	return slices.Compact(regions)
}
