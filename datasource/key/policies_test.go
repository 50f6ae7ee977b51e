package key_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"testing"
)

// administrators is the world in which the documents are handed out: everybody may do everything.
func administrators() documents {
	return documents{
		keyStatements: []json.RawMessage{json.RawMessage(`{"Effect":"Allow","Principal":{"AWS":"*"},"Action":"kms:*","Resource":"*"}`)},
		source:        json.RawMessage(anything), targetRole: json.RawMessage(anything),
		targetTrust: json.RawMessage(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"*"},"Action":["sts:AssumeRole","sts:TagSession"]}]}`),
	}
}

func TestThePoliciesHandedOutAreSufficient(t *testing.T) {
	serve(t, jobWorld(administrators(), source))
	d := handedOut(t, dataBlock())
	if complaint := do(t, d, source, dataBlock()); complaint != "" {
		t.Error(complaint)
	}
}

// TestThePoliciesHandedOutAreNecessary takes out one thing after the other: something then fails, or AWS refuses a call.
func TestThePoliciesHandedOutAreNecessary(t *testing.T) {
	serve(t, jobWorld(administrators(), source))
	d := handedOut(t, dataBlock())
	if complaint := do(t, d, source, dataBlock()); complaint != "" {
		t.Fatalf("the job fails with all of it: %s", complaint)
	}
	for _, l := range lesser(t, d) {
		t.Run(l.name, func(t *testing.T) {
			if complaint := do(t, l.documents, source, dataBlock()); complaint == "" {
				t.Error("the job is done without it")
			}
		})
	}
}

// lesserDocuments are the documents less one thing.
type lesserDocuments struct {
	name string
	documents
}

func lesser(t *testing.T, d documents) []lesserDocuments {
	t.Helper()
	var all []lesserDocuments
	for _, v := range reduced(t, "source", statementsOf(t, d.source)) {
		l := d
		l.source = whole(t, v.statements)
		all = append(all, lesserDocuments{v.name, l})
	}
	for _, v := range reduced(t, "target role", statementsOf(t, d.targetRole)) {
		l := d
		l.targetRole = whole(t, v.statements)
		all = append(all, lesserDocuments{v.name, l})
	}
	for _, v := range reduced(t, "trust", statementsOf(t, d.targetTrust)) {
		if len(v.statements) == 0 {
			continue // a role without a trust policy can't be made
		}
		l := d
		l.targetTrust = whole(t, v.statements)
		all = append(all, lesserDocuments{v.name, l})
	}
	var key []map[string]any
	for _, raw := range d.keyStatements {
		key = append(key, decoded(t, raw))
	}
	for _, v := range reduced(t, "key", key) {
		l := d
		l.keyStatements = nil
		for _, s := range v.statements {
			l.keyStatements = append(l.keyStatements, marshal(t, s))
		}
		all = append(all, lesserDocuments{v.name, l})
	}
	return all
}

type variant struct {
	name       string
	statements []map[string]any
}

// reduced returns statements less one action, resource or value of a condition at a time. The condition
// kms:GrantIsForAWSResource has one value, and loses nothing.
func reduced(t *testing.T, document string, statements []map[string]any) []variant {
	t.Helper()
	var all []variant
	without := func(i int, name string, change func(map[string]any) bool) {
		copied := copyOf(t, statements)
		if !change(copied[i]) {
			copied = slices.Delete(copied, i, i+1)
		}
		all = append(all, variant{fmt.Sprintf("%s: %v without %s", document, statements[i]["Sid"], name), copied})
	}
	for i, s := range statements {
		for _, element := range []string{"Action", "Resource"} {
			for _, value := range values(s[element]) {
				if value != "*" {
					without(i, value, func(s map[string]any) bool { return remove(s, element, value) })
				}
			}
		}
		conditions, _ := s["Condition"].(map[string]any)
		for operator, keys := range conditions {
			for key, held := range keys.(map[string]any) {
				for _, value := range values(held) {
					if key != "kms:GrantIsForAWSResource" {
						without(i, key+" "+value, func(s map[string]any) bool {
							return remove(s["Condition"].(map[string]any)[operator].(map[string]any), key, value)
						})
					}
				}
			}
		}
	}
	slices.SortFunc(all, func(a, b variant) int {
		if a.name < b.name {
			return -1
		}
		return 1
	})
	return all
}

// remove takes a value out of an element, and tells whether one is left.
func remove(s map[string]any, element, value string) bool {
	left := slices.DeleteFunc(values(s[element]), func(v string) bool { return v == value })
	s[element] = left
	return len(left) > 0
}

func values(v any) []string {
	var all []string
	switch v := v.(type) {
	case string:
		all = append(all, v)
	case []any:
		for _, one := range v {
			all = append(all, one.(string))
		}
	}
	return all
}

func copyOf(t *testing.T, statements []map[string]any) []map[string]any {
	t.Helper()
	var copied []map[string]any
	if err := json.Unmarshal(marshal(t, statements), &copied); err != nil {
		t.Fatal(err)
	}
	return copied
}

func statementsOf(t *testing.T, document json.RawMessage) []map[string]any {
	t.Helper()
	var doc struct{ Statement []map[string]any }
	if err := json.Unmarshal(document, &doc); err != nil {
		t.Fatal(err)
	}
	return doc.Statement
}

func decoded(t *testing.T, raw json.RawMessage) map[string]any {
	t.Helper()
	var s map[string]any
	if err := json.Unmarshal(raw, &s); err != nil {
		t.Fatal(err)
	}
	return s
}

func whole(t *testing.T, statements []map[string]any) json.RawMessage {
	t.Helper()
	return marshal(t, map[string]any{"Version": "2012-10-17", "Statement": statements})
}

// together joins statements of two documents, without their names.
func together(a, b []map[string]any) []map[string]any {
	all := slices.Concat(a, b)
	for _, s := range all {
		delete(s, "Sid")
	}
	return all
}

// TestAKeyOfAThirdAccount builds in one account, with a key of another, for a third one.
func TestAKeyOfAThirdAccount(t *testing.T) {
	serve(t, jobWorld(administrators(), keyOwner))
	data := options{
		"key_id": "arn:aws:kms:" + frankfurt + ":" + keyOwner + ":key/" + keyID, "regions": []string{frankfurt}, "target": []options{theTarget()},
	}
	d := handedOut(t, data)
	// The documents are for the Region of the key that was given; its sister in the other Region needs the same.
	other := options{"target": data["target"], "key_id": "arn:aws:kms:" + virginia + ":" + keyOwner + ":key/" + keyID, "regions": []string{virginia}}
	sister := handedOut(t, other)
	d.source = whole(t, together(statementsOf(t, d.source), statementsOf(t, sister.source)))
	d.targetRole = whole(t, together(statementsOf(t, d.targetRole), statementsOf(t, sister.targetRole)))
	if complaint := do(t, d, keyOwner, data); complaint != "" {
		t.Fatal(complaint)
	}
	var key []map[string]any
	for _, raw := range d.keyStatements {
		key = append(key, decoded(t, raw))
	}
	for _, v := range reduced(t, "key", key) {
		t.Run(v.name, func(t *testing.T) {
			l := d
			l.keyStatements = nil
			for _, s := range v.statements {
				l.keyStatements = append(l.keyStatements, marshal(t, s))
			}
			if complaint := do(t, l, keyOwner, data); complaint == "" {
				t.Error("the job is done without it")
			}
		})
	}
}
