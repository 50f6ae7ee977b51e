// SPDX-License-Identifier: MPL-2.0

// Package organizations is AWS Organizations of the local AWS, as far as it tells which accounts an organization has and where
// they are in its tree. Nothing can be changed in it: organizations are made by the world.
package organizations

import (
	"net/http"

	"github.com/amishare/packer-plugin-ami-share/internal/awssim/cloud"
	"github.com/amishare/packer-plugin-ami-share/internal/awssim/wire"
	"github.com/amishare/packer-plugin-ami-share/internal/awssim/world"
)

// Service is AWS Organizations.
type Service struct {
	*cloud.Cloud
}

// New returns the service.
func New(c *cloud.Cloud) *Service { return &Service{Cloud: c} }

// scope is the Region that calls of Organizations are signed for. https://docs.aws.amazon.com/general/latest/gr/ao.html
var scope = map[string]string{
	"aws": "us-east-1", "aws-cn": "cn-northwest-1", "aws-us-gov": "us-gov-west-1", "aws-iso": "us-iso-east-1", "aws-iso-b": "us-isob-east-1",
	"aws-iso-e": "eu-isoe-west-1", "aws-iso-f": "us-isof-south-1", "aws-eusc": "eusc-de-east-1",
}

// APIs of the service.
func (s *Service) APIs() []*cloud.API {
	return []*cloud.API{{
		Name: "organizations", Protocol: wire.JSON, Target: "AWSOrganizationsV20161128", Actions: cloud.Actions(actions(), s.bind), Scope: scope,
		ConditionKeys: "organizations:PolicyType organizations:ServicePrincipal",
		Throttled:     wire.Errorf(http.StatusBadRequest, "TooManyRequestsException", "You have sent too many requests in too short a period of time."),
	}}
}

func actions() map[string]action {
	return map[string]action{
		"DescribeOrganization":             {Handle: (*call).describeOrganization},
		"ListAccounts":                     {Handle: (*call).listAccounts},
		"ListAccountsForParent":            {Handle: (*call).listAccountsForParent},
		"ListOrganizationalUnitsForParent": {Handle: (*call).listOrganizationalUnitsForParent},
		"ListRoots":                        {Handle: (*call).listRoots},
		"ListTagsForResource":              {Handle: (*call).listTagsForResource},
	}
}

// call is a call of the service.
type call struct {
	*cloud.Call
	*Service
}

func (s *Service) bind(c *cloud.Call) *call { return &call{c, s} }

// action is a row of the service's table.
type action = cloud.Action[*call]

// Load does nothing: organizations exist before the services.
func (s *Service) Load(world.World) []error { return nil }

// Dump does nothing: no call changes an organization.
func (s *Service) Dump(*cloud.Dump) {}

// organization returns the caller's organization.
// https://docs.aws.amazon.com/organizations/latest/APIReference/API_DescribeOrganization.html
func (c *call) organization() (*cloud.Organization, error) {
	o, _ := c.OrganizationOf(c.Account.ID)
	if o == nil {
		return nil, wire.BadRequest("AWSOrganizationsNotInUseException", "Your account is not a member of an organization.")
	}
	return o, nil
}

// administered returns the caller's organization, if it is its management account or a delegated administrator: only those
// may list. https://docs.aws.amazon.com/organizations/latest/APIReference/API_ListAccounts.html
func (c *call) administered() (*cloud.Organization, error) {
	o, err := c.organization()
	if err != nil || o.Administers(c.Account.ID) {
		return o, err
	}
	c.Entry.Reason = "the account is neither the management account nor a delegated administrator"
	return nil, wire.BadRequest("AccessDeniedException", "You don't have permissions to access this resource.")
}
