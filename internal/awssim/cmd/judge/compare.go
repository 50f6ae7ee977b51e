// SPDX-License-Identifier: MPL-2.0

package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
)

// decider is an evaluator.
type decider func(*testCase) (verdict, error)

// report is what came of a comparison.
type report struct {
	cases, refused int
	decided        map[string]int // disagreements by the name of their row, 0 for a row that had none to decide
	open           []disagreement
}

// disagreement is a case, as small as it gets, that two evaluators decide differently.
type disagreement struct {
	small       *testCase
	ours, other verdict
	features    []string
}

// compare makes cases and lets both evaluators decide them. Cases that ours refuses to read are not compared: what is
// refused allows nothing.
func compare(cases int, seed uint64, other decider, rows []row) (*report, error) {
	r := &report{decided: map[string]int{}}
	for _, row := range rows {
		r.decided[row.Case] = 0
	}
	g := newGenerator(seed)
	for range cases {
		c := g.testCase()
		r.cases++
		mine, theirs, err := both(c, other)
		switch {
		case err != nil:
			return nil, err
		case mine.Refused != "":
			r.refused++
		case mine.String() != theirs.String():
			if err := r.add(c, mine, theirs, other, rows); err != nil {
				return nil, err
			}
		}
	}
	return r, nil
}

func both(c *testCase, other decider) (mine, theirs verdict, err error) {
	if mine, err = ours(c); err != nil || mine.Refused != "" {
		return mine, theirs, err
	}
	theirs, err = other(c)
	return mine, theirs, err
}

// add makes a disagreement small and finds its row.
func (r *report) add(c *testCase, mine, theirs verdict, other decider, rows []row) error {
	small, err := shrink(c, func(c *testCase) (bool, error) {
		m, t, err := both(c, other)
		return err == nil && m.String() == mine.String() && t.String() == theirs.String(), err
	})
	if err != nil {
		return err
	}
	d := disagreement{small: small, ours: mine, other: theirs, features: features(small)}
	for _, row := range rows {
		if row.decides(d) {
			r.decided[row.Case]++
			return nil
		}
	}
	r.open = append(r.open, d)
	return nil
}

func (r *report) write(out io.Writer) {
	fmt.Fprintf(out, "%d cases, of which %d have a policy that is not taken here\n", r.cases, r.refused)
	for name, n := range sorted(r.decided) {
		fmt.Fprintf(out, "%6d  %s\n", n, name)
	}
	alike := map[string][]disagreement{}
	for _, d := range r.open {
		alike[d.String()] = append(alike[d.String()], d)
	}
	for title, all := range sorted(alike) {
		text, _ := json.Marshal(all[0].small) // nothing in it can't be marshalled
		fmt.Fprintf(out, "%6d  undecided: %s\n        such as: %s %s\n", len(all), title, text, all[0].other.Refused)
	}
}

func (d disagreement) String() string {
	return fmt.Sprintf("%s here, %s there: %s", d.ours, d.other, strings.Join(d.features, "; "))
}

func (r *report) err() error {
	var errs []error
	if len(r.open) > 0 {
		errs = append(errs, fmt.Errorf("%d disagreements are not in triage.json", len(r.open)))
	}
	if r.refused*4 > r.cases {
		errs = append(errs, errors.New("of more than a quarter of the cases a policy is not taken: they prove too little"))
	}
	return errors.Join(errs...)
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for key := range m {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	return keys
}
