// SPDX-License-Identifier: MPL-2.0

package apply

import (
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/amishare/packer-plugin-ami-share/internal/plan"
	"github.com/amishare/packer-plugin-ami-share/internal/sharing"
)

// Command returns the AWS CLI command that makes a change, to be pasted into a shell, with a comment that says in which
// account.
func Command(change plan.Change) string {
	switch c := change.(type) {
	case plan.CreateServiceLinkedRole:
		return in(c.Account, c.Grantee.CreateCommand())
	case plan.CreateGrant:
		return in(c.Account, command("kms create-grant", "region", string(c.Region), "key-id", c.KeyARN,
			"grantee-principal", c.GranteeARN, "name", c.Name)+" --operations "+strings.Join(c.Operations, " "))
	case plan.RetireGrant:
		return in(c.Issuer, command("kms retire-grant", "region", string(c.Region), "key-id", c.KeyARN, "grant-id", c.GrantID))
	case plan.ModifySnapshotPermission:
		return asOwner(command("ec2 modify-snapshot-attribute", "region", string(c.Image.Region), "snapshot-id", c.Snapshot,
			"attribute", "createVolumePermission", "operation-type", c.Operation.String()) + " --user-ids " + joined(c.Accounts))
	case plan.ModifyLaunchPermission:
		return asOwner(command("ec2 modify-image-attribute", "region", string(c.Image.Region), "image-id", c.Image.ID, "launch-permission", permissions(c)))
	case plan.PutTags:
		return in(c.Account, tagCommand("create-tags", c.Image.Region, c.Resource, tagList(c.Tags)))
	case plan.RestoreTags:
		return in(c.Account, restore(c.Image.Region, c.Resource, c.Delete, c.Restore))
	case plan.SetGroupRole:
		return in(c.Account, command("autoscaling update-auto-scaling-group", "region", string(c.Region),
			"auto-scaling-group-name", c.Group, "service-linked-role-arn", c.RoleARN))
	default:
		return announceCommand(c)
	}
}

// EndCommand returns the AWS CLI command that takes a change back. grantID is that of a grant that was made, "" when it is
// not known.
func EndCommand(change plan.Change, grantID string) string {
	switch c := change.(type) {
	case plan.CreateServiceLinkedRole:
		return in(c.Account, command("iam delete-service-linked-role", "role-name", c.Grantee.Name))
	case plan.CreateGrant:
		return in(c.Account, command("kms retire-grant", "region", string(c.Region), "key-id", c.KeyARN)+" --grant-id "+idOrQuery(c, grantID))
	case plan.RetireGrant:
		return Command(plan.CreateGrant{
			Account: c.Issuer, Region: c.Region, KeyARN: c.KeyARN, GranteeARN: c.GranteeARN, Operations: c.Operations, Name: c.Name,
		})
	case plan.ModifySnapshotPermission:
		c.Operation = c.Operation.Opposite()
		return Command(c)
	case plan.ModifyLaunchPermission:
		c.Operation = c.Operation.Opposite()
		return Command(c)
	case plan.PutTags:
		return Command(plan.RestoreTags{Account: c.Account, Image: c.Image, Resource: c.Resource, Delete: fresh(slices.Sorted(maps.Keys(c.Tags)), c.Previous), Restore: c.Previous})
	case plan.SetGroupRole:
		c.RoleARN, c.Previous = c.Previous, c.RoleARN
		return Command(c)
	default:
		return endAnnouncement(c)
	}
}

func in(account sharing.AccountID, command string) string {
	return command + " # in account " + string(account)
}

func asOwner(command string) string { return command + " # in the account that owns the AMI" }

// command writes a command with its options, given as names and values by turns.
func command(name string, options ...string) string {
	words := []string{"aws", name}
	for option := range slices.Chunk(options, 2) {
		words = append(words, "--"+option[0], quoted(option[1]))
	}
	return strings.Join(words, " ")
}

var plain = regexp.MustCompile(`^[\w@%+=:,./-]+$`)

// quoted writes a word so that a POSIX shell takes it as it is.
func quoted(word string) string {
	if plain.MatchString(word) {
		return word
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}

// idOrQuery is a grant's id; of one whose id was lost with the answer, the command that looks it up by its name, less the digest
// of the role's ARN that the name ends with: the role is named anyway.
func idOrQuery(c plan.CreateGrant, id string) string {
	if id != "" {
		return quoted(id)
	}
	return `"$(` + command("kms list-grants", "region", string(c.Region), "key-id", c.KeyARN, "grantee-principal", c.GranteeARN,
		"query", "Grants[?starts_with(Name,'"+c.Name[:strings.LastIndexByte(c.Name, ':')+1]+"')].GrantId", "output", "text") + `)"`
}

func joined(ids []sharing.AccountID) string {
	words := make([]string, len(ids))
	for i, id := range ids {
		words[i] = string(id)
	}
	return strings.Join(words, " ")
}

// permissions writes a launch permission in the CLI's shorthand.
func permissions(c plan.ModifyLaunchPermission) string {
	verb := map[plan.Operation]string{plan.Add: "Add", plan.Remove: "Remove"}[c.Operation]
	keys := map[sharing.RecipientKind]string{
		sharing.ToAccount: "UserId", sharing.ToGroup: "Group", sharing.ToOrganization: "OrganizationArn", sharing.ToOrganizationalUnit: "OrganizationalUnitArn",
	}
	var entries []string
	for _, recipient := range c.Recipients {
		entries = append(entries, "{"+keys[recipient.Kind]+"="+recipient.ID+"}")
	}
	return verb + "=[" + strings.Join(entries, ",") + "]"
}

// tag is one of a list of tags in the CLI's JSON form: its shorthand knows no commas in values.
type tag struct {
	Key   string
	Value *string `json:",omitempty"`
}

func tagList(tags map[string]string) []tag {
	var list []tag
	for _, key := range slices.Sorted(maps.Keys(tags)) {
		list = append(list, tag{key, new(tags[key])})
	}
	return list
}

func tagCommand(name string, region sharing.Region, resource string, tags []tag) string {
	text, err := json.Marshal(tags)
	if err != nil {
		return fmt.Sprint(err) // strings can be written
	}
	return command("ec2 "+name, "region", string(region), "resources", resource, "tags", string(text))
}

// restore deletes the tags of an AMI or snapshot that were not there and writes back those that were.
func restore(region sharing.Region, resource string, missing []string, values map[string]string) string {
	var commands []string
	if len(missing) > 0 {
		commands = append(commands, deleteTags(region, resource, missing))
	}
	if len(values) > 0 {
		commands = append(commands, tagCommand("create-tags", region, resource, tagList(values)))
	}
	return strings.Join(commands, " && ")
}

func deleteTags(region sharing.Region, resource string, keys []string) string {
	var tags []tag
	for _, key := range keys {
		tags = append(tags, tag{Key: key})
	}
	return tagCommand("delete-tags", region, resource, tags)
}
