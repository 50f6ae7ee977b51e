// SPDX-License-Identifier: MPL-2.0

// Package autoscaling is Auto Scaling of the local AWS: groups that launch in the name of their service-linked role, and
// launch configurations.
package autoscaling

import (
	"github.com/amishare/packer-plugin-ami-share/internal/awssim/cloud"
	"github.com/amishare/packer-plugin-ami-share/internal/awssim/ec2"
	"github.com/amishare/packer-plugin-ami-share/internal/awssim/iam"
)

// Service is Auto Scaling.
type Service struct {
	*cloud.Cloud
	roles   *iam.Service
	ec2     *ec2.Service
	regions cloud.Regional[inventory]
}

// New returns the service, whose groups launch by EC2 with service-linked roles of IAM.
func New(c *cloud.Cloud, roles *iam.Service, compute *ec2.Service) *Service {
	return &Service{Cloud: c, roles: roles, ec2: compute, regions: cloud.NewRegional(newInventory)}
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
