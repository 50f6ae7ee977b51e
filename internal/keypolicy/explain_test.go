// SPDX-License-Identifier: MPL-2.0

package keypolicy

import (
	"encoding/json"
	"strings"
	"testing"
)

const (
	key       = "arn:aws:kms:eu-central-1:111111111111:key/1234abcd-12ab-34cd-56ef-1234567890ab"
	shareRole = "arn:aws:iam::222222222222:role/ami-share"
	scaling   = "arn:aws:iam::222222222222:role/aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling"
	ownerOnly = `{"Sid":"Owner","Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111111111111:root"},"Action":"kms:*","Resource":"*"}`
)

func TestExplain(t *testing.T) {
	toTarget := func(action, condition string) string {
		return `{"Sid":"Target","Effect":"Allow","Principal":{"AWS":"` + shareRole + `"},"Action":` + action + `,"Resource":"*","Condition":{` + condition + `}}`
	}
	for name, test := range map[string]struct {
		statement string
		reason    string // "" when a statement fits
		doubtful  bool
	}{
		"nobody of the account is let in": {ownerOnly, "no statement of the key's policy names account 222222222222", false},
		"another role of the account is let in": {
			`{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::222222222222:role/other"},"Action":"kms:*"}`,
			"no statement of the key's policy names account", false,
		},
		"the role's predecessor is let in, whom KMS shows by its unique id": {
			`{"Effect":"Allow","Principal":{"AWS":"AROAEXAMPLE"},"Action":"kms:*"}`,
			"names account 222222222222, and it names AROAEXAMPLE, deleted since", false,
		},
		"the account may only look": {
			`{"Sid":"Look","Effect":"Allow","Principal":{"AWS":"222222222222"},"Action":["kms:DescribeKey","kms:Decrypt"]}`,
			`the statement "Look" of the key's policy is about account 222222222222 and does not allow kms:CreateGrant`, false,
		},
		"the console's statement for other accounts": {
			toTarget(`["kms:CreateGrant","kms:ListGrants","kms:RevokeGrant"]`, `"Bool":{"kms:GrantIsForAWSResource":"true"}`),
			"kms:GrantIsForAWSResource, which lets AWS services create grants and nobody else", false,
		},
		"the same with a boolean instead of a string": {toTarget(`"kms:*"`, `"Bool":{"kms:GrantIsForAWSResource":true}`), "kms:GrantIsForAWSResource", false},
		"through a service only":                      {toTarget(`"kms:*"`, `"StringEquals":{"kms:ViaService":"ec2.eu-central-1.amazonaws.com"}`), "kms:ViaService", false},
		"for another grantee":                         {toTarget(`"kms:Create*"`, `"StringEquals":{"kms:GranteePrincipal":"`+shareRole+`"}`), "kms:GranteePrincipal does not hold for " + scaling, false},
		"for a grantee by pattern":                    {toTarget(`"kms:Create*"`, `"ArnLike":{"kms:GranteePrincipal":"arn:aws:iam::*:role/aws-service-role/*"}`), "", false},
		"for fewer operations":                        {toTarget(`"kms:CreateGrant"`, `"ForAllValues:StringEquals":{"kms:GrantOperations":["Encrypt","Decrypt","DescribeKey"]}`), "kms:GrantOperations does not allow CreateGrant", false},
		"for another grantee and fewer operations": {
			toTarget(`"kms:CreateGrant"`, `"ForAllValues:StringEquals":{"kms:GrantOperations":["Encrypt","Decrypt"]},"StringEquals":{"kms:GranteePrincipal":"x"}`),
			"kms:GrantOperations does not allow DescribeKey, CreateGrant, and is too narrow: its condition kms:GranteePrincipal", false,
		},
		"for another account's callers": {
			`{"Effect":"Allow","Principal":"*","Action":"kms:*","Condition":{"StringEquals":{"kms:CallerAccount":["333333333333"]}}}`,
			"kms:CallerAccount, which does not hold: it names 333333333333", false,
		},
		"for roles of another name": {
			`{"Effect":"Allow","Principal":{"AWS":"*"},"Action":"kms:*","Condition":{"ArnLike":{"aws:PrincipalArn":"arn:aws:iam::*:role/other"}}}`,
			"aws:PrincipalArn, which does not hold: it names arn:aws:iam::*:role/other", false,
		},
		"for an organization, to which it may belong": {
			`{"Effect":"Allow","Principal":"*","Action":"kms:*","Condition":{"StringEquals":{"aws:PrincipalOrgID":"o-abcde12345"}}}`,
			"aws:PrincipalOrgID (o-abcde12345), which can't be checked from here", true,
		},
		"a statement that fits": {toTarget(`"kms:CreateGrant"`, `"StringEquals":{"kms:GranteePrincipal":["`+scaling+`"]}`), "", false},
		"everything but something else": {
			`{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::222222222222:root"},"NotAction":"kms:Decrypt"}`, "", false,
		},
		"denied to all grantees but some": {
			toTarget(`"kms:*"`, ``) + `,{"Sid":"No","Effect":"Deny","Principal":"*","Action":"kms:CreateGrant","Condition":{"StringNotLike":{"kms:GranteePrincipal":"` + shareRole + `"}}}`,
			`the statement "No" of the key's policy denies it`, false,
		},
		"denied, and nobody of the account is let in either": {
			`{"Sid":"No","Effect":"Deny","Principal":"*","Action":"kms:CreateGrant"}`,
			`the statement "No" of the key's policy denies it, and no statement of the key's policy names account 222222222222`, false,
		},
		"denied from other addresses, of which this may be one": {
			toTarget(`"kms:*"`, ``) + `,{"Sid":"No","Effect":"Deny","Principal":"*","Action":"kms:*","Condition":{"NotIpAddress":{"aws:SourceIp":"10.0.0.0/8"}}}`,
			`the statement "No" of the key's policy may deny it: it has the condition aws:SourceIp (10.0.0.0/8), which can't be checked from here`, true,
		},
		"a wildcard where equality takes none": {
			toTarget(`"kms:CreateGrant"`, `"StringEquals":{"kms:GranteePrincipal":"arn:aws:iam::*:role/*"}`), "kms:GranteePrincipal does not hold for " + scaling, false,
		},
		"an operator that this plugin does not know": {
			toTarget(`"kms:CreateGrant"`, `"NumericEquals":{"kms:GranteePrincipal":"1"}`), "kms:GranteePrincipal (1), which can't be checked from here", true,
		},
		"if the call goes through a service at all": {toTarget(`"kms:CreateGrant"`, `"StringEqualsIfExists":{"kms:ViaService":"ec2.eu-central-1.amazonaws.com"}`), "", false},
		"a grantee that there has to be":            {toTarget(`"kms:CreateGrant"`, `"Null":{"kms:GranteePrincipal":"false"}`), "", false},
		"a service that there has to be": {
			toTarget(`"kms:CreateGrant"`, `"Null":{"kms:ViaService":"false"}`), "kms:ViaService", false,
		},
		"an ARN whose wildcard would have to reach across the account": {
			toTarget(`"kms:CreateGrant"`, `"ArnLike":{"kms:GranteePrincipal":"arn:aws:iam:*:role/aws-service-role/*"}`), "kms:GranteePrincipal does not hold for " + scaling, false,
		},
		"one of the operations": {toTarget(`"kms:CreateGrant"`, `"ForAnyValue:StringEquals":{"kms:GrantOperations":"Decrypt"}`), "", false},
		"none of the operations": {
			toTarget(`"kms:CreateGrant"`, `"ForAnyValue:StringEquals":{"kms:GrantOperations":"Sign"}`), "kms:GrantOperations does not allow", false,
		},
		"a condition on the caller's own tags": {
			toTarget(`"kms:CreateGrant"`, `"StringEquals":{"aws:PrincipalAccount":"${aws:PrincipalTag/home}"}`), "which can't be checked from here", true,
		},
		"the session by name": {
			`{"Effect":"Allow","Principal":{"AWS":"arn:aws:sts::222222222222:assumed-role/ami-share/packer-plugin-ami-share"},"Action":"kms:CreateGrant","Resource":"*"}`, "", false,
		},
		"another session of the role": {
			`{"Effect":"Allow","Principal":{"AWS":"arn:aws:sts::222222222222:assumed-role/ami-share/jo"},"Action":"kms:CreateGrant","Resource":"*"}`,
			"no statement of the key's policy names account 222222222222", false,
		},
		"another key": {
			`{"Sid":"Copied","Effect":"Allow","Principal":{"AWS":"` + shareRole + `"},"Action":"kms:*","Resource":"arn:aws:kms:eu-central-1:111111111111:key/other"}`,
			`the statement "Copied" of the key's policy is about account 222222222222 and names another key: arn:aws:kms:eu-central-1:111111111111:key/other`, false,
		},
		"every key but another": {`{"Effect":"Allow","Principal":{"AWS":"` + shareRole + `"},"Action":"kms:*","NotResource":"arn:aws:kms:*:*:key/other"}`, "", false},
		"denied for another key": {
			toTarget(`"kms:*"`, ``) + `,{"Effect":"Deny","Principal":"*","Action":"kms:*","Resource":"arn:aws:kms:eu-central-1:111111111111:key/other"}`, "", false,
		},
		"denied to all but the role, and its account is not excepted": {
			toTarget(`"kms:*"`, ``) + `,{"Sid":"OnlyThese","Effect":"Deny","NotPrincipal":{"AWS":"` + shareRole + `"},"Action":"kms:*","Resource":"*"}`,
			`the statement "OnlyThese" of the key's policy denies it: it excepts others in NotPrincipal and not account 222222222222`, false,
		},
		"denied to all but the account, and the role is not excepted": {
			toTarget(`"kms:*"`, ``) + `,{"Sid":"OnlyThese","Effect":"Deny","NotPrincipal":{"AWS":"222222222222"},"Action":"kms:*","Resource":"*"}`,
			`the statement "OnlyThese" of the key's policy denies it: it excepts others in NotPrincipal and not ` + shareRole, false,
		},
		"denied to all but the role and its account, while nobody knows about the session": {
			toTarget(`"kms:*"`, ``) + `,{"Sid":"OnlyThese","Effect":"Deny","NotPrincipal":{"AWS":["` + shareRole + `","222222222222"]},"Action":"kms:*","Resource":"*"}`,
			`the statement "OnlyThese" of the key's policy may deny it: it excepts the role in NotPrincipal and not the role's session`, true,
		},
		"denied to all but the role, its session and its account": {
			toTarget(`"kms:*"`, ``) + `,{"Effect":"Deny","NotPrincipal":{"AWS":["` + shareRole + `","222222222222","arn:aws:sts::222222222222:assumed-role/ami-share/packer-plugin-ami-share"]},"Action":"*"}`, "", false,
		},
		"everything but grants is denied": {
			toTarget(`"kms:*"`, ``) + `,{"Effect":"Deny","Principal":"*","NotAction":["kms:CreateGrant","kms:ListGrants"],"Resource":"*"}`, "", false,
		},
	} {
		t.Run(name, func(t *testing.T) {
			policy := `{"Version":"2012-10-17","Statement":[` + ownerOnly + `,` + test.statement + `]}`
			got := Explain(whole(t, policy), Grant(key, "222222222222", shareRole, "packer-plugin-ami-share", scaling, []string{"Encrypt", "Decrypt", "DescribeKey", "CreateGrant"}))
			if (got.Reason == "") != (test.reason == "") || !strings.Contains(got.Reason, test.reason) {
				t.Errorf("reason %q, want %q", got.Reason, test.reason)
			}
			if got.Reason != "" && got.Certain == test.doubtful {
				t.Errorf("certain %v", got.Certain)
			}
		})
	}
}

