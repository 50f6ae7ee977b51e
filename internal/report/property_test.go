// SPDX-License-Identifier: MPL-2.0

package report_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/amishare/packer-plugin-ami-share/internal/apply"
	"github.com/amishare/packer-plugin-ami-share/internal/report"
	"github.com/amishare/packer-plugin-ami-share/internal/sharing"
)

// someScene is a scene of random accounts, some of which have something, some of which are closed, and a run that fails for some.
func someScene(t *testing.T, seed uint64) report.Run {
	random := rand.New(rand.NewPCG(seed, seed))
	regions := 1 + random.IntN(15)
	s := crowd(1+random.IntN(40), regions)
	s.request.Exact, s.request.ShareSnapshots = random.IntN(2) == 0, random.IntN(4) > 0
	if random.IntN(3) == 0 {
		s.request.Organizations = []string{organization}
	}
	var failures []sharing.Problem
	for n := range len(s.request.Targets) {
		region := s.facts.Images[random.IntN(regions)].Ref.Region
		switch random.IntN(6) {
		case 0:
			s.has(account(n), region)
		case 1:
			s.closed(account(n))
		case 2:
			failures = append(failures, grantRefused(account(n), region))
		}
	}
	s.has("555555555555", frankfurtOr(s))
	switch random.IntN(4) {
	case 0:
		return proved(s.plan(t), account(0), s.facts.Images[0].Ref.Region)
	case 1:
		return rolledBack(s.run(t, failures...))
	default:
		return doubtful(s.run(t, failures...), random)
	}
}

// doubtful makes some of the changes ones of which nobody knows whether they were made, and some that had been made before.
func doubtful(r report.Run, random *rand.Rand) report.Run {
	for i, o := range r.Result.Outcomes {
		switch chance := random.IntN(8); {
		case o.Status != apply.Done || len(o.Change.Scopes()) == 0:
		case chance == 0:
			problem := sharing.Problem{Scope: o.Change.Scopes()[0], Doing: o.Change.String(), Cause: "the answer was lost"}
			r.Result.Outcomes[i].Status, r.Result.Outcomes[i].Problem = apply.Unknown, &problem
			r.Result.Failures = append(r.Result.Failures, problem)
		case chance == 1:
			r.Result.Outcomes[i].Status = apply.Found
		}
	}
	r.Checks = checks(r)
	return r
}

func frankfurtOr(s *scene) sharing.Region { return s.facts.Images[0].Ref.Region }

// TestAllRenderingsTellTheSameItems takes the rows as the list of items, and finds the same ones in every other rendering.
func TestAllRenderingsTellTheSameItems(t *testing.T) {
	all := scenes(t)
	for seed := range uint64(60) {
		all[fmt.Sprintf("seed %d", seed)] = someScene(t, seed)
	}
	for name, r := range all {
		items, counts := rowsOf(r)
		if diff := cmp.Diff(items, jsonItems(t, r)); diff != "" {
			t.Errorf("%s: items of the rows and of the JSON report (-rows +JSON):\n%s", name, diff)
		}
		text := report.Text(r)
		for what, got := range map[string]map[string]int{
			"the JSON report": jsonCounts(t, r), "the last line": inWords(lastParagraph(text)), "the lines of the text": ofLines(text),
			"the heading": inWords(strings.SplitN(report.Markdown(r), "\n", 2)[0]), "the count rows": countRows(r),
		} {
			if diff := cmp.Diff(counts, got); diff != "" {
				t.Errorf("%s: statuses in the items and in %s (-items +there):\n%s\n%s", name, what, diff, text)
			}
		}
	}
}

// rowsOf are the items of the rows as one line each, and how many have which status.
func rowsOf(r report.Run) (items []string, counts map[string]int) {
	counts = map[string]int{}
	for _, row := range itemRows(r) {
		items = append(items, strings.Join([]string{row[1], row[2], row[3], row[4], row[5], row[6], row[8]}, " "))
		counts[strings.TrimPrefix(row[5], "removal ")]++
	}
	slices.Sort(items)
	return items, counts
}

func countRows(r report.Run) map[string]int {
	counts := map[string]int{}
	for _, row := range report.MachineRows(r) {
		if row[0] == "count" {
			counts[row[1]], _ = strconv.Atoi(row[2])
		}
	}
	return counts
}

type jsonForm struct {
	Counts     map[string]int
	Recipients []struct {
		IDs   []string
		Items []struct {
			Kind, Region, Resource, Grantee, Status string
			Removal, Verified                       bool
		}
	}
}

