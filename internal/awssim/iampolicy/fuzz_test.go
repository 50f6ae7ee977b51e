// SPDX-License-Identifier: MPL-2.0

package iampolicy_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/amishare/packer-plugin-ami-share/internal/awssim/iampolicy"
)

// seeds are documents from which the fuzzer starts.
func seeds() []string {
	return []string{
		document(anyIdentity), document(anyKeyUse), document(anyTrust), document(grantsOnly), boundPolicy,
		document(strings.ReplaceAll(anyKeyUse, "Allow", "Deny")),
		document(`{"Effect":"Deny","NotPrincipal":{"AWS":"222222222222"},"NotAction":"kms:De*","NotResource":"arn:aws:kms:*:*:key/?"}`),
		identityStatement(`"Condition":{"ForAnyValue:StringNotLikeIfExists":{"a:k":["${aws:username}*","${aws:PrincipalTag/t, 'x'}"]}}`),
		identityStatement(`"Condition":{"Null":{"a:k":true},"NumericLessThan":{"a:k":1},"DateEquals":{"a:k":"2026"},"NotIpAddress":{"a:k":"::/0"}}`),
		`{"Statement":{"Effect":"Allow","Effect":"Deny"}}`, `[[[[{}]]]]`, `{"Statement":"\ud800"}`, ``, `{`, `null`,
	}
}

var allKinds = []iampolicy.Kind{
	iampolicy.Identity, iampolicy.Session, iampolicy.Trust, iampolicy.Key, iampolicy.Boundary, iampolicy.ServiceControl, iampolicy.ResourceControl,
}

func FuzzParse(f *testing.F) {
	for _, seed := range seeds() {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, kind := range allKinds {
			d, err := iampolicy.Parse(kind, data)
			if (d == nil) == (err == nil) {
				t.Fatalf("document %v and error %v", d, err)
			}
			if err != nil {
				continue
			}
			bound, unknown := d.Bind(func(arn string) (string, bool) { return "AROA2222222222222222", len(arn)%2 == 0 })
			if len(unknown) > len(d.PrincipalARNs()) {
				t.Errorf("%d of %d principals are unknown", len(unknown), len(d.PrincipalARNs()))
			}
			shown := bound.Shown(func(string) bool { return false })
			if _, err := iampolicy.Parse(kind, shown); err != nil {
				t.Errorf("what is shown is no document: %v\n%s", err, shown)
			}
			bound.Decide(createGrant(nil))
		}
	})
}

// FuzzDecide takes every Allow out of a document. What is left must not allow anything.
func FuzzDecide(f *testing.F) {
	for _, seed := range seeds() {
		f.Add(seed, "kms:CreateGrant", key, "a:k", "v")
	}
	f.Fuzz(func(t *testing.T, text, action, resource, name, value string) {
		text = withoutAllow(text)
		request := iampolicy.Request{Action: action, Resource: resource, Context: keys{name: {value}, "aws:username": {value, action}}}
		for _, kind := range allKinds {
			d, err := iampolicy.Parse(kind, []byte(text))
			if err != nil {
				continue
			}
			for _, who := range []iampolicy.Principal{{}, caller(), user(), {Service: "ec2.amazonaws.com"}} {
				request.Principal = who
				got := d.Decide(request)
				if got.Effect == iampolicy.Allow || got.Named || got.Itself || got.Delegated {
					t.Fatalf("%+v by a document without an Allow:\n%s", got, text)
				}
				if got.Reason == "" {
					t.Errorf("no reason for %+v", got)
				}
			}
		}
	})
}

// withoutAllow turns every Allow of a document into a Deny, however it is spelled.
func withoutAllow(text string) string {
	var v any
	if json.Unmarshal([]byte(text), &v) != nil {
		return text
	}
	encoded, err := json.Marshal(v)
	if err != nil {
		return text
	}
	return strings.ReplaceAll(string(encoded), "Allow", "Deny")
}
