// SPDX-License-Identifier: MPL-2.0

package campaign

import (
	"fmt"
	"io"
	"log"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
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

func TestFaults(t *testing.T) {
	log.SetOutput(io.Discard)
	s := newStage(t)
	server := s.open(t)
	if r := s.run(t, wanted); r.err != nil {
		t.Fatalf("a run without faults: %v\n%s", r.err, r.said)
	}
	goal := factsOf(t, server)
	all := s.trials(t)
	some := chosen(t, slices.Clone(all))
	happened, wrongEnds := 0, 0
	for _, one := range some {
		wrong, did := s.try(t, one, goal)
		if did {
			happened++
		}
		if len(wrong) > 0 {
			wrongEnds++
			t.Errorf("%s:\n  %s", one, strings.Join(wrong, "\n  "))
		}
	}
	t.Logf("%d of %d cases, in %d of which the fault happened, ended wrong in %d", len(some), len(all), happened, wrongEnds)
}

// try runs a case, and the same again without faults. It returns what is wrong, and whether the fault happened.
func (s *stage) try(t *testing.T, one trial, goal facts) (wrong []string, happened bool) {
	t.Helper()
	server := s.open(t)
	v := &verdict{trial: one, before: factsOf(t, server), goal: goal}
	calls := len(server.Journal())
	for _, fault := range one.faults() {
		server.Fail(fault)
	}
	v.told = s.run(t, one.template())
	server.Heal()
	v.journal = server.Journal()[calls:]
	v.after = factsOf(t, server)
	v.judge()
	again := s.run(t, one.template())
	if again.err != nil || !again.report.good() {
		v.add("the second run failed: %s: %v", again.report.Outcome, again.err)
	}
	if missing := differing(factsOf(t, server), goal); len(missing) > 0 {
		v.add("after the second run these are not as asked for: %q", missing)
	}
	return v.wrong, len(v.faulted()) > 0
}
