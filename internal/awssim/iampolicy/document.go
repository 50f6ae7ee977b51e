// SPDX-License-Identifier: MPL-2.0

package iampolicy

import (
	"bytes"
	"errors"
	"fmt"
)

// Document is a parsed policy. It does not change.
type Document struct {
	kind       Kind
	statements []statement
	written    []byte
	arn        string
	keys       []string // condition keys that it asks for
}

// WithARN returns the document with the ARN that its decisions give as the policy's.
func (d *Document) WithARN(arn string) *Document {
	named := *d
	named.arn = arn
	return &named
}

// reading is what the readers of all elements need to know about the document.
type reading struct {
	kind Kind
	// variables says that ${…} is a policy variable; without the newer version it is text like any other.
	variables bool
}

const (
	versionOfVariables = "2012-10-17"
	versionByDefault   = "2008-10-17"
)

// Parse reads a document of the given kind. Its error joins every reason for which AWS, or this package, does not take
// the document.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html
func Parse(kind Kind, document []byte) (*Document, error) {
	d := &Document{kind: kind, written: bytes.Clone(document)}
	root, err := readJSON(document)
	if err != nil {
		return nil, fmt.Errorf("reading the %s: %w", kind, err)
	}
	found, errs := root.elementsOf("the document", "Version", "Id", "Statement")
	r := reading{kind: kind}
	version, problems := found.text("Version")
	errs = append(errs, problems...)
	r.variables, problems = parseVersion(version)
	errs = append(errs, problems...)
	_, problems = found.text("Id")
	errs = append(errs, problems...)
	d.statements, problems = r.parseStatements(found)
	errs = append(errs, problems...)
	if err := errors.Join(errs...); err != nil {
		return nil, fmt.Errorf("reading the %s: %w", kind, err)
	}
	d.keys = d.ConditionKeys()
	return d, nil
}

// parseVersion knows both versions of the language; without one a document has the older.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_version.html
func parseVersion(version string) (variables bool, errs []error) {
	switch version {
	case versionOfVariables:
		return true, nil
	case versionByDefault, "":
		return false, nil
	default:
		return false, []error{fmt.Errorf("version %q is neither %s nor %s", version, versionOfVariables, versionByDefault)}
	}
}

func (r reading) parseStatements(found elements) ([]statement, []error) {
	block, ok := found["Statement"]
	if !ok || len(block.oneOrMany()) == 0 {
		return nil, []error{errors.New("the document has no statement")}
	}
	var statements []statement
	var errs []error
	seen := map[string]int{}
	for i, v := range block.oneOrMany() {
		s, problems := r.parseStatement(i+1, v)
		for _, problem := range problems {
			errs = append(errs, fmt.Errorf("%s: %w", s.title(), problem))
		}
		if first, again := seen[s.sid]; again && s.sid != "" {
			errs = append(errs, fmt.Errorf("statements %d and %d have the same Sid %q", first, i+1, s.sid))
		}
		seen[s.sid] = i + 1
		statements = append(statements, s)
	}
	return statements, errs
}

// Decide answers a request: an explicit deny overrides every allow, and what no statement allows is denied implicitly.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic_policy-eval-denyallow.html
func (d *Document) Decide(r Request) Decision {
	q := question{Request: r, kind: d.kind, context: d.contextOf(r)}
	decision := Decision{Kind: d.kind, Policy: d.arn}
	var nearest miss
	for i := range d.statements {
		s := &d.statements[i]
		how, why := s.fit(q)
		switch {
		case how == notAtAll:
			if s.allow && why.stage > nearest.stage {
				nearest = miss{why.stage, s.title() + " does not fit: " + why.text}
			}
		case !s.allow:
			return Decision{Kind: d.kind, Policy: d.arn, Effect: Deny, Reason: fmt.Sprintf("%s of the %s denies %s", s.title(), d.kind, r.Action)}
		default:
			decision.allow(how, fmt.Sprintf("%s of the %s allows %s", s.title(), d.kind, r.Action))
		}
	}
	if decision.Effect == Silent {
		decision.Reason = fmt.Sprintf("no statement of the %s allows %s", d.kind, r.Action)
		if nearest.text != "" {
			decision.Reason += ": " + nearest.text
		}
	}
	return decision
}

// allow adds one statement that allows; the first to name the principal itself gives the reason.
func (d *Decision) allow(how fit, reason string) {
	if d.Effect == Silent || how >= byRole && !d.Named {
		d.Reason = reason
	}
	d.Effect = Allow
	d.Itself = d.Itself || how == byItself
	d.Named = d.Named || how >= byRole
	d.Delegated = d.Delegated || how == byAccount
}

// JSON returns the document as it was written.
func (d *Document) JSON() []byte { return bytes.Clone(d.written) }
