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
		return in(c.Account, plan.CreateRoleCommand(c.Grantee))
	case plan.DeleteServiceLinkedRole:
		return in(c.Account, command("iam delete-service-linked-role", "role-name", c.Grantee.Name))
	case plan.CreateGrant:
		return in(c.Account, command("kms create-grant", "region", string(c.Region), "key-id", c.KeyARN,
			"grantee-principal", c.GranteeARN, "name", c.Name)+" --operations "+strings.Join(c.Operations, " "))
	case plan.RetireGrant:
		return in(c.Issuer, command("kms retire-grant", "region", string(c.Region), "key-id", c.KeyARN)+" --grant-id "+grantID(c))
	case plan.ModifySnapshotPermission:
		return asOwner(command("ec2 modify-snapshot-attribute", "region", string(c.Image.Region), "snapshot-id", c.Snapshot,
			"attribute", "createVolumePermission", "operation-type", operation(len(c.Remove))) + " --user-ids " + strings.Join(ids(c.Add, c.Remove), " "))
	case plan.ModifyLaunchPermission:
		return asOwner(command("ec2 modify-image-attribute", "region", string(c.Image.Region), "image-id", c.Image.ID, "launch-permission", permissions(c)))
	case plan.PutTags:
		return in(c.Account, tagCommand("create-tags", c.Image.Region, c.Resource, tagList(c.Tags)))
	case plan.RemoveTags:
		return in(c.Account, untag(c))
	case plan.SetGroupRole:
		return in(c.Account, command("autoscaling update-auto-scaling-group", "region", string(c.Region),
			"auto-scaling-group-name", c.Group, "service-linked-role-arn", c.RoleARN))
	default:
		return "" // there is no other change
	}
}

func in(account sharing.AccountID, command string) string {
	return command + " # in account " + string(account)
}

func asOwner(command string) string { return command + " # in the account that owns the image" }

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

// grantID is a grant's id; of one whose id was lost with the answer, the command that looks it up by its name.
func grantID(c plan.RetireGrant) string {
	if c.GrantID != "" {
		return c.GrantID
	}
	return `"$(` + command("kms list-grants", "region", string(c.Region), "key-id", c.KeyARN, "grantee-principal", c.GranteeARN,
		"query", "Grants[?Name=='"+c.Name+"'].GrantId", "output", "text") + `)"`
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

// untag deletes the tags that were not there and writes back those that were.
func untag(c plan.RemoveTags) string {
	var commands []string
	if len(c.Keys) > 0 {
		var keys []tag
		for _, key := range c.Keys {
			keys = append(keys, tag{Key: key})
		}
		commands = append(commands, tagCommand("delete-tags", c.Image.Region, c.Resource, keys))
	}
	if len(c.Restore) > 0 {
		commands = append(commands, tagCommand("create-tags", c.Image.Region, c.Resource, tagList(c.Restore)))
	}
	return strings.Join(commands, " && ")
}
