// SPDX-License-Identifier: MPL-2.0

// Package iampolicy reads AWS policy documents and decides requests by them, for the local AWS only.
//
// It knows the grammar of identity, session, trust, key, service control and resource control policies and of
// permissions boundaries: Effect, Principal, NotPrincipal, Action,
// NotAction, Resource, NotResource and Condition. It is not a general IAM simulator: an element, a condition operator,
// a kind of principal or a policy variable that it does not know makes [Parse] fail, so that nothing is ever allowed by
// a misread document. Where AWS leaves a case undefined, it takes the reading that allows less.
//
// [Document.Decide] says whether one of a document's statements allows or denies a request, and why. [Policies] adds up
// the documents that apply to a request. Grants, and whatever else a service knows, are the caller's business.
//
// The package reference says which condition keys an action has. Other keys are ignored, even if the caller gives them.
//
// The files follow the elements of a policy, each predicate with the page of its rule.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements.html
package iampolicy

import "cmp"

// Kind tells what a document is attached to, and with it which elements it may have.
type Kind int

// The kinds. Identity, session and service control policies and permissions boundaries have no principals; trust
// policies have no resources; in key policies the resource "*" stands for the key; resource control policies deny, and
// name everybody.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies.html#access_policy-types
const (
	Identity Kind = iota
	Session
	Trust
	Key
	Boundary
	ServiceControl
	ResourceControl
)

// kinds are the names of the kinds: ours, and the one that AWS has for them in the errors for want of permission.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html
var kinds = map[Kind]struct{ name, article, inErrors string }{
	Identity:        {"identity policy", "an", "identity-based policy"},
	Session:         {"session policy", "a", "session policy"},
	Trust:           {"trust policy", "the", "role trust policy"},
	Key:             {"key policy", "a", "resource-based policy"},
	Boundary:        {"permissions boundary", "a", "permissions boundary"},
	ServiceControl:  {"service control policy", "a", "service control policy"},
	ResourceControl: {"resource control policy", "a", "resource control policy"},
}

func (k Kind) String() string { return cmp.Or(kinds[k].name, "policy of an unknown kind") }

// resourceBased tells whether the document says who its principals are.
func (k Kind) resourceBased() bool { return k == Trust || k == Key || k == ResourceControl }

// Principal is who makes a request.
type Principal struct {
	ARN       string // the caller's: a user, or an assumed-role session
	RoleARN   string // of the role behind a session, with its path; "" if there is none
	AccountID string
	UniqueID  string // of the user or role, without the session's name: "AIDA…", "AROA…"
	Service   string // a service principal such as "autoscaling.amazonaws.com", for requests of AWS services themselves
	Federated string // ARN or name of the identity provider that vouches for somebody who is nobody in AWS yet
	Partition string // "aws", "aws-cn", …
	Bounded   bool   // a permissions boundary is attached: then no NotPrincipal leaves it out
}

// Request is what a principal wants to do.
type Request struct {
	Action    string // "kms:CreateGrant"
	Resource  string // ARN; "*" for an action that is about no particular resource
	Principal Principal
	// Context holds the condition keys of the request, by name in any case. A key that is absent is not in it.
	Context map[string][]string
}

// Effect is a document's answer.
type Effect int

// The effects. A document that is silent denies implicitly.
const (
	Silent Effect = iota
	Allow
	Deny
)

func (e Effect) String() string {
	switch e {
	case Allow:
		return "allow"
	case Deny:
		return "deny"
	default:
		return "silent"
	}
}

// Decision is a document's answer with its reason.
type Decision struct {
	Effect    Effect
	Named     bool   // some Allow fits the principal: its ARN, its role's or session's, or "*"
	Itself    bool   // some Allow names the user or session itself, and not the role behind a session, or everybody
	Delegated bool   // some Allow fits the principal by its account only
	Reason    string // for people: which statement decided, or in what the nearest one did not fit
	Kind      Kind   // of the document
	Policy    string // the document's ARN, "" if it has none
}

// Because puts a refusal in AWS's words: with an explicit deny in which kind of policy, and in which one if the document
// has an ARN, or because no policy of which kind allows the action.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html
// https://aws.amazon.com/blogs/security/enhanced-access-denied-error-messages-with-policy-arns
func (d Decision) Because(action string) string {
	kind := kinds[d.Kind]
	if d.Effect != Deny {
		return "because no " + kind.inErrors + " allows the " + action + " action"
	}
	text := "with an explicit deny in " + kind.article + " " + kind.inErrors
	if d.Policy != "" {
		text += ": " + d.Policy
	}
	return text
}
