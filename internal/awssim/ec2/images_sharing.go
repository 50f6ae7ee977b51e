// SPDX-License-Identifier: MPL-2.0

package ec2

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"github.com/amishare/packer-plugin-ami-share/internal/awssim/cloud"
	"github.com/amishare/packer-plugin-ami-share/internal/awssim/kms"
	"github.com/amishare/packer-plugin-ami-share/internal/awssim/resources"
	"github.com/amishare/packer-plugin-ami-share/internal/awssim/wire"
)

const imageAttributeParams = "ImageId Attribute OperationType Value UserId.N UserGroup.N OrganizationArn.N OrganizationalUnitArn.N" +
	" LaunchPermission.Add.N.UserId LaunchPermission.Add.N.Group LaunchPermission.Add.N.OrganizationArn" +
	" LaunchPermission.Add.N.OrganizationalUnitArn LaunchPermission.Remove.N.UserId LaunchPermission.Remove.N.Group" +
	" LaunchPermission.Remove.N.OrganizationArn LaunchPermission.Remove.N.OrganizationalUnitArn" +
	" Description.Value ImdsSupport.Value DryRun"

func imageSharingActions() map[string]action {
	return map[string]action{
		"ModifyImageAttribute": {
			Params: imageAttributeParams, Write: true, Resources: onImage,
			Conditions: sharingConditions("LaunchPermission"), Handle: (*call).modifyImageAttribute,
		},
		"DescribeImageAttribute": {
			Params: "ImageId Attribute DryRun", Resources: onImage,
			Conditions: attributeCondition, Handle: (*call).describeImageAttribute,
		},
		"ResetImageAttribute": {
			Params: "ImageId Attribute DryRun", Write: true, Resources: onImage,
			Conditions: attributeCondition, Handle: (*call).resetImageAttribute,
		},
		"CancelImageLaunchPermission": {
			Params: "ImageId DryRun", Write: true, Resources: onImage,
			Handle: (*call).cancelImageLaunchPermission,
		},
	}
}

func attributeCondition(c *call) map[string][]string {
	return map[string][]string{"ec2:Attribute": {c.Form.Get("Attribute")}}
}

// sharingConditions gives the ec2:Add/… and ec2:Remove/… keys of ModifySnapshotAttribute. The reference keeps them from
// ModifyImageAttribute, which has none.
// https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonec2.html
func sharingConditions(structure string) func(*call) map[string][]string {
	return func(c *call) map[string][]string {
		conditions := map[string][]string{}
		if attribute := c.Form.Get("Attribute"); attribute != "" {
			conditions["ec2:Attribute"] = []string{attribute}
		}
		for verb, entries := range map[string][]permission{
			"Add": c.permissionEntries(structure, "add"), "Remove": c.permissionEntries(structure, "remove"),
		} {
			for _, entry := range entries {
				if name := conditionNames[entry.kind]; name != "" {
					key := "ec2:" + verb + "/" + name
					conditions[key] = append(conditions[key], entry.value)
				}
			}
		}
		return conditions
	}
}

// conditionNames are how condition keys name the recipients that have one. Organizations and OUs have none.
var conditionNames = map[string]string{toUser: "userId", toGroup: "group"}

// permissionEntries collects what the call adds or removes, in the structured style (LaunchPermission.Add.1.UserId) or
// the flat one (Attribute, OperationType, UserId.1). The lists of the flat style count only without the structured one.
func (c *call) permissionEntries(structure, operation string) []permission {
	structured := len(c.Form.Sub(structure)) > 0
	if !structured {
		if c.Form.Get("OperationType") != operation {
			return nil
		}
		return c.flatEntries()
	}
	verb := strings.ToUpper(operation[:1]) + operation[1:]
	var entries []permission
	for _, member := range c.Form.Structs(structure + "." + verb) {
		for _, field := range [...]struct{ name, kind string }{
			{"UserId", toUser}, {"Group", toGroup}, {"OrganizationArn", toOrganization}, {"OrganizationalUnitArn", toOU},
		} {
			if value := member.Get(field.name); value != "" {
				entries = append(entries, permission{field.kind, value})
			}
		}
	}
	return entries
}

