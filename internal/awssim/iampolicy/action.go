package iampolicy

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// actions are the patterns of Action or NotAction.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_action.html
type actions struct {
	patterns []string
	not      bool
}

func parseActions(action, notAction []string) (actions, []error) {
	a := actions{patterns: slices.Concat(action, notAction), not: len(notAction) > 0}
	var errs []error
	switch {
	case len(action) > 0 && len(notAction) > 0:
		errs = append(errs, errors.New("there are both Action and NotAction"))
	case len(a.patterns) == 0:
		errs = append(errs, errors.New("there is no action"))
	}
	for _, pattern := range a.patterns {
		service, name, ok := strings.Cut(pattern, ":")
		if pattern != "*" && (!ok || service == "" || name == "" || strings.ContainsAny(service, "*?$")) {
			errs = append(errs, fmt.Errorf("action %q is not of the form service:Action", pattern))
		}
	}
	return a, errs
}

// fit compares without regard to case, as AWS does.
func (a actions) fit(action string) bool {
	action = strings.ToLower(action)
	fits := slices.ContainsFunc(a.patterns, func(pattern string) bool { return matches(strings.ToLower(pattern), action) })
	return fits != a.not
}
