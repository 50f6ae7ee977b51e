// SPDX-License-Identifier: MPL-2.0

package iampolicy

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// actions are the patterns of Action or NotAction.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_action.html
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_notaction.html
type actions struct {
	not      bool
	patterns []glob // in lower case
}

// actionName is a service and the name of an action, which alone may have wildcards.
var actionName = regexp.MustCompile(`^[a-zA-Z0-9-]+:[\w*?-]+$`)

func (r reading) parseActions(found elements) (actions, []error) {
	v, not, errs := found.eitherOf("Action", "NotAction")
	if v.shape == "" {
		return actions{}, errs
	}
	names, problems := v.texts("Action")
	errs = append(errs, problems...)
	a := actions{not: not}
	for _, name := range names {
		if err := r.checkAction(name); err != nil {
			errs = append(errs, err)
		}
		a.patterns = append(a.patterns, wildcards(strings.ToLower(name)))
	}
	return a, errs
}

// checkAction takes "*" or service:Name; the policy of a role's trust speaks of STS alone.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_create_for-custom.html
func (r reading) checkAction(name string) error {
	switch {
	case name != "*" && !actionName.MatchString(name):
		return fmt.Errorf("action %q is not of the form service:Action", name)
	case r.kind == Trust && !strings.HasPrefix(strings.ToLower(name), "sts:"):
		return fmt.Errorf("action %q is none of STS, and a trust policy is about those only", name)
	default:
		return nil
	}
}

// fit compares without regard to case.
func (a actions) fit(action string) bool {
	action = strings.ToLower(action)
	return a.not != slices.ContainsFunc(a.patterns, func(p glob) bool { return p.matches(action) })
}
