package key

import (
	"strings"
	"testing"

	"github.com/amishare/packer-plugin-ami-share/internal/sharing"
)

const (
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
			"names account 222222222222. It names AROAEXAMPLE, deleted since", false,
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
			toTarget(`"kms:CreateGrant"`, `"Null":{"kms:GranteePrincipal":"false"}`), "kms:GranteePrincipal (false), which can't be checked from here", true,
		},
		"if the call goes through a service at all": {toTarget(`"kms:CreateGrant"`, `"StringEqualsIfExists":{"kms:ViaService":"ec2.eu-central-1.amazonaws.com"}`), "", false},
		"denied to others": {
			toTarget(`"kms:*"`, ``) + `,{"Effect":"Deny","NotPrincipal":{"AWS":"` + shareRole + `"},"Action":"*"}`, "", false,
		},
	} {
		t.Run(name, func(t *testing.T) {
			policy := `{"Version":"2012-10-17","Statement":[` + ownerOnly + `,` + test.statement + `]}`
			got := explain(policy, ask{"222222222222", shareRole, scaling, []string{"Encrypt", "Decrypt", "DescribeKey", "CreateGrant"}})
			if (got.Reason == "") != (test.reason == "") || !strings.Contains(got.Reason, test.reason) {
				t.Errorf("reason %q, want %q", got.Reason, test.reason)
			}
			if got.Reason != "" && got.Certain == test.doubtful {
				t.Errorf("certain %v", got.Certain)
			}
		})
	}
}

func TestExplainReadsOneStatementWithoutList(t *testing.T) {
	got := explain(`{"Statement":`+ownerOnly+`}`, ask{Account: "222222222222", Operations: sharing.DefaultGrantOperations()})
	if !strings.Contains(got.Reason, "names account 222222222222") {
		t.Error(got)
	}
}

func TestExplainSaysThatItCantRead(t *testing.T) {
	for _, policy := range []string{"", "{", `{"Statement":1}`, `{"Statement":[{"Action":{}}]}`} {
		if got := explain(policy, ask{}); got.Certain {
			t.Errorf("%s: %+v", policy, got)
		}
	}
}

func FuzzExplain(f *testing.F) {
	f.Add(`{"Statement":` + ownerOnly + `}`)
	f.Fuzz(func(t *testing.T, policy string) {
		if got := explain(policy, ask{Account: "222222222222", Principal: shareRole, Grantee: scaling}); got.Certain && got.Reason == "" {
			t.Error("certain of nothing")
		}
	})
}
