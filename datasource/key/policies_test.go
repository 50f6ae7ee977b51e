// SPDX-License-Identifier: MPL-2.0

package key_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/amishare/packer-plugin-ami-share/internal/awssim"
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
	if complaint := newJob(source, dataBlock()).do(t, d); complaint != "" {
		t.Error(complaint)
	}
}

// TestThePoliciesHandedOutAreNecessary takes out one thing after the other: something then fails, or AWS refuses a call.
func TestThePoliciesHandedOutAreNecessary(t *testing.T) {
	serve(t, jobWorld(administrators(), source))
	d := handedOut(t, dataBlock())
	j := newJob(source, dataBlock())
	if complaint := j.do(t, d); complaint != "" {
		t.Fatalf("the job fails with all of it: %s", complaint)
	}
	j.needs(t, lesser(t, d))
}

// needs does the job with less: something fails each time.
func (j *job) needs(t *testing.T, less []lesserDocuments) {
	t.Helper()
	for _, l := range less {
		t.Run(l.name, func(t *testing.T) {
			if complaint := j.do(t, l.documents, l.calls...); complaint == "" {
				t.Error("the job is done without it")
			}
		})
	}
}

// TestWhatACanaryTakesIsNecessary has a target without groups of its own, whose statements would make up for some of the canary's.
func TestWhatACanaryTakesIsNecessary(t *testing.T) {
	serve(t, jobWorld(administrators(), source))
	alone := theTarget()
	delete(alone, "auto_scaling_groups")
	d := handedOut(t, block(announcing(), options{"alias": nil, "tags": options{"purpose": "ami-sharing"}, "target": []options{alone}}))
	start := func(t *testing.T, d documents) string {
		for _, p := range []part{{run: startCanary}, {run: seeWhy}} {
			if complaint := p.run(t, serve(t, jobWorld(d, source)), alone); complaint != "" {
				return complaint
			}
		}
		return ""
	}
	if complaint := start(t, d); complaint != "" {
		t.Fatalf("no canary starts with all of it: %s", complaint)
	}
	tried := 0
	for _, v := range reduced(t, "target role", statementsOf(t, d.targetRole)) {
		if !strings.Contains(v.name, "Canar") {
			continue
		}
		tried++
		t.Run(v.name, func(t *testing.T) {
			l := d
			l.targetRole = whole(t, v.statements)
			if complaint := start(t, l); complaint == "" {
				t.Error("the canary starts without it")
			}
		})
	}
	if tried < 15 {
		t.Errorf("only %d things were left out", tried)
	}
}

// lesserDocuments are the documents less one thing.
type lesserDocuments struct {
	name  string
	calls []string // that the thing is for
	documents
}

func lesser(t *testing.T, d documents) []lesserDocuments {
	t.Helper()
	var all []lesserDocuments
	for _, v := range reduced(t, "source", statementsOf(t, d.source)) {
		l := d
		l.source = whole(t, v.statements)
		all = append(all, lesserDocuments{v.name, v.calls, l})
	}
	for _, v := range reduced(t, "target role", statementsOf(t, d.targetRole)) {
		l := d
		l.targetRole = whole(t, v.statements)
		all = append(all, lesserDocuments{v.name, v.calls, l})
	}
	for _, v := range reduced(t, "trust", statementsOf(t, d.targetTrust)) {
		if len(v.statements) == 0 {
			continue // a role without a trust policy can't be made
		}
		l := d
		l.targetTrust = whole(t, v.statements)
		all = append(all, lesserDocuments{v.name, v.calls, l})
	}
	return append(all, lessForKeys(t, d)...)
}

func lessForKeys(t *testing.T, d documents) []lesserDocuments {
	t.Helper()
	var all []lesserDocuments
	for _, v := range reduced(t, "key", decodedAll(t, d.keyStatements)) {
		l := d
		l.keyStatements = nil
		for _, s := range v.statements {
			l.keyStatements = append(l.keyStatements, marshal(t, s))
		}
		all = append(all, lesserDocuments{v.name, v.calls, l})
	}
	return all
}

type variant struct {
	name       string
	calls      []string
	statements []map[string]any
}

