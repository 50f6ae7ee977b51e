// SPDX-License-Identifier: MPL-2.0

// Package sts is STS of the local AWS: who a caller is, and sessions of roles.
package sts

import (
	"github.com/amishare/packer-plugin-ami-share/internal/awssim/cloud"
	"github.com/amishare/packer-plugin-ami-share/internal/awssim/world"
)

// Service is STS. Sessions are kept in the cloud, which knows callers by them.
type Service struct {
	*cloud.Cloud
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

// Load does nothing: no session exists when the server starts.
func (s *Service) Load(world.World) []error { return nil }

// Dump notes how many sessions are open.
func (s *Service) Dump(d *cloud.Dump) { d.Count(len(s.Sessions), "sessions") }
