// SPDX-License-Identifier: MPL-2.0

package cloud

import (
	"cmp"
	"maps"
	"strings"

	"github.com/amishare/packer-plugin-ami-share/internal/awssim/iampolicy"
)

// Decision is what was decided, and why.
type Decision struct {
	Allowed bool
	Reason  string
	// Denied says that an explicit deny decided.
	Denied bool
	// Kind of the policy that decided.
	Kind iampolicy.Kind
	// Words are AWS's for a refusal, as in "with an explicit deny in a session policy". The reason is for the journal alone.
	Words string
}

// DecisionOf is what a policy decided on an action.
func DecisionOf(d iampolicy.Decision, action string) Decision {
	decision := Decision{Kind: d.Kind, Allowed: d.Effect == iampolicy.Allow, Denied: d.Effect == iampolicy.Deny, Reason: d.Reason}
	if decision.Denied {
		decision.Words = d.Because(action)
	}
	return decision
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
	context := c.Context(conditions)
	maps.Copy(context, c.cloud.resourceTags(c, resource))
	verdict := c.cloud.IdentityAllows(c.Caller, context, action, resource)
	if c.Entry.Resource == "" && resource != "*" {
		c.Entry.Resource = resource
	}
	c.Entry.Reason = verdict.Reason
	if verdict.Allowed {
		return nil
	}
	return c.Refuse(action, resource, verdict)
}

// Refuse is the error for want of permission, in AWS's words where it has any for what decided.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html
func (c *Call) Refuse(action, resource string, verdict Decision) error {
	text := "User: " + c.Caller.ARN + " is not authorized to perform: " + action
	if resource != "*" {
		text += " on resource: " + resource
	}
	return c.API.denied(text + " " + cmp.Or(verdict.Words, "because "+verdict.Reason))
}

// Refusal is the error for want of permission for a reason of the service's own.
func (c *Call) Refusal(action, resource, why string) error {
	return c.Refuse(action, resource, Decision{Reason: why})
}

// policies are the documents that speak for and against whatever a principal does with a resource, besides the resource's own.
func (c *Cloud) policies(who *Principal, resource string) iampolicy.Policies {
	return iampolicy.Policies{
		ServiceControl: c.serviceControl(who), ResourceControl: c.resourceControl(resource),
		Identity: who.identity(), Boundary: who.boundary(), Session: who.SessionOnly,
	}
}

// IdentityAllows is the decision of the caller's own policies: an identity policy must allow the action, and if there are
// session policies, one of them must too, and so must the permissions boundary and each level of service control policies. None
// may deny it. A service control policy that does not allow is like a deny: no resource's policy makes up for it.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic_policy-eval-basics.html
func (c *Cloud) IdentityAllows(who *Principal, context map[string][]string, action, resource string) Decision {
	d := c.policies(who, resource).Decide(c.request(who, context, action, resource), who.Account.ID)
	if d.Kind == iampolicy.ResourceControl && !c.together(who.Account.ID, accountOf(resource)) {
		d.Policy = "" // AWS names policies within an organization only
	}
	decision := DecisionOf(d, action)
	if d.Effect == iampolicy.Silent {
		decision.Words = d.Because(action)
		decision.Reason = strings.TrimPrefix(decision.Words, "because ") + " (" + d.Reason + ")"
		decision.Denied = d.Kind == iampolicy.ServiceControl
	}
	return decision
}

// together tells whether two accounts are of one organization.
func (c *Cloud) together(account, other string) bool {
	o, _ := c.OrganizationOf(account)
	its, _ := c.OrganizationOf(other)
	return o != nil && o == its
}

func (c *Cloud) request(who *Principal, context map[string][]string, action, resource string) iampolicy.Request {
	return iampolicy.Request{Action: action, Resource: resource, Principal: who.ForPolicies(c.Partition), Context: context}
}

// Context holds the condition keys of a call: the global ones and those given.
func (c *Call) Context(conditions map[string][]string) map[string][]string {
	context := c.cloud.ContextOf(c.Caller)
	context["aws:RequestedRegion"] = []string{c.Region}
	context["aws:ViaAWSService"] = []string{"false"}
	maps.Copy(context, c.Origin())
	if c.API.Context != nil {
		maps.Copy(context, c.API.Context(c))
	}
	maps.Copy(context, conditions)
	return context
}

// SessionAllows asks a session's policies alone. They limit what the role may do, be it by its own policies or by a
// resource's policy that names the role. They don't limit what a resource's policy allows the session itself. AWS does not say whether
// they limit grants to the role and what a resource's policy allows everybody; here they do.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies.html#policies_session
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic_policy-eval-basics.html
func (c *Cloud) SessionAllows(who *Principal, context map[string][]string, action, resource string) bool {
	return c.policies(who, resource).Limits(c.request(who, context, action, resource)).Effect == iampolicy.Allow
}
