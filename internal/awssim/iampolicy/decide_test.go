// SPDX-License-Identifier: MPL-2.0

package iampolicy_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/amishare/packer-plugin-ami-share/internal/awssim/iampolicy"
)

func TestDecideByActionAndResource(t *testing.T) {
	allow := func(elements string) string { return document(`{"Effect":"Allow",` + elements + `}`) }
	tests := map[string]struct {
		page     string
		document string
		action   string
		resource string
		want     iampolicy.Effect
	}{
		"an action is compared without regard to case":  {pageAction, allow(`"Action":"KMS:creategrant","Resource":"*"`), "kms:CreateGrant", key, iampolicy.Allow},
		"a star in an action stands for any text":       {pageAction, allow(`"Action":"kms:ReEncrypt*","Resource":"*"`), "kms:ReEncryptFrom", key, iampolicy.Allow},
		"a star in an action stands for nothing too":    {pageAction, allow(`"Action":"kms:Create*Grant","Resource":"*"`), "kms:CreateGrant", key, iampolicy.Allow},
		"a question mark stands for one character":      {pageAction, allow(`"Action":"kms:?ncrypt","Resource":"*"`), "kms:Encrypt", key, iampolicy.Allow},
		"and not for none":                              {pageAction, allow(`"Action":"kms:Encrypt?","Resource":"*"`), "kms:Encrypt", key, iampolicy.Silent},
		"an action without wildcards is the whole name": {pageAction, allow(`"Action":"kms:ReEncrypt","Resource":"*"`), "kms:ReEncryptFrom", key, iampolicy.Silent},
		"one action of a list is enough":                {pageAction, allow(`"Action":["kms:Encrypt","kms:Decrypt"],"Resource":"*"`), "kms:Decrypt", key, iampolicy.Allow},
		"the star alone is every action":                {pageAction, allow(`"Action":"*","Resource":"*"`), "ec2:RunInstances", "*", iampolicy.Allow},
		"another service's action is not meant":         {pageAction, allow(`"Action":"kms:*","Resource":"*"`), "ec2:RunInstances", "*", iampolicy.Silent},
		"NotAction is every other action":               {pageNotAction, allow(`"NotAction":"iam:*","Resource":"*"`), "kms:Decrypt", key, iampolicy.Allow},
		"NotAction is not the actions it lists":         {pageNotAction, allow(`"NotAction":["iam:*","kms:Decrypt"],"Resource":"*"`), "kms:Decrypt", key, iampolicy.Silent},

		"a resource is compared with regard to case":           {pageResource, allow(`"Action":"*","Resource":"arn:aws:iam::222222222222:role/Bob"`), "iam:GetRole", "arn:aws:iam::222222222222:role/bob", iampolicy.Silent},
		"a star in a resource reaches over slashes":            {pageResource, allow(`"Action":"*","Resource":"arn:aws:iam::222222222222:role/*/Bob"`), "iam:GetRole", "arn:aws:iam::222222222222:role/a/b/Bob", iampolicy.Allow},
		"a star in one part of an ARN stays in it":             {pageResource, allow(`"Action":"*","Resource":"arn:aws:kms:us-*:key/0aa1:x"`), "kms:Decrypt", "arn:aws:kms:us-east-1:111111111111:key/0aa1:x", iampolicy.Silent},
		"the last part of an ARN may have colons":              {pageResource, allow(`"Action":"*","Resource":"arn:aws:autoscaling:*:*:autoScalingGroup:*:autoScalingGroupName/web"`), "autoscaling:UpdateAutoScalingGroup", "arn:aws:autoscaling:us-east-1:222222222222:autoScalingGroup:1-2:autoScalingGroupName/web", iampolicy.Allow},
		"another partition's resource is not meant":            {pageResource, allow(`"Action":"*","Resource":"arn:aws:iam::222222222222:role/Bob"`), "iam:GetRole", "arn:aws-cn:iam::222222222222:role/Bob", iampolicy.Silent},
		"an action about no resource needs the star":           {pageResource, allow(`"Action":"*","Resource":"arn:aws:ec2:*:*:image/*"`), "ec2:DescribeImages", "*", iampolicy.Silent},
		"an alias does not identify a key":                     {kmsGuide + "alias-authorization.html", allow(`"Action":"kms:*","Resource":"arn:aws:kms:us-east-1:111111111111:alias/x"`), "kms:Decrypt", key, iampolicy.Silent},
		"the type of an IAM resource takes no wildcard":        {pageARNs, allow(`"Action":"*","Resource":"arn:aws:iam::222222222222:r*/Bob"`), "iam:GetRole", "arn:aws:iam::222222222222:role/Bob", iampolicy.Silent},
		"a whole resource that is a pattern is no type":        {pageARNs, allow(`"Action":"*","Resource":"arn:aws:iam::222222222222:r*"`), "iam:GetRole", "arn:aws:iam::222222222222:role/Bob", iampolicy.Silent},
		"a star in the place of the whole resource is one":     {pageARNs, allow(`"Action":"*","Resource":"arn:aws:iam::222222222222:*"`), "iam:GetRole", "arn:aws:iam::222222222222:role/Bob", iampolicy.Allow},
		"NotResource of such a pattern allows nothing more":    {pageARNs, allow(`"Action":"*","NotResource":"arn:aws:iam::222222222222:?ole/Bob"`), "iam:GetRole", "arn:aws:iam::222222222222:role/Bob", iampolicy.Silent},
		"a deny by such a pattern denies":                      {pageARNs, document(anyIdentity, `{"Effect":"Deny","Action":"*","Resource":"arn:aws:iam::222222222222:r*/Bob"}`), "iam:GetRole", "arn:aws:iam::222222222222:role/Bob", iampolicy.Deny},
		"so does its NotResource":                              {pageARNs, document(anyIdentity, `{"Effect":"Deny","Action":"*","NotResource":"arn:aws:iam::222222222222:r*/Bob"}`), "iam:GetRole", "arn:aws:iam::222222222222:role/Bob", iampolicy.Deny},
		"nor does that of any other":                           {pageARNs, allow(`"Action":"*","Resource":"arn:aws:kms:us-east-1:111111111111:k?y/0aa1"`), "kms:Decrypt", key, iampolicy.Silent},
		"a star is no type of a key":                           {pageARNs, allow(`"Action":"*","Resource":"arn:aws:kms:us-east-1:111111111111:*/0aa1"`), "kms:Decrypt", key, iampolicy.Silent},
		"a type ends with a colon too":                         {pageARNs, allow(`"Action":"*","Resource":"arn:aws:autoscaling:*:*:auto*:*:autoScalingGroupName/web"`), "autoscaling:UpdateAutoScalingGroup", "arn:aws:autoscaling:us-east-1:222222222222:autoScalingGroup:1-2:autoScalingGroupName/web", iampolicy.Silent},
		"resources of EC2 take any type":                       {"https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/supported-iam-actions-tagging.html", allow(`"Action":"ec2:CreateTags","Resource":"arn:aws:ec2:us-east-1:222222222222:*/*"`), "ec2:CreateTags", "arn:aws:ec2:us-east-1:222222222222:volume/vol-1", iampolicy.Allow},
		"NotResource is every other resource":                  {pageNotResource, allow(`"Action":"kms:*","NotResource":"` + otherKey + `"`), "kms:Decrypt", key, iampolicy.Allow},
		"NotResource is not the resources it lists":            {pageNotResource, allow(`"Action":"kms:*","NotResource":"` + key + `"`), "kms:Decrypt", key, iampolicy.Silent},
		"an explicit deny overrides an allow before it":        {pageEvaluation, document(anyIdentity, `{"Effect":"Deny","Action":"kms:*","Resource":"*"}`), "kms:Decrypt", key, iampolicy.Deny},
		"an explicit deny overrides an allow after it":         {pageEvaluation, document(`{"Effect":"Deny","Action":"kms:*","Resource":"*"}`, anyIdentity), "kms:Decrypt", key, iampolicy.Deny},
		"a deny of something else leaves the allow":            {pageEvaluation, document(anyIdentity, `{"Effect":"Deny","Action":"kms:*","Resource":"`+otherKey+`"}`), "kms:Decrypt", key, iampolicy.Allow},
		"a document that only denies something allows nothing": {pageEvaluation, document(`{"Effect":"Deny","Action":"iam:*","Resource":"*"}`), "kms:Decrypt", key, iampolicy.Silent},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			d := mustParse(t, iampolicy.Identity, test.document)
			got := d.Decide(iampolicy.Request{Action: test.action, Resource: test.resource, Principal: caller()})
			if got.Effect != test.want {
				t.Errorf("%s: effect is %v (%s), want %v", test.page, got.Effect, got.Reason, test.want)
			}
		})
	}
}

