package awssim

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/amishare/packer-plugin-ami-share/internal/awssim/iampolicy"
)

// load makes everything of a world, in an order in which what is named exists: accounts and users, then roles, then
// keys, then Regions. It returns all problems.
func (s *Server) load(world World) error {
	var problems []error
	note := func(a string, err error) {
		if err != nil {
			problems = append(problems, fmt.Errorf("account %s: %w", a, err))
		}
	}
	for _, w := range world.Accounts {
		note(w.ID, s.addAccount(w))
	}
	// What follows belongs to accounts: without them there is nobody it could belong to.
	if len(problems) > 0 {
		return errors.Join(problems...)
	}
	for _, w := range world.Organizations {
		problems = append(problems, w.check()...)
		s.organizations = append(s.organizations, newOrganization(s.partition, w))
	}
	problems = append(problems, s.loadRoles(world)...)
	for _, w := range world.Accounts {
		for _, key := range w.Keys {
			note(w.ID, s.loadKey(s.account(w.ID), key))
		}
	}
	// Images of one account can be encrypted under keys of another, so Regions come last.
	for _, w := range world.Accounts {
		for _, region := range slices.Sorted(maps.Keys(w.Regions)) {
			problems = append(problems, s.loadRegion(s.account(w.ID), region, w.Regions[region])...)
		}
	}
	problems = append(problems, s.orphans()...)
	for _, fault := range world.Faults {
		problems = append(problems, s.checkFault(fault))
	}
	return errors.Join(problems...)
}

// orphans are replica keys without a primary.
func (s *Server) orphans() []error {
	var problems []error
	for _, key := range sortedValues(s.keys) {
		if key.multiRegion == "REPLICA" && s.relatives(key).PrimaryKey == nil {
			problems = append(problems, fmt.Errorf("account %s: key %q: a replica needs a primary key of the same id in another Region", key.account.id, key.id))
		}
	}
	return problems
}

func (s *Server) addAccount(w WorldAccount) error {
	if !isAccountID(w.ID) {
		return fmt.Errorf("%q is not an account id of 12 digits", w.ID)
	}
	if s.accounts[w.ID] != nil {
		return fmt.Errorf("account %s is there twice", w.ID)
	}
	a := &account{
		id: w.ID, name: w.Name, users: map[string]*user{}, roles: map[string]*role{}, policies: map[string]*managedPolicy{},
		disabled: map[string]bool{}, regions: map[string]*computeRegion{},
	}
	s.accounts[w.ID] = a
	for _, region := range w.DisabledRegions {
		a.disabled[region] = true
	}
	var problems []error
	for _, u := range w.Users {
		problems = append(problems, s.addUser(a, u))
	}
	for _, p := range w.ManagedPolicies {
		document, err := parsePolicy(iampolicy.Identity, p.Document)
		if err != nil {
			problems = append(problems, fmt.Errorf("managed policy %q: %w", p.Name, err))
			continue
		}
		s.addManagedPolicy(a, "/", p.Name, document)
	}
	return errors.Join(problems...)
}

func (s *Server) addUser(a *account, w WorldUser) error {
	if s.users[w.AccessKeyID] != nil || w.AccessKeyID == "" || w.SecretAccessKey == "" {
		return fmt.Errorf("user %q: access_key_id and secret_access_key have to be there, and the first unique", w.Name)
	}
	if a.users[w.Name] != nil || !entityName.MatchString(w.Name) {
		return fmt.Errorf("user %q: the name has to be one of IAM's, and unique", w.Name)
	}
	u := &user{
		account: a, name: w.Name, arn: "arn:" + s.partition + ":iam::" + a.id + ":user/" + w.Name, secret: w.SecretAccessKey,
		accessKeyID: w.AccessKeyID, id: strings.ToUpper(s.newID("AIDA")), tags: w.Tags,
	}
	for _, text := range w.Policies {
		document, err := parsePolicy(iampolicy.Identity, text)
		if err != nil {
			return fmt.Errorf("user %q: %w", w.Name, err)
		}
		u.policies = append(u.policies, document)
	}
	a.users[w.Name], s.users[w.AccessKeyID] = u, u
	return nil
}

// loadRoles makes all roles first and their trust policies afterwards, since these may name each other.
func (s *Server) loadRoles(world World) []error {
	var problems []error
	nobody := []byte(`{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Principal":"*","Action":"sts:AssumeRole"}]}`)
	for _, w := range world.Accounts {
		a := s.account(w.ID)
		for _, r := range w.Roles {
			if a.roles[r.Name] != nil {
				problems = append(problems, fmt.Errorf("account %s: role %q is there twice", w.ID, r.Name))
				continue
			}
			made, err := s.newRole(a, cmp.Or(r.Path, "/"), r.Name, nobody)
			if err != nil {
				problems = append(problems, fmt.Errorf("account %s: role %q: %w", w.ID, r.Name, err))
				continue
			}
			a.roles[r.Name] = made
		}
		problems = append(problems, s.loadServiceLinkedRoles(a, w.ServiceLinkedRoles)...)
	}
	for _, w := range world.Accounts {
		for _, r := range w.Roles {
			made := s.account(w.ID).roles[r.Name]
			if made == nil {
				continue // said above
			}
			if err := s.loadRole(made, r); err != nil {
				problems = append(problems, fmt.Errorf("account %s: role %q: %w", w.ID, r.Name, err))
			}
		}
	}
	return problems
}

func (s *Server) loadServiceLinkedRoles(a *account, names []string) []error {
	var problems []error
	for _, name := range names {
		service, suffix, _ := strings.Cut(name, "/")
		if known, ok := serviceRoles[service]; !ok || suffix != "" && !known.suffixed {
			problems = append(problems, fmt.Errorf("account %s: %q is no service-linked role", a.id, name))
			continue
		}
		s.serviceLinkedRole(a, service, suffix, true)
	}
	return problems
}

func (s *Server) loadRole(r *role, w WorldRole) error {
	r.tags = w.Tags
	if w.MaxSessionDuration > 0 {
		if err := checkMaxSession(w.MaxSessionDuration); err != nil {
			return err
		}
		r.maxSession = w.MaxSessionDuration
	}
	for _, arn := range w.ManagedPolicies {
		policy := s.managedPolicy(r.account, arn)
		if policy == nil {
			return fmt.Errorf("the account has no managed policy %q", arn)
		}
		r.attached[arn] = policy
	}
	for i, text := range w.Policies {
		document, err := parsePolicy(iampolicy.Identity, text)
		if err != nil {
			return err
		}
		r.policies[fmt.Sprintf("policy-%d", i+1)] = rolePolicy{document, text}
	}
	trust, err := s.trustPolicy(w.TrustPolicy)
	if err != nil {
		return err
	}
	r.trust = trust
	return nil
}

func (s *Server) loadKey(a *account, w WorldKey) error {
	if w.Region == "" {
		return errors.New("a key has no region")
	}
	if err := w.check(); err != nil {
		return fmt.Errorf("key %q: %w", w.ID, err)
	}
	key, err := s.newKey(a, w)
	if err != nil {
		return fmt.Errorf("key %q: %w", w.ID, err)
	}
	s.keys[key.arn] = key
	for _, alias := range w.Aliases {
		if !aliasPattern.MatchString(alias) {
			return fmt.Errorf("key %q: %q is not an alias", w.ID, alias)
		}
		arn := "arn:" + s.partition + ":kms:" + w.Region + ":" + a.id + ":" + alias
		if s.aliases[arn] != nil {
			return fmt.Errorf("key %q: another key has %s already", w.ID, arn)
		}
		s.aliases[arn] = key
	}
	return nil
}
