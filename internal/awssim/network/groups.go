// SPDX-License-Identifier: MPL-2.0

package network

import (
	"cmp"
	"slices"

	"github.com/amishare/packer-plugin-ami-share/internal/awssim/cloud"
	"github.com/amishare/packer-plugin-ami-share/internal/awssim/resources"
	"github.com/amishare/packer-plugin-ami-share/internal/awssim/wire"
)

func (c *call) createSecurityGroup() (cloud.Effect, error) {
	if err := c.Require("GroupName", "GroupDescription"); err != nil {
		return nil, err
	}
	made := &SecurityGroup{
		Name: c.Form.Get("GroupName"), description: c.Form.Get("GroupDescription"),
		vpc: cmp.Or(c.Form.Get("VpcId"), DefaultVPC),
	}
	if made.vpc != DefaultVPC {
		return nil, wire.BadRequest("InvalidVpcID.NotFound", "The vpc ID '%s' does not exist", made.vpc)
	}
	for _, group := range c.own().securityGroups {
		if group.Name == made.Name {
			return nil, wire.BadRequest("InvalidGroup.Duplicate", "The security group '%s' already exists for VPC '%s'", made.Name, made.vpc)
		}
	}
	specs, err := c.TagSpecs("security-group")
	if err != nil {
		return nil, err
	}
	return func() (any, error) {
		made.id = c.NewID("sg-")
		c.own().securityGroups[made.id] = made
		c.SetTags(made.id, specs["security-group"])
		return &struct {
			ID   string                             `xml:"groupId"`
			ARN  string                             `xml:"securityGroupArn"`
			Tags resources.Items[resources.TagItem] `xml:"tagSet"`
		}{made.id, c.ARN("security-group", made.id), c.TagsOf(made.id)}, nil
	}, nil
}

type securityGroupItem struct {
	Owner       string                             `xml:"ownerId"`
	ID          string                             `xml:"groupId"`
	Name        string                             `xml:"groupName"`
	Description string                             `xml:"groupDescription"`
	VPC         string                             `xml:"vpcId"`
	Tags        resources.Items[resources.TagItem] `xml:"tagSet"`
}

func (c *call) describeSecurityGroups() (cloud.Effect, error) {
	ids, names := c.Form.List("GroupId"), c.Form.List("GroupName")
	var all []securityGroupItem
	for _, g := range cloud.SortedValues(c.own().securityGroups) {
		if (len(ids) == 0 || slices.Contains(ids, g.id)) && (len(names) == 0 || slices.Contains(names, g.Name)) {
			all = append(all, securityGroupItem{c.Account.ID, g.id, g.Name, g.description, g.vpc, c.TagsOf(g.id)})
		}
	}
	for _, id := range ids {
		if _, err := c.SecurityGroup(c.Account, c.Region, id); err != nil {
			return nil, err
		}
	}
	all, err := resources.Filtered(c.Request, all, resources.FilterFields[securityGroupItem]{
		"group-id":    resources.One(func(i securityGroupItem) string { return i.ID }),
		"group-name":  resources.One(func(i securityGroupItem) string { return i.Name }),
		"description": resources.One(func(i securityGroupItem) string { return i.Description }),
		"vpc-id":      resources.One(func(i securityGroupItem) string { return i.VPC }),
		"owner-id":    resources.One(func(i securityGroupItem) string { return i.Owner }),
	}, func(i securityGroupItem) string { return i.ID })
	if err != nil {
		return nil, err
	}
	return func() (any, error) {
		shown, next, err := cloud.Page(c.Call, all, "MaxResults", 1000)
		if err != nil {
			return nil, err
		}
		return &struct {
			Groups resources.Items[securityGroupItem] `xml:"securityGroupInfo"`
			Next   string                             `xml:"nextToken,omitempty"`
		}{resources.Items[securityGroupItem]{Items: shown}, next}, nil
	}, nil
}

func (c *call) deleteSecurityGroup() (cloud.Effect, error) {
	if err := c.Require("GroupId"); err != nil {
		return nil, err
	}
	group, err := c.SecurityGroup(c.Account, c.Region, c.Form.Get("GroupId"))
	if err != nil {
		return nil, err
	}
	return func() (any, error) {
		if c.used(c.Call, group.id) {
			return nil, wire.BadRequest("DependencyViolation", "resource %s has a dependent object", group.id)
		}
		delete(c.own().securityGroups, group.id)
		c.DropTags(group.id)
		return resources.Done()
	}, nil
}

func (c *call) authorizeIngress() (cloud.Effect, error) {
	if err := c.Require("GroupId"); err != nil {
		return nil, err
	}
	if _, err := c.SecurityGroup(c.Account, c.Region, c.Form.Get("GroupId")); err != nil {
		return nil, err
	}
	return resources.Done, nil
}
