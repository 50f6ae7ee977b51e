// SPDX-License-Identifier: MPL-2.0

package report

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/amishare/packer-plugin-ami-share/internal/sharing"
)

// sort is what items have in common that one line tells, whoever their recipients are and in whichever Regions.
type sort struct {
	kind kind
	word string // their status
	role string // of grants and roles, less the account; of what has a value its name, and what it is and was
	why  string // of what goes, or is left
}

func sortOf(i item) sort {
	s := sort{kind: i.Kind, word: i.word()}
	switch i.Kind {
	case grant:
		s.role = roleName(i.Grantee)
	case serviceLinkedRole:
		s.role = roleName(i.Resource)
	case canary, parameter, parameterLabels, sharedTags, watermark, launchTemplate, templateDefault:
		s.role = i.announced()
	case groupRole:
		i.Value, i.Previous = roleName(i.Value), roleName(i.Previous)
		s.role = i.announced()
	case tags:
		if i.Previous != "" {
			s.role = i.told()
		}
	case launchPermission, snapshotPermission, keyUse:
	}
	if i.Removal || i.Status == left || (i.announces() || i.proof()) && i.Status == skipped {
		s.why = strings.ReplaceAll(i.Reason, i.Recipient.ID, "<account>")
	}
	return s
}

// gatheredItems are the items of one sort.
type gatheredItems struct {
	sort
	sign  string
	rank  int
	items []*item // not copied: a large run has some ten thousand
}

// bySort gathers items. Each item is in one of the results, which are in the order of what needs to be seen.
func bySort(items []item) []gatheredItems {
	var all []gatheredItems
	at := map[sort]int{}
	for n := range items {
		i := &items[n]
		s := sortOf(*i)
		n, ok := at[s]
		if !ok {
			n = len(all)
			at[s] = n
			rank, sign := signOf(*i)
			all = append(all, gatheredItems{sort: s, rank: rank, sign: sign})
		}
		all[n].items = append(all[n].items, i)
	}
	slices.SortStableFunc(all, func(a, b gatheredItems) int { return cmp.Or(cmp.Compare(a.rank, b.rank), cmp.Compare(a.kind, b.kind)) })
	return all
}

// lines tell all items: a sign, and then how many of each sort, of whom, and where. They are to be wrapped.
func (r Run) lines(items []item, set func(sign, text string) string) []string {
	return mapped(bySort(items), func(g gatheredItems) string {
		text := fmt.Sprintf("%d %s %s", len(g.items), g.kind.plural(len(g.items)), g.word)
		if g.role != "" {
			text += ": " + g.role
		}
		if g.why != "" {
			text += " (" + g.why + ")"
		}
		if where := g.regions(); where != "" {
			text += ", " + where
		}
		return set(g.sign, text+": "+r.recipients(g.items))
	})
}

func (g gatheredItems) regions() string {
	var regions []string
	for _, i := range g.items {
		if i.Region != "" {
			regions = append(regions, string(i.Region))
		}
	}
	if regions = sortedUnique(regions); len(regions) > few {
		return sharing.Counted(len(regions), "Region")
	}
	return strings.Join(regions, ", ")
}

// recipients names the recipients of items, each once.
func (r Run) recipients(items []*item) string {
	var recipients []sharing.Recipient
	seen := map[sharing.Recipient]bool{}
	for _, i := range items {
		if !seen[i.Recipient] {
			seen[i.Recipient] = true
			recipients = append(recipients, i.Recipient)
		}
	}
	return someOf(mapped(sortedRecipients(recipients), func(to sharing.Recipient) string { return together(r.who(to)) }))
}

// counts tells how many items have which status, in words: "3 added, 12 present, 1 failed".
func counts(items []item) string {
	var words []string
	all := statuses()
	slices.Reverse(all)
	for _, s := range append(all[1:], all[0]) { // proofs last
		if n := count(items, s.status); n > 0 {
			words = append(words, fmt.Sprintf("%d %s", n, s.status))
		}
	}
	if len(words) == 0 {
		return "nothing to share"
	}
	return strings.Join(words, ", ")
}

// roleName leaves out what a role's ARN shares with that of other accounts, and the path of a service-linked role.
func roleName(arn string) string {
	parsed, err := sharing.ParseARN(arn)
	if err != nil {
		return arn
	}
	name := strings.TrimPrefix(parsed.Resource, "role/")
	if strings.HasPrefix(name, "aws-service-role/") {
		return name[strings.LastIndexByte(name, '/')+1:]
	}
	return name
}
