package iampolicy

import (
	"fmt"
	"regexp"
	"slices"
)

// resources are the patterns of Resource or NotResource.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_resource.html
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_notresource.html
type resources struct {
	not      bool
	patterns []pattern
}

// resourceARN has six parts, of which the service may not have a wildcard.
var resourceARN = regexp.MustCompile(`^arn:(aws[a-z*?-]*|\*):[a-z0-9-]+:[^:]*:[^:]*:.+$`)

func (r reading) parseResources(found elements) (*resources, []error) {
	v, not, errs := found.eitherOf("Resource", "NotResource")
	has := v.shape != ""
	switch {
	case r.kind == Trust && has:
		return nil, []error{fmt.Errorf("resources have no place in the %s: it is about its role", r.kind)}
	case r.kind == Trust:
		return nil, nil
	case !has:
		return nil, errs
	}
	names, problems := v.texts("Resource")
	errs = append(errs, problems...)
	rs := &resources{not: not}
	for _, name := range names {
		p, err := r.parsePattern(name, true)
		if err != nil {
			errs = append(errs, fmt.Errorf("resource %q: %w", name, err))
			continue
		}
		if name != "*" && !resourceARN.MatchString(withoutVariables.ReplaceAllString(name, "x")) {
			errs = append(errs, fmt.Errorf("resource %q is neither \"*\" nor an ARN, whose service has no wildcard", name))
			continue
		}
		rs.patterns = append(rs.patterns, p)
	}
	return rs, errs
}

// fit compares with regard to case, part by part of the ARN. In a key policy "*" is the key, and its ARN is as good.
// An action that is about no particular resource needs "*".
// https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-overview.html
func (rs *resources) fit(q question) bool {
	return rs.not != slices.ContainsFunc(rs.patterns, func(p pattern) bool {
		want, ok := p.resolve(q.context)
		return ok && (want.anything() || want.matchesARN(q.Resource))
	})
}
