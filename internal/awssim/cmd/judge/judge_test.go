// SPDX-License-Identifier: MPL-2.0

package main

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/amishare/packer-plugin-ami-share/internal/awssim/reference"
)

func TestCasesAreRepeatable(t *testing.T) {
	first, again, other := newGenerator(7), newGenerator(7), newGenerator(8)
	different := 0
	for range 100 {
		c := first.testCase()
		if diff := cmp.Diff(c, again.testCase()); diff != "" {
			t.Fatalf("the same seed makes other cases:\n%s", diff)
		}
		if !cmp.Equal(c, other.testCase()) {
			different++
		}
	}
	if different < 90 {
		t.Errorf("of 100 cases another seed makes %d others", different)
	}
}

// TestCasesSayEverything holds the cases against what they are to cover: each kind of policy and element, set operators,
// variables, and all three effects.
func TestCasesSayEverything(t *testing.T) {
	var text strings.Builder
	effects := map[string]int{}
	g := newGenerator(1)
	for range 2000 {
		c := g.testCase()
		if written, err := json.Marshal(c); err != nil {
			t.Fatal(err)
		} else {
			text.Write(written)
		}
		v, err := ours(c)
		if err != nil || v.Refused != "" {
			t.Fatalf("a case that the evaluator does not take: %v%s", err, v.Refused)
		}
		effects[v.Effect]++
	}
	for kind := range kinds {
		if !strings.Contains(text.String(), `"Kind":"`+kind+`"`) {
			t.Errorf("no case has a policy of the kind %s", kind)
		}
	}
	for _, piece := range []string{
		`"NotAction"`, `"NotResource"`, `"NotPrincipal"`, `"Principal":["*"]`, "ForAllValues:", "ForAnyValue:", "IfExists", `"Null"`,
		"${aws:username}", "${aws:username, 'team'}", "${*}", "NotIpAddress", "NumericLessThan", "DateGreaterThan", "ArnNotLike", `"Bool"`,
	} {
		if !strings.Contains(text.String(), piece) {
			t.Errorf("no case has %s", piece)
		}
	}
	for _, effect := range []string{"allow", "deny", "silent"} {
		if effects[effect] < 200 {
			t.Errorf("%d of 2000 cases end with %s", effects[effect], effect)
		}
	}
}

func TestRequestsAreOfTheTable(t *testing.T) {
	for _, r := range requests {
		if !reference.Takes(r.action, r.resource) {
			t.Errorf("%s is about no resource like %s", r.action, r.resource)
		}
	}
	for _, key := range multivalued {
		if !reference.Multivalued(key) {
			t.Errorf("%s has one value", key)
		}
	}
}

