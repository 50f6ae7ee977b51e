// SPDX-License-Identifier: MPL-2.0

// Package diagnose says what an error of AWS means: its cause, and what to do about it.
//
// It is pure, and makes no call: tables of error codes, actions and words of AWS's messages, each with a cause and a remedy
// for the situation that the error came up in. internal/clients makes the calls.
package diagnose

import (
	"slices"
	"strings"

	"github.com/amishare/packer-plugin-ami-share/internal/sharing"
)

// Act is what was being done when AWS refused, as far as it helps to explain the refusal.
type Act struct {
	Scope     sharing.Scope
	Doing     string    // `creating a grant on key arn:… for role arn:…`
	Action    string    // the IAM action: "kms:CreateGrant"
	Resource  string    // its resource: an ARN, an id or "*"
	Principal Principal // who acted; the zero value when AWS has to tell

	ExternalID string   // for sts:AssumeRole
	Grantee    string   // for kms:CreateGrant: the role's ARN
	Operations []string // for kms:CreateGrant
}

// Principal is who acts in a target.
type Principal struct {
	ARN string // of the role, "" when it isn't known
	// Narrowed says that the session policy, if there is one, is the plugin's own: nobody has to mend it but the plugin.
	Narrowed bool
}

// refusal is an error of AWS in the situation that it came up in.
type refusal struct {
	Act
	code    string
	message string // without a full stop
	blames  blame  // the policy that the message names
	caller  string // ARN of whom AWS refused: the role rather than its session
	again   bool   // the role had been assumed before
}

// rule explains the errors that it fits: all of what is set must fit.
type rule struct {
	codes    []string
	action   string // what the action begins with
	contains string // in AWS's message
	explain  func(refusal) (cause, remedy string)
}

func (r rule) fits(f refusal) bool {
	return slices.Contains(r.codes, f.code) && strings.HasPrefix(f.Action, r.action) && strings.Contains(f.message, r.contains)
}

// Error turns an error of the SDK into a problem with cause and remedy. What no rule knows is told in AWS's words.
func Error(err error, a Act) sharing.Problem {
	problem := sharing.Problem{Scope: a.Scope, Doing: a.Doing, RequestID: RequestID(err)}
	if page, ok := notAWS(err); ok {
		problem.Status, problem.Host = page.Status, page.Host
		problem.Cause, problem.Remedy = page.explain()
		return problem
	}
	if broken, ok := asCredentials(err); ok {
		problem.Code = Code(broken.Err)
		problem.Cause, problem.Remedy = broken.explain()
		return problem
	}
	problem.Code = Code(err)
	if problem.Code == "" {
		problem.Cause, problem.Remedy = unanswered(err)
		return problem
	}
	f := refusalOf(err, a)
	_, problem.Encoded = decodable(Message(err))
	problem.Cause, problem.Remedy = f.explain()
	return problem
}

// refusalOf reads an error of AWS: who was refused what, and why, stands in its message if anywhere.
func refusalOf(err error, a Act) refusal {
	message, _ := decodable(withoutSecrets(Message(err)))
	f := refusal{Act: a, code: Code(err), message: strings.TrimSuffix(message, "."), blames: blamed(message)}
	if a.Action != "sts:AssumeRole" && assuming(err) {
		f.Action, f.Resource, f.Principal, f.again = "sts:AssumeRole", a.Principal.ARN, Principal{}, true
	}
	f.caller = f.Principal.ARN
	if f.caller == "" {
		f.caller = roleOf(f.blames.user)
	}
	if arn := f.blames.resource; f.Resource == "*" && strings.HasPrefix(arn, "arn:") {
		f.Resource = arn // it was asked for by an alias, and only AWS knows its ARN
	}
	f.alongside()
	return f
}

// alongside makes the action that was refused the one of the refusal, where it is another one that comes along with what
// was being done.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/id_session-tags.html
// https://docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-api-permissions.html
// https://docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-launch-template-permissions.html
func (f *refusal) alongside() {
	if strings.Contains(f.message, "not authorized to use launch template") {
		f.Action = "ec2:RunInstances"
	}
	switch f.blames.action {
	case "sts:TagSession", "sts:SetSourceIdentity":
		f.Action = f.blames.action
	case "kms:ReEncryptFrom", "kms:ReEncryptTo": // one call takes both
		f.Action = f.blames.action
	case "iam:PassRole":
		f.Action, f.Resource = f.blames.action, f.Grantee
	}
}

func (f refusal) explain() (cause, remedy string) {
	for _, r := range rules() {
		if r.fits(f) {
			return r.explain(f)
		}
	}
	if f.message == "" {
		return "AWS says no more than this code", unknownRemedy
	}
	return f.message, unknownRemedy
}

// unknownRemedy goes with AWS's own words where nothing better is known.
const unknownRemedy = "The plugin doesn't know this answer of AWS: look up the code in the documentation of the service, or ask AWS Support with the request id."

// rules in the order in which they are tried.
func rules() []rule {
	return slices.Concat(credentialRules(), policyRules(), stsRules(), kmsRules(), ec2Rules(), organizationsRules(), ssmRules(), targetRules(), accessRules(), throttleRules())
}

// who names the caller for people.
func (f refusal) who() string {
	if f.caller == "" {
		return "the caller"
	}
	return f.caller
}

// whom returns the principal for a statement: the caller, or a reminder to fill it in.
func (f refusal) whom() string {
	if f.caller == "" {
		return "<ARN of the caller>"
	}
	return f.caller
}
