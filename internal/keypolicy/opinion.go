// SPDX-License-Identifier: MPL-2.0

package keypolicy

import "fmt"

// Opinion is what a key policy does to some calls.
type Opinion int

// The opinions.
const (
	LetsIn   Opinion = iota
	CantTell         // a condition that can't be checked, or other policies, decide
	Silent           // no statement lets one of the calls in
	Denies           // a statement denies one of them
)

// Judge tells what a key policy does to calls that nobody can try, and why. The reason is a clause, "" for LetsIn.
func Judge(document string, calls []Call) (Opinion, string) {
	statements, err := read(document)
	if err != nil {
		return CantTell, fmt.Sprintf("its policy can't be read: %v", err)
	}
	opinion, reason := LetsIn, ""
	for _, c := range calls {
		if got, why := judge(statements, c); got > opinion {
			opinion, reason = got, why
		}
	}
	return opinion, reason
}

func judge(statements []statement, c Call) (Opinion, string) {
	opinion, reason := Silent, fmt.Sprintf("no statement of its policy lets %s call %s", c.Principal, c.Action)
	doubt := ""
	for _, s := range statements {
		got := s.answer(c)
		switch {
		case s.Effect == "Deny" && got.reached == fits:
			return Denies, fmt.Sprintf("%s denies %s to %s", s.name(), c.Action, c.Principal)
		case s.Effect == "Deny" && got.reached == doubtful:
			doubt = fmt.Sprintf("%s may deny %s to %s: it %s", s.name(), c.Action, c.Principal, got.what)
		case s.Effect == "Deny":
		default:
			if next, why := got.opinion(c); next < opinion {
				opinion, reason = next, why
			}
		}
	}
	if opinion == LetsIn && doubt != "" {
		return CantTell, doubt
	}
	return opinion, reason
}

// opinion is what a statement that allows does to a call. What it hands on to the account is decided by the role's own
// policies; a service-linked role's are AWS's and hold nothing for keys.
// https://docs.aws.amazon.com/autoscaling/ec2/userguide/key-policy-requirements-EBS-encryption.html
func (a answer) opinion(c Call) (Opinion, string) {
	switch {
	case a.reached < doubtful, a.handed && c.serviceLinked():
		return Silent, ""
	case a.reached == doubtful:
		return CantTell, a.statement.name() + " " + a.what
	case a.handed:
		return CantTell, fmt.Sprintf("%s leaves it to the account, and so to the identity policy of %s", a.statement.name(), c.Principal)
	default:
		return LetsIn, ""
	}
}
