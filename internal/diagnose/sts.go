// SPDX-License-Identifier: MPL-2.0

package diagnose

import (
	"fmt"

	"github.com/amishare/packer-plugin-ami-share/internal/policy"
)

// stsRules are for roles that can't be assumed.
// https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html
func stsRules() []rule {
	return []rule{
		{codes: []string{"AccessDenied"}, action: "sts:TagSession", explain: notPassedOn},
		{codes: []string{"AccessDenied"}, action: "sts:SetSourceIdentity", explain: notPassedOn},
		{codes: []string{"AccessDenied"}, action: "sts:AssumeRole", explain: notAssumable},
		{codes: []string{"ValidationError"}, action: "sts:AssumeRole", contains: "role chaining", explain: func(refusal) (string, string) {
			return "the source's credentials are a role's themselves, and then a session lasts an hour at most",
				"Leave out duration_seconds of the target's assume_role, or set it to 3600 or less."
		}},
		{codes: []string{"ValidationError"}, action: "sts:AssumeRole", contains: "MaxSessionDuration", explain: func(f refusal) (string, string) {
			return "duration_seconds is longer than the role's MaxSessionDuration", "Leave duration_seconds out, or raise the maximum of " + f.Resource + "."
		}},
		{codes: []string{"PackedPolicyTooLarge", "PackedPolicyTooLargeException"}, action: "sts:AssumeRole", explain: func(f refusal) (string, string) {
			return "session policy and session tags together are too large: " + f.message, "Shorten policy, policy_arns or tags of the target's assume_role. The transitive tags that come with the source's own session count too: on EKS, set disableSessionTags of the Pod Identity association."
		}},
		{codes: []string{"MalformedPolicyDocument", "MalformedPolicyDocumentException"}, action: "sts:AssumeRole", explain: func(f refusal) (string, string) {
			return "the session policy is not valid: " + f.message, "Correct the policy of the target's assume_role."
		}},
	}
}

// notAssumable puts into words that AWS answers in the same way when a role does not exist, when its trust policy
// doesn't fit or wants another external id, and when the caller's own policy lacks the permission.
func notAssumable(f refusal) (cause, remedy string) {
	if f.again {
		return "the role " + f.Resource + " can't be assumed any more: " + f.message,
			"It could when the run began: look whether the role or its trust policy has been changed since, and run again."
	}
	cause = fmt.Sprintf("AWS does not tell which: the role does not exist, its trust policy does not let %s in%s, or the identity policy of %s does not allow to assume it",
		f.who(), withExternalID(f.ExternalID), f.who())
	return cause, fmt.Sprintf("1. Check that %s exists: its name, path and account.\n2. %s\n3. %s", f.Resource, f.trustSide(), f.roleSide())
}

// notPassedOn is for session tags and source identities. Across accounts both sides have to allow that they are passed on.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/id_session-tags.html#id_session-tags_permissions-required
func notPassedOn(f refusal) (cause, remedy string) {
	what := "session tags"
	if f.Action == "sts:SetSourceIdentity" {
		what = "a source identity"
	}
	cause = fmt.Sprintf("AWS does not tell which: the trust policy of %s does not let %s pass %s, or the identity policy of %s does not allow it",
		f.Resource, f.who(), what, f.who())
	return cause, fmt.Sprintf("Across accounts both are needed.\n1. %s\n2. %s", f.trustSide(), f.roleSide())
}

// trustSide is the remedy on the side of the role that was to be assumed.
func (f refusal) trustSide() string {
	var along []string
	if f.Action != "sts:AssumeRole" {
		along = append(along, f.Action)
	}
	text := "The trust policy of " + f.Resource + " needs\n" + policy.TrustStatement(f.whom(), f.ExternalID, along...)
	if f.ExternalID != "" {
		text += "\nWhere the external ID is masked, put in the external_id of the target's assume_role."
	}
	return text
}

func withExternalID(id string) string {
	if id == "" {
		return " (or wants an external_id, and none is given)"
	}
	return fmt.Sprintf(" with external id %q", id)
}
