package iampolicy

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// principals are whom a statement of a trust or key policy names.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html
type principals struct {
	anybody  bool
	aws      []string // account ids, ARNs; unique ids once bound
	services []string
	not      bool
}

var (
	accountID = regexp.MustCompile(`^[0-9]{12}$`)
	uniqueID  = regexp.MustCompile(`^A(ROA|IDA)[A-Z0-9]{12,}$`)
	principal = regexp.MustCompile(`^arn:aws[a-z-]*:(iam|sts)::[0-9]{12}:(root|user/\S+|role/\S+|assumed-role/[^/\s]+/\S+)$`)
)

func parsePrincipals(kind Kind, raw json.RawMessage) (*principals, []error) {
	var everybody string
	if json.Unmarshal(raw, &everybody) == nil {
		if everybody != "*" {
			return &principals{}, []error{fmt.Errorf("principal %q is neither \"*\" nor an object", everybody)}
		}
		return &principals{anybody: true}, nil
	}
	var named map[string]oneOrMany[text]
	if err := json.Unmarshal(raw, &named); err != nil {
		return &principals{}, []error{fmt.Errorf("reading the principal: %w", err)}
	}
	p := &principals{}
	var errs []error
	for kindOf, values := range named {
		switch kindOf {
		case "AWS":
			errs = append(errs, p.addAWS(stringsOf(values))...)
		case "Service":
			p.services = append(p.services, stringsOf(values)...)
		default:
			errs = append(errs, fmt.Errorf("principals of the kind %q are not known here", kindOf))
		}
	}
	slices.Sort(p.services)
	if len(named) == 0 {
		errs = append(errs, fmt.Errorf("the principal of a %s is empty", kind))
	}
	return p, errs
}

func (p *principals) addAWS(values []string) []error {
	var errs []error
	for _, value := range values {
		switch {
		case value == "*":
			p.anybody = true
		case accountID.MatchString(value), uniqueID.MatchString(value), principal.MatchString(value) && !strings.Contains(value, "*"):
			p.aws = append(p.aws, value)
		default:
			errs = append(errs, fmt.Errorf("principal %q is no account, user, role or session; wildcards stand alone only", value))
		}
	}
	return errs
}

func (p *principals) fit(who Principal) fit {
	how := p.named(who)
	if !p.not {
		return how
	}
	// NotPrincipal names everybody else; with its account named, a principal is not meant either.
	if how == notAtAll {
		return byItself
	}
	return notAtAll
}

func (p *principals) named(who Principal) fit {
	if who.Service != "" {
		if slices.Contains(p.services, who.Service) || p.anybody {
			return byItself
		}
		return notAtAll
	}
	if p.anybody {
		return byItself
	}
	how := notAtAll
	for _, name := range p.aws {
		how = max(how, namedBy(name, who))
	}
	return how
}

// namedBy tells how one name fits. A role covers its sessions; an account's root only delegates to the account.
func namedBy(name string, who Principal) fit {
	switch {
	case accountID.MatchString(name):
		if name == who.AccountID {
			return byAccount
		}
	case uniqueID.MatchString(name):
		if name == who.UniqueID {
			return byItself
		}
	case strings.HasSuffix(name, ":iam::"+who.AccountID+":root") && strings.HasPrefix(name, "arn:"+who.Partition+":"):
		return byAccount
	case name == who.ARN, name == who.RoleARN:
		return byItself
	}
	return notAtAll
}

// PrincipalARNs returns the ARNs of the users and roles that the document names, each once, sorted.
func (d *Document) PrincipalARNs() []string {
	var arns []string
	for _, s := range d.statements {
		if s.principals == nil {
			continue
		}
		for _, name := range s.principals.aws {
			if bindable(name) {
				arns = append(arns, name)
			}
		}
	}
	slices.Sort(arns)
	return slices.Compact(arns)
}

func bindable(name string) bool {
	return strings.HasPrefix(name, "arn:") && (strings.Contains(name, ":role/") || strings.Contains(name, ":user/"))
}

// Bind returns the document with its users and roles replaced by the unique ids that they have now, so that a role
// that is deleted and made again is not the one that was named. It also returns the ARNs that resolve does not know.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html#principal-roles
func (d *Document) Bind(resolve func(arn string) (uniqueID string, ok bool)) (*Document, []string) {
	bound := &Document{kind: d.kind, raw: d.raw, statements: slices.Clone(d.statements)}
	var unknown []string
	for i, s := range bound.statements {
		if s.principals == nil {
			continue
		}
		p := *s.principals
		p.aws = slices.Clone(p.aws)
		for j, name := range p.aws {
			if !bindable(name) {
				continue
			}
			id, ok := resolve(name)
			if !ok {
				unknown = append(unknown, name)
				continue
			}
			p.aws[j] = id
		}
		bound.statements[i].principals = &p
	}
	slices.Sort(unknown)
	return bound, slices.Compact(unknown)
}