// reduced returns statements less one action, resource, principal or value of a condition at a time. A statement that has
// no value left is left out, but for the condition kms:GrantIsForAWSResource: it has the one value that it can have.
func reduced(t *testing.T, document string, statements []map[string]any) []variant {
	t.Helper()
	var all []variant
	without := func(i int, name string, change func(map[string]any) bool) {
		copied := copyOf(t, statements)
		if !change(copied[i]) {
			copied = slices.Delete(copied, i, i+1)
		}
		calls := values(statements[i]["Action"])
		if slices.Contains(calls, name) {
			calls = []string{name}
		}
		all = append(all, variant{fmt.Sprintf("%s: %v without %s", document, statements[i]["Sid"], name), calls, copied})
	}
	for i, s := range statements {
		for _, element := range []string{"Action", "Resource"} {
			for _, value := range values(s[element]) {
				if value != "*" {
					without(i, value, func(s map[string]any) bool { return remove(s, element, value) })
				}
			}
		}
		principals, _ := s["Principal"].(map[string]any)
		for _, value := range values(principals["AWS"]) {
			without(i, value, func(s map[string]any) bool { return remove(s["Principal"].(map[string]any), "AWS", value) })
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
	slices.SortFunc(all, func(a, b variant) int { return strings.Compare(a.name, b.name) })
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

func decodedAll(t *testing.T, raws []json.RawMessage) []map[string]any {
	t.Helper()
	all := make([]map[string]any, len(raws))
	for i, raw := range raws {
		if err := json.Unmarshal(raw, &all[i]); err != nil {
			t.Fatal(err)
		}
	}
	return all
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
	in := func(region string) options {
		return block(announcing(), options{
			"alias": nil, "key_id": "arn:aws:kms:" + region + ":" + keyOwner + ":key/" + keyID, "regions": []string{region}, "exact_grants": true,
			"target": []options{theTarget()},
		})
	}
	data := in(frankfurt)
	d := handedOut(t, data)
	// The documents are for the Region of the key that was given; its sister in the other Region needs the same.
	sister := handedOut(t, in(virginia))
	d.source = whole(t, together(statementsOf(t, d.source), statementsOf(t, sister.source)))
	d.targetRole = whole(t, together(statementsOf(t, d.targetRole), statementsOf(t, sister.targetRole)))
	j := newJob(keyOwner, data)
	if complaint := j.do(t, d); complaint != "" {
		t.Fatal(complaint)
	}
	j.needs(t, lessForKeys(t, d))
}

// TestTheAccountsFormIsSufficient does the job with key policies that name the target's account; another of its roles gets nothing.
func TestTheAccountsFormIsSufficient(t *testing.T) {
	serve(t, jobWorld(administrators(), source))
	data := dataBlock()
	data["key_policy_principals"], data["trusted_principals"] = "accounts", []string{sourceUser}
	d := handedOut(t, data)
	for _, s := range decodedAll(t, d.keyStatements) {
		if got := values(s["Principal"].(map[string]any)["AWS"]); !slices.Equal(got, []string{"arn:aws:iam::" + targetID + ":root"}) {
			t.Errorf("%v names %q", s["Sid"], got)
		}
	}
	j := newJob(source, dataBlock())
	if complaint := j.do(t, d); complaint != "" {
		t.Error(complaint)
	}
	j.needs(t, lessForKeys(t, d))
}

func TestDocumentsThatAWSWouldRefuseForTheirSizeAreNamed(t *testing.T) {
	serve(t, jobWorld(administrators(), source))
	var targets []options
	for i := range 60 {
		targets = append(targets, target(options{
			"account_ids": []string{fmt.Sprintf("5%011d", i)}, "auto_scaling_groups": []string{fmt.Sprintf("a-group-of-team-%d", i)},
			"assume_role": options{"role_name": fmt.Sprintf("sharing/the-role-of-team-number-%d", i), "external_id": fmt.Sprintf("the-external-id-of-team-number-%d", i)},
		}))
	}
	output := mustExecute(t, block(options{"check_grants": false, "target": targets}))
	warnings := strings.Join(list(output["warnings"]), "\n")
	for _, want := range []string{
		"target_role_policy has ", "take the account's own of target_role_policies", "target_role_trust_policy has ", "and AWS takes 2048: take the account's own of target_role_trust_policies",
	} {
		if !strings.Contains(warnings, want) {
			t.Errorf("the warnings lack %q:\n%s", want, warnings)
		}
	}
	for account, document := range stringMap(output["target_role_trust_policies"]) {
		if len(document) > 2048 {
			t.Errorf("the trust policy of account %s has %d characters", account, len(document))
		}
	}
}

// TestTheOrganizationsFormIsSufficient is for so many targets that the key's policy can't name them all. One of them does
// the job, and a role of the same name outside the organization can't.
func TestTheOrganizationsFormIsSufficient(t *testing.T) {
	serve(t, jobWorld(administrators(), source))
	accounts := []string{targetID}
	for i := range 299 {
		accounts = append(accounts, fmt.Sprintf("5%011d", i))
	}
	d := handedOut(t, block(announcing(), options{
		"alias": nil, "tags": options{"purpose": "ami-sharing"}, "check_grants": false, "organization_id": "o-abcde12345",
		"target": []options{theTarget(), target(options{"account_ids": accounts[1:]})},
	}))
	if !strings.Contains(string(d.keyStatements[0]), `"aws:PrincipalOrgID": "o-abcde12345"`) {
		t.Fatalf("not the organization's form: %s", d.keyStatements[0])
	}
	inside := func(w *awssim.World) {
		w.Organizations = []awssim.WorldOrganization{{ID: "o-abcde12345", ManagementAccount: source, Accounts: []string{source, targetID}}}
	}
	for name, test := range map[string]struct {
		world func(*awssim.World)
		done  bool
	}{"a member": {inside, true}, "an outsider": {func(*awssim.World) {}, false}} {
		t.Run(name, func(t *testing.T) {
			w := jobWorld(d, source)
			test.world(&w)
			if complaint := shareEverything(t, serve(t, w), nil); (complaint == "") != test.done {
				t.Error(complaint)
			}
		})
	}
}

// TestAnAccountIsAskedInTheRegionThatItLeaves has a target that loses the AMI of one Region. It uses it in a parameter only, which nobody
// else can tell.
func TestAnAccountIsAskedInTheRegionThatItLeaves(t *testing.T) {
	other := options{"account_ids": []string{"333333333333"}, "service_linked_roles": []string{}}
	staying := target(options{
		"assume_role": options{"role_name": "ami-share", "external_id": externalID}, "service_linked_roles": []string{}, "prove_use": false,
		"regions": []string{frankfurt},
	})
	data := block(options{"alias": nil, "tags": options{"purpose": "ami-sharing"}, "exact": true, "target": []options{staying}})
	serve(t, jobWorld(administrators(), source))
	d := handedOut(t, data)
	run := func(d documents) string {
		world := jobWorld(d, source)
		for i := range world.Accounts {
			for region, content := range world.Accounts[i].Regions {
				content.LaunchTemplates, content.AutoScalingGroups = nil, nil
				for n := range content.Images {
					content.Images[n].LaunchPermissions = []string{targetID, "333333333333"}
				}
				if world.Accounts[i].ID == targetID && region == virginia {
					content.Parameters = []awssim.WorldParameter{{Name: "/mine", Value: imageID}}
				}
				world.Accounts[i].Regions[region] = content
			}
		}
		serve(t, world)
		said, err := share(t, options{"exact": true, "target": []options{staying, other}, "ssm_parameter": nil, "shared_tags": nil, "watermark": ""})
		if err != nil || !strings.Contains(said, "the account uses it (1 parameter)") {
			return fmt.Sprintf("%v\n%s", err, said)
		}
		return ""
	}
	if complaint := run(d); complaint != "" {
		t.Fatal(complaint)
	}
	for _, v := range reduced(t, "target role", statementsOf(t, d.targetRole)) {
		if !strings.Contains(v.name, "References") {
			continue
		}
		t.Run(v.name, func(t *testing.T) {
			lacking := d
			lacking.targetRole = whole(t, v.statements)
			if complaint := run(lacking); complaint == "" {
				t.Error("nobody misses it")
			}
		})
	}
}
