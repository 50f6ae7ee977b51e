// SPDX-License-Identifier: MPL-2.0

package page

import (
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/amishare/packer-plugin-ami-share/internal/awssim/cloud"
)

// most is how many calls the page shows at once.
const most = 200

// journal is the part of the calls that the page shows, newest first.
type journal struct {
	Asked   filter
	Entries []entry
	Fit     int // calls that fit the filter, shown or not
	All     int
	Older   string // link to the next ones, "" at the end
}

// filter says which calls are shown; its fields are those of the page's form. An empty field fits all calls.
type filter struct {
	Account  string // of the caller
	Action   string // a part of it
	Decision string
	Before   int // the position in the journal, from 1, before which it is read; 0 for the end
}

type entry struct {
	cloud.Entry
	Position   int
	By         person
	Parameters []tag
}

func entries(query url.Values, all []cloud.Entry, known people) journal {
	asked := filter{
		Account: strings.TrimSpace(query.Get("account")), Action: strings.TrimSpace(query.Get("action")), Decision: query.Get("decision"),
	}
	asked.Before, _ = strconv.Atoi(query.Get("before")) // what is no number is no beginning
	j := journal{Asked: asked, All: len(all)}
	for i, one := range slices.Backward(all) {
		if !asked.fits(one) {
			continue
		}
		j.Fit++
		switch {
		case asked.Before > 0 && i+1 >= asked.Before:
		case len(j.Entries) < most:
			j.Entries = append(j.Entries, entry{one, i + 1, known.of(one.Account), parametersOf(one)})
		case j.Older == "":
			j.Older = asked.before(i + 2)
		}
	}
	return j
}

func (f filter) fits(e cloud.Entry) bool {
	return (f.Account == "" || e.Account == f.Account) &&
		strings.Contains(strings.ToLower(e.Action), strings.ToLower(f.Action)) &&
		(f.Decision == "" || e.Decision == f.Decision)
}

// before is the link to the same calls from another position on.
func (f filter) before(position int) string {
	query := url.Values{"before": {strconv.Itoa(position)}}
	for name, value := range map[string]string{"account": f.Account, "action": f.Action, "decision": f.Decision} {
		if value != "" {
			query.Set(name, value)
		}
	}
	return "/_awssim/?" + query.Encode() + "#calls"
}

func parametersOf(e cloud.Entry) []tag {
	shown := maps.Clone(e.Parameters)
	maps.DeleteFunc(shown, func(name, _ string) bool { return name == "Action" || name == "Version" })
	return tags(shown)
}
