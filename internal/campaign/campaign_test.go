// SPDX-License-Identifier: MPL-2.0

package campaign

import (
	"fmt"
	"io"
	"log"
	"os"
	"strings"
	"testing"
)

// every is how many cases there are for one that is tried when nothing else is asked for. It is prime, so that all kinds,
// calls and modes are among them.
const every = 101

// chosen tells whether a case is to be tried: by AMISHARE_CASE, a part of its name, or by AMISHARE_CAMPAIGN, which is "all" or
// as in "3/10" the third of each ten.
func chosen(t *testing.T, n int, one trial) bool {
	t.Helper()
	if part := os.Getenv("AMISHARE_CASE"); part != "" {
		return strings.Contains(one.String(), part)
	}
	which, of := 1, every
	switch asked := os.Getenv("AMISHARE_CAMPAIGN"); asked {
	case "":
	case "all":
		of = 1
	default:
		if _, err := fmt.Sscanf(asked, "%d/%d", &which, &of); err != nil || of < 1 {
			t.Fatalf("AMISHARE_CAMPAIGN is %q: want all, or as in 3/10", asked)
		}
	}
	return n%of == (which-1)%of
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
	tried, happened := 0, 0
	for i, one := range all {
		if !chosen(t, i, one) {
			continue
		}
		tried++
		wrong, did := s.try(t, one, goal)
		if did {
			happened++
		}
		if len(wrong) > 0 {
			t.Errorf("%s:\n  %s", one, strings.Join(wrong, "\n  "))
		}
	}
	t.Logf("%d of %d cases, in %d of which the fault happened", tried, len(all), happened)
}

// try runs a case, and the same again without faults. It returns what is wrong, and whether the fault happened.
func (s *stage) try(t *testing.T, one trial, goal facts) (wrong []string, happened bool) {
	t.Helper()
	server := s.open(t)
	v := &verdict{trial: one, before: factsOf(t, server), goal: goal}
	calls := len(server.Journal())
	for _, fault := range append(one.kind.faults(one.call), one.beside...) {
		server.Fail(fault)
	}
	v.told = s.run(t, one.template())
	server.Heal()
	for _, entry := range server.Journal()[calls:] {
		happened = happened || strings.HasPrefix(entry.Reason, "fault on request")
	}
	v.after = factsOf(t, server)
	v.judge()
	again := s.run(t, one.template())
	if again.err != nil || !again.report.good() {
		v.add("the second run failed: %s: %v", again.report.Outcome, again.err)
	}
	if missing := differing(factsOf(t, server), goal); len(missing) > 0 {
		v.add("after the second run these are not as asked for: %q", missing)
	}
	return v.wrong, happened
}

type interruption struct{}

func (i *interruption) arm(func()) {}
