package awssim

import (
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
	for _, w := range world.Organizations {
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
	return errors.Join(problems...)
}

func (s *Server) addAccount(w WorldAccount) error {
	if !isAccountID(w.ID) {
		return fmt.Errorf("%q is not an account id of 12 digits", w.ID)
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
		document, err := iampolicy.Parse(iampolicy.Identity, p.Document)
		problems = append(problems, err)
		s.addManagedPolicy(a, p.Name, document)
	}
	return errors.Join(problems...)
}

func (s *Server) addUser(a *account, w WorldUser) error {
	if s.users[w.AccessKeyID] != nil || w.AccessKeyID == "" || w.SecretAccessKey == "" {
		return fmt.Errorf("user %q: access_key_id and secret_access_key have to be there, and the first unique", w.Name)
	}
	u := &user{
		account: a, name: w.Name, arn: "arn:" + s.partition + ":iam::" + a.id + ":user/" + w.Name, secret: w.SecretAccessKey,
		accessKeyID: w.AccessKeyID, id: strings.ToUpper(s.newID("AIDA")), tags: w.Tags,
	}
	for _, text := range w.Policies {
		document, err := iampolicy.Parse(iampolicy.Identity, text)
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
			if _, err := s.newRole(a, orElse(r.Path, "/"), r.Name, nobody); err != nil {
				problems = append(problems, err)
			}
		}
		for _, name := range w.ServiceLinkedRoles {
			service, suffix, _ := strings.Cut(name, "/")
			if known, ok := serviceRoles[service]; !ok || suffix != "" && !known.suffixed {
				problems = append(problems, fmt.Errorf("account %s: %q is no service-linked role", w.ID, name))
				continue
			}
			s.serviceLinkedRole(a, service, suffix, true)
		}
	}
	for _, w := range world.Accounts {
		for _, r := range w.Roles {
			if err := s.loadRole(s.account(w.ID).roles[r.Name], r); err != nil {
				problems = append(problems, fmt.Errorf("account %s: role %q: %w", w.ID, r.Name, err))
			}
		}
	}
	return problems
}

func (s *Server) loadRole(r *role, w WorldRole) error {
	r.tags = w.Tags
	if w.MaxSessionDuration > 0 {
		r.maxSession = w.MaxSessionDuration
	}
	for i, text := range w.Policies {
		document, err := iampolicy.Parse(iampolicy.Identity, text)
		if err != nil {
			return err
		}
		r.policies[fmt.Sprintf("policy-%d", i+1)] = rolePolicy{document, text}
	}
	return s.setTrust(r, w.TrustPolicy)
}

func (s *Server) loadKey(a *account, w WorldKey) error {
	if w.Region == "" {
		return errors.New("a key has no region")
	}
	key, err := s.addKey(a, w)
	if err != nil {
		return fmt.Errorf("key %q: %w", w.ID, err)
	}
	for _, alias := range w.Aliases {
		if !aliasPattern.MatchString(alias) {
			return fmt.Errorf("key %q: %q is not an alias", w.ID, alias)
		}
		s.aliases["arn:"+s.partition+":kms:"+w.Region+":"+a.id+":"+alias] = key
	}
	return nil
}
