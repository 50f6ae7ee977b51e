// SPDX-License-Identifier: MPL-2.0

package iampolicy

import (
	"cmp"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// principals are whom a statement of a trust or key policy names.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html
type principals struct {
	not       bool
	everyone  bool
	names     []principalName
	services  []string
	federated []string
}

// principalName is a principal as written and, once it is bound, the unique id it had then.
type principalName struct {
	written  string // account id, ARN or unique id
	boundTo  string
	position value // in the document
}

var (
	accountID = regexp.MustCompile(`^[0-9]{12}$`)
	uniqueID  = regexp.MustCompile(`^A(ROA|IDA)[A-Z0-9]{12,124}$`)
	accountOf = regexp.MustCompile(`^arn:(aws[a-z-]*):iam::([0-9]{12}):root$`)
	identity  = regexp.MustCompile(`^arn:aws[a-z-]*:iam::[0-9]{12}:(user|role)/[\w+=,.@/-]+$`)
	session   = regexp.MustCompile(`^arn:aws[a-z-]*:sts::[0-9]{12}:assumed-role/[\w+=,.@:-]+/[\w+=,.@-]+$`)
	provider  = regexp.MustCompile(`^(arn:aws[a-z-]*:iam::[0-9]{12}:(oidc|saml)-provider/\S+|cognito-identity\.amazonaws\.com|accounts\.google\.com|graph\.facebook\.com|www\.amazon\.com)$`)
	service   = regexp.MustCompile(`^[a-z0-9-]+(\.[a-z0-9-]+)*\.amazonaws\.com(\.cn)?$`)
)

// parsePrincipals reads the element where the kind has it. NotPrincipal goes with Deny only, and into no trust policy; a
// resource control policy names everybody.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_notprincipal.html
// https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_rcps_syntax.html
func (r reading) parsePrincipals(found elements, allow bool) (*principals, []error) {
	v, not, errs := found.eitherOf("Principal", "NotPrincipal")
	has := v.shape != ""
	switch {
	case !r.kind.resourceBased() && has:
		return nil, []error{fmt.Errorf("principals have no place in the %s: it belongs to one", r.kind)}
	case !r.kind.resourceBased():
		return nil, nil
	case !has:
		return nil, errs
	case r.kind == ResourceControl && (not || v.text != "*"):
		return nil, append(errs, errors.New(`the principal of a resource control policy is "*"`))
	case not && r.kind == Trust:
		errs = append(errs, errors.New("a trust policy takes no NotPrincipal"))
	case not && allow:
		errs = append(errs, errors.New("NotPrincipal goes with Deny only"))
	}
	p := &principals{not: not}
	return p, append(errs, p.read(v, r.kind)...)
}

// read takes identity providers where sessions begin, in trust policies.
func (p *principals) read(v value, kind Kind) []error {
	if v.shape == isText {
		if v.text != "*" {
			return []error{fmt.Errorf("principal %q is neither \"*\" nor an object", v.text)}
		}
		p.everyone = true
		return nil
	}
	known := []string{"AWS", "Service"}
	if kind == Trust {
		known = append(known, "Federated")
	}
	kinds, errs := v.elementsOf("the principal", known...)
	if len(kinds) == 0 && len(errs) == 0 {
		errs = append(errs, errors.New("the principal is empty"))
	}
	if aws, ok := kinds["AWS"]; ok {
		errs = append(errs, p.readNames(aws)...)
	}
	if services, ok := kinds["Service"]; ok {
		errs = append(errs, p.readServices(services)...)
	}
	if federated, ok := kinds["Federated"]; ok {
		errs = append(errs, p.readProviders(federated)...)
	}
	return errs
}

// readProviders reads identity providers, by the ARNs that they have in IAM or by the names of those that AWS knows.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html#principal-federated-web-identity
func (p *principals) readProviders(v value) []error {
	names, errs := v.texts("federated principal")
	for _, name := range names {
		if !provider.MatchString(name) {
			errs = append(errs, fmt.Errorf("federated principal %q is no identity provider", name))
			continue
		}
		p.federated = append(p.federated, name)
	}
	return errs
}

// readNames reads accounts, users, roles and sessions. A wildcard stands alone: it cannot be part of a name or ARN.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html#principal-anonymous
func (p *principals) readNames(v value) []error {
	_, errs := v.texts("AWS principal")
	for _, element := range v.oneOrMany() {
		name := element.text
		switch {
		case element.shape != isText:
		case name == "*":
			p.everyone = true
		case accountID.MatchString(name), uniqueID.MatchString(name), accountOf.MatchString(name),
			identity.MatchString(name), session.MatchString(name):
			p.names = append(p.names, principalName{written: name, position: element})
		default:
			errs = append(errs, fmt.Errorf("AWS principal %q is no account, user, role or assumed-role session%s", name, wildcardHint(name)))
		}
	}
	return errs
}

func wildcardHint(name string) string {
	if strings.ContainsAny(name, "*?") {
		return `; a wildcard is no part of an ARN here: use "*" with a condition on aws:PrincipalArn`
	}
	return ""
}

// readServices reads service principals.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html#principal-services
func (p *principals) readServices(v value) []error {
	names, errs := v.texts("service principal")
	for _, name := range names {
		if !service.MatchString(name) {
			errs = append(errs, fmt.Errorf("service principal %q is not of the form service.amazonaws.com", name))
			continue
		}
		p.services = append(p.services, name)
	}
	return errs
}

// fit tells whether the element means a principal, and by what. NotPrincipal leaves out nobody who has a permissions
// boundary.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_notprincipal.html
func (p *principals) fit(who Principal) fit {
	switch {
	case p.not && !who.Bounded && p.excepts(who):
		return notAtAll
	case p.not:
		return byItself
	case p.everyone:
		return byRole
	case who.Service != "" && slices.Contains(p.services, who.Service), who.Federated != "" && slices.Contains(p.federated, who.Federated):
		return byItself
	case who.Service != "", who.Federated != "":
		return notAtAll
	default:
		return p.named(who)
	}
}

func (p *principals) named(who Principal) fit {
	how := notAtAll
	for _, name := range p.names {
		how = max(how, name.fit(who))
	}
	return how
}

// fit tells how one name means a principal. A role covers its sessions; an account, by its id or its root, hands the
// question on to the account. A bound name means what it meant when it was bound.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html#principal-accounts
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html#principal-roles
func (n principalName) fit(who Principal) fit {
	if n.boundTo != "" || uniqueID.MatchString(n.written) {
		switch id := cmp.Or(n.boundTo, n.written); {
		case id != who.UniqueID:
			return notAtAll
		case who.RoleARN != "":
			return byRole
		default:
			return byItself
		}
	}
	if root := accountOf.FindStringSubmatch(n.written); root != nil {
		if root[2] == who.AccountID && root[1] == who.Partition {
			return byAccount
		}
		return notAtAll
	}
	switch n.written {
	case who.AccountID:
		return byAccount
	case who.ARN:
		return byItself
	case who.RoleARN:
		return byRole
	default:
		return notAtAll
	}
}

// excepts tells whether a NotPrincipal leaves a principal out: AWS wants the account named with the user, and the
// account and the role with a session, because it may look at each in turn.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_notprincipal.html
func (p *principals) excepts(who Principal) bool {
	switch {
	case p.everyone:
		return true
	case who.Service != "":
		return slices.Contains(p.services, who.Service)
	}
	account, itself := false, false
	for _, name := range p.names {
		switch name.fit(who) {
		case byAccount:
			account = true
		case byRole:
			itself = true
		case byItself:
			itself = itself || !session.MatchString(name.written)
		case notAtAll:
		}
	}
	return account && itself
}

// shown is how a reason names a principal.
func (p Principal) shown() string {
	return cmp.Or(p.ARN, p.Service, p.Federated, "an anonymous caller")
}
