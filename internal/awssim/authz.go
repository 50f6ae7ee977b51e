package awssim

import (
	"maps"
	"net/http"

	"github.com/amishare/packer-plugin-ami-share/internal/awssim/iampolicy"
)

// decision is what was decided, and why.
type decision struct {
	allowed bool
	reason  string
	// denied says that an explicit deny decided.
	denied bool
	// by is the grant that a use of a key was allowed by, when policies alone would not have.
	by *grant
}

// authorize decides a call by the caller's identity and session policies, for each resource that it is about.
func (c *call) authorize(op operation) error {
	resources := []string{"*"}
	if op.resources != nil {
		if named := op.resources(c); len(named) > 0 {
			resources = named
		}
	}
	var conditions map[string][]string
	if op.conditions != nil {
		conditions = op.conditions(c)
	}
	for _, resource := range resources {
		if err := c.allowed(c.entry.Action, resource, conditions); err != nil {
			return err
		}
	}
	return nil
}

// allowed asks whether the caller may do an action on a resource, and returns the service's error if not.
func (c *call) allowed(action, resource string, conditions map[string][]string) error {
	verdict := c.server.identityAllows(c.caller, c.context(conditions), action, resource)
	if c.entry.Resource == "" && resource != "*" {
		c.entry.Resource = resource
	}
	c.entry.Reason = verdict.reason
	if verdict.allowed {
		return nil
	}
	return c.refusal(action, resource, verdict.reason)
}

// refusal is the error for want of permission, in the service's words.
func (c *call) refusal(action, resource, why string) error {
	text := "User: " + c.caller.arn + " is not authorized to perform: " + action
	if resource != "*" {
		text += " on resource: " + resource
	}
	text += " because " + why
	switch c.service {
	case "ec2":
		return errorf(http.StatusForbidden, "UnauthorizedOperation", "You are not authorized to perform this operation. %s. Encoded authorization failure message: none", text)
	case "kms", "tagging":
		return errorf(http.StatusBadRequest, "AccessDeniedException", "%s", text)
	default:
		return errorf(http.StatusForbidden, "AccessDenied", "%s", text)
	}
}

// identityAllows is the decision of identity policies and session policies: some identity policy has to allow, of
// session policies, if there are any, too, and none may deny.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic_policy-eval-basics.html
func (s *Server) identityAllows(who *principal, context map[string][]string, action, resource string) decision {
	request := iampolicy.Request{Action: action, Resource: resource, Principal: who.forPolicies(s.partition), Context: context}
	identity := decideAll(who.identity(), request)
	session := decideAll(who.sessionOnly, request)
	switch {
	case identity.denied:
		return identity
	case session.denied:
		return session
	case !identity.allowed:
		return decision{reason: "no identity-based policy allows the " + action + " action" + detail(identity.reason)}
	case who.sessionOnly != nil && !session.allowed:
		return decision{reason: "no session policy allows the " + action + " action" + detail(session.reason)}
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

// decideAll adds up documents of which one allow is enough and one deny overrides.
func decideAll(documents []*policyDocument, request iampolicy.Request) decision {
	var sum decision
	for _, document := range documents {
		d := document.Decide(request)
		switch {
		case d.Effect == iampolicy.Deny:
			return decision{denied: true, reason: d.Reason}
		case d.Effect == iampolicy.Allow:
			sum = decision{allowed: true, reason: d.Reason}
		case !sum.allowed:
			sum.reason = d.Reason
		}
	}
	return sum
}

// context holds the condition keys of a call: the global ones and those given.
func (c *call) context(conditions map[string][]string) map[string][]string {
	context := c.server.contextOf(c.caller)
	context["aws:RequestedRegion"] = []string{c.region}
	context["aws:ViaAWSService"] = []string{"false"}
	if c.service == "ec2" {
		context["ec2:Region"] = []string{c.region}
	}
	maps.Copy(context, conditions)
	return context
}
