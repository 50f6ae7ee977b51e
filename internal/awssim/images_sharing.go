package awssim

import (
	"cmp"
	"regexp"
	"slices"
	"strings"
)

const imageAttributeParams = "ImageId Attribute OperationType Value UserId.N UserGroup.N OrganizationArn.N OrganizationalUnitArn.N" +
	" LaunchPermission.Add.N.UserId LaunchPermission.Add.N.Group LaunchPermission.Add.N.OrganizationArn" +
	" LaunchPermission.Add.N.OrganizationalUnitArn LaunchPermission.Remove.N.UserId LaunchPermission.Remove.N.Group" +
	" LaunchPermission.Remove.N.OrganizationArn LaunchPermission.Remove.N.OrganizationalUnitArn" +
	" Description.Value ImdsSupport.Value DryRun"

func imageSharingOperations() map[string]operation {
	return map[string]operation{
		"ModifyImageAttribute": {
			params: imageAttributeParams, write: true, resources: onImage,
			conditions: sharingConditions("LaunchPermission"), handle: (*call).modifyImageAttribute,
		},
		"DescribeImageAttribute": {
			params: "ImageId Attribute DryRun", resources: onImage,
			conditions: attributeCondition, handle: (*call).describeImageAttribute,
		},
		"ResetImageAttribute": {
			params: "ImageId Attribute DryRun", write: true, resources: onImage,
			conditions: attributeCondition, handle: (*call).resetImageAttribute,
		},
		"CancelImageLaunchPermission": {
			params: "ImageId DryRun", write: true, resources: onImage,
			handle: (*call).cancelImageLaunchPermission,
		},
	}
}

func attributeCondition(c *call) map[string][]string {
	return map[string][]string{"ec2:Attribute": {c.form.get("Attribute")}}
}

// sharingConditions gives the ec2:Add/… and ec2:Remove/… keys of the two Modify…Attribute actions that share.
// https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonec2.html
func sharingConditions(structure string) func(*call) map[string][]string {
	return func(c *call) map[string][]string {
		conditions := map[string][]string{}
		if attribute := c.form.get("Attribute"); attribute != "" {
			conditions["ec2:Attribute"] = []string{attribute}
		}
		for verb, entries := range map[string][]permission{
			"Add": c.permissionEntries(structure, "add"), "Remove": c.permissionEntries(structure, "remove"),
		} {
			for _, entry := range entries {
				key := "ec2:" + verb + "/" + conditionNames[entry.kind]
				conditions[key] = append(conditions[key], entry.value)
			}
		}
		return conditions
	}
}

var conditionNames = map[string]string{
	toUser: "userId", toGroup: "group", toOrganization: "organizationArn", toOU: "organizationalUnitArn",
}

