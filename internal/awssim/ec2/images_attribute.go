// SPDX-License-Identifier: MPL-2.0

package ec2

import (
	"net/http"

	"github.com/amishare/packer-plugin-ami-share/internal/awssim/cloud"
	"github.com/amishare/packer-plugin-ami-share/internal/awssim/resources"
	"github.com/amishare/packer-plugin-ami-share/internal/awssim/wire"
)

// permissionItem is an entry of a launch or create-volume permission on the wire.
type permissionItem struct {
	User         string `xml:"userId,omitempty"`
	Group        string `xml:"group,omitempty"`
	Organization string `xml:"organizationArn,omitempty"`
	OU           string `xml:"organizationalUnitArn,omitempty"`
}

func (p permissions) items() *resources.Items[permissionItem] {
	set := &resources.Items[permissionItem]{}
	for _, entry := range p.sorted() {
		var item permissionItem
		switch entry.kind {
		case toUser:
			item.User = entry.value
		case toGroup:
			item.Group = entry.value
		case toOrganization:
			item.Organization = entry.value
		case toOU:
			item.OU = entry.value
		}
		set.Items = append(set.Items, item)
	}
	return set
}

// valueItem is an attribute of one value on the wire.
type valueItem struct {
	Value string `xml:"value,omitempty"`
}

type imageAttributeAnswer struct {
	ID          string                           `xml:"imageId"`
	Launch      *resources.Items[permissionItem] `xml:"launchPermission"`
	Description *valueItem                       `xml:"description"`
	IMDS        *valueItem                       `xml:"imdsSupport"`
	BootMode    *valueItem                       `xml:"bootMode"`
	TPM         *valueItem                       `xml:"tpmSupport"`
	DeregProt   *valueItem                       `xml:"deregistrationProtection"`
}

func (c *call) describeImageAttribute() (cloud.Effect, error) {
	if err := c.Require("Attribute"); err != nil {
		return nil, err
	}
	img, err := c.ownImage()
	if err != nil {
		return nil, err
	}
	answer := &imageAttributeAnswer{ID: img.id}
	switch attribute := c.Form.Get("Attribute"); attribute {
	case "launchPermission":
		answer.Launch = img.late.attribute.See(img.launch).items()
	case "description":
		answer.Description = &valueItem{img.description}
	case "imdsSupport":
		answer.IMDS = &valueItem{img.imdsSupport}
	case "bootMode":
		answer.BootMode = &valueItem{img.bootMode}
	case "tpmSupport":
		answer.TPM = &valueItem{img.tpmSupport}
	case "deregistrationProtection":
		answer.DeregProt = &valueItem{img.protection(c.Now())}
	case "blockDeviceMapping":
		return nil, wire.Errorf(http.StatusForbidden, "AuthFailure", "Unauthorized attempt to access restricted resource")
	default:
		return nil, wire.InvalidValue("attribute", attribute)
	}
	return func() (any, error) {
		return answer, nil
	}, nil
}
