// SPDX-License-Identifier: MPL-2.0

// Package iam is IAM of the local AWS: roles, their policies, managed policies, and service-linked roles.
package iam

import (
	"github.com/amishare/packer-plugin-ami-share/internal/awssim/cloud"
)

// Service is IAM. Users, roles and policies are kept in the accounts of the cloud, where every service looks at them.
type Service struct {
	*cloud.Cloud
	// InUse tells whether a service still uses a service-linked role, which then can't be deleted. May be nil.
	InUse func(*cloud.Role) bool
}

// New returns the service.
func New(c *cloud.Cloud) *Service {
	return &Service{Cloud: c}
}

// APIs of the service.
func (s *Service) APIs() []*cloud.API { return []*cloud.API{s.api()} }

// call is a call of the service.
type call struct {
	*cloud.Call
	*Service
}

func (s *Service) bind(c *cloud.Call) *call { return &call{c, s} }

// action is a row of the table of actions.
type action = cloud.Action[*call]

// Settle makes every role and trust policy known.
func (s *Service) Settle() {
	for _, a := range s.Accounts {
		for _, r := range a.Roles {
			r.Unknown, r.ListedByID, r.OldTrust = 0, 0, cloud.Stale[cloud.TrustPolicy]{}
		}
	}
}