// whole adds the Resource that a key's policy has, where a row of the table leaves it out.
func whole(t *testing.T, policy string) string {
	t.Helper()
	var document struct{ Statement []map[string]any }
	if err := json.Unmarshal([]byte(policy), &document); err != nil {
		t.Fatal(err)
	}
	for _, s := range document.Statement {
		if s["Resource"] == nil && s["NotResource"] == nil {
			s["Resource"] = "*"
		}
	}
	text, err := json.Marshal(document)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestExplainKnowsThatAStatementNeedsAResource(t *testing.T) {
	got := Explain(`{"Statement":[{"Sid":"Bare","Effect":"Allow","Principal":{"AWS":"`+shareRole+`"},"Action":"kms:*"}]}`, Grant(key, "222222222222", shareRole, "", scaling, nil))
	if !got.Lacks || !strings.Contains(got.Reason, `"Bare" of the key's policy is about account 222222222222 and has no Resource, and so no effect`) {
		t.Errorf("%+v", got)
	}
}

func TestExplainReadsOneStatementWithoutList(t *testing.T) {
	got := Explain(`{"Statement":`+ownerOnly+`}`, Call{Action: "kms:CreateGrant", Account: "222222222222"})
	if !strings.Contains(got.Reason, "names account 222222222222") {
		t.Error(got)
	}
}

func TestExplainSaysThatItCantRead(t *testing.T) {
	for _, policy := range []string{"", "{", `{"Statement":1}`, `{"Statement":[{"Action":{}}]}`} {
		if got := Explain(policy, Call{Action: "kms:CreateGrant"}); got.Certain {
			t.Errorf("%s: %+v", policy, got)
		}
	}
}

func FuzzExplain(f *testing.F) {
	f.Add(`{"Statement":` + ownerOnly + `}`)
	f.Fuzz(func(t *testing.T, policy string) {
		if got := Explain(policy, Grant(key, "222222222222", shareRole, "", scaling, nil)); got.Certain && got.Reason == "" {
			t.Error("certain of nothing")
		}
	})
}

// Many stars cost no more than few.
func TestLike(t *testing.T) {
	for _, test := range []struct {
		pattern, s string
		want       bool
	}{
		{"", "", true},
		{"", "a", false},
		{"*", "", true},
		{"*", "anything", true},
		{"a*c", "abc", true},
		{"a*c", "abcd", false},
		{"a?c", "abc", true},
		{"a?c", "ac", false},
		{"*b*", "abc", true},
		{"ab*ab", "abab", true},
		{"ab*ab", "ab", false},
		{"*ab", "aab", true},
		{"a**", "a", true},
		{"?", "", false},
		{strings.Repeat("*a", 40) + "b", strings.Repeat("a", 5000), false},
		{strings.Repeat("*a", 40) + "*", strings.Repeat("a", 5000), true},
	} {
		if got := like(test.pattern, test.s); got != test.want {
			t.Errorf("%.20s, %.20s: %v", test.pattern, test.s, got)
		}
	}
}

func TestJudgeTheDefaultKeyOfAnAccount(t *testing.T) {
	const (
		defaultKey = "arn:aws:kms:eu-central-1:222222222222:key/0d15ea5e-0000-4000-8000-00000000000d"
		root       = `{"Sid":"Own","Effect":"Allow","Principal":{"AWS":"arn:aws:iam::222222222222:root"},"Action":"kms:*","Resource":"*"}`
		through    = `{"Sid":"Through","Effect":"Allow","Principal":{"AWS":"*"},"Action":["kms:Encrypt","kms:Decrypt","kms:ReEncrypt*","kms:GenerateDataKey*","kms:CreateGrant","kms:DescribeKey"],"Resource":"*",` +
			`"Condition":{"StringEquals":{"kms:CallerAccount":"222222222222","kms:ViaService":"ec2.eu-central-1.amazonaws.com"}}}`
		grants = `{"Effect":"Allow","Principal":{"AWS":"` + scaling + `"},"Action":"kms:CreateGrant","Resource":"*","Condition":{"Bool":{"kms:GrantIsForAWSResource":"true"}}}`
		use    = `{"Effect":"Allow","Principal":{"AWS":"` + scaling + `"},"Action":["kms:Encrypt","kms:Decrypt","kms:ReEncrypt*","kms:GenerateDataKey*","kms:DescribeKey"],"Resource":"*"}`
		worker = "arn:aws:iam::222222222222:role/worker"
	)
	with := func(condition string) string {
		return strings.Replace(through, `"Condition":{`, `"Condition":{`+condition+`,`, 1)
	}
	for name, test := range map[string]struct {
		role       string
		statements []string
		want       Opinion
		reason     string
	}{
		"the account alone, for a service-linked role":   {scaling, []string{root}, Silent, "no statement of its policy lets " + scaling},
		"the account alone, for a role of one's own":     {worker, []string{root}, CantTell, "leaves it to the account, and so to the identity policy of " + worker},
		"everybody of the account who comes through EC2": {scaling, []string{root, through}, LetsIn, ""},
		"the same for a role of one's own":               {worker, []string{root, through}, LetsIn, ""},
		"the role by pattern":                            {scaling, []string{root, `{"Effect":"Allow","Principal":"*","Action":"kms:*","Resource":"*","Condition":{"ArnLike":{"aws:PrincipalArn":"arn:aws:iam::222222222222:role/aws-service-role/*"}}}`}, LetsIn, ""},
		"the statements that AWS publishes":              {scaling, []string{root, use, grants}, LetsIn, ""},
		"one of them":                                    {scaling, []string{root, use}, Silent, "kms:CreateGrant"},
		"the other":                                      {scaling, []string{root, grants}, Silent, "kms:Decrypt"},
		"through EC2 of another Region":                  {scaling, []string{root, strings.ReplaceAll(through, "ec2.eu-central-1", "ec2.us-east-1")}, Silent, "no statement"},
		"through EC2, for the organization":              {scaling, []string{root, with(`"StringLike":{"aws:PrincipalOrgID":"o-*"}`)}, CantTell, "aws:PrincipalOrgID (o-*), which can't be checked from here"},
		"through EC2, and denied to the role":            {scaling, []string{root, through, `{"Sid":"No","Effect":"Deny","Principal":{"AWS":"` + scaling + `"},"Action":"kms:CreateGrant","Resource":"*"}`}, Denies, `the statement "No" of the key's policy denies kms:CreateGrant`},
		"through EC2, and denied to another role":        {scaling, []string{root, through, `{"Effect":"Deny","Principal":{"AWS":"` + worker + `"},"Action":"kms:*","Resource":"*"}`}, LetsIn, ""},
		"through EC2, and denied from elsewhere":         {scaling, []string{root, through, `{"Sid":"Net","Effect":"Deny","Principal":"*","Action":"kms:*","Resource":"*","Condition":{"NotIpAddress":{"aws:SourceIp":"10.0.0.0/8"}}}`}, CantTell, `the statement "Net" of the key's policy may deny kms:CreateGrant`},
		"through EC2, and denied to direct callers":      {scaling, []string{root, through, `{"Effect":"Deny","Principal":"*","Action":"kms:*","Resource":"*","Condition":{"Null":{"kms:ViaService":"true"}}}`}, LetsIn, ""},
	} {
		t.Run(name, func(t *testing.T) {
			got, reason := Judge(`{"Version":"2012-10-17","Statement":[`+strings.Join(test.statements, ",")+`]}`, Launch(defaultKey, "222222222222", test.role))
			if got != test.want || !strings.Contains(reason, test.reason) || (reason == "") != (test.want == LetsIn) {
				t.Errorf("%v, %q", got, reason)
			}
		})
	}
	if got, reason := Judge("{", nil); got != CantTell || reason == "" {
		t.Errorf("%v, %q", got, reason)
	}
}
