// SPDX-License-Identifier: MPL-2.0

package iampolicy_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/amishare/packer-plugin-ami-share/internal/awssim/iampolicy"
)

// keys are the condition keys of a request.
type keys = map[string][]string

// one is a request with one key.
func one(values ...string) keys { return keys{"a:k": values} }

func TestCondition(t *testing.T) {
	tests := map[string]struct {
		page      string
		condition string
		request   keys
		want      bool
	}{
		"StringEquals compares with case":             {pageOperators, `"StringEquals":{"a:k":"Abc"}`, one("abc"), false},
		"StringEquals has no wildcards":               {pageOperators, `"StringEquals":{"a:k":"a*"}`, one("abc"), false},
		"StringEquals takes the star as it is":        {pageOperators, `"StringEquals":{"a:k":"a*"}`, one("a*"), true},
		"one of several values is enough":             {pageValues, `"StringEquals":{"a:k":["x","abc"]}`, one("abc"), true},
		"a negated operator wants none of its values": {pageValues, `"StringNotEquals":{"a:k":["x","abc"]}`, one("abc"), false},
		"and holds if it is none":                     {pageValues, `"StringNotEquals":{"a:k":["x","y"]}`, one("abc"), true},
		"StringEqualsIgnoreCase does not mind case":   {pageOperators, `"StringEqualsIgnoreCase":{"a:k":"Abc"}`, one("aBC"), true},
		"StringNotEqualsIgnoreCase neither":           {pageOperators, `"StringNotEqualsIgnoreCase":{"a:k":"Abc"}`, one("aBC"), false},
		"StringLike knows the star":                   {pageOperators, `"StringLike":{"a:k":"a*c*"}`, one("abbc"), true},
		"StringLike knows the question mark":          {pageOperators, `"StringLike":{"a:k":"a?c"}`, one("abc"), true},
		"StringLike takes a character for one":        {pageOperators, `"StringLike":{"a:k":"?"}`, one("ü"), true},
		"StringLike compares with case":               {pageOperators, `"StringLike":{"a:k":"A*"}`, one("abc"), false},
		"StringLike is about the whole value":         {pageOperators, `"StringLike":{"a:k":"b"}`, one("abc"), false},
		"StringNotLike is its opposite":               {pageOperators, `"StringNotLike":{"a:k":"a*"}`, one("abc"), false},

		"all operators have to hold":      {pageValues, `"StringEquals":{"a:k":"abc"},"Bool":{"a:b":"true"}`, keys{"a:k": {"abc"}, "a:b": {"false"}}, false},
		"all keys have to hold":           {pageValues, `"StringEquals":{"a:k":"abc","a:b":"x"}`, keys{"a:k": {"abc"}, "a:b": {"y"}}, false},
		"and do so together":              {pageValues, `"StringEquals":{"a:k":"abc","a:b":"x"}`, keys{"a:k": {"abc"}, "a:b": {"x"}}, true},
		"a key's name has no case":        {pageCondition, `"StringEquals":{"A:K":"abc"}`, keys{"a:K": {"abc"}}, true},
		"an empty condition always holds": {pageCondition, ``, nil, true},

		"ArnEquals knows wildcards":            {pageOperators, `"ArnEquals":{"a:k":"arn:aws:iam::*:role/a*"}`, one("arn:aws:iam::222222222222:role/a/b"), true},
		"ArnLike compares part by part":        {pageOperators, `"ArnLike":{"a:k":"arn:aws:iam:*:role/b:*"}`, one("arn:aws:iam::222222222222:role/b:x"), false},
		"ArnLike compares with case":           {pageOperators, `"ArnLike":{"a:k":"arn:aws:iam::*:role/A"}`, one("arn:aws:iam::222222222222:role/a"), false},
		"ArnLike is not about other texts":     {pageOperators, `"ArnLike":{"a:k":"arn:*:*:*:*:*"}`, one("AROA3333333333333333"), false},
		"ArnNotLike is its opposite":           {pageOperators, `"ArnNotLike":{"a:k":"arn:aws:iam::*:role/a"}`, one("arn:aws:iam::222222222222:role/a"), false},
		"ArnNotEquals holds for other ARNs":    {pageOperators, `"ArnNotEquals":{"a:k":"arn:aws:iam::*:role/a"}`, one("arn:aws:iam::222222222222:role/b"), true},
		"Bool compares truth":                  {pageOperators, `"Bool":{"a:k":"true"}`, one("true"), true},
		"Bool does not mind case":              {pageOperators, `"Bool":{"a:k":"True"}`, one("true"), true},
		"Bool false is not true":               {pageOperators, `"Bool":{"a:k":"false"}`, one("true"), false},
		"Null true wants the key absent":       {pageOperators, `"Null":{"a:k":"true"}`, nil, true},
		"Null true minds an empty text":        {pageOperators, `"Null":{"a:k":"true"}`, one(""), false},
		"Null true takes no values for absent": {pageOperators, `"Null":{"a:k":"true"}`, one(), true},
		"Null false wants the key present":     {pageOperators, `"Null":{"a:k":"false"}`, nil, false},
		"Null false holds if it is":            {pageOperators, `"Null":{"a:k":false}`, one("x"), true},

		"NumericEquals compares numbers":              {pageOperators, `"NumericEquals":{"a:k":"10"}`, one("10.0"), true},
		"NumericNotEquals is its opposite":            {pageOperators, `"NumericNotEquals":{"a:k":10}`, one("10"), false},
		"NumericLessThan is about the request":        {pageOperators, `"NumericLessThan":{"a:k":10}`, one("9"), true},
		"NumericLessThan is not equal":                {pageOperators, `"NumericLessThan":{"a:k":10}`, one("10"), false},
		"NumericLessThanEquals is":                    {pageOperators, `"NumericLessThanEquals":{"a:k":10}`, one("10"), true},
		"NumericGreaterThan compares no texts":        {pageOperators, `"NumericGreaterThan":{"a:k":9}`, one("10"), true},
		"NumericGreaterThanEquals takes both":         {pageOperators, `"NumericGreaterThanEquals":{"a:k":-1}`, one("-1"), true},
		"a text is no number":                         {pageOperators, `"NumericLessThan":{"a:k":10}`, one("few"), false},
		"DateLessThan compares times":                 {pageOperators, `"DateLessThan":{"a:k":"2026-02-01T00:00:00Z"}`, one("2026-01-31T23:59:59Z"), true},
		"DateEquals minds the zone":                   {pageOperators, `"DateEquals":{"a:k":"2026-02-01T00:00:00+01:00"}`, one("2026-01-31T23:00:00Z"), true},
		"DateNotEquals is its opposite":               {pageOperators, `"DateNotEquals":{"a:k":"2026-02-01"}`, one("2026-02-01T00:00:00Z"), false},
		"DateGreaterThan takes seconds":               {pageOperators, `"DateGreaterThan":{"a:k":"1700000000"}`, one("2026-01-31T23:00:00Z"), true},
		"DateGreaterThanEquals takes a day":           {pageOperators, `"DateGreaterThanEquals":{"a:k":"2026-01-31"}`, one("2026-01-31T00:00Z"), true},
		"DateLessThanEquals takes a month and a year": {pageOperators, `"DateLessThanEquals":{"a:k":["2025","2026-02"]}`, one("2026-02-01T00:00:00Z"), true},
		"a text is no date":                           {pageOperators, `"DateLessThan":{"a:k":"2026-02-01"}`, one("soon"), false},
		"IpAddress takes a block":                     {pageOperators, `"IpAddress":{"a:k":"192.0.2.0/24"}`, one("192.0.2.77"), true},
		"IpAddress takes an address":                  {pageOperators, `"IpAddress":{"a:k":"192.0.2.7"}`, one("192.0.2.77"), false},
		"IpAddress takes the newer protocol":          {pageOperators, `"IpAddress":{"a:k":["2001:db8::/32","192.0.2.0/24"]}`, one("2001:db8::1"), true},
		"NotIpAddress is its opposite":                {pageOperators, `"NotIpAddress":{"a:k":"192.0.2.0/24"}`, one("192.0.2.77"), false},
		"a text is no address":                        {pageOperators, `"IpAddress":{"a:k":"0.0.0.0/0"}`, one("here"), false},

		"NumericGreaterThan is not equal": {pageOperators, `"NumericGreaterThan":{"a:k":10}`, one("10"), false},
		"DateLessThan is not equal":       {pageOperators, `"DateLessThan":{"a:k":"2026-02-01"}`, one("2026-02-01"), false},
		"DateGreaterThan is not equal":    {pageOperators, `"DateGreaterThan":{"a:k":"2026-02-01"}`, one("2026-02-01"), false},
		"ArnNotEquals knows wildcards":    {pageOperators, `"ArnNotEquals":{"a:k":"arn:aws:iam::*:role/a*"}`, one("arn:aws:iam::222222222222:role/ab"), false},
		"ArnLike wants all six parts":     {pageOperators, `"ArnLike":{"a:k":"arn:*:*:*:*:*"}`, one("arn:aws:iam"), false},

		"an absent key equals nothing":            {pageOperators, `"StringEquals":{"a:k":"x"}`, nil, false},
		"an absent key is like nothing":           {pageOperators, `"StringLike":{"a:k":"*"}`, nil, false},
		"an absent key is neither true nor false": {pageOperators, `"Bool":{"a:k":["true","false"]}`, nil, false},
		"an absent key is not equal":              {pageOperators, `"StringNotEquals":{"a:k":"x"}`, nil, true},
		"an absent key is not like":               {pageOperators, `"StringNotLike":{"a:k":"*"}`, nil, true},
		"an absent ARN is not like":               {pageOperators, `"ArnNotLike":{"a:k":"arn:*:*:*:*:*"}`, nil, true},
		"an absent address is not in a block":     {pageOperators, `"NotIpAddress":{"a:k":"0.0.0.0/0"}`, nil, true},
		"IfExists holds for an absent key":        {pageOperators, `"BoolIfExists":{"a:k":"true"}`, nil, true},
		"IfExists compares a key that is there":   {pageOperators, `"BoolIfExists":{"a:k":"true"}`, one("false"), false},
		"IfExists goes with a negated operator":   {pageOperators, `"StringNotEqualsIfExists":{"a:k":"x"}`, one("x"), false},

		"ForAnyValue wants the key, even with IfExists": {pageMultivalued, `"ForAnyValue:StringEqualsIfExists":{"a:k":"x"}`, nil, false},
		"and so it does negated":                        {pageMultivalued, `"ForAnyValue:StringNotEqualsIfExists":{"a:k":"x"}`, nil, false},
		"and it compares what is there":                 {pageMultivalued, `"ForAnyValue:StringEqualsIfExists":{"a:k":"x"}`, one("y", "x"), true},
		"ForAllValues with IfExists holds for none":     {pageMultivalued, `"ForAllValues:StringEqualsIfExists":{"a:k":"x"}`, nil, true},

		"ForAllValues wants each value of the request":   {pageMultivalued, `"ForAllValues:StringEquals":{"a:k":["x","y"]}`, one("x", "z"), false},
		"ForAllValues does not want each of the policy":  {pageMultivalued, `"ForAllValues:StringEquals":{"a:k":["x","y"]}`, one("x"), true},
		"ForAllValues holds for an absent key":           {pageMultivalued, `"ForAllValues:StringEquals":{"a:k":"x"}`, nil, true},
		"ForAllValues holds for a key without values":    {pageMultivalued, `"ForAllValues:StringEquals":{"a:k":"x"}`, one(), true},
		"ForAllValues minds an empty text":               {pageMultivalued, `"ForAllValues:StringEquals":{"a:k":"x"}`, one(""), false},
		"ForAllValues negated wants none to match":       {pageMultivalued, `"ForAllValues:StringNotEquals":{"a:k":"x"}`, one("x", "y"), false},
		"ForAnyValue wants one value of the request":     {pageMultivalued, `"ForAnyValue:StringEquals":{"a:k":["x","y"]}`, one("z", "y"), true},
		"ForAnyValue does not hold without a match":      {pageMultivalued, `"ForAnyValue:StringLike":{"a:k":["x*"]}`, one("z", "y"), false},
		"ForAnyValue does not hold for an absent key":    {pageMultivalued, `"ForAnyValue:StringEquals":{"a:k":"x"}`, nil, false},
		"ForAnyValue negated wants one not to match":     {pageMultivalued, `"ForAnyValue:StringNotEquals":{"a:k":"x"}`, one("x", "y"), true},
		"ForAnyValue negated wants the key":              {pageMultivalued, `"ForAnyValue:StringNotEquals":{"a:k":"x"}`, nil, false},
		"several values need a set operator":             {pageMultivalued, `"StringEquals":{"a:k":["x","y"]}`, one("x", "y"), false},
		"and do negated":                                 {pageMultivalued, `"StringNotEquals":{"a:k":"z"}`, one("x", "y"), false},
		"and with IfExists":                              {pageMultivalued, `"StringEqualsIfExists":{"a:k":["x","y"]}`, one("x", "y"), false},
		"a multivalued key needs one for a single value": {pageKeyKeys, `"StringEquals":{"kms:GrantOperations":"Decrypt"}`, keys{"kms:GrantOperations": {"Decrypt"}}, false},
		"with one it holds":                              {pageKeyKeys, `"ForAllValues:StringEquals":{"kms:GrantOperations":"Decrypt"}`, keys{"kms:GrantOperations": {"Decrypt"}}, true},
		"an absent one is as any other":                  {pageOperators, `"StringEqualsIfExists":{"kms:GrantOperations":"Decrypt"}`, nil, true},

		"a key that the action does not have is absent": {pageReference, `"StringEquals":{"sts:ExternalId":"x"}`, keys{"sts:ExternalId": {"x"}}, false},
		"and is so for Null":                            {pageReference, `"Null":{"ec2:Add/userId":"true"}`, keys{"ec2:Add/userId": {"1"}}, true},
		"one that it has is there":                      {pageReference, `"StringEquals":{"kms:ViaService":"x"}`, keys{"kms:ViaService": {"x"}}, true},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			d := mustParse(t, iampolicy.Identity, document(`{"Effect":"Allow","Action":"*","Resource":"*","Condition":{`+test.condition+`}}`))
			got := d.Decide(createGrant(test.request))
			if allowed := got.Effect == iampolicy.Allow; allowed != test.want {
				t.Errorf("%s: the condition holds: %t (%s), want %t", test.page, allowed, got.Reason, test.want)
			}
		})
	}
}

