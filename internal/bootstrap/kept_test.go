// SPDX-License-Identifier: MPL-2.0

package bootstrap_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/amishare/packer-plugin-ami-share/internal/bootstrap"
	"github.com/amishare/packer-plugin-ami-share/internal/sharing"
)

// sidsOf are the names of the statements in the key's policy that a configuration writes, for a key with a policy.
func sidsOf(t *testing.T, c bootstrap.Config, now string) (sids []string, readme, written string) {
	t.Helper()
	c.Keys = []bootstrap.Key{{ARN: frankfurt, Policy: now}}
	files, problems := bootstrap.Files(c)
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	var document struct{ Statement []struct{ Sid string } }
	written = files["key-policy.eu-central-1.json"]
	if err := json.Unmarshal([]byte(written), &document); err != nil {
		t.Fatal(err)
	}
	for _, s := range document.Statement {
		sids = append(sids, s.Sid)
	}
	return sids, files[bootstrap.Readme], written
}

const bare = `{"Version": "2012-10-17", "Statement": []}`

// TestTwoTemplatesUnderAKeyKeepEachOthersStatements whichever of them is deployed last.
func TestTwoTemplatesUnderAKeyKeepEachOthersStatements(t *testing.T) {
	web, lab := config(target("222222222222", "ami-share", "")), config(target("333333333333", "ami-share", ""))
	_, _, first := sidsOf(t, web, bare)
	sids, readme, both := sidsOf(t, lab, first)
	if want := []string{"AmiShareCreateGrantsKept", "AmiShareLookKept", "AmiShareCreateGrants", "AmiShareLook"}; !slices.Equal(sids, want) {
		t.Errorf("the statements are %q, want %q", sids, want)
	}
	if !strings.Contains(readme, "keeps `AmiShareCreateGrantsKept`, `AmiShareLookKept`") {
		t.Errorf("the README says nothing of them:\n%s", readme)
	}
	again, _, third := sidsOf(t, web, both)
	if !slices.Equal(again, sids) || !strings.Contains(third, "222222222222:role/ami-share") || !strings.Contains(third, "333333333333:role/ami-share") {
		t.Errorf("the statements are %q in\n%s", again, third)
	}
	if _, _, same := sidsOf(t, web, third); same != third {
		t.Errorf("a second run changes something:\n%s", same)
	}
}

func TestWhatTheNewStatementsAllowIsNotKept(t *testing.T) {
	one := config(target("222222222222", "ami-share", ""))
	two := config(target("222222222222", "ami-share", ""), target("333333333333", "ami-share", ""))
	accounts := config(two.Targets...)
	accounts.AccountsInKeyPolicies = true
	organization := config(two.Targets...)
	organization.OrganizationID = "o-exampleorgid"
	for i := range 400 {
		organization.Targets = append(organization.Targets, target(sharing.AccountID(fmt.Sprintf("%012d", 444000000000+i)), "ami-share", ""))
	}
	fewer := config(two.Targets...)
	fewer.Operations = []string{"Decrypt", "CreateGrant"}
	for name, test := range map[string]struct {
		before, after bootstrap.Config
		kept          bool
	}{
		"an account more":                      {one, two, false},
		"an account less":                      {two, one, true},
		"accounts instead of roles":            {two, accounts, false},
		"roles instead of accounts":            {accounts, two, true},
		"the organization instead of roles":    {two, organization, false},
		"the organization as before":           {organization, organization, false},
		"roles instead of the organization":    {organization, two, true},
		"the organization instead of accounts": {accounts, organization, false},
		"more operations":                      {fewer, two, false},
		"fewer operations":                     {two, fewer, true},
	} {
		t.Run(name, func(t *testing.T) {
			_, _, before := sidsOf(t, test.before, bare)
			sids, _, after := sidsOf(t, test.after, before)
			if kept := slices.ContainsFunc(sids, func(sid string) bool { return strings.HasSuffix(sid, "Kept") }); kept != test.kept {
				t.Errorf("the statements are %q in\n%s", sids, after)
			}
		})
	}
}

func TestAStatementThatSomebodyChangedIsKept(t *testing.T) {
	for name, statement := range map[string]string{
		"a Deny":              `{"Sid": "AmiShareLook", "Effect": "Deny", "Principal": {"AWS": "arn:aws:iam::222222222222:role/ami-share"}, "Action": "kms:ListGrants", "Resource": "*"}`,
		"an action more":      `{"Sid": "AmiShareLook", "Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::222222222222:role/ami-share"}, "Action": ["kms:ListGrants", "kms:DescribeKey"], "Resource": "*"}`,
		"any principal":       `{"Sid": "AmiShareLook", "Effect": "Allow", "Principal": "*", "Action": "kms:ListGrants", "Resource": "*"}`,
		"a negated condition": `{"Sid": "AmiShareCreateGrants", "Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::222222222222:role/ami-share"}, "Action": "kms:CreateGrant", "Resource": "*", "Condition": {"StringNotEquals": {"kms:GranteePrincipal": "arn:aws:iam::222222222222:role/aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling"}, "ForAllValues:StringEquals": {"kms:GrantOperations": "Decrypt"}}}`,
	} {
		t.Run(name, func(t *testing.T) {
			sids, _, written := sidsOf(t, config(target("222222222222", "ami-share", "")), `{"Version": "2012-10-17", "Statement": `+statement+`}`)
			if !strings.HasSuffix(sids[0], "Kept") {
				t.Errorf("the statements are %q in\n%s", sids, written)
			}
		})
	}
}

func TestAPrincipalThatIsGoneIsTold(t *testing.T) {
	own := `{"Version": "2012-10-17", "Statement": {"Sid": "Own", "Effect": "Allow", "Principal": {"AWS": ["AROAEXAMPLEOFAROLETHA", "arn:aws:iam::111111111111:root"]}, "Action": "kms:*", "Resource": "*"}}`
	_, readme, _ := sidsOf(t, config(target("222222222222", "ami-share", "")), own)
	if !strings.Contains(readme, "KMS refuses `key-policy.eu-central-1.json` as long as it names `AROAEXAMPLEOFAROLETHA`") {
		t.Errorf("the README does not tell:\n%s", readme)
	}
	if _, readme, _ = sidsOf(t, config(target("222222222222", "ami-share", "")), strings.ReplaceAll(own, "Own", "AmiShareLook")); strings.Contains(readme, "KMS refuses `key-policy") {
		t.Errorf("the plugin's own statement still names it:\n%s", readme)
	}
}
