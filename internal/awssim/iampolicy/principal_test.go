// SPDX-License-Identifier: MPL-2.0

package iampolicy_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/amishare/packer-plugin-ami-share/internal/awssim/iampolicy"
)

func TestPrincipal(t *testing.T) {
	service := iampolicy.Principal{Service: "autoscaling.amazonaws.com", Partition: "aws"}
	const oidc = "arn:aws:iam::222222222222:oidc-provider/oidc.eks.us-east-1.amazonaws.com/id/EXAMPLE"
	web := iampolicy.Principal{Federated: oidc, Partition: "aws"}
	foreign := caller()
	foreign.AccountID = "333333333333"
	chinese := caller()
	chinese.Partition = "aws-cn"
	tests := map[string]struct {
		page             string
		principal        string
		who              iampolicy.Principal
		named, delegated bool
	}{
		"the star alone names everyone":           {pagePrincipal, `"*"`, caller(), true, false},
		"the AWS star names everyone":             {pagePrincipal, `{"AWS":"*"}`, caller(), true, false},
		"the star names an anonymous caller":      {pagePrincipal, `"*"`, iampolicy.Principal{}, true, false},
		"an anonymous caller is in no account":    {pagePrincipal, `{"AWS":["222222222222"]}`, iampolicy.Principal{}, false, false},
		"a role covers its sessions":              {pagePrincipal, `{"AWS":"` + role + `"}`, caller(), true, false},
		"a role is named with its path":           {pagePrincipal, `{"AWS":"arn:aws:iam::222222222222:role/ami-share"}`, caller(), false, false},
		"a session is named by itself":            {pagePrincipal, `{"AWS":"arn:aws:sts::222222222222:assumed-role/ami-share/packer"}`, caller(), true, false},
		"another session of the role is another":  {pagePrincipal, `{"AWS":"arn:aws:sts::222222222222:assumed-role/ami-share/other"}`, caller(), false, false},
		"a user is named by ARN":                  {pagePrincipal, `{"AWS":"arn:aws:iam::222222222222:user/ann"}`, user(), true, false},
		"a user's name is compared with its case": {pagePrincipal, `{"AWS":"arn:aws:iam::222222222222:user/Ann"}`, user(), false, false},
		"an account's root delegates":             {pagePrincipal, `{"AWS":"arn:aws:iam::222222222222:root"}`, user(), false, true},
		"an account's id is its root":             {pagePrincipal, `{"AWS":"222222222222"}`, caller(), false, true},
		"another account's root does not":         {pagePrincipal, `{"AWS":"arn:aws:iam::222222222222:root"}`, foreign, false, false},
		"nor does another partition's":            {pagePrincipal, `{"AWS":"arn:aws:iam::222222222222:root"}`, chinese, false, false},
		"one of a list is enough":                 {pagePrincipal, `{"AWS":["333333333333","` + role + `"]}`, caller(), true, false},
		"a service is named by its principal":     {pagePrincipal, `{"Service":["ec2.amazonaws.com","autoscaling.amazonaws.com"]}`, service, true, false},
		"another service is not":                  {pagePrincipal, `{"Service":"ec2.amazonaws.com"}`, service, false, false},
		"a service is no member of an account":    {pagePrincipal, `{"AWS":"222222222222"}`, service, false, false},
		"a role is no service":                    {pagePrincipal, `{"Service":"ec2.amazonaws.com"}`, caller(), false, false},
		"a role and a service in one statement":   {pagePrincipal, `{"Service":"ec2.amazonaws.com","AWS":"` + role + `"}`, caller(), true, false},
		"a provider vouches for its users":        {pagePrincipal, `{"Federated":"` + oidc + `"}`, web, true, false},
		"and for those of no other":               {pagePrincipal, `{"Federated":["accounts.google.com","` + oidc + `2"]}`, web, false, false},
		"whom it vouches for is in no account":    {pagePrincipal, `{"AWS":"222222222222"}`, web, false, false},
		"the star names them":                     {pagePrincipal, `"*"`, web, true, false},
		"a role comes from no provider":           {pagePrincipal, `{"Federated":"` + oidc + `"}`, caller(), false, false},
		"a unique id names who has it":            {pagePrincipal, `{"AWS":"AROA2222222222222222"}`, caller(), true, false},
		"and nobody else":                         {pagePrincipal, `{"AWS":"AROA3333333333333333"}`, caller(), false, false},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			d := mustParse(t, iampolicy.Trust, document(`{"Effect":"Allow","Principal":`+test.principal+`,"Action":"sts:AssumeRole"}`))
			got := d.Decide(iampolicy.Request{Action: "sts:AssumeRole", Resource: slr, Principal: test.who})
			if got.Named != test.named || got.Delegated != test.delegated {
				t.Errorf("%s: named %t, delegated %t (%s); want %t, %t", test.page, got.Named, got.Delegated, got.Reason, test.named, test.delegated)
			}
			if allowed := got.Effect == iampolicy.Allow; allowed != (test.named || test.delegated) {
				t.Errorf("%s: effect is %v", test.page, got.Effect)
			}
		})
	}
}