func TestOneOfSeveralValuesIsEnoughToDeny(t *testing.T) {
	d := mustParse(t, iampolicy.Identity, document(anyIdentity,
		`{"Effect":"Deny","Action":"*","Resource":"*","Condition":{"StringEquals":{"a:k":"x"}}}`))
	if got := d.Decide(createGrant(one("y", "x"))); got.Effect != iampolicy.Deny {
		t.Errorf("%s: effect is %v (%s), want deny", pageMultivalued, got.Effect, got.Reason)
	}
	if got := d.Decide(createGrant(one("y", "z"))); got.Effect != iampolicy.Allow {
		t.Errorf("%s: effect is %v (%s), want allow", pageMultivalued, got.Effect, got.Reason)
	}
}

func TestForAllValuesDeniesWhatIsEmpty(t *testing.T) {
	d := mustParse(t, iampolicy.Identity, document(anyIdentity,
		`{"Effect":"Deny","Action":"*","Resource":"*","Condition":{"ForAllValues:StringEquals":{"a:k":"x"}}}`))
	for sentence, test := range map[string]struct {
		request keys
		want    iampolicy.Effect
	}{
		"an absent key":   {nil, iampolicy.Deny},
		"an empty text":   {one(""), iampolicy.Deny},
		"another value":   {one("y"), iampolicy.Allow},
		"one among empty": {one("", "y"), iampolicy.Allow},
	} {
		if got := d.Decide(createGrant(test.request)); got.Effect != test.want {
			t.Errorf("%s: %s: effect is %v (%s), want %v", pageMultivalued, sentence, got.Effect, got.Reason, test.want)
		}
	}
}

