package sharing

import "strings"

// Problem is one thing that went wrong or would, told to a person.
type Problem struct {
	Scope  Scope  // empty Account: not about a target
	Doing  string // what was being done to what: `creating a grant on key arn:… for role arn:…`
	Code   string // AWS's error code, "" when AWS was not asked
	Cause  string // why, in a sentence without a full stop; AWS's own message when nothing better is known
	Remedy string // what to do about it; may hold a JSON document to paste on lines of its own
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
	if p.Code != "" {
		b.WriteString(": " + p.Code)
	}
	if p.Cause != "" {
		b.WriteString(": " + p.Cause)
	}
	if p.Remedy != "" {
		b.WriteString("\n" + p.Remedy)
	}
	return b.String()
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

// Check is one thing that verification looked at from inside a target.
type Check struct {
	Scope   Scope
	Subject string // "image ami-…", "key arn:…", "grant …"
	OK      bool
	Problem *Problem // set when not OK
	Warning bool     // the problem endangers launches and does not make this run wrong
}