func TestNotPrincipal(t *testing.T) {
	service := iampolicy.Principal{Service: "autoscaling.amazonaws.com", Partition: "aws"}
	tests := map[string]struct {
		principal string
		who       iampolicy.Principal
		want      iampolicy.Effect
	}{
		"role and account leave out a session":   {`{"AWS":["222222222222","` + role + `"]}`, caller(), iampolicy.Silent},
		"user and account leave out a user":      {`{"AWS":["arn:aws:iam::222222222222:root","arn:aws:iam::222222222222:user/ann"]}`, user(), iampolicy.Silent},
		"the role without its account does not":  {`{"AWS":"` + role + `"}`, caller(), iampolicy.Deny},
		"the account without the role does not":  {`{"AWS":"222222222222"}`, caller(), iampolicy.Deny},
		"the session without its role does not":  {`{"AWS":["222222222222","arn:aws:sts::222222222222:assumed-role/ami-share/packer"]}`, caller(), iampolicy.Deny},
		"everybody else is denied":               {`{"AWS":["222222222222","` + role + `"]}`, user(), iampolicy.Deny},
		"a service is left out by its principal": {`{"Service":"autoscaling.amazonaws.com"}`, service, iampolicy.Silent},
		"another service is denied":              {`{"Service":"ec2.amazonaws.com"}`, service, iampolicy.Deny},
		"the star leaves out everyone":           {`"*"`, caller(), iampolicy.Silent},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			d := mustParse(t, iampolicy.Key, document(`{"Effect":"Deny","NotPrincipal":`+test.principal+`,"Action":"kms:*","Resource":"*"}`))
			got := d.Decide(iampolicy.Request{Action: "kms:Decrypt", Resource: key, Principal: test.who})
			if got.Effect != test.want {
				t.Errorf("%s: effect is %v (%s), want %v", pageNotPrinc, got.Effect, got.Reason, test.want)
			}
		})
	}
}

const boundPolicy = `{
  "Statement": [
    {"Effect": "Allow", "Principal": {"AWS": ["` + role + `", "222222222222"]}, "Action": "kms:CreateGrant", "Resource": "*"},
    {"Effect": "Allow", "Principal": { "AWS" : "` + slr + `" }, "Action": "kms:Decrypt", "Resource": "*",
     "Condition": {"StringEquals": {"aws:PrincipalArn": "` + slr + `"}}}
  ]
}`

func TestBindTiesRolesToTheirUniqueIDs(t *testing.T) {
	d := mustParse(t, iampolicy.Key, boundPolicy)
	if diff := cmp.Diff([]string{slr, role}, d.PrincipalARNs()); diff != "" {
		t.Errorf("PrincipalARNs (-want +got):\n%s", diff)
	}
	ids := map[string]string{role: caller().UniqueID, slr: "AROASLR2222222222222"}
	bound, unknown := d.Bind(func(arn string) (string, bool) { id, ok := ids[arn]; return id, ok })
	if len(unknown) > 0 {
		t.Errorf("unknown principals: %v", unknown)
	}
	again := caller()
	again.UniqueID = "AROAAGAIN22222222222"
	request := createGrant(nil)
	if got := bound.Decide(request); !got.Named || got.Delegated {
		t.Errorf("the role that was bound is not named: %+v", got)
	}
	request.Principal = again
	if got := bound.Decide(request); got.Named || !got.Delegated {
		t.Errorf("%s: a role made again under its old name is named: %+v", pagePrincipal, got)
	}
	if got := d.Decide(request); !got.Named {
		t.Errorf("binding changed the document it was made from: %+v", got)
	}
}

func TestBindTellsWhoIsUnknown(t *testing.T) {
	d := mustParse(t, iampolicy.Key, boundPolicy)
	_, unknown := d.Bind(func(string) (string, bool) { return "", false })
	if diff := cmp.Diff([]string{slr, role}, unknown); diff != "" {
		t.Errorf("unknown (-want +got):\n%s", diff)
	}
	shown := mustParse(t, iampolicy.Key, document(keyStatement(`{"AWS":"AROA3333333333333333"}`)))
	_, unknown = shown.Bind(func(string) (string, bool) { return "", false })
	if diff := cmp.Diff([]string{"AROA3333333333333333"}, unknown); diff != "" {
		t.Errorf("a dead unique id is not unknown (-want +got):\n%s", diff)
	}
	identity := mustParse(t, iampolicy.Identity, document(anyIdentity))
	if same, unknown := identity.Bind(func(string) (string, bool) { return "", false }); unknown != nil || same.Decide(createGrant(nil)).Effect != iampolicy.Allow {
		t.Error("an identity policy, which names nobody, changed by binding")
	}
	if got := string(identity.Shown(func(string) bool { return false })); got != document(anyIdentity) {
		t.Errorf("an identity policy is shown as %s", got)
	}
}

func TestShownHasTheIDsOfTheDead(t *testing.T) {
	ids := map[string]string{role: "AROAROLE222222222222", slr: "AROASLR2222222222222"}
	bound, _ := mustParse(t, iampolicy.Key, boundPolicy).Bind(func(arn string) (string, bool) { return ids[arn], true })
	if got := string(bound.Shown(func(string) bool { return true })); got != boundPolicy {
		t.Errorf("with everybody alive it is shown as\n%s", got)
	}
	got := string(bound.Shown(func(id string) bool { return id != ids[slr] }))
	want := `{
  "Statement": [
    {"Effect": "Allow", "Principal": {"AWS": ["` + role + `", "222222222222"]}, "Action": "kms:CreateGrant", "Resource": "*"},
    {"Effect": "Allow", "Principal": { "AWS" : "AROASLR2222222222222" }, "Action": "kms:Decrypt", "Resource": "*",
     "Condition": {"StringEquals": {"aws:PrincipalArn": "` + slr + `"}}}
  ]
}`
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s: shown (-want +got):\n%s", pagePrincipal, diff)
	}
}