func TestDecideInAKeyPolicy(t *testing.T) {
	tests := map[string]struct {
		page     string
		resource string
		want     iampolicy.Effect
	}{
		"the star is the key":             {pageKeyPolicy, `"*"`, iampolicy.Allow},
		"the key's own ARN is as good":    {pageKeyPolicy, `"` + key + `"`, iampolicy.Allow},
		"another key's ARN has no effect": {pageKeyPolicy, `"` + otherKey + `"`, iampolicy.Silent},
		"no resource has no effect":       {pageKeyPolicy, "", iampolicy.Silent},
		"an alias has no effect":          {kmsGuide + "alias-authorization.html", `"arn:aws:kms:us-east-1:111111111111:alias/x"`, iampolicy.Silent},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			statement := `{"Effect":"Allow","Principal":"*","Action":"kms:*"}`
			if test.resource != "" {
				statement = strings.TrimSuffix(statement, "}") + `,"Resource":` + test.resource + "}"
			}
			d := mustParse(t, iampolicy.Key, document(statement))
			if got := d.Decide(createGrant(nil)); got.Effect != test.want {
				t.Errorf("%s: effect is %v (%s), want %v", test.page, got.Effect, got.Reason, test.want)
			}
		})
	}
}

func TestDecideAddsUpStatements(t *testing.T) {
	root := keyStatement(`{"AWS":"arn:aws:iam::222222222222:root"}`)
	itself := keyStatement(`{"AWS":"` + role + `"}`)
	tests := map[string]struct {
		page       string
		statements []string
		want       iampolicy.Decision
	}{
		"the account alone delegates": {
			pageKeyDefault,
			[]string{root},
			iampolicy.Decision{Kind: iampolicy.Key, Effect: iampolicy.Allow, Delegated: true, Reason: "statement 1 of the key policy allows kms:CreateGrant"},
		},
		"the role alone is named": {
			pageKeyForeign,
			[]string{itself},
			iampolicy.Decision{Kind: iampolicy.Key, Effect: iampolicy.Allow, Named: true, Reason: "statement 1 of the key policy allows kms:CreateGrant"},
		},
		"both are told, and the one that names gives the reason": {
			pageKeyForeign,
			[]string{root, itself},
			iampolicy.Decision{Kind: iampolicy.Key, Effect: iampolicy.Allow, Named: true, Delegated: true, Reason: "statement 2 of the key policy allows kms:CreateGrant"},
		},
		"of two that name, the first gives the reason": {
			pageKeyForeign,
			[]string{itself, itself},
			iampolicy.Decision{Kind: iampolicy.Key, Effect: iampolicy.Allow, Named: true, Reason: "statement 1 of the key policy allows kms:CreateGrant"},
		},
		"everyone names": {
			pagePrincipal,
			[]string{keyStatement(`"*"`)},
			iampolicy.Decision{Kind: iampolicy.Key, Effect: iampolicy.Allow, Named: true, Reason: "statement 1 of the key policy allows kms:CreateGrant"},
		},
		"the session by its own ARN is named itself": {
			pageSessions,
			[]string{keyStatement(`{"AWS":"arn:aws:sts::222222222222:assumed-role/ami-share/packer"}`)},
			iampolicy.Decision{Kind: iampolicy.Key, Effect: iampolicy.Allow, Named: true, Itself: true, Reason: "statement 1 of the key policy allows kms:CreateGrant"},
		},
		"a deny of the account denies its roles": {
			pageEvaluation,
			[]string{itself, strings.Replace(root, "Allow", "Deny", 1)},
			iampolicy.Decision{Kind: iampolicy.Key, Effect: iampolicy.Deny, Reason: "statement 2 of the key policy denies kms:CreateGrant"},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			got := mustParse(t, iampolicy.Key, document(test.statements...)).Decide(createGrant(nil))
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("%s: decision (-want +got):\n%s", test.page, diff)
			}
		})
	}
}

