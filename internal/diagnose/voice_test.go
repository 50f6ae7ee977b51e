// SPDX-License-Identifier: MPL-2.0

package diagnose

import (
	"regexp"
	"strings"
	"testing"

	"github.com/aws/smithy-go"

	"github.com/amishare/packer-plugin-ami-share/internal/sharing"
)

var (
	sentence = regexp.MustCompile(`^(\d\. )?["A-Z]`)
	pasted   = regexp.MustCompile(`^([{}\s]|aws |curl |"|\])`)
)

// hasOneVoice checks what sharing.Problem says of its texts.
func hasOneVoice(t *testing.T, p sharing.Problem) {
	t.Helper()
	if p.Cause == "" || p.Remedy == "" {
		t.Errorf("cause and remedy are needed: %q, %q", p.Cause, p.Remedy)
	}
	if strings.HasSuffix(p.Cause, ".") || strings.ContainsAny(p.Cause, "\n") {
		t.Errorf("the cause is no clause: %q", p.Cause)
	}
	lines := strings.Split(p.Remedy, "\n")
	for i, line := range lines {
		pastes := i+1 < len(lines) && pasted.MatchString(lines[i+1])
		switch {
		case pasted.MatchString(line):
		case !sentence.MatchString(line):
			t.Errorf("the remedy has a line that does not begin like a sentence: %q", line)
		case !strings.HasSuffix(line, ".") && !pastes:
			t.Errorf("the remedy has a line that does not end like a sentence: %q", line)
		}
	}
}

// What AWS names is believed: for every kind of policy and every action, the cause names both, and nothing else is blamed.
func TestAWSIsBelievedWhenItNamesThePolicy(t *testing.T) {
	kinds := map[string]string{ // what the cause has to name
		"identity-based policy": "identity", "session policy": "session policy", "resource-based policy": "policy of ", "service control policy": "service control policy",
		"resource control policy": "resource control policy", "permissions boundary": "permissions boundary", "VPC endpoint policy": "VPC endpoint policy",
	}
	const caller = "arn:aws:iam::111111111111:user/ci"
	for _, a := range []struct {
		act    Act
		action string // that is refused, where it is another one
		code   string
	}{
		{Act{Action: "sts:AssumeRole", Resource: roleARN}, "sts:AssumeRole", "AccessDenied"},
		{Act{Action: "sts:AssumeRole", Resource: roleARN}, "sts:TagSession", "AccessDenied"},
		{Act{Action: "sts:AssumeRole", Resource: roleARN}, "sts:SetSourceIdentity", "AccessDenied"},
		{Act{Action: "kms:CreateGrant", Resource: keyARN, Grantee: granteeID}, "kms:CreateGrant", "AccessDeniedException"},
		{Act{Action: "ec2:ModifyImageAttribute", Resource: "arn:aws:ec2:eu-central-1::image/ami-1"}, "ec2:ModifyImageAttribute", "UnauthorizedOperation"},
		{Act{Action: "iam:GetRole", Resource: granteeID}, "iam:GetRole", "AccessDenied"},
		{Act{Action: "autoscaling:UpdateAutoScalingGroup", Grantee: granteeID}, "iam:PassRole", "AccessDenied"},
	} {
		for kind, named := range kinds {
			start := "User: " + caller + " is not authorized to perform: " + a.action + " on resource: x "
			for _, reason := range []string{"because no " + kind + " allows the " + a.action + " action", "with an explicit deny in a " + kind} {
				got := Error(&smithy.GenericAPIError{Code: a.code, Message: start + reason}, a.act)
				hasOneVoice(t, got)
				if !strings.Contains(got.Cause, named) || !strings.Contains(got.Cause, a.action) || !strings.Contains(got.Cause, caller) {
					t.Errorf("%s: the cause is %q", reason, got.Cause)
				}
				for other, words := range kinds {
					if kind != other && words != "policy of " && !strings.Contains(words, named) && strings.Contains(got.Cause, words) {
						t.Errorf("%s: the cause blames something else: %q", reason, got.Cause)
					}
				}
			}
		}
	}
}

func TestThePluginsOwnSessionPolicyIsNobodyElsesFault(t *testing.T) {
	for _, reason := range []string{"because no session policy allows the iam:GetRole action", "with an explicit deny in a session policy"} {
		err := &smithy.GenericAPIError{Code: "AccessDenied", Message: "User: x is not authorized to perform: iam:GetRole on resource: role y " + reason}
		own := Error(err, Act{Action: "iam:GetRole", Principal: Principal{ARN: roleARN, Narrowed: true}})
		contains(t, "cause", own.Cause, []string{"the plugin has narrowed its own session"})
		contains(t, "remedy", own.Remedy, []string{"no policy of yours is at fault", "report it"})
		theirs := Error(err, Act{Action: "iam:GetRole", Principal: Principal{ARN: roleARN}})
		contains(t, "remedy", theirs.Remedy, []string{"the session policy of " + roleARN})
		hasOneVoice(t, own)
		hasOneVoice(t, theirs)
	}
}

// Across accounts both sides are needed, and where AWS does not tell which lacks, both are named.
func TestASessionTagThatNobodyIsNamedFor(t *testing.T) {
	for action, what := range map[string]string{"sts:TagSession": "pass session tags", "sts:SetSourceIdentity": "pass a source identity"} {
		err := &smithy.GenericAPIError{Code: "AccessDenied", Message: "User: arn:aws:sts::111111111111:assumed-role/ci/build is not authorized to perform: " + action + " on resource: " + roleARN}
		got := Error(err, Act{Action: "sts:AssumeRole", Resource: roleARN})
		contains(t, "cause", got.Cause, []string{"does not tell which", "the trust policy of " + roleARN, what, "the identity policy of arn:aws:iam::111111111111:role/ci"})
		contains(t, "remedy", got.Remedy, []string{"1. The trust policy of " + roleARN, "2. The identity policy of arn:aws:iam::111111111111:role/ci", `"` + action + `"`})
		hasOneVoice(t, got)
	}
}
