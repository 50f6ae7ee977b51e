package apply

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/amishare/packer-plugin-ami-share/internal/plan"
	"github.com/amishare/packer-plugin-ami-share/internal/sharing"
)

// Command returns the AWS CLI command that makes a change, with a comment that says with whose credentials.
func Command(change plan.Change) string {
	switch c := change.(type) {
	case plan.CreateServiceLinkedRole:
		return in(c.Account, plan.CreateRoleCommand(c.Grantee))
	case plan.DeleteServiceLinkedRole:
		return in(c.Account, "aws iam delete-service-linked-role --role-name "+c.Grantee.Name)
	case plan.CreateGrant:
		return in(c.Account, fmt.Sprintf("aws kms create-grant --region %s --key-id %s --grantee-principal %s --name %s --operations %s",
			c.Region, c.KeyARN, c.GranteeARN, c.Name, strings.Join(c.Operations, " ")))
	case plan.RetireGrant:
		id := cmp.Or(c.GrantID, "<the id that aws kms list-grants shows for "+c.Name+">")
		return in(cmp.Or(c.Issuer, c.Account), fmt.Sprintf("aws kms retire-grant --region %s --key-id %s --grant-id %s", c.Region, c.KeyARN, id))
	case plan.ModifySnapshotPermission:
		return fmt.Sprintf("aws ec2 modify-snapshot-attribute --region %s --snapshot-id %s --attribute createVolumePermission --operation-type %s --user-ids %s",
			c.Image.Region, c.Snapshot, operation(len(c.Remove)), strings.Join(ids(c.Add, c.Remove), " "))
	case plan.ModifyLaunchPermission:
		return fmt.Sprintf("aws ec2 modify-image-attribute --region %s --image-id %s --launch-permission '%s'", c.Image.Region, c.Image.ID, permissions(c))
	case plan.PutTags:
		return in(c.Account, fmt.Sprintf("aws ec2 create-tags --region %s --resources %s --tags %s", c.Image.Region, c.Resource, tagList(c.Tags)))
	case plan.RemoveTags:
		return in(c.Account, untag(c))
	case plan.SetGroupRole:
		return in(c.Account, fmt.Sprintf("aws autoscaling update-auto-scaling-group --region %s --auto-scaling-group-name %s --service-linked-role-arn %s",
			c.Region, c.Group, c.RoleARN))
	default:
		return "" // there is no other change
	}
}

func in(account sharing.AccountID, command string) string {
	return command + " # in account " + string(account)
}

func operation(removed int) string {
	if removed > 0 {
		return "remove"
	}
	return "add"
}

func ids(lists ...[]sharing.AccountID) []string {
	var all []string
	for _, id := range slices.Concat(lists...) {
		all = append(all, string(id))
	}
	return all
}

// permissions writes a launch permission in the CLI's shorthand.
func permissions(c plan.ModifyLaunchPermission) string {
	verb := "Add"
	if len(c.Remove) > 0 {
		verb = "Remove"
	}
	keys := map[sharing.RecipientKind]string{
		sharing.ToAccount: "UserId", sharing.ToGroup: "Group", sharing.ToOrganization: "OrganizationArn", sharing.ToOrganizationalUnit: "OrganizationalUnitArn",
	}
	var entries []string
	for _, recipient := range slices.Concat(c.Add, c.Remove) {
		entries = append(entries, "{"+keys[recipient.Kind]+"="+recipient.ID+"}")
	}
	return verb + "=[" + strings.Join(entries, ",") + "]"
}

func tagList(tags map[string]string) string {
	var list []string
	for _, key := range slices.Sorted(maps.Keys(tags)) {
		list = append(list, fmt.Sprintf("'Key=%s,Value=%s'", key, tags[key]))
	}
	return strings.Join(list, " ")
}

// untag deletes the tags that were not there and writes back those that were.
func untag(c plan.RemoveTags) string {
	var commands []string
	if len(c.Keys) > 0 {
		var keys []string
		for _, key := range c.Keys {
			keys = append(keys, "'Key="+key+"'")
		}
		commands = append(commands, fmt.Sprintf("aws ec2 delete-tags --region %s --resources %s --tags %s", c.Image.Region, c.Resource, strings.Join(keys, " ")))
	}
	if len(c.Restore) > 0 {
		commands = append(commands, fmt.Sprintf("aws ec2 create-tags --region %s --resources %s --tags %s", c.Image.Region, c.Resource, tagList(c.Restore)))
	}
	return strings.Join(commands, " && ")
}
