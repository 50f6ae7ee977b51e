// SPDX-License-Identifier: MPL-2.0

package parallel

import (
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/amishare/packer-plugin-ami-share/internal/sharing"
)

func TestManyAreDoneAtTheSameTimeAndNoMoreThanThat(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const all = 3 * mostWorkers
		var mu sync.Mutex
		now, done := 0, 0
		release := make(chan struct{})
		var run sync.WaitGroup
		run.Go(func() {
			Each(make([]int, all), func(int, int) {
				mu.Lock()
				now++
				mu.Unlock()
				<-release
				mu.Lock()
				done++
				mu.Unlock()
			})
		})
		synctest.Wait() // everybody waits for the release, and nobody else begins
		if now != mostWorkers {
			t.Errorf("%d at the same time, want %d", now, mostWorkers)
		}
		close(release)
		run.Wait()
		if done != all {
			t.Errorf("%d are done of %d", done, all)
		}
	})
}

func TestOneThatPanicsLosesNoOther(t *testing.T) {
	const all = 2 * mostWorkers
	var done List[int]
	problem := Guard(sharing.Scope{Account: "222222222222"}, "looking", func() {
		Each(make([]int, all), func(i, _ int) {
			if i == all/2 {
				panic("an answer without its members")
			}
			done.Add(i)
		})
	})
	if len(done.Items) != all-1 {
		t.Errorf("%d are done, want %d", len(done.Items), all-1)
	}
	if problem == nil || problem.Scope.Account != "222222222222" || problem.Doing != "looking" || !strings.Contains(problem.Cause, "an answer without its members") {
		t.Errorf("the problem is %+v", problem)
	}
}

func TestNothingGoneWrongIsNoProblem(t *testing.T) {
	var done List[string]
	if problem := Guard(sharing.Scope{}, "looking", func() { Together(func() { done.Add("a") }, func() { done.Add("b") }) }); problem != nil {
		t.Error(problem)
	}
	if len(done.Items) != 2 || !done.Any(func(s string) bool { return s == "a" }) {
		t.Errorf("done are %v", done.Items)
	}
}
