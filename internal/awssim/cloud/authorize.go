package cloud

import (
	"maps"

	"github.com/amishare/packer-plugin-ami-share/internal/awssim/iampolicy"
)

// Decision is what was decided, and why.
type Decision struct {
	Allowed bool
	Reason  string
	// Denied says that an explicit deny decided.
	Denied bool
}

// Authorize decides a call by the caller's identity and session policies, for each resource that it is about.
func (c *Call) Authorize(op Action[*Call]) error {
	resources := []string{"*"}
	if op.Resources != nil {
		if named := op.Resources(c); len(named) > 0 {
			resources = named
		}
	}
	var conditions map[string][]string
	if op.Conditions != nil {
		conditions = op.Conditions(c)
	}
	for _, resource := range resources {
		if err := c.Allowed(c.Entry.Action, resource, conditions); err != nil {
			return err
		}
	}
	return nil
}

// Allowed asks whether the caller may do an action on a resource, and returns the service's error if not.
func (c *Call) Allowed(action, resource string, conditions map[string][]string) error {
	verdict := c.cloud.IdentityAllows(c.Caller, c.Context(conditions), action, resource)
	if c.Entry.Resource == "" && resource != "*" {
		c.Entry.Resource = resource
	}
	c.Entry.Reason = verdict.Reason
	if verdict.Allowed {
		return nil
	}
	return c.Refusal(action, resource, verdict.Reason)
}

// Refusal is the error for want of permission, in the service's words.
func (c *Call) Refusal(action, resource, why string) error {
	text := "User: " + c.Caller.ARN + " is not authorized to perform: " + action
	if resource != "*" {
		text += " on resource: " + resource
	}
	text += " because " + why
	return c.API.denied(text)
}

// IdentityAllows is the decision of identity policies and session policies: an identity policy must allow the action, and if
// there are session policies, one of them must too. None may deny it.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic_policy-eval-basics.html
func (c *Cloud) IdentityAllows(who *Principal, context map[string][]string, action, resource string) Decision {
	request := iampolicy.Request{Action: action, Resource: resource, Principal: who.ForPolicies(c.Partition), Context: context}
	identity := decideAll(who.identity(), request)
	session := decideAll(who.SessionOnly, request)
	switch {
	case identity.Denied:
		return identity
	case session.Denied:
		return session
	case !identity.Allowed:
		return Decision{Reason: "no identity-based policy allows the " + action + " action" + detail(identity.Reason)}
	case who.SessionOnly != nil && !session.Allowed:
		return Decision{Reason: "no session policy allows the " + action + " action" + detail(session.Reason)}
	default:
		return identity
	}
}

func detail(reason string) string {
	if reason == "" {
		return ""
	}
	return " (" + reason + ")"
}

// decideAll adds up documents: one that denies is enough to deny, else one that allows is enough to allow.
func decideAll(documents []*iampolicy.Document, request iampolicy.Request) Decision {
	var sum Decision
	for _, document := range documents {
		d := document.Decide(request)
		switch {
		case d.Effect == iampolicy.Deny:
			return Decision{Denied: true, Reason: d.Reason}
		case d.Effect == iampolicy.Allow:
			sum = Decision{Allowed: true, Reason: d.Reason}
		case !sum.Allowed:
			sum.Reason = d.Reason
		}
	}
	return sum
}

// Context holds the condition keys of a call: the global ones and those given.
func (c *Call) Context(conditions map[string][]string) map[string][]string {
	context := c.cloud.ContextOf(c.Caller)
	context["aws:RequestedRegion"] = []string{c.Region}
	context["aws:ViaAWSService"] = []string{"false"}
	if c.API.Context != nil {
		maps.Copy(context, c.API.Context(c))
	}
	maps.Copy(context, conditions)
	return context
}

// SessionAllows asks a session's policies alone. They limit what the role may do, be it by its own policies or by a
// resource's policy that names the role. They don't limit what a resource's policy allows the session itself, or everybody.
// AWS does not say whether they limit grants to the role; here they do.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies.html#policies_session
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic_policy-eval-basics.html
func (c *Cloud) SessionAllows(who *Principal, context map[string][]string, action, resource string) bool {
	if who.SessionOnly == nil {
		return true
	}
	return decideAll(who.SessionOnly, iampolicy.Request{Action: action, Resource: resource, Principal: who.ForPolicies(c.Partition), Context: context}).Allowed
}