func TestVariables(t *testing.T) {
	resource := func(pattern string) string {
		return document(`{"Effect":"Allow","Action":"*","Resource":"` + pattern + `"}`)
	}
	condition := func(block string) string {
		return document(`{"Effect":"Allow","Action":"*","Resource":"*","Condition":{` + block + `}}`)
	}
	const ann = "arn:aws:iam::222222222222:user/ann"
	tests := map[string]struct {
		document string
		resource string
		request  keys
		want     bool
	}{
		"a variable stands for the request's value": {resource("arn:aws:iam::*:user/${aws:username}"), ann, keys{"aws:username": {"ann"}}, true},
		"its name has no case":                      {resource("arn:aws:iam::*:user/${AWS:UserName}"), ann, keys{"aws:username": {"ann"}}, true},
		"it is compared with regard to case":        {resource("arn:aws:iam::*:user/${aws:username}"), ann, keys{"aws:username": {"Ann"}}, false},
		"a star in its value is no wildcard":        {resource("arn:aws:iam::*:user/${aws:username}"), ann, keys{"aws:username": {"*"}}, false},
		"there can be several":                      {resource("arn:aws:iam::${aws:PrincipalAccount}:user/${aws:username}"), ann, keys{"aws:username": {"ann"}, "aws:principalaccount": {"222222222222"}}, true},
		"without a value it matches nothing":        {resource("arn:aws:iam::*:user/${aws:username}*"), ann, nil, false},
		"with several values it matches nothing":    {resource("arn:aws:iam::*:user/${aws:username}"), ann, keys{"aws:username": {"ann", "bob"}}, false},
		"a value instead counts if there is none":   {resource("arn:aws:iam::*:user/${aws:PrincipalTag/name, 'ann'}"), ann, nil, true},
		"and only then":                             {resource("arn:aws:iam::*:user/${aws:PrincipalTag/name, 'ann'}"), ann, keys{"aws:PrincipalTag/name": {"bob"}}, false},
		"the star in braces is a star":              {resource("arn:aws:iam::*:user/a${*}n"), ann, nil, false},
		"and matches one":                           {resource("arn:aws:iam::*:user/a${*}n${?}${$}"), "arn:aws:iam::1:user/a*n?$", nil, true},
		"a condition knows variables":               {condition(`"StringEquals":{"a:owner":"${aws:username}"}`), ann, keys{"aws:username": {"ann"}, "a:owner": {"ann"}}, true},
		"a pattern does too":                        {condition(`"StringLike":{"a:owner":"${aws:username}-*"}`), ann, keys{"aws:username": {"ann"}, "a:owner": {"ann-1"}}, true},
		"an ARN does too":                           {condition(`"ArnEquals":{"aws:PrincipalArn":"arn:aws:iam::${aws:PrincipalAccount}:user/*"}`), ann, keys{"aws:PrincipalArn": {ann}, "aws:PrincipalAccount": {"222222222222"}}, true},
		"without a value a condition does not hold": {condition(`"StringEquals":{"a:owner":"${aws:username}"}`), ann, keys{"a:owner": {""}}, false},
		"nor does a negated one":                    {condition(`"StringNotEquals":{"a:owner":"${aws:username}"}`), ann, keys{"a:owner": {"ann"}}, false},
		"nor one of several values":                 {condition(`"StringNotLike":{"a:owner":["bob","${aws:username}"]}`), ann, keys{"a:owner": {"ann"}}, false},
		"a negated one with a value does":           {condition(`"StringNotEquals":{"a:owner":"${aws:username}"}`), ann, keys{"a:owner": {"ann"}, "aws:username": {"bob"}}, true},
		"what is absent is not looked at":           {condition(`"StringNotEquals":{"a:owner":"${aws:username}"}`), ann, nil, true},
		"without a value NotResource fits nothing":  {document(`{"Effect":"Allow","Action":"*","NotResource":"arn:aws:iam::*:user/${aws:username}"}`), ann, nil, false},
		"with one it fits others":                   {document(`{"Effect":"Allow","Action":"*","NotResource":"arn:aws:iam::*:user/${aws:username}"}`), ann, keys{"aws:username": {"bob"}}, true},
		"the older version has no variables":        {`{"Statement":{"Effect":"Allow","Action":"*","Resource":"arn:aws:iam::*:user/${aws:username}"}}`, ann, keys{"aws:username": {"ann"}}, false},
		"there the text stands for itself":          {`{"Statement":{"Effect":"Allow","Action":"*","Resource":"arn:aws:iam::*:user/${aws:username}"}}`, "arn:aws:iam::1:user/${aws:username}", nil, true},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			d := mustParse(t, iampolicy.Identity, test.document)
			got := d.Decide(iampolicy.Request{Action: "iam:GetUser", Resource: test.resource, Principal: user(), Context: test.request})
			if allowed := got.Effect == iampolicy.Allow; allowed != test.want {
				t.Errorf("%s: allowed: %t (%s), want %t", pageVariables, allowed, got.Reason, test.want)
			}
		})
	}
}

