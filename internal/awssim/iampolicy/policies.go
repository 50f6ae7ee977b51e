// SPDX-License-Identifier: MPL-2.0

package iampolicy

import (
	"slices"

	"github.com/amishare/packer-plugin-ami-share/internal/awssim/reference"
)

// Policies are all documents that speak in a request.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
type Policies struct {
	// ServiceControl are those of each level from the root of the caller's organization down to its account: at each
	// level one has to allow. Nil where none apply: to the management account, service-linked roles and services.
	// https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_scps_evaluation.html
	ServiceControl [][]*Document
	// ResourceControl are those of each level above the resource's account, which do nothing but deny.
	// https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_rcps_evaluation.html
	ResourceControl [][]*Document
	Resource        *Document // the key's policy or the role's trust policy, nil if the resource has none
	Identity        []*Document
	Boundary        *Document   // the permissions boundary, nil if there is none
	Session         []*Document // nil if the session was given none
}

// Decide answers a request about a resource of an account: no document may deny, and every kind that limits has to
// allow. Its decision is that of the document that decided, or of the kind of which none allowed.
//
// A resource's policy that names the caller itself is enough within an account. One that names the caller's role is too,
// within its permissions boundary and session policies; one that names the account hands the question on to the caller's
// own policies. Of one that names everybody AWS does not say whether boundary and session policies limit it: here they do.
// Across accounts both sides have to allow.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic_policy-eval-denyallow.html
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic-cross-account.html
func (p Policies) Decide(r Request, owner string) Decision {
	r.Principal.Bounded = p.Boundary != nil
	if denied, found := p.denied(r); found {
		return denied
	}
	for _, level := range p.ServiceControl {
		if d := decideAll(ServiceControl, level, r); d.Effect != Allow {
			return d
		}
	}
	if p.Resource == nil {
		return p.own(r)
	}
	byResource, limits := p.Resource.Decide(r), p.Limits(r)
	switch within := owner == r.Principal.AccountID; {
	case byResource.Effect != Allow, r.Principal.Service != "", r.Principal.Federated != "":
		return byResource
	case within && (byResource.Itself || byResource.Named && limits.Effect == Allow):
		return byResource
	}
	if own := p.own(r); own.Effect != Allow {
		return own
	}
	return byResource
}

// denied looks for an explicit deny, in the order of AWS's own chart.
func (p Policies) denied(r Request) (Decision, bool) {
	var documents []*Document
	if reference.Controlled(r.Action) {
		documents = slices.Concat(p.ResourceControl...)
	}
	documents = append(documents, slices.Concat(p.ServiceControl...)...)
	documents = append(documents, p.Resource)
	documents = append(documents, p.Identity...)
	documents = append(documents, p.Boundary)
	documents = append(documents, p.Session...)
	for _, document := range documents {
		if document == nil {
			continue
		}
		if d := document.Decide(r); d.Effect == Deny {
			return d, true
		}
	}
	return Decision{}, false
}

// own is the decision of the caller's own policies: some identity policy allows, and what limits it allows too.
func (p Policies) own(r Request) Decision {
	identity := decideAll(Identity, p.Identity, r)
	if identity.Effect != Allow {
		return identity
	}
	if limits := p.Limits(r); limits.Effect != Allow {
		return limits
	}
	return identity
}

// Limits is the decision of the permissions boundary and the session policies. Where there are none, they allow.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_boundaries.html
// https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies.html#policies_session
func (p Policies) Limits(r Request) Decision {
	if p.Boundary != nil {
		if d := p.Boundary.Decide(r); d.Effect != Allow {
			return d
		}
	}
	if p.Session != nil {
		return decideAll(Session, p.Session, r)
	}
	return Decision{Effect: Allow}
}

// decideAll adds up documents of a kind: one deny overrides, and one allow is enough.
func decideAll(kind Kind, documents []*Document, r Request) Decision {
	sum := Decision{Kind: kind, Reason: "there is no " + kind.String()}
	for _, document := range documents {
		d := document.Decide(r)
		switch {
		case d.Effect == Deny:
			return d
		case sum.Effect != Allow:
			sum = d
		}
	}
	return sum
}
