// SPDX-License-Identifier: MPL-2.0

package report

import (
	"strings"

	"github.com/amishare/packer-plugin-ami-share/internal/sharing"
)

// coming tells who is new and who leaves: "2 accounts new, 1 leaves". New is a recipient to whom no AMI of the run can be launched
// today; one leaves that will be able to launch none.
func (r Run) coming(items []item) (heading string, lines []string) {
	var fresh, leaving []string
	for _, to := range launchers(items) {
		switch {
		case to.before == 0 && to.gains > 0:
			fresh = append(fresh, together(r.who(to.recipient)))
		case to.gains == 0 && to.losses > 0 && to.losses == to.before:
			leaving = append(leaving, together(r.who(to.recipient)))
		}
	}
	switch {
	case len(fresh)+len(leaving) == 0:
		heading = "no account is new and none leaves"
	case len(leaving) == 0:
		heading = sharing.Counted(len(fresh), "account") + " new"
	case len(fresh) == 0:
		heading = sharing.Counted(len(leaving), "account") + " " + leave(len(leaving))
	default:
		heading = sharing.Counted(len(fresh), "account") + " new, " + itoa(len(leaving)) + " " + leave(len(leaving))
	}
	return heading, append(r.named("New: ", fresh), r.named("Leaving: ", leaving)...)
}

func leave(n int) string {
	if n == 1 {
		return "leaves"
	}
	return "leave"
}

// mostNamed is how many recipients are named that come or leave.
const mostNamed = 30

func (r Run) named(title string, names []string) []string {
	if len(names) == 0 {
		return nil
	}
	text := strings.Join(names, ", ")
	if more := len(names) - mostNamed; more > 0 {
		text = strings.Join(names[:mostNamed], ", ") + " and " + itoa(more) + " more"
	}
	return []string{wrapped(title+text, r.width())}
}

// launcher is how many launch permissions a recipient has, gets and loses.
type launcher struct {
	recipient             sharing.Recipient
	before, gains, losses int
}

func launchers(items []item) []*launcher {
	var all []*launcher
	at := map[sharing.Recipient]*launcher{}
	for _, i := range items {
		if i.Kind != launchPermission {
			continue
		}
		l := at[i.Recipient]
		if l == nil {
			l = &launcher{recipient: i.Recipient}
			at[i.Recipient] = l
			all = append(all, l)
		}
		switch {
		case i.Removal:
			l.before++
			if i.Status == planned {
				l.losses++
			}
		case i.Status == present:
			l.before++
		case i.Status == planned:
			l.gains++
		}
	}
	return all
}