func read(t *testing.T, r report.Run) jsonForm {
	t.Helper()
	var form jsonForm
	if err := json.Unmarshal([]byte(jsonText(t, r)), &form); err != nil {
		t.Fatal(err)
	}
	return form
}

func jsonCounts(t *testing.T, r report.Run) map[string]int { return read(t, r).Counts }

// jsonItems are the items of the JSON report for each recipient of each entry.
func jsonItems(t *testing.T, r report.Run) []string {
	var all []string
	for _, entry := range read(t, r).Recipients {
		for _, id := range entry.IDs {
			own := strings.NewReplacer("{account}", id)
			for _, i := range entry.Items {
				word := i.Status
				if i.Removal && word != "removed" {
					word = "removal " + word
				}
				all = append(all, strings.Join([]string{i.Region, i.Kind, own.Replace(i.Resource), id, word, own.Replace(i.Grantee), strconv.FormatBool(i.Verified)}, " "))
			}
		}
	}
	slices.Sort(all)
	return all
}

var (
	counted  = regexp.MustCompile(`(\d+) (planned|refused|added|present|removed|failed|unknown|skipped|undone|left)\b`)
	itemLine = regexp.MustCompile(`(?m)^[!?x#.<+=-] (\d+) (?:[A-Za-z-]+ )+?(planned|refused|added|present|removed|failed|unknown|skipped|undone|left)(?:[:,]| \()`)
)

func inWords(text string) map[string]int { return sums(counted.FindAllStringSubmatch(text, -1)) }

// ofLines adds up the lines of a text that tell items.
func ofLines(text string) map[string]int {
	return sums(itemLine.FindAllStringSubmatch(strings.ReplaceAll(text, "\n  ", " "), -1))
}

func sums(found [][]string) map[string]int {
	sums := map[string]int{}
	for _, match := range found {
		n, _ := strconv.Atoi(match[1])
		sums[match[2]] += n
	}
	return sums
}

func lastParagraph(text string) string {
	return strings.ReplaceAll(text[strings.LastIndex(text, "\n\n")+1:], "\n  ", " ")
}

// TestTheTableHasEveryItem counts the items behind its cells by their worst sign.
func TestTheTableHasEveryItem(t *testing.T) {
	for seed := range uint64(60) {
		r := someScene(t, seed)
		r.Width = 200
		text := report.Text(r)
		want := map[string]bool{}
		for _, row := range itemRows(r) {
			want[row[4]] = true
		}
		if got := rowsOfTable(text); got != len(want) {
			t.Errorf("seed %d: the table has %d recipients, the items %d:\n%s", seed, got, len(want), text)
		}
	}
}

// rowsOfTable counts the recipients of a table: rows, and those that are joined.
func rowsOfTable(text string) int {
	_, table, _ := strings.Cut(text, "\nACCOUNT")
	table, _, _ = strings.Cut(table, "\n\n")
	n := 0
	for line := range strings.SplitSeq(strings.TrimSpace(table), "\n") {
		if more, ok := strings.CutPrefix(line, "  and "); ok {
			count, _ := strconv.Atoi(strings.Fields(more)[0])
			n += count
		} else {
			n++
		}
	}
	return n - 1 // the heading
}

func TestAReportOfManyEqualAccountsIsShort(t *testing.T) {
	s := crowd(500, 15)
	for i := range s.request.Targets {
		target := &s.request.Targets[i]
		for _, name := range []string{"spot", "ec2fleet"} {
			grantee, err := sharing.ParseServiceLinkedRole(name)
			if err != nil {
				t.Fatal(err)
			}
			target.Grantees = append(target.Grantees, grantee)
			s.facts.Targets[target.Account].Roles[grantee] = sharing.Role{Exists: true, ARN: grantee.ARN("aws", target.Account)}
		}
	}
	r := s.run(t)
	items, _ := rowsOf(r)
	if n := len(jsonText(t, r)); n > 1<<20 || len(items) != 15*500*5 {
		t.Errorf("%d bytes for %d items", n, len(items))
	}
	for name, text := range map[string]string{"text": report.Text(r), "Markdown": report.Markdown(r)} {
		if n := strings.Count(text, "\n"); n > 60 {
			t.Errorf("the %s has %d lines", name, n)
		}
	}
	accounts := maps.Collect(func(yield func(string, bool) bool) {
		for _, entry := range read(t, r).Recipients {
			for _, id := range entry.IDs {
				if !yield(id, true) {
					return
				}
			}
		}
	})
	if len(accounts) != 500 {
		t.Errorf("%d accounts are in the report", len(accounts))
	}
}
