// SPDX-License-Identifier: MPL-2.0

package campaign

import (
	"fmt"
	"io"
	"log"
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/amishare/packer-plugin-ami-share/internal/awssim"
)

// chosen returns the cases that are to be tried: those that AMISHARE_CASE is a part of the name of; by AMISHARE_CAMPAIGN all,
// or as in "3/10" the third of each ten; else a sample, another one for each number in AMISHARE_SEED.
func chosen(t *testing.T, all []trial) []trial {
	t.Helper()
	if part := os.Getenv("AMISHARE_CASE"); part != "" {
		return slices.DeleteFunc(all, func(one trial) bool { return !strings.Contains(one.String(), part) })
	}
	switch asked := os.Getenv("AMISHARE_CAMPAIGN"); asked {
	case "all":
		return all
	case "":
		seed, _ := strconv.Atoi(os.Getenv("AMISHARE_SEED"))
		return sample(all, seed)
	default:
		which, of := 0, 0
		if _, err := fmt.Sscanf(asked, "%d/%d", &which, &of); err != nil || of < 1 {
			t.Fatalf("AMISHARE_CAMPAIGN is %q: want all, or as in 3/10", asked)
		}
		var some []trial
		for i := range all {
			if i%of == (which-1)%of {
				some = append(some, all[i])
			}
		}
		return some
	}
}

// sample has each action and each kind of fault twice or more. Seeds one after the other bring each action together with each
// kind.
func sample(all []trial, seed int) []trial {
	type pair struct{ action, kind string }
	var actions, kinds []string
	byPair := map[pair][]trial{}
	for _, one := range all {
		p := pair{one.call.action, one.kind.name}
		if !slices.Contains(actions, p.action) {
			actions = append(actions, p.action)
		}
		if !slices.Contains(kinds, p.kind) {
			kinds = append(kinds, p.kind)
		}
		byPair[p] = append(byPair[p], one)
	}
	var some []trial
	for n := range 2 * max(len(actions), len(kinds)) {
		round := n/max(len(actions), len(kinds)) + 2*seed
		of := byPair[pair{actions[n%len(actions)], kinds[(n+round)%len(kinds)]}]
		if len(of) > 0 { // a pair of faults is for writes only
			some = append(some, of[(n+seed)%len(of)])
		}
	}
	return some
}

// TestFaults lets each call of a run fail. There are as many stages as processors, each with one case at a time. A wrong end is
// told when it is seen, and every now and then how many cases there were: who interrupts the test knows something.
func TestFaults(t *testing.T) {
	log.SetOutput(io.Discard)
	stages := newStages(t, runtime.GOMAXPROCS(0), false)
	goal := stages[0].goal(t)
	all := stages[0].trials(t)
	c := &course{goal: goal, cases: chosen(t, slices.Clone(all))}
	var going sync.WaitGroup
	for i, s := range stages {
		going.Go(func() { // tests that are parallel can't be with an environment of their own
			t.Run(fmt.Sprint("stage ", i), func(t *testing.T) { c.run(t, s) })
		})
	}
	going.Wait()
	t.Logf("%d of %d cases, in %d of which the fault happened, ended wrong in %d", c.tried, len(all), c.happened, c.wrong)
}

// course is a way through many cases, on several stages at once.
type course struct {
	goal  goal
	cases []trial

	mu                            sync.Mutex
	begun, tried, happened, wrong int
}

// run tries cases on a stage until there are no more.
func (c *course) run(t *testing.T, s *stage) {
	t.Helper()
	for {
		one, ok := c.next()
		if !ok {
			return
		}
		wrong, happened := s.try(t, one, c.goal)
		if len(wrong) > 0 {
			t.Errorf("%s:\n  %s", one, strings.Join(wrong, "\n  "))
		}
		c.end(t, happened, len(wrong) > 0)
	}
}

func (c *course) next() (trial, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.begun == len(c.cases) {
		return trial{}, false
	}
	c.begun++
	return c.cases[c.begun-1], true
}

// end notes how a case ended.
func (c *course) end(t *testing.T, happened, wrong bool) {
	t.Helper()
	c.mu.Lock()
	defer c.mu.Unlock()
	c.tried++
	if happened {
		c.happened++
	}
	if wrong {
		c.wrong++
	}
	if c.tried%100 == 0 {
		t.Logf("%d of %d cases so far, wrong in %d", c.tried, len(c.cases), c.wrong)
	}
}

// goal is how a run without faults ends.
type goal struct {
	facts  facts
	report document
}

// goal is where a run without faults leads to.
func (s *stage) goal(t *testing.T) goal {
	t.Helper()
	server := s.open(t)
	r := s.run(t, wanted)
	if r.err != nil {
		t.Fatalf("a run without faults: %v\n%s", r.err, r.said)
	}
	return goal{factsOf(t, server), r.report}
}

// try runs a case, and the same again without faults. It returns what is wrong, and whether the fault happened.
func (s *stage) try(t *testing.T, one trial, to goal) (wrong []string, happened bool) {
	t.Helper()
	v, server := s.end(t, one, to)
	v.judge()
	again := s.run(t, one.template())
	v.again(again, factsOf(t, server))
	return v.wrong, len(v.faulted()) > 0
}

// end runs a case, and returns what there is to judge.
func (s *stage) end(t *testing.T, one trial, to goal) (*verdict, *awssim.Server) {
	t.Helper()
	server := s.open(t)
	v := &verdict{trial: one, before: factsOf(t, server), goal: to.facts, usual: to.report}
	calls := len(server.Journal())
	for _, fault := range one.faults() {
		server.Fail(fault)
	}
	v.told = s.run(t, one.template())
	server.Heal()
	server.Settle() // what AWS has accepted arrives after the run, too
	v.journal = server.Journal()[calls:]
	v.after = factsOf(t, server)
	return v, server
}
