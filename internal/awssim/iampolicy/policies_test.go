// SPDX-License-Identifier: MPL-2.0

package iampolicy_test

import (
	"testing"

	"github.com/amishare/packer-plugin-ami-share/internal/awssim/iampolicy"
)

const denyGrants = `{"Effect":"Deny","Action":"kms:CreateGrant","Resource":"*"}`

func TestPolicies(t *testing.T) {
	parsed := func(kind iampolicy.Kind, statements ...string) *iampolicy.Document {
		return mustParse(t, kind, document(statements...))
	}
	identity := []*iampolicy.Document{parsed(iampolicy.Identity, anyIdentity)}
	nothing := []*iampolicy.Document{parsed(iampolicy.Identity, `{"Effect":"Allow","Action":"ec2:*","Resource":"*"}`)}
	boundary := parsed(iampolicy.Boundary, `{"Effect":"Allow","Action":"ec2:*","Resource":"*"}`)
	session := []*iampolicy.Document{parsed(iampolicy.Session, `{"Effect":"Allow","Action":"ec2:*","Resource":"*"}`)}
	full := parsed(iampolicy.ServiceControl, anyIdentity)
	ec2Only := parsed(iampolicy.ServiceControl, `{"Effect":"Allow","Action":"ec2:*","Resource":"*"}`)
	scp := parsed(iampolicy.ServiceControl, denyGrants).WithARN("arn:aws:organizations::111111111111:policy/o-1/service_control_policy/p-1")
	rcp := parsed(iampolicy.ResourceControl, `{"Effect":"Deny","Principal":"*","Action":"kms:*","Resource":"*"}`)
	byRole := parsed(iampolicy.Key, keyStatement(`{"AWS":"`+role+`"}`))
	bySession := parsed(iampolicy.Key, keyStatement(`{"AWS":"`+caller().ARN+`"}`))
	byAccount := parsed(iampolicy.Key, keyStatement(`{"AWS":"222222222222"}`))
	notRole := parsed(iampolicy.Key, anyKeyUse, `{"Effect":"Deny","NotPrincipal":{"AWS":["222222222222","`+role+`"]},"Action":"kms:*","Resource":"*"}`)
	const (
		ours   = "222222222222"
		theirs = "111111111111"
	)
	tests := map[string]struct {
		page     string
		policies iampolicy.Policies
		owner    string
		effect   iampolicy.Effect
		kind     iampolicy.Kind
	}{
		"the caller's own policies allow":                     {pageEvaluation, iampolicy.Policies{Identity: identity}, ours, iampolicy.Allow, iampolicy.Identity},
		"without any nothing is allowed":                      {pageEvaluation, iampolicy.Policies{}, ours, iampolicy.Silent, iampolicy.Identity},
		"or none allows":                                      {pageEvaluation, iampolicy.Policies{Identity: nothing}, ours, iampolicy.Silent, iampolicy.Identity},
		"a boundary limits them":                              {pageBoundary, iampolicy.Policies{Identity: identity, Boundary: boundary}, ours, iampolicy.Silent, iampolicy.Boundary},
		"a session's policy does":                             {pageSessions, iampolicy.Policies{Identity: identity, Session: session}, ours, iampolicy.Silent, iampolicy.Session},
		"a session whose policies are none has nothing":       {pageSessions, iampolicy.Policies{Identity: identity, Session: []*iampolicy.Document{}}, ours, iampolicy.Silent, iampolicy.Session},
		"a service control policy denies":                     {pageSCP, iampolicy.Policies{Identity: identity, ServiceControl: [][]*iampolicy.Document{{full}, {full, scp}}}, ours, iampolicy.Deny, iampolicy.ServiceControl},
		"each level has to allow":                             {pageSCP, iampolicy.Policies{Identity: identity, ServiceControl: [][]*iampolicy.Document{{ec2Only}, {full}}}, ours, iampolicy.Silent, iampolicy.ServiceControl},
		"and within one of them one":                          {pageSCP, iampolicy.Policies{Identity: identity, ServiceControl: [][]*iampolicy.Document{{ec2Only, full}, {full}}}, ours, iampolicy.Allow, iampolicy.Identity},
		"a level without policies allows nothing":             {pageSCP, iampolicy.Policies{Identity: identity, ServiceControl: [][]*iampolicy.Document{{}}}, ours, iampolicy.Silent, iampolicy.ServiceControl},
		"they limit whom a key's policy names":                {pageSCP, iampolicy.Policies{Resource: bySession, ServiceControl: [][]*iampolicy.Document{{ec2Only}}}, ours, iampolicy.Silent, iampolicy.ServiceControl},
		"a resource control policy denies":                    {pageRCP, iampolicy.Policies{Identity: identity, Resource: byRole, ResourceControl: [][]*iampolicy.Document{{rcp}}}, theirs, iampolicy.Deny, iampolicy.ResourceControl},
		"it comes first":                                      {pageEvaluation, iampolicy.Policies{ServiceControl: [][]*iampolicy.Document{{scp}}, ResourceControl: [][]*iampolicy.Document{{rcp}}}, ours, iampolicy.Deny, iampolicy.ResourceControl},
		"a key's policy that names the role is enough":        {pageKeyPolicy, iampolicy.Policies{Resource: byRole}, ours, iampolicy.Allow, iampolicy.Key},
		"a boundary limits what the role got":                 {pageBoundary, iampolicy.Policies{Resource: byRole, Boundary: boundary}, ours, iampolicy.Silent, iampolicy.Identity},
		"a session's policy limits it":                        {pageSessions, iampolicy.Policies{Resource: byRole, Session: session, Identity: identity}, ours, iampolicy.Silent, iampolicy.Session},
		"neither limits what the session got itself":          {pageSessions, iampolicy.Policies{Resource: bySession, Session: session, Boundary: boundary}, ours, iampolicy.Allow, iampolicy.Key},
		"one that names everybody is enough":                  {pagePrincipal, iampolicy.Policies{Resource: parsed(iampolicy.Key, anyKeyUse)}, ours, iampolicy.Allow, iampolicy.Key},
		"a session's policy limits it too":                    {pageSessions, iampolicy.Policies{Resource: parsed(iampolicy.Key, anyKeyUse), Session: session, Identity: identity}, ours, iampolicy.Silent, iampolicy.Session},
		"a boundary does":                                     {pageBoundary, iampolicy.Policies{Resource: parsed(iampolicy.Key, anyKeyUse), Boundary: boundary, Identity: identity}, ours, iampolicy.Silent, iampolicy.Boundary},
		"one that names the account is not enough":            {pageKeyDefault, iampolicy.Policies{Resource: byAccount}, ours, iampolicy.Silent, iampolicy.Identity},
		"with the caller's own policies it is":                {pageKeyDefault, iampolicy.Policies{Resource: byAccount, Identity: identity}, ours, iampolicy.Allow, iampolicy.Key},
		"the caller's own policies are not":                   {pageKeyDefault, iampolicy.Policies{Resource: parsed(iampolicy.Key, keyStatement(`{"AWS":"111111111111"}`)), Identity: identity}, ours, iampolicy.Silent, iampolicy.Key},
		"across accounts a name is not enough":                {pageAccounts, iampolicy.Policies{Resource: bySession}, theirs, iampolicy.Silent, iampolicy.Identity},
		"both sides together are":                             {pageAccounts, iampolicy.Policies{Resource: byAccount, Identity: identity}, theirs, iampolicy.Allow, iampolicy.Key},
		"NotPrincipal leaves out the role":                    {pageNotPrinc, iampolicy.Policies{Resource: notRole}, ours, iampolicy.Allow, iampolicy.Key},
		"but nobody with a boundary, whatever it allows":      {pageNotPrinc, iampolicy.Policies{Resource: notRole, Boundary: parsed(iampolicy.Boundary, anyIdentity)}, ours, iampolicy.Deny, iampolicy.Key},
		"a deny of the boundary denies what the session got":  {pageBoundary, iampolicy.Policies{Resource: bySession, Boundary: parsed(iampolicy.Boundary, denyGrants)}, ours, iampolicy.Deny, iampolicy.Boundary},
		"a deny of the session denies what the session got":   {pageSessions, iampolicy.Policies{Resource: bySession, Session: []*iampolicy.Document{parsed(iampolicy.Session, denyGrants)}}, ours, iampolicy.Deny, iampolicy.Session},
		"a deny of the caller's own denies whatever is named": {pageEvaluation, iampolicy.Policies{Resource: bySession, Identity: []*iampolicy.Document{parsed(iampolicy.Identity, denyGrants)}}, ours, iampolicy.Deny, iampolicy.Identity},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			got := test.policies.Decide(createGrant(nil), test.owner)
			if got.Effect != test.effect || got.Kind != test.kind {
				t.Errorf("%s: %v by a %v (%s), want %v by a %v", test.page, got.Effect, got.Kind, got.Reason, test.effect, test.kind)
			}
		})
	}
}

