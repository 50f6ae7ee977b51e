package iampolicy

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// resources are the patterns of Resource or NotResource.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_resource.html
type resources struct {
	patterns []string
	not      bool
}

func parseResources(kind Kind, resource, notResource []string) (resources, []error) {
	r := resources{patterns: slices.Concat(resource, notResource), not: len(notResource) > 0}
	var errs []error
	switch {
	case kind == Trust && len(r.patterns) > 0:
		errs = append(errs, errors.New("a trust policy has no resource: it belongs to its role"))
	case kind != Trust && len(r.patterns) == 0:
		errs = append(errs, errors.New("there is no resource"))
	case len(resource) > 0 && len(notResource) > 0:
		errs = append(errs, errors.New("there are both Resource and NotResource"))
	}
	for _, pattern := range r.patterns {
		if pattern != "*" && strings.Count(pattern, ":") < 5 && !strings.Contains(pattern, "*") {
			errs = append(errs, fmt.Errorf("resource %q is neither an ARN nor a pattern of one", pattern))
		}
		if err := checkVariables(pattern); err != nil {
			errs = append(errs, err)
		}
	}
	return r, errs
}

// fit compares with regard to case. A request without a resource is covered by "*" only.
func (rs resources) fit(kind Kind, r Request, context map[string][]string) bool {
	if kind == Trust {
		return true
	}
	fits := slices.ContainsFunc(rs.patterns, func(pattern string) bool {
		resolved, ok := resolve(pattern, context)
		return ok && matchesARN(resolved, r.Resource)
	})
	return fits != rs.not
}

// matches compares a text with a pattern in which * stands for any text and ? for one character.
func matches(pattern, s string) bool {
	star, mark := -1, 0
	p, i := 0, 0
	for i < len(s) {
		switch {
		case p < len(pattern) && pattern[p] == '*':
			star, mark = p, i
			p++
		case p < len(pattern) && (pattern[p] == '?' || pattern[p] == s[i]):
			p++
			i++
		case star >= 0:
			mark++
			p, i = star+1, mark
		default:
			return false
		}
	}
	return strings.Trim(pattern[p:], "*") == ""
}

// matchesARN compares an ARN with a pattern part by part, so that a wildcard in one part does not reach into the next;
// only the resource, the sixth, may hold colons of its own.
func matchesARN(pattern, arn string) bool {
	if pattern == "*" {
		return true
	}
	patterns, parts := strings.SplitN(pattern, ":", 6), strings.SplitN(arn, ":", 6)
	if len(patterns) < 6 || len(parts) < 6 {
		return matches(pattern, arn)
	}
	for i := range parts {
		if !matches(patterns[i], parts[i]) {
			return false
		}
	}
	return true
}
