// Package iampolicy reads AWS policy documents and decides requests by them, for the local AWS only.
//
// It knows the grammar of identity, session, trust and key policies: Effect, Principal, NotPrincipal, Action,
// NotAction, Resource, NotResource and Condition. It is not a general IAM simulator: an element, a condition operator,
// a kind of principal or a policy variable that it does not know makes [Parse] fail, so that nothing is ever allowed by
// a misread document. Where AWS leaves a case undefined, it takes the reading that allows less.
//
// A document answers for itself only: [Document.Decide] says whether one of its statements allows or denies a request,
// and why. How the answers of several documents, and of grants, add up is the caller's business.
//
// The files follow the elements of a policy, each predicate with the page of its rule.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements.html
package iampolicy

// Kind tells what a document is attached to, and with it which elements it may have.
type Kind int

// The kinds. Identity and session policies have no principals; trust policies have no resources; in key policies the
// resource "*" stands for the key.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies.html#access_policy-types
const (
	Identity Kind = iota
	Session
	Trust
	Key
)

func (k Kind) String() string {
	switch k {
	case Identity:
		return "identity policy"
	case Session:
		return "session policy"
	case Trust:
		return "trust policy"
	case Key:
		return "key policy"
	default:
		return "policy of an unknown kind"
	}
}

// resourceBased tells whether the document says who its principals are.
func (k Kind) resourceBased() bool { return k == Trust || k == Key }

// Principal is who makes a request.
type Principal struct {
	ARN       string // the caller's: a user, or an assumed-role session
	RoleARN   string // of the role behind a session, with its path; "" if there is none
	AccountID string
	UniqueID  string // of the user or role, without the session's name: "AIDA…", "AROA…"
	Service   string // a service principal such as "autoscaling.amazonaws.com", for requests of AWS services themselves
	Partition string // "aws", "aws-cn", …
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
	Itself    bool   // some Allow fits the user or session itself, or "*", and not the role behind a session only
	Delegated bool   // some Allow fits the principal by its account only
	Reason    string // for people: which statement decided, or in what the nearest one did not fit
}
