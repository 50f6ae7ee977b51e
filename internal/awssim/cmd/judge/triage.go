// SPDX-License-Identifier: MPL-2.0

package main

import (
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/amishare/packer-plugin-ami-share/internal/awssim/reference"
)

//go:embed triage.json
var triageFile []byte

// row is a kind of disagreement that has been looked into.
type row struct {
	Case  string   // a sentence
	Has   []string // features of the case at its smallest
	Ours  string   // effect here; "" for any
	Other string   // effect there, or "refused"; "" for any
	Page  string   // of AWS's, which decides
	// Decided says how: "documented" if the page says that it is as here, "stricter" if it leaves the case open, and less
	// is allowed here than there.
	Decided string
	Because string // what the page says, in our words
}

const (
	documented = "documented"
	stricter   = "stricter"
)

func readTriage(file []byte) ([]row, error) {
	var rows []row
	if err := json.Unmarshal(file, &rows); err != nil {
		return nil, fmt.Errorf("reading triage.json: %w", err)
	}
	var errs []error
	for _, row := range rows {
		if err := row.check(); err != nil {
			errs = append(errs, fmt.Errorf("triage.json: %q: %w", row.Case, err))
		}
	}
	return rows, errors.Join(errs...)
}

// generosity orders effects by how much they allow.
var generosity = map[string]int{"deny": 0, "refused": 0, "silent": 1, "allow": 2}

func (r row) check() error {
	switch {
	case r.Case == "" || r.Because == "" || len(r.Has) == 0:
		return errors.New("a row has a case, what it has, and what the page says")
	case !strings.HasPrefix(r.Page, "https://docs.aws.amazon.com/"):
		return fmt.Errorf("%q is no page of AWS's", r.Page)
	case r.Decided != documented && r.Decided != stricter:
		return fmt.Errorf("%q is neither %s nor %s", r.Decided, documented, stricter)
	}
	return nil
}

// decides tells whether a row is about a disagreement. One that is stricter never decides for what allows more here.
func (r row) decides(d disagreement) bool {
	mine, theirs := d.ours.String(), d.other.String()
	return (r.Ours == "" || r.Ours == mine) && (r.Other == "" || r.Other == theirs) &&
		(r.Decided == documented || generosity[mine] < generosity[theirs]) && !slices.ContainsFunc(r.Has, func(feature string) bool { return !slices.Contains(d.features, feature) })
}

// features says what is peculiar in a case, so that a row can tell by it what it is about.
func features(c *testCase) []string {
	found := map[string]bool{}
	for _, d := range c.Documents {
		found["a policy of the kind "+d.Kind] = true
		if d.Kind == "rcp" && !reference.Controlled(c.Action) {
			found["an action that resource control policies do not reach"] = true
		}
		for _, s := range d.Statements {
			for _, feature := range slices.Concat(c.conditionFeatures(s), c.resourceFeatures(s), principalFeatures(s)) {
				found[s.Effect+": "+feature], found[feature] = true, true
			}
		}
	}
	return sortedKeys(found)
}

func (c *testCase) conditionFeatures(s statement) []string {
	var all []string
	for operator, keys := range sorted(s.Condition) {
		for key, values := range sorted(keys) {
			all = append(all, c.keyFeatures(operator, key)...)
			all = append(all, c.variableFeatures("a condition", values)...)
		}
	}
	return all
}

// keyFeatures says what is peculiar in an operator and the values that the request has for a key.
func (c *testCase) keyFeatures(operator, key string) []string {
	set, base, hasSet := strings.Cut(operator, ":")
	if !hasSet {
		set, base = "no set operator", operator
	}
	got, present := c.Context[key]
	all := []string{set, "operator " + strings.TrimSuffix(base, "IfExists")}
	switch {
	case present && !reference.Offered(c.Action, c.Resource)(key):
		all = append(all, "a key that the action does not have")
	case present && reference.Multivalued(key) && !hasSet && base != "Null":
		all = append(all, "several values without a set operator")
	case !present && set == "ForAnyValue" && strings.HasSuffix(base, "IfExists"):
		all = append(all, "ForAnyValue with IfExists and an absent key")
	}
	if slices.Contains(got, "") {
		all = append(all, "a value that is empty")
	}
	if present && key == "aws:SourceIp" && strings.Contains(got[0], ":") {
		all = append(all, "an address of IPv6")
	}
	return all
}

func (c *testCase) variableFeatures(where string, texts []string) []string {
	var all []string
	for _, text := range texts {
		if strings.Contains(text, "${*}") {
			all = append(all, "a special character in "+where)
		}
		if text == "0.0.0.0/0" {
			all = append(all, "the network of all addresses")
		}
		for _, name := range variablesIn(text) {
			switch values := c.Context[name]; {
			case len(values) == 0:
				all = append(all, "a variable without a value in "+where)
			case values[0] == "":
				all = append(all, "a variable whose value is empty in "+where)
			}
		}
	}
	return all
}

func (c *testCase) resourceFeatures(s statement) []string {
	all := append(c.variableFeatures("Resource", s.Resource), c.variableFeatures("NotResource", s.NotResource)...)
	for where, list := range sorted(map[string][]string{"Resource": s.Resource, "NotResource": s.NotResource}) {
		for _, text := range list {
			parts := strings.SplitN(text, ":", 6)
			if len(parts) < 6 || parts[5] == "*" {
				continue
			}
			switch kind, _, more := strings.Cut(parts[5], "/"); {
			case kind == "*" && more && parts[2] == "ec2":
				all = append(all, "EC2's */ in "+where)
			case strings.ContainsAny(kind, "*?"):
				all = append(all, "a wildcard in the type of a resource in "+where)
			}
		}
	}
	return all
}

func principalFeatures(s statement) []string {
	names := map[string]string{session: "the session", role: "the role", user: "the user", home: "the account", "arn:aws:iam::222222222222:root": "the account", "*": "everybody"}
	var all []string
	for _, name := range s.Principal {
		all = append(all, "names "+orSomebody(names[name]))
	}
	for _, name := range s.NotPrincipal {
		all = append(all, "NotPrincipal", "NotPrincipal leaves out "+orSomebody(names[name]))
	}
	return all
}

func orSomebody(name string) string {
	if name == "" {
		return "somebody else"
	}
	return name
}