func TestPoliciesOfAService(t *testing.T) {
	p := iampolicy.Policies{Resource: mustParse(t, iampolicy.Key, document(keyStatement(`{"Service":"ec2.amazonaws.com"}`)))}
	request := createGrant(nil)
	request.Principal = iampolicy.Principal{Service: "ec2.amazonaws.com"}
	if got := p.Decide(request, "111111111111"); got.Effect != iampolicy.Allow {
		t.Errorf("%s: a service that the key's policy names: %v (%s)", pagePrincipal, got.Effect, got.Reason)
	}
}

func TestResourceControlsReachSomeActionsOnly(t *testing.T) {
	p := iampolicy.Policies{
		Identity:        []*iampolicy.Document{mustParse(t, iampolicy.Identity, document(anyIdentity))},
		ResourceControl: [][]*iampolicy.Document{{mustParse(t, iampolicy.ResourceControl, document(`{"Effect":"Deny","Principal":"*","Action":["kms:*","ec2:*"],"Resource":"*"}`))}},
	}
	for action, want := range map[string]iampolicy.Effect{
		"kms:RevokeGrant": iampolicy.Deny, "kms:RetireGrant": iampolicy.Allow, "ec2:RunInstances": iampolicy.Allow,
	} {
		if got := p.Decide(iampolicy.Request{Action: action, Resource: key, Principal: caller()}, "222222222222"); got.Effect != want {
			t.Errorf("%s: %s: %v (%s), want %v", pageRCP, action, got.Effect, got.Reason, want)
		}
	}
}

