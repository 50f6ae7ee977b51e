// Package iampolicy reads AWS policy documents and decides requests by them, for the local AWS only.
//
// It knows the grammar of identity, session, trust and key policies: Effect, Principal, NotPrincipal, Action,
// NotAction, Resource, NotResource and Condition. It is not a general IAM simulator: a condition operator, a policy
// variable or an element that it does not know makes [Parse] fail, so that nothing is ever allowed by a misread
// document.
//
// A document answers for itself only: [Document.Decide] says whether one of its statements allows or denies a request,
// and why. How the answers of several documents add up is the caller's business.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
package iampolicy

import "fmt"

// Kind tells what a document is attached to, and with it which elements it may have.
type Kind int

// The kinds. Identity and session policies have no principals; trust policies have no resources; in key policies the
// resource "*" stands for the key.
const (
	Identity Kind = iota
	Session
	Trust
	Key
)

func (k Kind) String() string {
	return [...]string{"identity policy", "session policy", "trust policy", "key policy"}[k]
}

// Principal is who makes a request.
type Principal struct {
	ARN       string // the caller's: a user, or an assumed-role session
	RoleARN   string // of the role behind a session, with its path; "" if there is none
	AccountID string
	UniqueID  string // "AROA…" or "AIDA…": of the role or user
	Service   string // a service principal such as "autoscaling.amazonaws.com", for requests of AWS services
	Partition string
}

// Request is what a principal wants to do.
type Request struct {
	Action    string // "kms:CreateGrant"
	Resource  string // ARN; "*" for actions without a resource
	Principal Principal
	// Context holds the condition keys of the request, by name in any case. A key that is absent is not in it.
	Context map[string][]string
}

// Effect is a document's answer.
type Effect int

// The effects. Silent is an implicit deny.
const (
	Silent Effect = iota
	Allow
	Deny
)

func (e Effect) String() string { return [...]string{"silent", "allow", "deny"}[e] }

// Decision is a document's answer with its reason.
type Decision struct {
	Effect    Effect
	Named     bool   // some Allow fits the principal itself: its ARN, its role's or session's, or "*"
	Delegated bool   // some Allow fits the principal by its account only
	Reason    string // for people: which statement decided, or how the nearest one did not fit
}

// Document is a parsed policy.
type Document struct {
	kind       Kind
	statements []statement
	raw        []byte
}

// Decide answers a request: an explicit deny overrides every allow, and what no statement allows is denied.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic_policy-eval-denyallow.html
func (d *Document) Decide(r Request) Decision {
	decision := Decision{Reason: fmt.Sprintf("no statement of the %s allows %s", d.kind, r.Action)}
	context := fold(r.Context)
	for i := range d.statements {
		s := &d.statements[i]
		fit, miss := s.fits(d.kind, r, context)
		switch {
		case fit == notAtAll:
			if miss != "" && decision.Effect == Silent {
				decision.Reason = fmt.Sprintf("no statement of the %s allows %s: %s", d.kind, r.Action, miss)
			}
		case !s.allow:
			return Decision{Effect: Deny, Reason: fmt.Sprintf("%s of the %s denies %s", s.title(), d.kind, r.Action)}
		default:
			if decision.Effect != Allow {
				decision.Reason = fmt.Sprintf("%s of the %s allows %s", s.title(), d.kind, r.Action)
			}
			decision.Effect = Allow
			decision.Named = decision.Named || fit == byItself
			decision.Delegated = decision.Delegated || fit == byAccount
		}
	}
	return decision
}
