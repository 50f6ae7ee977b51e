// SPDX-License-Identifier: MPL-2.0

package iampolicy_test

import (
	"strings"
	"testing"

	"github.com/amishare/packer-plugin-ami-share/internal/awssim/iampolicy"
)

const (
	anyIdentity = `{"Effect":"Allow","Action":"*","Resource":"*"}`
	anyKeyUse   = `{"Effect":"Allow","Principal":"*","Action":"kms:*","Resource":"*"}`
	anyTrust    = `{"Effect":"Allow","Principal":{"AWS":"*"},"Action":"sts:AssumeRole"}`
)

func TestParseTakes(t *testing.T) {
	tests := map[string]struct {
		page string
		kind iampolicy.Kind
		text string
	}{
		"a single statement in the place of a list":       {pageGrammar, iampolicy.Identity, `{"Statement":` + anyIdentity + `}`},
		"the older version":                               {pageVersion, iampolicy.Identity, `{"Version":"2008-10-17","Statement":[` + anyIdentity + `]}`},
		"an id":                                           {pageGrammar, iampolicy.Key, `{"Id":"key-default-1","Statement":[` + anyKeyUse + `]}`},
		"a session policy like an identity policy":        {pageGrammar, iampolicy.Session, document(anyIdentity)},
		"a trust policy without a resource":               {pageTrust, iampolicy.Trust, document(anyTrust)},
		"spaces in the Sid of a key policy":               {pageKeyPolicy, iampolicy.Key, document(`{"Sid":"Enable IAM User Permissions",` + anyKeyUse[1:])},
		"numbers and booleans as values":                  {pageGrammar, iampolicy.Identity, document(`{"Effect":"Allow","Action":"a:b","Resource":"*","Condition":{"Bool":{"a:b":true},"NumericLessThan":{"a:c":[1,2.5]}}}`)},
		"a condition block with nothing in it":            {pageCondition, iampolicy.Identity, document(`{"Effect":"Allow","Action":"a:b","Resource":"*","Condition":{}}`)},
		"every way to name an AWS principal":              {pagePrincipal, iampolicy.Key, document(keyStatement(`{"AWS":["*","222222222222","arn:aws:iam::222222222222:root","` + role + `","arn:aws:iam::222222222222:user/a/b","arn:aws:sts::222222222222:assumed-role/r/s"],"Service":"ec2.amazonaws.com"}`))},
		"principals of another partition":                 {pagePrincipal, iampolicy.Key, document(keyStatement(`{"AWS":"arn:aws-cn:iam::222222222222:root","Service":"ec2.amazonaws.com.cn"}`))},
		"known variables, and one with a value instead":   {pageVariables, iampolicy.Identity, document(`{"Effect":"Allow","Action":"a:b","Resource":"arn:aws:s3:::${aws:username}/${aws:PrincipalTag/team, 'none'}/${*}"}`)},
		"what looks like a variable in the older version": {pageVariables, iampolicy.Identity, `{"Statement":[{"Effect":"Allow","Action":"a:b","Resource":"arn:aws:s3:::${no:such}"}]}`},
		"a wildcard for the partition of a resource":      {pageResource, iampolicy.Identity, document(`{"Effect":"Allow","Action":"a:b","Resource":"arn:*:ec2:*::image/*"}`)},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			d, err := iampolicy.Parse(test.kind, []byte(test.text))
			if err != nil {
				t.Fatalf("%s: %v", test.page, err)
			}
			if string(d.JSON()) != test.text {
				t.Errorf("JSON() = %s, want it as written", d.JSON())
			}
		})
	}
}

func keyStatement(principal string) string {
	return `{"Effect":"Allow","Principal":` + principal + `,"Action":"kms:*","Resource":"*"}`
}

func identityStatement(elements string) string {
	return document(`{"Effect":"Allow","Action":"a:b","Resource":"*",` + elements + `}`)
}

