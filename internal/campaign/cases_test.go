// SPDX-License-Identifier: MPL-2.0

package campaign

import (
	"fmt"
	"testing"

	"github.com/amishare/packer-plugin-ami-share/internal/awssim"
)

// trial is one case of the campaign.
type trial struct {
	call   call
	kind   kind
	mode   string         // on_failure
	beside []awssim.Fault // happen as well
	how    string         // "" or what beside is about
}

func (c trial) String() string {
	return fmt.Sprintf("%s, %s %d by %s in %s%s: %s", c.mode, c.call.action, c.call.nth, c.call.account, c.call.region, c.how, c.kind.name)
}

func (c trial) template() string { return wanted + fmt.Sprintf("on_failure = %q\n", c.mode) }

// trials are all cases: each call of a run, failing in each way, for each on_failure; and in pairs.
func (s *stage) trials(t *testing.T) []trial {
	t.Helper()
	var all []trial
	for _, mode := range []string{"fail", "rollback", "continue"} {
		all = append(all, singles(mode, s.calls(t, trial{mode: mode}))...)
	}
	for _, mode := range []string{"fail", "rollback"} {
		all = append(all, pairs(mode, s.calls(t, trial{mode: mode}))...)
	}
	return append(all, s.undoing(t)...)
}

func singles(mode string, calls []call) []trial {
	var all []trial
	for _, c := range calls {
		for _, k := range kinds() {
			all = append(all, trial{call: c, kind: k, mode: mode})
		}
	}
	return all
}

func pairs(mode string, calls []call) []trial {
	var all []trial
	for _, c := range calls {
		for _, k := range lostThenRefused() {
			if c.write {
				all = append(all, trial{call: c, kind: k, mode: mode})
			}
		}
	}
	return all
}

// undoing are the calls of a rollback, each failing in each way. The rollback is there because the last change is denied.
func (s *stage) undoing(t *testing.T) []trial {
	t.Helper()
	last := trial{mode: "rollback", how: ", while it is taken back", beside: []awssim.Fault{
		{Action: "kms:RevokeGrant", Code: "AccessDeniedException", Message: "no"},
	}}
	calls := s.calls(t, last)
	from := 0
	for i, c := range calls {
		if c.action == "kms:RevokeGrant" {
			from = i + 1
		}
	}
	all := singles(last.mode, calls[from:])
	for i := range all {
		all[i].how, all[i].beside = last.how, last.beside
	}
	return all
}

// calls are those of a run in which nothing fails but what happens beside.
func (s *stage) calls(t *testing.T, c trial) []call {
	t.Helper()
	server := s.open(t)
	earlier := len(server.Journal())
	for _, fault := range c.beside {
		server.Fail(fault)
	}
	s.run(t, c.template())
	var all []call
	seen := map[call]int{}
	for _, entry := range server.Journal()[earlier:] {
		one := call{action: entry.Action, account: entry.Account, region: entry.Region}
		seen[one]++
		one.nth, one.write = seen[one], entry.Write && entry.Service != "sts"
		all = append(all, one)
	}
	return all
}