func (c *call) flatEntries() []permission {
	var entries []permission
	for _, field := range [...]struct{ name, kind string }{
		{"UserId", toUser}, {"UserGroup", toGroup}, {"OrganizationArn", toOrganization}, {"OrganizationalUnitArn", toOU},
	} {
		for _, value := range c.Form.List(field.name) {
			entries = append(entries, permission{field.kind, value})
		}
	}
	return entries
}

// checkEntry refuses a malformed entry, one of another partition, and an account that nobody has any more.
func (c *call) checkEntry(entry permission) error {
	r := c.own()
	fits := false
	switch entry.kind {
	case toUser:
		fits = cloud.IsAccountID(entry.value) && !slices.Contains(r.closed, entry.value)
	case toGroup:
		fits = entry.value == everybody
	case toOrganization:
		fits = cloud.OrganizationARN.MatchString(entry.value) && c.samePartition(entry.value)
	case toOU:
		fits = cloud.UnitARN.MatchString(entry.value) && c.samePartition(entry.value)
	}
	if !fits {
		return wire.BadRequest("InvalidAMIAttributeItemValue", "Invalid attribute item value %q for %s item type.", entry.value, entry.kind)
	}
	return nil
}

func (c *call) samePartition(arn string) bool {
	return strings.HasPrefix(arn, "arn:"+c.Partition+":")
}

func (c *call) checkEntries(lists ...[]permission) error {
	for _, list := range lists {
		for _, entry := range list {
			if err := c.checkEntry(entry); err != nil {
				return err
			}
		}
	}
	return nil
}

func (c *call) modifyImageAttribute() (cloud.Effect, error) {
	img, err := c.ownImage()
	if err != nil {
		return nil, err
	}
	attribute, err := c.imageAttributeToModify()
	if err != nil {
		return nil, err
	}
	return func() (any, error) {
		if img.state == imagePending {
			// https://github.com/app-sre/qontract-reconcile/pull/2222
			return nil, wire.BadRequest("InvalidAMIID.Unavailable", "The AMI ID '%s' is currently pending and may not be used for this operation", img.id)
		}
		if img.state != imageAvailable && attribute != "description" {
			return nil, wire.BadRequest("InvalidAMIID.Unavailable", "The image id '[%s]' is not available: its state is %s", img.id, img.state)
		}
		switch attribute {
		case "description":
			img.description = cmp.Or(c.Form.Get("Description.Value"), c.Form.Get("Value"))
		case "imdsSupport":
			value := cmp.Or(c.Form.Get("ImdsSupport.Value"), c.Form.Get("Value"))
			if value != "v2.0" {
				return nil, wire.InvalidValue("imdsSupport", value)
			}
			img.imdsSupport = value
		default:
			if err := c.modifyLaunchPermission(img); err != nil {
				return nil, err
			}
		}
		return resources.Done()
	}, nil
}

// imageAttributeToModify tells which one attribute the call is about.
func (c *call) imageAttributeToModify() (string, error) {
	named := map[string]bool{}
	for attribute, params := range map[string]string{
		"launchPermission": "LaunchPermission", "description": "Description", "imdsSupport": "ImdsSupport",
	} {
		if len(c.Form.Sub(params)) > 0 || c.Form.Get("Attribute") == attribute {
			named[attribute] = true
		}
	}
	switch {
	case len(named) > 1:
		return "", wire.BadRequest("InvalidParameterCombination", "Fields for multiple attribute types specified")
	case named["launchPermission"]:
		return "launchPermission", nil
	case named["description"]:
		return "description", nil
	case named["imdsSupport"]:
		return "imdsSupport", nil
	case c.Form.Get("Attribute") != "":
		return "", wire.BadRequest("InvalidParameterValue", "Value (%s) for parameter attribute is invalid. Unknown attribute.", c.Form.Get("Attribute"))
	default:
		return "", wire.BadRequest("MissingParameter", "The request must contain the parameter LaunchPermission")
	}
}

