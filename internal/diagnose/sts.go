package diagnose

import (
	"fmt"
	"strings"

	"github.com/amishare/packer-plugin-ami-share/internal/policy"
)

// onTheWayRules are for calls that were refused because of another action that comes with them.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/id_session-tags.html
func onTheWayRules() []rule {
	return []rule{
		{codes: []string{"AccessDenied"}, action: "sts:AssumeRole", contains: "sts:TagSession", explain: func(f refusal) (string, string) {
			return "the trust policy of " + f.Resource + " does not let " + f.who() + " pass session tags",
				"let the role's trust policy allow it:\n" + policy.TrustStatement(f.whom(), f.ExternalID, "sts:TagSession")
		}},
		{codes: []string{"AccessDenied"}, action: "sts:AssumeRole", contains: "sts:SetSourceIdentity", explain: func(f refusal) (string, string) {
			return "the trust policy of " + f.Resource + " does not let " + f.who() + " pass on its source identity",
				"let the role's trust policy allow it:\n" + policy.TrustStatement(f.whom(), f.ExternalID, "sts:SetSourceIdentity")
		}},
		{codes: []string{"AccessDenied"}, action: "autoscaling:", contains: "iam:PassRole", explain: func(f refusal) (string, string) {
			return f.who() + " may not pass the role to Auto Scaling", "add to the identity policy of " + f.who() + ":\n" + policy.IdentityStatement("iam:PassRole", f.Grantee)
		}},
	}
}

// stsRules are for roles that can't be assumed.
// https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html
func stsRules() []rule {
	return []rule{
		{codes: []string{"AccessDenied"}, action: "sts:AssumeRole", explain: notAssumable},
		{codes: []string{"ValidationError"}, action: "sts:AssumeRole", contains: "role chaining", explain: func(refusal) (string, string) {
			return "the source's credentials are a role's themselves, and then a session lasts an hour at most", "leave out duration_seconds of the target's assume_role, or set it to 3600 or less"
		}},
		{codes: []string{"ValidationError"}, action: "sts:AssumeRole", contains: "MaxSessionDuration", explain: func(f refusal) (string, string) {
			return "duration_seconds is longer than the role's MaxSessionDuration", "leave duration_seconds out, or raise the maximum of " + f.Resource
		}},
		{codes: []string{"PackedPolicyTooLarge", "PackedPolicyTooLargeException"}, action: "sts:AssumeRole", explain: func(f refusal) (string, string) {
			return "session policy and session tags together are too large: " + f.message, "shorten policy, policy_arns or tags of the target's assume_role"
		}},
		{codes: []string{"MalformedPolicyDocument", "MalformedPolicyDocumentException"}, action: "sts:AssumeRole", explain: func(f refusal) (string, string) {
			return "the session policy is not valid: " + f.message, "correct the policy of the target's assume_role"
		}},
	}
}

// notAssumable puts into words that AWS answers in the same way when a role does not exist, when its trust policy
// doesn't fit or wants another external id, and when the caller's own policy lacks the permission.
func notAssumable(f refusal) (string, string) {
	if f.again {
		return "the role " + f.Resource + " can't be assumed any more: " + f.message,
			"it could when the run began: look whether the role or its trust policy has been changed since, and run again"
	}
	cause := fmt.Sprintf("AWS does not tell which: the role does not exist, its trust policy does not let %s in%s, or %s may not assume it",
		f.who(), withExternalID(f.ExternalID), f.who())
	var b strings.Builder
	fmt.Fprintf(&b, "1. check that %s exists: its name, path and account\n", f.Resource)
	fmt.Fprintf(&b, "2. its trust policy needs\n%s\n", policy.TrustStatement(f.whom(), f.ExternalID))
	fmt.Fprintf(&b, "3. the identity policy of %s needs\n%s", f.who(), policy.IdentityStatement(f.Action, f.Resource))
	return cause, b.String()
}

func withExternalID(id string) string {
	if id == "" {
		return " (or wants an external_id, and none is given)"
	}
	return fmt.Sprintf(" with external id %q", id)
}

// whom returns the principal for a statement: the caller, or a reminder to fill it in.
func (f refusal) whom() string {
	if f.caller == "" {
		return "<ARN of the caller>"
	}
	return f.caller
}