// permissionEntries collects what the call adds or removes, in the structured style (LaunchPermission.Add.1.UserId) or
// the flat one (Attribute, OperationType, UserId.1). The lists of the flat style count only without the structured one.
func (c *call) permissionEntries(structure, operation string) []permission {
	structured := len(c.form.sub(structure)) > 0
	if !structured {
		if c.form.get("OperationType") != operation {
			return nil
		}
		return c.flatEntries()
	}
	verb := strings.ToUpper(operation[:1]) + operation[1:]
	var entries []permission
	for _, member := range c.form.structs(structure + "." + verb) {
		for _, field := range [...]struct{ name, kind string }{
			{"UserId", toUser}, {"Group", toGroup}, {"OrganizationArn", toOrganization}, {"OrganizationalUnitArn", toOU},
		} {
			if value := member.get(field.name); value != "" {
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
		for _, value := range c.form.list(field.name) {
			entries = append(entries, permission{field.kind, value})
		}
	}
	return entries
}

// The shapes of the ARNs, as AWS publishes them in
// https://docs.aws.amazon.com/imagebuilder/latest/APIReference/API_LaunchPermissionConfiguration.html
var (
	organizationShape = regexp.MustCompile(`^arn:aws[^:]*:organizations::[0-9]{12}:organization/o-[a-z0-9]{10,32}$`)
	ouShape           = regexp.MustCompile(`^arn:aws[^:]*:organizations::[0-9]{12}:ou/o-[a-z0-9]{10,32}/ou-[0-9a-z]{4,32}-[0-9a-z]{8,32}$`)
)

// checkEntry refuses a malformed entry, one of another partition, and an account that nobody has any more.
func (c *call) checkEntry(entry permission) error {
	r := c.compute()
	fits := false
	switch entry.kind {
	case toUser:
		fits = isAccountID(entry.value) && !slices.Contains(r.closed, entry.value)
	case toGroup:
		fits = entry.value == everybody
	case toOrganization:
		fits = organizationShape.MatchString(entry.value) && c.samePartition(entry.value)
	case toOU:
		fits = ouShape.MatchString(entry.value) && c.samePartition(entry.value)
	}
	if !fits {
		return badRequest("InvalidAMIAttributeItemValue", "Invalid attribute item value %q for %s item type.", entry.value, entry.kind)
	}
	return nil
}

func (c *call) samePartition(arn string) bool {
	return strings.HasPrefix(arn, "arn:"+c.server.partition+":")
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

func (c *call) modifyImageAttribute() (effect, error) {
	img, err := c.ownImage()
	if err != nil {
		return nil, err
	}
	attribute, err := c.imageAttributeToModify()
	if err != nil {
		return nil, err
	}
	return func() (any, error) {
		if img.state != imageAvailable && attribute != "description" {
			return nil, badRequest("InvalidAMIID.Unavailable", "The image id '[%s]' is not available: its state is %s", img.id, img.state)
		}
		switch attribute {
		case "description":
			img.description = cmp.Or(c.form.get("Description.Value"), c.form.get("Value"))
		case "imdsSupport":
			value := cmp.Or(c.form.get("ImdsSupport.Value"), c.form.get("Value"))
			if value != "v2.0" {
				return nil, invalidValue("imdsSupport", value)
			}
			img.imdsSupport = value
		default:
			if err := c.modifyLaunchPermission(img); err != nil {
				return nil, err
			}
		}
		return done()
	}, nil
}

// imageAttributeToModify tells which one attribute the call is about.
func (c *call) imageAttributeToModify() (string, error) {
	named := map[string]bool{}
	for attribute, params := range map[string]string{
		"launchPermission": "LaunchPermission", "description": "Description", "imdsSupport": "ImdsSupport",
	} {
		if len(c.form.sub(params)) > 0 || c.form.get("Attribute") == attribute {
			named[attribute] = true
		}
	}
	switch {
	case len(named) > 1:
		return "", badRequest("InvalidParameterCombination", "Fields for multiple attribute types specified")
	case named["launchPermission"]:
		return "launchPermission", nil
	case named["description"]:
		return "description", nil
	case named["imdsSupport"]:
		return "imdsSupport", nil
	case c.form.get("Attribute") != "":
		return "", badRequest("InvalidParameterValue", "Value (%s) for parameter attribute is invalid. Unknown attribute.", c.form.get("Attribute"))
	default:
		return "", badRequest("MissingParameter", "The request must contain the parameter LaunchPermission")
	}
}

// modifyLaunchPermission carries out the additions and removals. Adding what is there and removing what is not are no
// errors. https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_ModifyImageAttribute.html
func (c *call) modifyLaunchPermission(img *image) error {
	add, remove := c.permissionEntries("LaunchPermission", "add"), c.permissionEntries("LaunchPermission", "remove")
	if len(add)+len(remove) == 0 {
		return badRequest("InvalidParameterCombination", "No attributes specified.")
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
	if quota := c.compute().sharingQuota; changed.entities() > quota && changed.entities() > img.launch.entities() {
		return badRequest("ResourceLimitExceeded", "You have reached your quota of %d for the number of entities that "+
			"an AMI can be shared with in this Region. Remove unused entities, or request an increase in your AMI sharing quota.", quota)
	}
	img.launch = changed
	return nil
}

// mayShareImage looks at how the image's snapshots are encrypted: an AWS managed key cannot be shared, not even with
// the owner itself, and nothing encrypted can be public.
func (c *call) mayShareImage(img *image, add []permission) error {
	if len(add) == 0 {
		return nil
	}
	public := slices.Contains(add, permission{toGroup, everybody})
	for _, device := range img.devices {
		snap := c.server.snapshot(c.region, device.snapshot)
		if snap == nil || snap.key == nil {
			continue
		}
		if public {
			return badRequest("UnsupportedOperation", "Encrypted snapshots can’t be shared publicly. Specify another snapshot.")
		}
		if snap.key.manager == managedByAWS {
			return badRequest("InvalidParameter", "Snapshots encrypted with the AWS Managed CMK can’t be shared. Specify another snapshot.")
		}
	}
	if public && c.compute().imageBlock != publicUnblocked {
		return badRequest("OperationNotPermitted", "You can't publicly share this image because block public access for "+
			"AMIs is enabled for this account. To publicly share the image, you must call the DisableImageBlockPublicAccess API.")
	}
	return nil
}

// managedByAWS is the KeyManager of alias/aws/ebs and its like.
const managedByAWS = "AWS"

// resetImageAttribute takes everybody's launch permission away but the owner's, which it always has.
func (c *call) resetImageAttribute() (effect, error) {
	if err := c.require("Attribute"); err != nil {
		return nil, err
	}
	if attribute := c.form.get("Attribute"); attribute != "launchPermission" {
		return nil, invalidValue("attribute", attribute)
	}
	return c.onOwnImage(func(img *image) error {
		img.launch = permissions{}
		return nil
	})
}

// cancelImageLaunchPermission is a recipient's way out of an image that was shared with its account by name.
// https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/cancel-sharing-an-AMI.html
func (c *call) cancelImageLaunchPermission() (effect, error) {
	if err := c.require("ImageId"); err != nil {
		return nil, err
	}
	img, err := c.imageByID(c.form.get("ImageId"))
	if err != nil {
		return nil, err
	}
	return func() (any, error) {
		mine := permission{toUser, c.account.id}
		if !img.launch[mine] {
			return nil, badRequest("InvalidRequest", "The image %s is not shared with account %s by its id", img.id, c.account.id)
		}
		delete(img.launch, mine)
		return done()
	}, nil
}
