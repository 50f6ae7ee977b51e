// SPDX-License-Identifier: MPL-2.0

package iampolicy

import (
	"bytes"
	"cmp"
	"slices"
	"strconv"
)

// PrincipalARNs returns the ARNs of the users and roles that the document names as principals, and the unique ids
// where it names them by those: each once, sorted. They are what has to exist when a policy is saved.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html#principal-roles
func (d *Document) PrincipalARNs() []string { return d.named(principalName.bindable) }

// Unbound returns the accounts and sessions that the document names as principals, as they are written: each once, sorted. They have
// to exist too, and are not tied to anything.
// https://docs.aws.amazon.com/kms/latest/APIReference/API_PutKeyPolicy.html
func (d *Document) Unbound() []string {
	return d.named(func(n principalName) bool { return !n.bindable() })
}

func (d *Document) named(which func(principalName) bool) []string {
	var names []string
	for _, s := range d.statements {
		if s.principals == nil {
			continue
		}
		for _, name := range s.principals.names {
			if which(name) {
				names = append(names, name.written)
			}
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

func (n principalName) bindable() bool {
	return identity.MatchString(n.written) || uniqueID.MatchString(n.written)
}

// Bind returns the document with each user and role that it names as principal tied to the unique id it has now, so
// that one deleted and made again under its old name is not meant any more. The names that resolve does not know are
// returned too, sorted; AWS does not save such a policy. A unique id in the place of an ARN is resolved like one.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html#principal-roles
func (d *Document) Bind(resolve func(arn string) (uniqueID string, ok bool)) (*Document, []string) {
	bound := &Document{kind: d.kind, written: d.written, arn: d.arn, keys: d.keys, statements: slices.Clone(d.statements)}
	ids := map[string]string{}
	var unknown []string
	for _, arn := range d.PrincipalARNs() {
		if id, ok := resolve(arn); ok {
			ids[arn] = id
		} else {
			unknown = append(unknown, arn)
		}
	}
	for i := range bound.statements {
		p := bound.statements[i].principals
		if p == nil {
			continue
		}
		clone := *p
		clone.names = slices.Clone(p.names)
		for j := range clone.names {
			clone.names[j].boundTo = cmp.Or(ids[clone.names[j].written], clone.names[j].boundTo)
		}
		bound.statements[i].principals = &clone
	}
	return bound, unknown
}

// Shown returns the document as AWS shows a saved one: a principal that has been deleted since it was bound, according
// to alive, appears as its unique id. Everything else stands as it was written.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html#principal-roles
func (d *Document) Shown(alive func(uniqueID string) bool) []byte {
	var gone []principalName
	for _, s := range d.statements {
		if s.principals == nil {
			continue
		}
		for _, name := range s.principals.names {
			if name.boundTo != "" && !alive(name.boundTo) {
				gone = append(gone, name)
			}
		}
	}
	slices.SortFunc(gone, func(a, b principalName) int { return a.position.start - b.position.start })
	var shown bytes.Buffer
	last := 0
	for _, name := range gone {
		shown.Write(d.written[last:name.position.start])
		shown.WriteString(strconv.Quote(name.boundTo))
		last = name.position.end
	}
	shown.Write(d.written[last:])
	return shown.Bytes()
}