func TestShrinkLeavesWhatMatters(t *testing.T) {
	big := &testCase{
		Action: "kms:Decrypt", Resource: keyARN, Owner: home, Principal: session,
		Context: map[string][]string{"aws:username": {"a"}, "aws:TagKeys": {"a", "b"}},
		Documents: []document{
			{"identity", []statement{{Effect: "Allow", Action: []string{"s3:*", "kms:*"}, Resource: []string{"*"}}}},
			{"key", []statement{
				{Effect: "Allow", Principal: []string{"*"}, Action: []string{"kms:*"}, Resource: []string{"*"}},
				{
					Effect: "Deny", Principal: []string{user, session}, Action: []string{"kms:Decrypt", "kms:Get*"}, Resource: []string{"*", keyARN},
					Condition: map[string]map[string][]string{"StringEquals": {"aws:username": {"a", "x"}}, "StringNotEquals": {"a:b": {"c"}, "a:c": {"c"}}, "Null": {"a:b": {"true"}}},
				},
			}},
		},
	}
	small, err := shrink(big, func(c *testCase) (bool, error) {
		v, err := ours(c)
		last := c.Documents[len(c.Documents)-1].Statements
		return v.Effect == "deny" && len(last[len(last)-1].Condition["StringEquals"]["aws:username"]) > 0, err
	})
	want := &testCase{
		Action: "kms:Decrypt", Resource: keyARN, Owner: home, Principal: session, Context: map[string][]string{"aws:username": {"a"}},
		Documents: []document{{"key", []statement{{
			Effect: "Deny", Principal: []string{session}, Action: []string{"kms:Decrypt"}, Resource: []string{keyARN},
			Condition: map[string]map[string][]string{"StringEquals": {"aws:username": {"a"}}},
		}}}},
	}
	if diff := cmp.Diff(want, small); err != nil || diff != "" {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
}

// TestCompare has a judge that never denies, so that each explicit deny is a disagreement.
func TestCompare(t *testing.T) {
	lenient := func(c *testCase) (verdict, error) {
		v, err := ours(c)
		if v.Effect == "deny" {
			v.Effect = "silent"
		}
		return v, err
	}
	rows := []row{
		{Case: "by identity", Has: []string{"a policy of the kind identity"}, Decided: stricter},
		{Case: "by nothing", Has: []string{"nothing that there is"}, Decided: documented},
	}
	r, err := compare(300, 1, lenient, rows)
	if err != nil {
		t.Fatal(err)
	}
	if r.decided["by identity"] == 0 || len(r.open) == 0 || r.cases != 300 {
		t.Errorf("%d cases, %v decided, %d open", r.cases, r.decided, len(r.open))
	}
	if err := r.err(); err == nil || !strings.Contains(err.Error(), "are not in triage.json") {
		t.Errorf("error is %v", err)
	}
	var text strings.Builder
	r.write(&text)
	if !strings.Contains(text.String(), "deny here, silent there") || !strings.Contains(text.String(), "by identity") || !strings.Contains(text.String(), "     0  by nothing") {
		t.Errorf("the report is\n%s", text.String())
	}
}

func TestARowThatIsStricterNeverDecidesForMore(t *testing.T) {
	d := disagreement{ours: verdict{Effect: "allow"}, other: verdict{Effect: "silent"}, features: []string{"x"}}
	r := row{Case: "c", Has: []string{"x"}, Decided: stricter}
	if r.decides(d) {
		t.Error("it decided for an allow here where there is none there")
	}
	if d.ours, d.other = d.other, d.ours; !r.decides(d) {
		t.Error("it did not decide for silence here where there is an allow there")
	}
}

func TestTriage(t *testing.T) {
	rows, err := readTriage(triageFile)
	if err != nil {
		t.Fatal(err)
	}
	cases := make([]string, 0, len(rows))
	for _, row := range rows {
		cases = append(cases, row.Case)
	}
	slices.Sort(cases)
	if len(slices.Compact(slices.Clone(cases))) != len(cases) {
		t.Errorf("a case is there twice: %v", cases)
	}
	for sentence, text := range map[string]string{
		"no page":     `[{"Case":"c","Has":["x"],"Because":"b","Decided":"stricter","Page":"https://example.com/"}]`,
		"no decision": `[{"Case":"c","Has":["x"],"Because":"b","Decided":"perhaps","Page":"https://docs.aws.amazon.com/x"}]`,
		"no reason":   `[{"Case":"c","Has":["x"],"Decided":"stricter","Page":"https://docs.aws.amazon.com/x"}]`,
		"no list":     `{}`,
	} {
		if _, err := readTriage([]byte(text)); err == nil {
			t.Errorf("%s: a row was taken: %s", sentence, text)
		}
	}
}

func TestTheOtherEvaluatorIsAProcess(t *testing.T) {
	other, err := startJudge([]string{"cat"})
	if err != nil {
		t.Fatal(err)
	}
	defer other.stop()
	// It answers with what it was asked, which has no effect in it.
	if v, err := other.decide(newGenerator(1).testCase()); err != nil || v.String() != "" {
		t.Errorf("verdict %v, error %v", v, err)
	}
	if _, err := startJudge([]string{"./there-is-no-such-program"}); err == nil {
		t.Error("a program that is not there was started")
	}
	var out strings.Builder
	if err := run(nil, &out); err == nil || !strings.Contains(err.Error(), "a command is needed") {
		t.Errorf("without a command: %v", err)
	}
}