// What is undefined in an Allow fits nothing; in a Deny it fits, and AWS lets a negated operator match what has no value.
func TestVariablesWithoutAValueDeny(t *testing.T) {
	tests := map[string]struct {
		statement string
		want      iampolicy.Effect
	}{
		"a negated operator denies": {`{"Effect":"Deny","Action":"*","Resource":"*","Condition":{"StringNotEquals":{"a:owner":"${aws:username}"}}}`, iampolicy.Deny},
		"NotResource denies":        {`{"Effect":"Deny","Action":"*","NotResource":"arn:aws:iam::*:user/${aws:username}"}`, iampolicy.Deny},
		"Resource does not":         {`{"Effect":"Deny","Action":"*","Resource":"arn:aws:iam::*:user/${aws:username}"}`, iampolicy.Allow},
		"StringEquals does not":     {`{"Effect":"Deny","Action":"*","Resource":"*","Condition":{"StringEquals":{"a:owner":"${aws:username}"}}}`, iampolicy.Allow},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			d := mustParse(t, iampolicy.Identity, document(anyIdentity, test.statement))
			if got := d.Decide(createGrant(keys{"a:owner": {"ann"}})); got.Effect != test.want {
				t.Errorf("%s: effect is %v (%s), want %v", pageVariables, got.Effect, got.Reason, test.want)
			}
		})
	}
}