// modifyLaunchPermission carries out the additions and removals. Adding what is there and removing what is not are no
// errors. https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_ModifyImageAttribute.html
func (c *call) modifyLaunchPermission(img *Image) error {
	add, remove := c.permissionEntries("LaunchPermission", "add"), c.permissionEntries("LaunchPermission", "remove")
	if len(add)+len(remove) == 0 {
		return wire.BadRequest("InvalidParameterCombination", "No attributes specified.")
	}
	if err := c.checkEntries(add, remove); err != nil {
		return err
	}
	if err := c.mayShareImage(img, add); err != nil {
		return err
	}
	changed := permissions{}
	for entry := range img.launch {
		changed[entry] = true
	}
	for _, entry := range add {
		changed[entry] = true
	}
	for _, entry := range remove {
		delete(changed, entry)
	}
	if quota := c.own().sharingQuota; changed.entities() > quota && changed.entities() > img.launch.entities() {
		return wire.BadRequest("ResourceLimitExceeded", "You have reached your quota of %d for the number of entities that "+
			"an AMI can be shared with in this Region. Remove unused entities, or request an increase in your AMI sharing quota.", quota)
	}
	c.setLaunch(img, changed)
	return nil
}

// mayShareImage looks at how the AMI's snapshots are encrypted: an AWS managed key cannot be shared, not even with
// the owner itself, and nothing encrypted can be public.
func (c *call) mayShareImage(img *Image, add []permission) error {
	if len(add) == 0 {
		return nil
	}
	public := slices.Contains(add, permission{toGroup, everybody})
	if public && len(img.watermarks) > 0 {
		return wire.BadRequest("UnsupportedOperation", "The image %s has a watermark and can't be shared publicly.", img.id)
	}
	for _, device := range img.Devices {
		snap := c.snapshot(c.Region, device.snapshot)
		if snap == nil || snap.key == nil {
			continue
		}
		if public {
			return wire.BadRequest("UnsupportedOperation", "Encrypted snapshots can’t be shared publicly. Specify another snapshot.")
		}
		if snap.key.Manager == kms.ManagedByAWS {
			return wire.BadRequest("InvalidParameter", "Snapshots encrypted with the AWS Managed CMK can’t be shared. Specify another snapshot.")
		}
	}
	if public && c.own().imageBlock != publicUnblocked {
		return wire.BadRequest("OperationNotPermitted", "You can't publicly share this image because block public access for "+
			"AMIs is enabled for this account. To publicly share the image, you must call the DisableImageBlockPublicAccess API.")
	}
	return nil
}

// resetImageAttribute takes everybody's launch permission away but the owner's, which it always has.
func (c *call) resetImageAttribute() (cloud.Effect, error) {
	if err := c.Require("Attribute"); err != nil {
		return nil, err
	}
	if attribute := c.Form.Get("Attribute"); attribute != "launchPermission" {
		return nil, wire.InvalidValue("attribute", attribute)
	}
	return c.onOwnImage(func(img *Image) error {
		c.setLaunch(img, permissions{})
		return nil
	})
}

// cancelImageLaunchPermission is a recipient's way out of an AMI that was shared with its account by name. All other AMIs,
// those shared with its organization too, are not there.
// https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/cancel-sharing-an-AMI.html
// https://github.com/cloud-custodian/cloud-custodian/pull/8728
func (c *call) cancelImageLaunchPermission() (cloud.Effect, error) {
	if err := c.Require("ImageId"); err != nil {
		return nil, err
	}
	img, err := c.imageByID(c.Form.Get("ImageId"))
	if err != nil {
		return nil, err
	}
	mine := permission{toUser, c.Account.ID}
	if !img.launch[mine] {
		return nil, wire.BadRequest("InvalidAMIID.NotFound", "The image id '[%s]' does not exist", img.id)
	}
	return func() (any, error) {
		left := maps.Clone(img.launch)
		delete(left, mine)
		c.setLaunch(img, left)
		return resources.Done()
	}, nil
}