func TestReasonTellsTheNearestMiss(t *testing.T) {
	d := mustParse(t, iampolicy.Key, document(
		`{"Sid":"Admins","Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111111111111:root"},"Action":"kms:*","Resource":"*"}`,
		`{"Sid":"By services","Effect":"Allow","Principal":{"AWS":"arn:aws:iam::222222222222:root"},"Action":"kms:CreateGrant","Resource":"*",
		  "Condition":{"Bool":{"kms:GrantIsForAWSResource":"true"},"StringLike":{"kms:GranteePrincipal":["a","b"]}}}`,
		`{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::222222222222:root"},"Action":"kms:ListGrants","Resource":"`+otherKey+`"}`))
	tests := map[string]struct {
		request iampolicy.Request
		want    string
	}{
		"in its conditions": {
			createGrant(map[string][]string{"kms:GrantIsForAWSResource": {"false"}}),
			`no statement of the key policy allows kms:CreateGrant: statement "By services" does not fit: ` +
				"condition Bool kms:GrantIsForAWSResource asks for true, and the request has false; " +
				"condition StringLike kms:GranteePrincipal asks for a or b, and the request has none",
		},
		"in its resource": {
			iampolicy.Request{Action: "kms:ListGrants", Resource: key, Principal: caller()},
			"no statement of the key policy allows kms:ListGrants: statement 3 does not fit: it is not about " + key,
		},
		"in its principal": {
			iampolicy.Request{Action: "kms:Decrypt", Resource: key, Principal: caller()},
			`no statement of the key policy allows kms:Decrypt: statement "Admins" does not fit: it does not name ` + caller().ARN,
		},
		"and there is none for an action nobody mentions": {
			iampolicy.Request{Action: "ec2:RunInstances", Resource: key, Principal: caller()},
			"no statement of the key policy allows ec2:RunInstances",
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(test.want, d.Decide(test.request).Reason); diff != "" {
				t.Errorf("reason (-want +got):\n%s", diff)
			}
		})
	}
}

func TestNamesForReading(t *testing.T) {
	got := []string{
		iampolicy.Silent.String(), iampolicy.Allow.String(), iampolicy.Deny.String(),
		iampolicy.Identity.String(), iampolicy.Session.String(), iampolicy.Trust.String(), iampolicy.Key.String(), iampolicy.Boundary.String(),
		iampolicy.ServiceControl.String(), iampolicy.ResourceControl.String(), iampolicy.Kind(9).String(),
	}
	want := []string{
		"silent", "allow", "deny", "identity policy", "session policy", "trust policy", "key policy", "permissions boundary",
		"service control policy", "resource control policy", "policy of an unknown kind",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("names (-want +got):\n%s", diff)
	}
}
