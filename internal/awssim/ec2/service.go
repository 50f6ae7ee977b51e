// SPDX-License-Identifier: MPL-2.0

// Package ec2 is EC2 of the local AWS: AMIs, snapshots, volumes, instances and launch templates. It starts an instance only if the principal that launches it can really use the keys.
package ec2

import (
	"github.com/amishare/packer-plugin-ami-share/internal/awssim/cloud"
	"github.com/amishare/packer-plugin-ami-share/internal/awssim/ebs"
	"github.com/amishare/packer-plugin-ami-share/internal/awssim/kms"
	"github.com/amishare/packer-plugin-ami-share/internal/awssim/network"
	"github.com/amishare/packer-plugin-ami-share/internal/awssim/resources"
	"github.com/amishare/packer-plugin-ami-share/internal/awssim/ssm"
)

// Service is EC2.
type Service struct {
	*cloud.Cloud
	keys       *kms.Service
	ebs        *ebs.Service
	parameters *ssm.Service
	network    *network.Service
	tags       *resources.Tags
	regions    cloud.Regional[inventory]
	more       []map[string]cloud.Action[*cloud.Call]
}

// Also gives EC2 the actions of another service, which AWS counts among its own.
func (s *Service) Also(actions map[string]cloud.Action[*cloud.Call]) {
	s.more = append(s.more, actions)
}

// New returns the service, which asks KMS about keys, EBS what it does with them, and Parameter Store about AMIs that
// parameters name.
func New(c *cloud.Cloud, keys *kms.Service, disks *ebs.Service, parameters *ssm.Service) *Service {
	s := &Service{Cloud: c, keys: keys, ebs: disks, parameters: parameters, regions: cloud.NewRegional(newInventory)}
	s.tags = resources.NewTags(c, s)
	s.network = network.New(c, s.tags, s.inGroup)
	return s
}

// APIs of the service.
func (s *Service) APIs() []*cloud.API { return []*cloud.API{s.api()} }

// call is a call of the service.
type call struct {
	*cloud.Call
	*Service
	*resources.Request
}

func (s *Service) bind(c *cloud.Call) *call { return &call{c, s, s.tags.Request(c)} }

// in is the same call in another Region.
func (c *call) in(region string) *call { return c.bind(c.Call.In(region)) }

// action is a row of the table of actions.
type action = cloud.Action[*call]