func TestBecause(t *testing.T) {
	const arn = "arn:aws:organizations::111111111111:policy/o-1/service_control_policy/p-1"
	tests := map[string]iampolicy.Decision{
		"with an explicit deny in a service control policy":                   {Effect: iampolicy.Deny, Kind: iampolicy.ServiceControl},
		"with an explicit deny in a service control policy: " + arn:           {Effect: iampolicy.Deny, Kind: iampolicy.ServiceControl, Policy: arn},
		"with an explicit deny in a resource control policy":                  {Effect: iampolicy.Deny, Kind: iampolicy.ResourceControl},
		"with an explicit deny in an identity-based policy":                   {Effect: iampolicy.Deny, Kind: iampolicy.Identity},
		"with an explicit deny in a resource-based policy":                    {Effect: iampolicy.Deny, Kind: iampolicy.Key},
		"with an explicit deny in a permissions boundary":                     {Effect: iampolicy.Deny, Kind: iampolicy.Boundary},
		"with an explicit deny in the role trust policy":                      {Effect: iampolicy.Deny, Kind: iampolicy.Trust},
		"with an explicit deny in a session policy":                           {Effect: iampolicy.Deny, Kind: iampolicy.Session},
		"because no service control policy allows the kms:CreateGrant action": {Kind: iampolicy.ServiceControl},
		"because no identity-based policy allows the kms:CreateGrant action":  {Kind: iampolicy.Identity},
		"because no permissions boundary allows the kms:CreateGrant action":   {Kind: iampolicy.Boundary},
		"because no session policy allows the kms:CreateGrant action":         {Kind: iampolicy.Session},
		"because no resource-based policy allows the kms:CreateGrant action":  {Kind: iampolicy.Key},
		"because no role trust policy allows the kms:CreateGrant action":      {Kind: iampolicy.Trust},
	}
	for want, decision := range tests {
		if got := decision.Because("kms:CreateGrant"); got != want {
			t.Errorf("%s: %q, want %q", pageErrors, got, want)
		}
	}
}
