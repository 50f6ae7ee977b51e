// SPDX-License-Identifier: MPL-2.0

package apply

import (
	"cmp"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/amishare/packer-plugin-ami-share/internal/plan"
	"github.com/amishare/packer-plugin-ami-share/internal/sharing"
)

// announceCommand is Command for changes of the second act, and for what undoes them.
func announceCommand(change plan.Change) string {
	switch c := change.(type) {
	case plan.PutParameter:
		return in(c.Account, putParameter(c.Where, c.Parameter.Name, c.Image.ID, c.Parameter.DataType, c.Previous, c.Description()))
	case plan.LabelParameter:
		return in(c.Account, labels("label-parameter-version", c.Where, c.Name, 0, c.Labels))
	case plan.RestoreParameter:
		if !c.Previous.Exists() {
			return in(c.Account, command("ssm delete-parameter", "region", string(c.Image.Region), "name", c.Parameter.Name))
		}
		return in(c.Account, putParameter(c.Where, c.Parameter.Name, c.Previous.Value, c.Previous.DataType, c.Previous, c.Previous.Description))
	case plan.RestoreLabels:
		return in(c.Account, restoreLabels(c))
	case plan.PutSharedTags:
		return asOwner(tagCommand("create-tags", c.Image.Region, c.Image.ID, tagList(c.All())))
	case plan.RemoveSharedTags:
		return asOwner(deleteTags(c.Image.Region, c.Image.ID, c.Keys()))
	case plan.AttachWatermark:
		return asOwner(command("ec2 attach-image-watermark", "region", string(c.Image.Region), "image-id", c.Image.ID, "watermark-name", c.Name))
	case plan.DetachWatermark:
		return asOwner(command("ec2 detach-image-watermark", "region", string(c.Image.Region), "image-id", c.Image.ID, "watermark-key", c.Key()))
	case plan.AddTemplateVersion:
		return in(c.Account, command("ec2 create-launch-template-version", "region", string(c.Image.Region), "launch-template-id", c.ID,
			"source-version", cmp.Or(c.Template.Source, "$Default"), "version-description", c.Note, "launch-template-data", `{"ImageId":"`+c.Image.ID+`"}`))
	case plan.SetDefaultVersion:
		version := strconv.FormatInt(c.Version, 10)
		if c.Version == 0 {
			version = versionWith(c.Where, c.ID, c.Note)
		}
		return in(c.Account, modifyTemplate(c.Where, c.ID, version))
	case plan.RestoreDefaultVersion:
		return in(c.Account, modifyTemplate(c.Where, c.ID, strconv.FormatInt(c.Previous, 10)))
	case plan.RemoveTemplateVersion:
		return in(c.Account, command("ec2 delete-launch-template-versions", "region", string(c.Image.Region), "launch-template-id", c.ID)+" --versions "+versionWith(c.Where, c.ID, c.Note))
	case plan.RestoreSharedTags:
		return asOwner(restore(c.Image.Region, c.Image.ID, c.Delete, c.Restore))
	default:
		return ""
	}
}

// endAnnouncement is EndCommand for changes of the second act. What undoes others has none.
func endAnnouncement(change plan.Change) string {
	switch c := change.(type) {
	case plan.PutParameter:
		return Command(plan.RestoreParameter(c))
	case plan.LabelParameter:
		return Command(plan.RestoreLabels{Where: c.Where, Name: c.Name, Move: c.Previous, Remove: fresh(c.Labels, c.Previous)})
	case plan.PutSharedTags:
		return Command(plan.RestoreSharedTags{Where: c.Where, Delete: fresh(slices.Sorted(maps.Keys(c.All())), c.Previous), Restore: c.Previous})
	case plan.AddTemplateVersion:
		return Command(c.Undo())
	case plan.SetDefaultVersion:
		return Command(c.Undo())
	case plan.AttachWatermark:
		return Command(c.Undo())
	case plan.RemoveSharedTags:
		return Command(plan.RestoreSharedTags{Where: c.Where, Restore: c.Tags})
	default:
		return ""
	}
}

// fresh are the tags or labels that were not there before.
func fresh[V any](names []string, before map[string]V) []string {
	return slices.DeleteFunc(slices.Clone(names), func(name string) bool { _, was := before[name]; return was })
}

func modifyTemplate(where plan.Where, id, version string) string {
	return command("ec2 modify-launch-template", "region", string(where.Image.Region), "launch-template-id", id) + " --default-version " + version
}

// versionWith is the version of a launch template that a run has made, looked up.
func versionWith(where plan.Where, id, note string) string {
	return `"$(` + command("ec2 describe-launch-template-versions", "region", string(where.Image.Region), "launch-template-id", id,
		"filters", "Name=image-id,Values="+where.Image.ID, "query", "max(LaunchTemplateVersions[?VersionDescription==`\""+note+"\"`].VersionNumber)", "output", "text") + `)"`
}

// putParameter writes a command that leaves a parameter what else it has.
func putParameter(where plan.Where, name, value, dataType string, has sharing.StoredParameter, description string) string {
	options := []string{"region", string(where.Image.Region), "name", name, "value", value, "type", "String", "data-type", cmp.Or(dataType, sharing.TextParameter)}
	for _, more := range [][2]string{{"description", description}, {"allowed-pattern", has.AllowedPattern}, {"tier", has.Tier}} {
		if more[1] != "" {
			options = append(options, more[:]...)
		}
	}
	return command("ssm put-parameter", options...) + " --overwrite"
}

// labels writes a command about labels of a version. Without a number it is the newest one.
func labels(name string, where plan.Where, parameter string, version int64, labels []string) string {
	words := command("ssm "+name, "region", string(where.Image.Region), "name", parameter)
	if version > 0 {
		words += " --parameter-version " + strconv.FormatInt(version, 10)
	}
	return words + " --labels " + strings.Join(labels, " ")
}

// restoreLabels moves labels back. One that no version had is taken from the newest.
func restoreLabels(c plan.RestoreLabels) string {
	var commands []string
	for _, label := range slices.Sorted(maps.Keys(c.Move)) {
		commands = append(commands, labels("label-parameter-version", c.Where, c.Name, c.Move[label], []string{label}))
	}
	if len(c.Remove) > 0 {
		newest := `"$(` + command("ssm get-parameter", "region", string(c.Image.Region), "name", c.Name+":"+c.Remove[0], "query", "Parameter.Version", "output", "text") + `)"`
		commands = append(commands, command("ssm unlabel-parameter-version", "region", string(c.Image.Region), "name", c.Name)+
			" --parameter-version "+newest+" --labels "+strings.Join(c.Remove, " "))
	}
	return strings.Join(commands, " && ")
}