func TestParseRefuses(t *testing.T) {
	tests := map[string]struct {
		page string
		kind iampolicy.Kind
		text string
		want string
	}{
		"no JSON":                           {pageGrammar, iampolicy.Identity, `{"Statement":`, "unexpected end"},
		"text after the document":           {pageGrammar, iampolicy.Identity, document(anyIdentity) + "x", "after top-level value"},
		"a document that is a list":         {pageGrammar, iampolicy.Identity, `[]`, "the document is a list where an object is wanted"},
		"a name that occurs twice":          {pageGrammar, iampolicy.Identity, document(`{"Effect":"Deny",` + anyIdentity[1:]), `"Effect" occurs twice`},
		"an unknown element on top":         {pageGrammar, iampolicy.Identity, `{"Statements":[],"Statement":[` + anyIdentity + `]}`, `unknown element "Statements"`},
		"an unknown element in a statement": {pageGrammar, iampolicy.Identity, identityStatement(`"Conditions":{}`), `unknown element "Conditions"`},
		"an element in another case":        {pageGrammar, iampolicy.Identity, document(`{"effect":"Allow","Action":"a:b","Resource":"*"}`), `unknown element "effect"`},
		"an unknown version":                {pageVersion, iampolicy.Identity, `{"Version":"2012-10-18","Statement":[` + anyIdentity + `]}`, `version "2012-10-18"`},
		"a version that is no text":         {pageVersion, iampolicy.Identity, `{"Version":2012,"Statement":[` + anyIdentity + `]}`, `Version is a number`},
		"an id that is no text":             {pageGrammar, iampolicy.Identity, `{"Id":null,"Statement":[` + anyIdentity + `]}`, `Id is null`},
		"no statement":                      {pageGrammar, iampolicy.Identity, `{"Version":"2012-10-17"}`, "no statement"},
		"an empty list of statements":       {pageGrammar, iampolicy.Identity, document(), "no statement"},
		"a statement that is a text":        {pageGrammar, iampolicy.Identity, document(`"Allow"`), "it is a text where an object is wanted"},
		"a Sid with a space for IAM":        {pageSid, iampolicy.Identity, identityStatement(`"Sid":"a b"`), `Sid "a b" has other characters`},
		"a Sid twice":                       {pageSid, iampolicy.Identity, document(`{"Sid":"a",`+anyIdentity[1:], `{"Sid":"a",`+anyIdentity[1:]), `statements 1 and 2 have the same Sid "a"`},
		"no effect":                         {pageEffect, iampolicy.Identity, document(`{"Action":"a:b","Resource":"*"}`), `Effect "" is neither`},
		"an effect in another case":         {pageEffect, iampolicy.Identity, document(`{"Effect":"allow","Action":"a:b","Resource":"*"}`), `Effect "allow" is neither`},

		"a principal in an identity policy":           {pagePrincipal, iampolicy.Identity, identityStatement(`"Principal":"*"`), "principals have no place in the identity policy"},
		"a principal in a session policy":             {pagePrincipal, iampolicy.Session, identityStatement(`"Principal":"*"`), "principals have no place in the session policy"},
		"no principal in a key policy":                {pagePrincipal, iampolicy.Key, document(anyIdentity), "neither Principal nor NotPrincipal"},
		"no principal in a trust policy":              {pagePrincipal, iampolicy.Trust, document(`{"Effect":"Allow","Action":"sts:AssumeRole"}`), "neither Principal nor NotPrincipal"},
		"both forms of principal":                     {pageNotPrinc, iampolicy.Key, document(`{"Effect":"Deny","NotPrincipal":"*",` + anyKeyUse[len(`{"Effect":"Allow",`):]), "both Principal and NotPrincipal"},
		"NotPrincipal with Allow":                     {pageNotPrinc, iampolicy.Key, document(`{"Effect":"Allow","NotPrincipal":"*","Action":"kms:*","Resource":"*"}`), "NotPrincipal goes with Deny only"},
		"NotPrincipal in a trust policy":              {pageNotPrinc, iampolicy.Trust, document(`{"Effect":"Deny","NotPrincipal":"*","Action":"sts:AssumeRole"}`), "takes no NotPrincipal"},
		"a principal that is an ARN by itself":        {pagePrincipal, iampolicy.Key, document(keyStatement(`"` + role + `"`)), `is neither "*" nor an object`},
		"an empty principal":                          {pagePrincipal, iampolicy.Key, document(keyStatement(`{}`)), "the principal is empty"},
		"an empty list of principals":                 {pagePrincipal, iampolicy.Key, document(keyStatement(`{"AWS":[]}`)), "AWS principal is an empty list"},
		"a principal that is a number":                {pagePrincipal, iampolicy.Key, document(keyStatement(`{"AWS":222222222222}`)), "AWS principal is a number"},
		"a wildcard within a principal":               {pagePrincipal, iampolicy.Key, document(keyStatement(`{"AWS":"arn:aws:iam::222222222222:role/*"}`)), "a wildcard is no part of an ARN here"},
		"a group as principal":                        {pagePrincipal, iampolicy.Key, document(keyStatement(`{"AWS":"arn:aws:iam::222222222222:group/g"}`)), "is no account, user, role"},
		"an account that lost its zeros":              {pagePrincipal, iampolicy.Key, document(keyStatement(`{"AWS":"22222222222"}`)), "is no account, user, role"},
		"a provider of identities that is none":       {pagePrincipal, iampolicy.Trust, document(`{"Effect":"Allow","Principal":{"Federated":"x"},"Action":"sts:AssumeRoleWithWebIdentity"}`), `federated principal "x"`},
		"a provider of identities of a key":           {pagePrincipal, iampolicy.Key, document(keyStatement(`{"Federated":"accounts.google.com"}`)), `unknown element "Federated"`},
		"a kind of principal not simulated":           {pagePrincipal, iampolicy.Key, document(keyStatement(`{"CanonicalUser":"x"}`)), `unknown element "CanonicalUser"`},
		"ForAllValues of an encryption context":       {pageKeyKeys, iampolicy.Key, document(strings.TrimSuffix(anyKeyUse, "}") + `,"Condition":{"ForAllValues:StringEquals":{"kms:EncryptionContext:app":"x"}}}`), "OverlyPermissiveCondition"},
		"ForAllValues of one in a Deny":               {pageKeyKeys, iampolicy.Key, document(strings.TrimSuffix(strings.Replace(anyKeyUse, "Allow", "Deny", 1), "}") + `,"Condition":{"ForAllValues:StringEquals":{"kms:EncryptionContext:app":"x"}}}`), "OverlyPermissiveCondition"},
		"ForAllValues of a tag":                       {pageKeyKeys, iampolicy.Key, document(strings.TrimSuffix(anyKeyUse, "}") + `,"Condition":{"ForAllValues:StringLike":{"aws:RequestTag/team":"x"}}}`), "OverlyPermissiveCondition"},
		"a service principal with a wildcard":         {pagePrincipal, iampolicy.Trust, document(`{"Effect":"Allow","Principal":{"Service":"*"},"Action":"sts:AssumeRole"}`), `service principal "*"`},
		"a service principal that is a list of lists": {pagePrincipal, iampolicy.Trust, document(`{"Effect":"Allow","Principal":{"Service":[["x"]]},"Action":"sts:AssumeRole"}`), "service principal is a list"},

		"no action":                          {pageAction, iampolicy.Identity, document(`{"Effect":"Allow","Resource":"*"}`), "neither Action nor NotAction"},
		"both forms of action":               {pageNotAction, iampolicy.Identity, identityStatement(`"NotAction":"a:c"`), "both Action and NotAction"},
		"an empty list of actions":           {pageAction, iampolicy.Identity, document(`{"Effect":"Allow","Action":[],"Resource":"*"}`), "Action is an empty list"},
		"an action without a service":        {pageAction, iampolicy.Identity, document(`{"Effect":"Allow","Action":"CreateGrant","Resource":"*"}`), `action "CreateGrant"`},
		"a wildcard for the service":         {pageAction, iampolicy.Identity, document(`{"Effect":"Allow","Action":"k*:CreateGrant","Resource":"*"}`), `action "k*:CreateGrant"`},
		"a variable in an action":            {pageVariables, iampolicy.Identity, document(`{"Effect":"Allow","Action":"kms:${aws:username}","Resource":"*"}`), `action "kms:${aws:username}"`},
		"an action of KMS in a trust policy": {pageTrust, iampolicy.Trust, document(`{"Effect":"Allow","Principal":"*","Action":"kms:Decrypt"}`), "is none of STS"},

		"no resource":                         {pageResource, iampolicy.Identity, document(`{"Effect":"Allow","Action":"a:b"}`), "neither Resource nor NotResource"},
		"an Allow that controls resources":    {pageRCPSyntax, iampolicy.ResourceControl, document(anyKeyUse), "denies and never allows"},
		"NotAction that controls resources":   {pageRCPSyntax, iampolicy.ResourceControl, document(`{"Effect":"Deny","Principal":"*","NotAction":"kms:*","Resource":"*"}`), "no NotAction"},
		"every action of a resource control":  {pageRCPSyntax, iampolicy.ResourceControl, document(`{"Effect":"Deny","Principal":"*","Action":["kms:*","*"],"Resource":"*"}`), `the action "*" is not taken`},
		"somebody in a resource control":      {pageRCPSyntax, iampolicy.ResourceControl, document(`{"Effect":"Deny","Principal":{"AWS":"*"},"Action":"kms:*","Resource":"*"}`), `resource control policy is "*"`},
		"NotPrincipal in a resource control":  {pageRCPSyntax, iampolicy.ResourceControl, document(`{"Effect":"Deny","NotPrincipal":"*","Action":"kms:*","Resource":"*"}`), `resource control policy is "*"`},
		"nobody in a resource control":        {pageRCPSyntax, iampolicy.ResourceControl, document(`{"Effect":"Deny","Action":"kms:*","Resource":"*"}`), "neither Principal"},
		"a principal in a service control":    {pagePrincipal, iampolicy.ServiceControl, document(anyKeyUse), "no place in the service control policy"},
		"a principal in a boundary":           {pageBoundary, iampolicy.Boundary, document(anyKeyUse), "no place in the permissions boundary"},
		"a resource in a trust policy":        {pageTrust, iampolicy.Trust, document(`{"Effect":"Allow","Principal":"*","Action":"sts:AssumeRole","Resource":"*"}`), "resources have no place in the trust policy"},
		"both forms of resource":              {pageNotResource, iampolicy.Identity, identityStatement(`"NotResource":"*"`), "both Resource and NotResource"},
		"a resource that is no ARN":           {pageResource, iampolicy.Identity, document(`{"Effect":"Allow","Action":"a:b","Resource":"alias/x"}`), `resource "alias/x"`},
		"a resource of too few parts":         {pageResource, iampolicy.Identity, document(`{"Effect":"Allow","Action":"a:b","Resource":"arn:aws:kms:*"}`), `resource "arn:aws:kms:*"`},
		"a wildcard for a resource's service": {pageResource, iampolicy.Identity, document(`{"Effect":"Allow","Action":"a:b","Resource":"arn:aws:*:us-east-1:111111111111:x"}`), "whose service has no wildcard"},
		"an unknown variable":                 {pageVariables, iampolicy.Identity, document(`{"Effect":"Allow","Action":"a:b","Resource":"arn:aws:s3:::${no:such}"}`), `policy variable "no:such"`},
		"a variable of a tag without a key":   {pageVariables, iampolicy.Identity, document(`{"Effect":"Allow","Action":"a:b","Resource":"arn:aws:s3:::${aws:PrincipalTag/}"}`), `policy variable "aws:PrincipalTag/"`},
		"a variable that does not end":        {pageVariables, iampolicy.Identity, document(`{"Effect":"Allow","Action":"a:b","Resource":"arn:aws:s3:::${aws:username"}`), "is no policy variable"},

		"a condition that is a list":         {pageCondition, iampolicy.Identity, identityStatement(`"Condition":[]`), "Condition is a list"},
		"an operator without keys":           {pageCondition, iampolicy.Identity, identityStatement(`"Condition":{"Bool":"true"}`), "condition Bool is a text"},
		"a key that is an object":            {pageCondition, iampolicy.Identity, identityStatement(`"Condition":{"Bool":{"a:b":{}}}`), "condition Bool a:b is an object"},
		"a key without values":               {pageCondition, iampolicy.Identity, identityStatement(`"Condition":{"Bool":{"a:b":[]}}`), "condition Bool a:b is an empty list"},
		"a key without a service":            {pageCondition, iampolicy.Identity, identityStatement(`"Condition":{"Bool":{"ViaService":"true"}}`), `condition key "ViaService"`},
		"an unknown operator":                {pageOperators, iampolicy.Identity, identityStatement(`"Condition":{"StringMatches":{"a:b":"c"}}`), `operator "StringMatches"`},
		"an operator in another case":        {pageOperators, iampolicy.Identity, identityStatement(`"Condition":{"stringEquals":{"a:b":"c"}}`), `operator "stringEquals"`},
		"an unknown set operator":            {pageMultivalued, iampolicy.Identity, identityStatement(`"Condition":{"ForSomeValues:StringEquals":{"a:b":"c"}}`), `operator "ForSomeValues:StringEquals"`},
		"Null with IfExists":                 {pageOperators, iampolicy.Identity, identityStatement(`"Condition":{"NullIfExists":{"a:b":"true"}}`), `operator "NullIfExists"`},
		"Null with a set operator":           {pageOperators, iampolicy.Identity, identityStatement(`"Condition":{"ForAnyValue:Null":{"a:b":"true"}}`), `operator "ForAnyValue:Null"`},
		"Null of neither true nor false":     {pageOperators, iampolicy.Identity, identityStatement(`"Condition":{"Null":{"a:b":"yes"}}`), "neither true nor false"},
		"Bool of neither true nor false":     {pageOperators, iampolicy.Identity, identityStatement(`"Condition":{"Bool":{"a:b":"1"}}`), "neither true nor false"},
		"an ARN of too few parts":            {pageOperators, iampolicy.Identity, identityStatement(`"Condition":{"ArnLike":{"a:b":"arn:aws:iam::*"}}`), "six parts of an ARN"},
		"a number that is none":              {pageOperators, iampolicy.Identity, identityStatement(`"Condition":{"NumericEquals":{"a:b":"1e3"}}`), "is no number"},
		"a date that is none":                {pageOperators, iampolicy.Identity, identityStatement(`"Condition":{"DateLessThan":{"a:b":"31.1.2026"}}`), "is no date"},
		"an address that is none":            {pageOperators, iampolicy.Identity, identityStatement(`"Condition":{"IpAddress":{"a:b":"10.0.0.0/33"}}`), "neither an IP address"},
		"a variable in a truth value":        {pageVariables, iampolicy.Identity, identityStatement(`"Condition":{"Bool":{"a:b":"${aws:username}"}}`), "neither true nor false"},
		"an unknown variable in a condition": {pageVariables, iampolicy.Identity, identityStatement(`"Condition":{"StringEquals":{"a:b":"${no:such}"}}`), `policy variable "no:such"`},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := iampolicy.Parse(test.kind, []byte(test.text))
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("%s: error is %v, want one with %q", test.page, err, test.want)
			}
		})
	}
}

func TestParseTellsEveryReason(t *testing.T) {
	_, err := iampolicy.Parse(iampolicy.Key, []byte(`{"Version":"1","Statement":[
		{"Sid":"one","Effect":"Maybe","Principal":{"AWS":["x","y"]},"Action":"a","Resource":"b"},
		{"Effect":"Allow","Action":"kms:*","Resource":"*"}]}`))
	if err == nil {
		t.Fatal("the document was taken")
	}
	for _, want := range []string{
		"reading the key policy", `version "1"`, `statement "one": the Effect "Maybe"`, `"x" is no account`, `"y" is no account`,
		`action "a"`, `resource "b"`, "statement 2: there is neither Principal",
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("the error lacks %q: %v", want, err)
		}
	}
}
