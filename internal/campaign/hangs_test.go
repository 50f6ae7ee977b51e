// SPDX-License-Identifier: MPL-2.0

package campaign

import (
	"io"
	"log"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/amishare/packer-plugin-ami-share/internal/awssim"
)

// hangs are calls that AWS never answers: the local AWS holds on to them until the product gives up.
func hangs() []kind {
	never := int(time.Hour / time.Millisecond)
	var all []kind
	for name, fault := range map[string]awssim.Fault{
		"before": {DelayMillis: never, Drop: true}, "after": {DelayMillis: never},
	} {
		name = "a hang " + name + " the effect"
		all = append(all,
			kind{name: name + ", once", passes: true, faults: func(c call) []awssim.Fault { return []awssim.Fault{onceOf(c, fault)} }},
			kind{name: name + ", for ever", faults: func(c call) []awssim.Fault { return []awssim.Fault{from(c, c.nth, fault)} }})
	}
	return all
}

// mostHangs is how many runs hang at the same time. Of more, a slow machine would let others hang besides.
const mostHangs = 100

// TestHangs lets calls hang, all at once, since each of them takes the time that it takes: half a minute, or some minutes for one
// that hangs for ever. It looks at what the runs end with, not at how long that takes. A bubble has no place for it: time stands
// still in one as long as somebody waits for a socket.
func TestHangs(t *testing.T) {
	log.SetOutput(io.Discard)
	s := newStage(t)
	goal := s.goal(t)
	cases := s.hangCases(t)
	stages := newStages(t, len(cases), true)
	t.Logf("%d hangs", len(cases))
	var all sync.WaitGroup
	places := make(chan struct{}, mostHangs)
	for i, one := range cases {
		all.Go(func() { // tests that are parallel are few at a time
			places <- struct{}{}
			defer func() { <-places }()
			t.Run(one.String(), func(t *testing.T) {
				if wrong, _ := stages[i].try(t, one, goal); len(wrong) > 0 {
					t.Error(strings.Join(wrong, "\n"))
				}
			})
		})
	}
	all.Wait()
}

// hangCases are each call of a run, hanging; as a sample, the first call of each action, hanging once.
func (s *stage) hangCases(t *testing.T) []trial {
	t.Helper()
	var all []trial
	seen := map[string]bool{}
	sample := os.Getenv("AMISHARE_CAMPAIGN") == "" && os.Getenv("AMISHARE_CASE") == ""
	for _, mode := range []string{"fail", "rollback"} {
		for _, c := range s.calls(t, trial{mode: mode}) {
			for _, k := range hangs() {
				if sample && (!k.passes || seen[c.action]) {
					continue
				}
				seen[c.action] = true
				if one := (trial{call: c, kind: k, mode: mode}); strings.Contains(one.String(), os.Getenv("AMISHARE_CASE")) {
					all = append(all, one)
				}
			}
		}
	}
	return all
}
