// SPDX-License-Identifier: MPL-2.0

// Package network is as much of EC2's network as builders ask for: Regions, a default VPC with a subnet, key pairs and
// security groups.
package network

import (
	"github.com/amishare/packer-plugin-ami-share/internal/awssim/cloud"
	"github.com/amishare/packer-plugin-ami-share/internal/awssim/resources"
	"github.com/amishare/packer-plugin-ami-share/internal/awssim/wire"
)

// Service has the actions of EC2 about the network.
type Service struct {
	*cloud.Cloud
	tags    *resources.Tags
	used    func(c *cloud.Call, group string) bool
	regions cloud.Regional[inventory]
}

// inventory is what an account has in a Region.
type inventory struct {
	keyPairs       map[string]*keyPair       // by name
	securityGroups map[string]*SecurityGroup // by id
}

type keyPair struct {
	id, name, kind string
}

// SecurityGroup is a group of an account in a Region.
type SecurityGroup struct {
	Name                 string
	id, description, vpc string
}

// New returns the service. It puts tags where all resources have them, and asks whether an instance uses a security group.
func New(c *cloud.Cloud, tags *resources.Tags, used func(c *cloud.Call, group string) bool) *Service {
	return &Service{c, tags, used, cloud.NewRegional(func() *inventory {
		return &inventory{map[string]*keyPair{}, map[string]*SecurityGroup{}}
	})}
}

// Actions of the network, which are EC2's.
func (s *Service) Actions() map[string]cloud.Action[*cloud.Call] {
	return cloud.Actions(actions(), s.bind)
}

// HasKeyPair tells whether an account has a key pair of a name.
func (s *Service) HasKeyPair(a *cloud.Account, region, name string) bool {
	return s.regions.Of(a, region).keyPairs[name] != nil
}

// SecurityGroup finds a security group of an account.
func (s *Service) SecurityGroup(a *cloud.Account, region, id string) (*SecurityGroup, error) {
	if group := s.regions.Of(a, region).securityGroups[id]; group != nil {
		return group, nil
	}
	return nil, wire.BadRequest("InvalidGroup.NotFound", "The security group '%s' does not exist", id)
}

// Has tells whether an account has a key pair or a security group of an id.
func (s *Service) Has(a *cloud.Account, region, id string) bool {
	own := s.regions.Of(a, region)
	for _, pair := range own.keyPairs {
		if pair.id == id {
			return true
		}
	}
	return own.securityGroups[id] != nil
}

// Dump counts what the state leaves out.
func (s *Service) Dump(d *cloud.Dump) {
	for at, r := range s.regions.Each() {
		d.Count(len(r.keyPairs), at.Account, at.Region, "key pairs")
		d.Count(len(r.securityGroups), at.Account, at.Region, "security groups")
	}
}

// call is a call of the service.
type call struct {
	*cloud.Call
	*Service
	*resources.Request
}

func (s *Service) bind(c *cloud.Call) *call { return &call{c, s, s.tags.Request(c)} }

// own is what the caller's account has in the Region of the call.
func (c *call) own() *inventory { return c.regions.Of(c.Account, c.Region) }

// action is a row of the table of actions.
type action = cloud.Action[*call]
