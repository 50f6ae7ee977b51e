// Package diagnose says what an error of AWS means: its cause, and what to do about it.
//
// It is pure, and makes no call: tables of error codes, actions and words of AWS's messages, each with a cause and a remedy
// for the situation that the error came up in. internal/awsapi makes the calls.
package diagnose

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws/retry"

	"github.com/amishare/packer-plugin-ami-share/internal/sharing"
)

// Act is what was being done when AWS refused, as far as it helps to explain the refusal.
type Act struct {
	Scope     sharing.Scope
	Doing     string // `creating a grant on key arn:… for role arn:…`
	Action    string // the IAM action: "kms:CreateGrant"
	Resource  string // its resource: an ARN, an id or "*"
	Principal string // ARN of the role that acted, "" when AWS has to tell

	ExternalID string   // for sts:AssumeRole
	Grantee    string   // for kms:CreateGrant: the role's ARN
	Operations []string // for kms:CreateGrant
}

// refusal is an error of AWS in the situation that it came up in.
type refusal struct {
	Act
	code, message string
	encoded       string // AWS's reasons, as EC2 encodes them; "" for none
	caller        string // ARN of whom AWS refused: the role rather than its session
	again         bool   // the role had been assumed before
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

// Error turns an error of the SDK into a problem with cause and remedy. An error that no rule knows passes through
// with AWS's words and request id.
func Error(err error, a Act) sharing.Problem {
	problem := sharing.Problem{Scope: a.Scope, Doing: a.Doing, Code: Code(err)}
	if problem.Code == "" {
		problem.Cause, problem.Remedy = unanswered(err)
		return problem
	}
	f := refusal{Act: a, code: problem.Code, message: withoutSecrets(Message(err))}
	if a.Action != "sts:AssumeRole" && assuming(err) {
		f.Action, f.Resource, f.Principal, f.again = "sts:AssumeRole", a.Principal, "", true
	}
	f.message, f.encoded = decodable(f.message)
	if match := resourceInMessage.FindStringSubmatch(f.message); match != nil && f.Resource == "*" {
		f.Resource = match[1]
	}
	f.caller = callerOf(f)
	for _, r := range rules() {
		if r.fits(f) {
			problem.Cause, problem.Remedy = r.explain(f)
			problem.Remedy += f.decode()
			return problem
		}
	}
	problem.Cause = withoutSecrets(Message(err))
	if id := RequestID(err); id != "" {
		problem.Cause += " (request id " + id + ")"
	}
	return problem
}

// rules in the order in which they are tried.
func rules() []rule {
	return slices.Concat(credentialRules(), onTheWayRules(), policyRules(), stsRules(), kmsRules(), ec2Rules(), targetRules(), accessRules(),
		throttleRules())
}

// withoutSecrets cuts off the request that AWS repeats to somebody whose signature is wrong: the session token is in it.
func withoutSecrets(message string) string {
	before, _, _ := strings.Cut(message, "The Canonical String")
	return strings.TrimSpace(before)
}

var encodedReasons = regexp.MustCompile(`\s*Encoded authorization failure message: (\S+)`)

// decodable splits a refusal of EC2 into what people can read, and AWS's reasons, which only AWS can.
func decodable(message string) (readable, encoded string) {
	match := encodedReasons.FindStringSubmatch(message)
	if match == nil {
		return message, ""
	}
	return encodedReasons.ReplaceAllString(message, ""), match[1]
}

// decode tells how to read AWS's reasons.
// https://docs.aws.amazon.com/STS/latest/APIReference/API_DecodeAuthorizationMessage.html
func (f refusal) decode() string {
	if f.encoded == "" {
		return ""
	}
	return "\nAWS's reasons in detail, for whoever may call sts:DecodeAuthorizationMessage:\n" +
		"aws sts decode-authorization-message --query DecodedMessage --output text --encoded-message " + f.encoded
}

// resourceInMessage is what was refused, where it was asked for by an alias and only AWS knows its ARN.
var resourceInMessage = regexp.MustCompile(`on resource: (arn:[^\s"]+)`)

var userInMessage = regexp.MustCompile(`User: (\S+) is not authorized`)

// callerOf returns whom AWS refused. The ARN in its message is a session's, which lacks the role's path: where the role
// is known, that is better.
func callerOf(f refusal) string {
	match := userInMessage.FindStringSubmatch(f.message)
	switch {
	case f.Principal != "":
		return f.Principal
	case match != nil:
		return RoleOf(match[1])
	default:
		return ""
	}
}

// unanswered explains errors that AWS did not send.
func unanswered(err error) (cause, remedy string) {
	var exhausted *retry.MaxAttemptsError
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		return "AWS did not answer in time", "run again; if it stays so, look at the way to AWS from here: proxy, VPC endpoint, firewall"
	case errors.Is(err, context.Canceled):
		return "the run was interrupted", "run again"
	case Untrusted(err):
		return "the TLS certificate that came instead of AWS's is not trusted: " + root(err),
			"where a proxy looks into TLS connections, name the file of its authority's certificate in AWS_CA_BUNDLE; " +
				"insecure_skip_tls_verify = true trusts anybody"
	case Unreachable(err):
		return "AWS could not be reached: " + root(err),
			"check the region's name, the endpoint settings (AWS_ENDPOINT_URL) and the way to AWS from here: proxy, VPC endpoint, firewall"
	case errors.As(err, &exhausted):
		return fmt.Sprintf("no answer in %d attempts: %s", exhausted.Attempt, root(err)), "run again: what is done already stays done and costs no call"
	default:
		return err.Error(), ""
	}
}

// root returns the innermost error's words.
func root(err error) string {
	for {
		inner := errors.Unwrap(err)
		if inner == nil {
			return err.Error()
		}
		err = inner
	}
}

// who names the caller for people.
func (f refusal) who() string {
	if f.caller == "" {
		return "the caller"
	}
	return f.caller
}