// The statement with which a key's owner lets another account make just the grants that launches need.
const grantsOnly = `{"Sid":"Grants","Effect":"Allow","Principal":{"AWS":"` + role + `"},"Action":"kms:CreateGrant","Resource":"*","Condition":{
	"ArnLike":{"kms:GranteePrincipal":"arn:aws:iam::222222222222:role/aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling*"},
	"ForAllValues:StringEquals":{"kms:GrantOperations":["Decrypt","CreateGrant"]}}}`

func TestConditionKeysOfKMS(t *testing.T) {
	tests := map[string]struct {
		request keys
		want    bool
	}{
		"the grantee and the operations fit":        {keys{"kms:GranteePrincipal": {slr}, "kms:GrantOperations": {"CreateGrant", "Decrypt"}}, true},
		"a role with a suffix fits":                 {keys{"kms:GranteePrincipal": {slr + "_web"}, "kms:GrantOperations": {"Decrypt"}}, true},
		"another grantee does not":                  {keys{"kms:GranteePrincipal": {role}, "kms:GrantOperations": {"Decrypt"}}, false},
		"an operation more does not":                {keys{"kms:GranteePrincipal": {slr}, "kms:GrantOperations": {"Decrypt", "Encrypt"}}, false},
		"another call, without a grantee, does not": {keys{}, false},
	}
	d := mustParse(t, iampolicy.Key, document(grantsOnly))
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			got := d.Decide(createGrant(test.request))
			if allowed := got.Effect == iampolicy.Allow; allowed != test.want {
				t.Errorf("%s: allowed: %t (%s), want %t", pageKeyKeys, allowed, got.Reason, test.want)
			}
		})
	}
	if diff := cmp.Diff([]string{"kms:granteeprincipal", "kms:grantoperations"}, d.ConditionKeys()); diff != "" {
		t.Errorf("ConditionKeys (-want +got):\n%s", diff)
	}
}
