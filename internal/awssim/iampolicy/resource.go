// SPDX-License-Identifier: MPL-2.0

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

// parseResources reads the element where the kind has it. A key policy may leave it out, and then the statement is about
// nothing.
// https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-overview.html
func (r reading) parseResources(found elements) (*resources, []error) {
	v, not, errs := found.eitherOf("Resource", "NotResource")
	has := v.shape != ""
	switch {
	case r.kind == Trust && has:
		return nil, []error{fmt.Errorf("resources have no place in the %s: it is about its role", r.kind)}
	case r.kind == Trust:
		return nil, nil
	case !has && r.kind == Key:
		return &resources{}, nil
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
// An action that is about no particular resource needs "*". A pattern with a variable without a value is no
// resource's. In the NotResource of an Allow that would allow everything, and here the statement fits nothing instead.
// https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-overview.html
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html#policy-vars-no-value
func (rs *resources) fit(q question, allow bool) bool {
	for _, p := range rs.patterns {
		want, ok := p.resolve(q.context)
		switch {
		case !ok && rs.not && allow:
			return false
		case ok && (want.anything() || want.matchesARN(q.Resource) && !rs.tooWide(want, allow)):
			return !rs.not
		}
	}
	return rs.not
}

// tooWide tells whether a pattern has a wildcard in the type of the resource, as in "arn:aws:iam::111122223333:u*", where
// AWS takes none. It means nothing where meaning less is stricter, in the Resource of an Allow and the NotResource of a
// Deny. A star that is the whole of the resource is none of these, nor is EC2's "*/*".
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html#identifiers-arns
// https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/supported-iam-actions-tagging.html
func (rs *resources) tooWide(pattern glob, allow bool) bool {
	if allow == rs.not {
		return false
	}
	parts := pattern.parts()
	kind := parts[partsOfARN-1]
	if end := slices.IndexFunc(kind, func(r rune) bool { return r == '/' || r == ':' }); end >= 0 {
		kind = kind[:end]
		if kind.anything() && string(parts[2]) == "ec2" {
			return false
		}
	} else if kind.anything() {
		return false
	}
	return slices.ContainsFunc(kind, func(r rune) bool { return r == anyText || r == anyRune })
}
