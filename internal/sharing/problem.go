// SPDX-License-Identifier: MPL-2.0

package sharing

import (
	"cmp"
	"strconv"
	"strings"
)

// Problem is one thing that went wrong or would, told to a person.
//
// Its texts have one voice. Doing is a gerund. Cause is a clause without a full stop, and may end with AWS's own words.
// Remedy is one or more sentences; what is to be pasted, a JSON document or a command, stands on lines of its own below
// them.
type Problem struct {
	Scope     Scope  // empty Account: not about a target
	Doing     string // what was being done to what: `creating a grant on key arn:… for role arn:…`
	Code      string // AWS's error code, "" when AWS was not asked or did not answer
	RequestID string // AWS's request id, "" when there is none
	Cause     string
	Remedy    string

	// Status and Host are set when something other than AWS answered: the HTTP status, and the host that was asked.
	Status int
	Host   string

	// Encoded are AWS's reasons as EC2 encodes them, differently each time, "" for none.
	Encoded string
}

// Error returns the problem on one line, and its remedy on the next ones.
func (p Problem) Error() string {
	var b strings.Builder
	b.WriteString(p.Doing)
	switch {
	case p.Scope.Account != "" && p.Scope.Region != "":
		b.WriteString(" (account " + string(p.Scope.Account) + ", " + string(p.Scope.Region) + ")")
	case p.Scope.Account != "":
		b.WriteString(" (account " + string(p.Scope.Account) + ")")
	case p.Scope.Region != "":
		b.WriteString(" (" + string(p.Scope.Region) + ")")
	}
	for _, part := range []string{p.Code, p.answer(), p.Cause} {
		if part != "" {
			b.WriteString(": " + part)
		}
	}
	if p.RequestID != "" {
		b.WriteString(" (request id " + p.RequestID + ")")
	}
	if p.Remedy != "" {
		b.WriteString("\n" + p.Remedy)
	}
	if p.Encoded != "" {
		b.WriteString("\n" + p.decode())
	}
	return b.String()
}

// Reason is the problem in short: AWS's code and the cause.
func (p Problem) Reason() string { return strings.TrimPrefix(p.Code+": "+p.Cause, ": ") }

// answer names what answered in AWS's place.
func (p Problem) answer() string {
	if p.Status == 0 {
		return ""
	}
	return "HTTP status " + strconv.Itoa(p.Status) + " from " + p.Host
}

// decode tells how to read AWS's reasons.
// https://docs.aws.amazon.com/STS/latest/APIReference/API_DecodeAuthorizationMessage.html
func (p Problem) decode() string {
	return "AWS's reasons in detail, for whoever may call sts:DecodeAuthorizationMessage:\n" +
		"aws sts decode-authorization-message --query DecodedMessage --output text --encoded-message " + p.Encoded
}

// Alike returns the problem without what AWS words differently each time: problems that differ in nothing else are of the
// same kind.
func (p Problem) Alike() Problem {
	p.RequestID, p.Encoded = "", ""
	return p
}

// CompareProblems orders problems by account, Region and what was being done.
func CompareProblems(a, b Problem) int {
	return cmp.Or(CompareScopes(a.Scope, b.Scope), cmp.Compare(a.Doing, b.Doing), cmp.Compare(a.Cause, b.Cause))
}

// Problems are the reasons why something can't be done: every one, not the first.
type Problems []Problem

// Error returns the problems one after the other.
func (p Problems) Error() string {
	lines := make([]string, len(p))
	for i, problem := range p {
		lines[i] = problem.Error()
	}
	return strings.Join(lines, "\n")
}

// Unwrap returns the problems for errors.Is and errors.As.
func (p Problems) Unwrap() []error {
	errs := make([]error, len(p))
	for i, problem := range p {
		errs[i] = problem
	}
	return errs
}
