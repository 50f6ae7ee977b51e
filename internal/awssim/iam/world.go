// SPDX-License-Identifier: MPL-2.0

package iam

import (
	"cmp"
	"errors"
	"fmt"
	"strings"

	"github.com/amishare/packer-plugin-ami-share/internal/awssim/cloud"
	"github.com/amishare/packer-plugin-ami-share/internal/awssim/iampolicy"
	"github.com/amishare/packer-plugin-ami-share/internal/awssim/world"
)

// Dump is the part of IAM in the state.
func (s *Service) Dump(d *cloud.Dump) {
	for id, a := range s.Accounts {
		d.Count(len(a.Policies), id, "policies")
		if len(a.Roles) == 0 {
			continue
		}
		var arns []string
		for _, r := range cloud.SortedValues(a.Roles) {
			arns = append(arns, r.ARN)
			d.Count(len(r.Policies), id, "policies of", r.Name)
			d.Count(len(r.Attached), id, "policies attached to", r.Name)
		}
		d.Put(arns, "accounts", id, "roles")
	}
}

// Load makes the users, policies and roles of a world.
func (s *Service) Load(w world.World) []error {
	var problems []error
	for _, a := range w.Accounts {
		owner := s.AccountByID(a.ID)
		for _, p := range a.ManagedPolicies {
			document, err := s.managedPolicy(p.Document)
			if err != nil {
				problems = append(problems, fmt.Errorf("account %s: managed policy %q: %w", a.ID, p.Name, err))
				continue
			}
			s.addManagedPolicy(owner, "/", p.Name, document, p.Document)
		}
		for _, u := range a.Users {
			if err := s.addUser(owner, u); err != nil {
				problems = append(problems, fmt.Errorf("account %s: user %q: %w", a.ID, u.Name, err))
			}
		}
	}
	return append(problems, s.loadRoles(w)...)
}

func (s *Service) addUser(a *cloud.Account, w world.User) error {
	if s.Users[w.AccessKeyID] != nil || w.AccessKeyID == "" || w.SecretAccessKey == "" {
		return errors.New("access_key_id and secret_access_key have to be there, and the first unique")
	}
	if a.Users[w.Name] != nil || !entityName.MatchString(w.Name) {
		return errors.New("the name has to be one of IAM's, and unique")
	}
	u := &cloud.User{
		Account: a, Name: w.Name, ARN: "arn:" + s.Partition + ":iam::" + a.ID + ":user/" + w.Name, Secret: w.SecretAccessKey,
		AccessKeyID: w.AccessKeyID, ID: strings.ToUpper(s.NewID("AIDA")), Tags: w.Tags,
	}
	size := 0
	for _, text := range w.Policies {
		document, err := s.ParsePolicy(iampolicy.Identity, text)
		if err != nil {
			return err
		}
		if size += sizeOf(text); size > largestInlineOfUser {
			return overQuota("Maximum policy size of %d bytes exceeded for user %s", largestInlineOfUser, w.Name)
		}
		u.Policies = append(u.Policies, document)
	}
	if len(w.ManagedPolicies) > mostAttachedPolicies {
		return overQuota("Cannot exceed quota for PoliciesPerUser: %d", mostAttachedPolicies)
	}
	for _, arn := range w.ManagedPolicies {
		policy := s.ManagedPolicy(a, arn)
		if policy == nil {
			return fmt.Errorf("the account has no managed policy %q", arn)
		}
		u.Policies = append(u.Policies, policy.Document)
	}
	var err error
	if u.Boundary, err = s.boundary(a, w.PermissionsBoundary); err != nil {
		return err
	}
	a.Users[w.Name], s.Users[w.AccessKeyID] = u, u
	return nil
}

// loadRoles makes all roles first and their trust policies afterwards, since these may name each other.
func (s *Service) loadRoles(all world.World) []error {
	var problems []error
	nobody := []byte(`{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Principal":"*","Action":"sts:AssumeRole"}]}`)
	for _, w := range all.Accounts {
		a := s.AccountByID(w.ID)
		for _, r := range w.Roles {
			if a.Role(r.Name) != nil {
				problems = append(problems, fmt.Errorf("account %s: role %q is there twice", w.ID, r.Name))
				continue
			}
			made, err := s.newRole(a, cmp.Or(r.Path, "/"), r.Name, nobody)
			if err != nil {
				problems = append(problems, fmt.Errorf("account %s: role %q: %w", w.ID, r.Name, err))
				continue
			}
			a.Roles[r.Name] = made
		}
		problems = append(problems, s.loadServiceLinkedRoles(a, w.ServiceLinkedRoles)...)
	}
	for _, w := range all.Accounts {
		for _, r := range w.Roles {
			made := s.AccountByID(w.ID).Roles[r.Name]
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

func (s *Service) loadServiceLinkedRoles(a *cloud.Account, names []string) []error {
	var problems []error
	for _, name := range names {
		service, suffix, _ := strings.Cut(name, "/")
		if known, ok := serviceRoles[service]; !ok || suffix != "" && !known.suffixed {
			problems = append(problems, fmt.Errorf("account %s: %q is no service-linked role", a.ID, name))
			continue
		}
		s.ServiceLinkedRole(a, service, suffix, true)
	}
	return problems
}

func (s *Service) loadRole(r *cloud.Role, w world.Role) error {
	r.Tags = w.Tags
	if w.MaxSessionDuration > 0 {
		if err := checkMaxSession(w.MaxSessionDuration); err != nil {
			return err
		}
		r.MaxSession = w.MaxSessionDuration
	}
	for _, arn := range w.ManagedPolicies {
		policy := s.ManagedPolicy(r.Account, arn)
		if policy == nil {
			return fmt.Errorf("the account has no managed policy %q", arn)
		}
		if err := checkAttached(r, arn); err != nil {
			return err
		}
		r.Attached[arn] = policy
	}
	for i, text := range w.Policies {
		document, err := s.ParsePolicy(iampolicy.Identity, text)
		if err != nil {
			return err
		}
		name := fmt.Sprintf("policy-%d", i+1)
		if err := checkInlineSize(r, name, text); err != nil {
			return err
		}
		r.Policies[name] = cloud.InlinePolicy{Document: document, Text: text}
	}
	var err error
	if r.Boundary, err = s.boundary(r.Account, w.PermissionsBoundary); err != nil {
		return err
	}
	trust, err := s.trustPolicy(r.Account, w.TrustPolicy)
	if err != nil {
		return err
	}
	r.Trust = trust
	return nil
}

// boundary is the permissions boundary that a managed policy of an account makes.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_boundaries.html
func (s *Service) boundary(a *cloud.Account, arn string) (*iampolicy.Document, error) {
	if arn == "" {
		return nil, nil
	}
	policy := s.ManagedPolicy(a, arn)
	if policy == nil {
		return nil, fmt.Errorf("permissions_boundary: the account has no managed policy %q", arn)
	}
	document, err := s.ParsePolicy(iampolicy.Boundary, policy.Text)
	if err != nil {
		return nil, fmt.Errorf("permissions_boundary: %w", err)
	}
	return document.WithARN(arn), nil
}
