// SPDX-License-Identifier: MPL-2.0

package plan

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/amishare/packer-plugin-ami-share/internal/sharing"
)

// AddTemplateVersion makes a version of a launch template with the AMI.
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateLaunchTemplateVersion.html
type AddTemplateVersion struct {
	Where
	Template sharing.LaunchTemplate
	ID       string
	Note     string // the version's description, by which the run knows it again
	Previous string // what AMI the default version has
}

// SetDefaultVersion makes a version with the AMI the default of a launch template.
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_ModifyLaunchTemplate.html
type SetDefaultVersion struct {
	Where
	Template sharing.LaunchTemplate
	ID       string
	Version  int64 // 0 for the one that the run makes
	Note     string
	Previous sharing.TemplateVersion // the default version
}

// RemoveTemplateVersion undoes an AddTemplateVersion: it deletes the version that the run has made. No plan holds it.
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DeleteLaunchTemplateVersions.html
type RemoveTemplateVersion struct {
	Where
	Template sharing.LaunchTemplate
	ID       string
	Note     string
}

// RestoreDefaultVersion undoes a SetDefaultVersion. No plan holds it. A default that others have set in the meantime stays.
type RestoreDefaultVersion struct {
	Where
	Template sharing.LaunchTemplate
	ID       string
	Version  int64 // that was made the default, 0 for the one that the run has made
	Note     string
	Previous int64
}

// Undo returns what undoes the change, whatever there was before.
func (c AddTemplateVersion) Undo() RemoveTemplateVersion {
	return RemoveTemplateVersion{c.Where, c.Template, c.ID, c.Note}
}

// Undo returns what undoes the change if the default version is what it was when the plan was made.
func (c SetDefaultVersion) Undo() RestoreDefaultVersion {
	return RestoreDefaultVersion{c.Where, c.Template, c.ID, c.Version, c.Note, c.Previous.Number}
}

func (AddTemplateVersion) change()    {}
func (SetDefaultVersion) change()     {}
func (RemoveTemplateVersion) change() {}
func (RestoreDefaultVersion) change() {}

func (AddTemplateVersion) Stage() Stage    { return Announcements }
func (SetDefaultVersion) Stage() Stage     { return Sequels }
func (RemoveTemplateVersion) Stage() Stage { return Announcements }
func (RestoreDefaultVersion) Stage() Stage { return Sequels }

func (c AddTemplateVersion) Without(drop func(sharing.Scope) bool) Change { return unless(c, drop) }

func (c SetDefaultVersion) Without(drop func(sharing.Scope) bool) Change { return unless(c, drop) }

func (c RemoveTemplateVersion) Without(drop func(sharing.Scope) bool) Change { return unless(c, drop) }

func (c RestoreDefaultVersion) Without(drop func(sharing.Scope) bool) Change { return unless(c, drop) }

func (c AddTemplateVersion) String() string {
	return fmt.Sprintf("make a version with %s of the launch template %s of account %s", c.Image.ID, c.Template.Named, c.Account)
}

func (c SetDefaultVersion) String() string {
	return fmt.Sprintf("make the version with %s the default of the launch template %s of account %s", c.Image.ID, c.Template.Named, c.Account)
}

func (c RemoveTemplateVersion) String() string {
	return fmt.Sprintf("delete the version with %s of the launch template %s of account %s", c.Image.ID, c.Template.Named, c.Account)
}

func (c RestoreDefaultVersion) String() string {
	return fmt.Sprintf("make version %d the default of the launch template %s of account %s again", c.Previous, c.Template.Named, c.Account)
}

// storedTemplate returns a target's launch template in a Region, and whether it could be read.
func (c *computation) storedTemplate(target sharing.Target, region sharing.Region, template sharing.LaunchTemplate) (stored sharing.StoredTemplate, read bool) {
	stored, read = c.facts.Targets[target.Account].Templates[region][template.Named]
	return stored, read
}

// lacksTemplate tells whether there is no such launch template. What could not be read blocks the Region, and is not missed.
func (c *computation) lacksTemplate(target sharing.Target, region sharing.Region, template sharing.LaunchTemplate) bool {
	stored, read := c.storedTemplate(target, region, template)
	return read && !stored.Exists()
}

// templates plans the launch templates of a target in an AMI's Region. One whose default version has the AMI is done.
func (c *computation) templates(target sharing.Target, image sharing.ImageRef) {
	for _, template := range target.Announcements.Templates {
		stored, _ := c.storedTemplate(target, image.Region, template)
		if !stored.Exists() {
			continue
		}
		where, note := Where{target.Account, false, image}, c.templateNote(image)
		add := AddTemplateVersion{where, template, stored.ID, note, stored.Default.Image}
		point := SetDefaultVersion{where, template, stored.ID, 0, note, stored.Default}
		switch image.ID {
		case stored.Default.Image:
			point.Version = stored.Default.Number
			c.keep(Present{Change: add})
		case stored.Latest.Image:
			point.Version = stored.Latest.Number
			c.keep(Present{Change: add})
		default:
			c.change(add)
			c.templateWarnings(add, stored.Source)
		}
		switch {
		case !template.Default:
		case point.Version == stored.Default.Number:
			c.keep(Present{Change: point})
		default:
			c.change(point)
		}
	}
}

// templateNote describes the versions that a run makes. Another run's for the same AMI are another one's.
func (c *computation) templateNote(image sharing.ImageRef) string {
	return strings.TrimSpace(sharing.TemplateNote + image.ID + " " + c.request.Run)
}

// templateWarnings tell what the version that a new one is made of does to launches besides its AMI.
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateLaunchTemplateVersion.html
func (c *computation) templateWarnings(add AddTemplateVersion, source sharing.TemplateVersion) {
	warn := func(format string, args ...any) {
		c.plan.Warnings = append(c.plan.Warnings, fmt.Sprintf("version %d of the launch template %s (account %s, %s) ", source.Number, add.Template.Named, add.Account, add.Image.Region)+fmt.Sprintf(format, args...))
	}
	if strings.HasPrefix(source.Image, "resolve:") {
		warn("takes its AMI from %s: the new version names the AMI itself, and does not follow the parameter any more", source.Image)
	}
	for _, device := range source.Devices {
		if device.Snapshot != "" {
			warn("names the snapshot %s for %s: AWS leaves it out of the new version", device.Snapshot, device.Name)
		}
		if device.Key != "" {
			warn("encrypts %s under the key %s, and so does the new one: whoever launches needs that key too", device.Name, device.Key)
		}
	}
}

// templatesTwice blocks a target that names a launch template by its name and by its id: it would get two versions.
func (c *computation) templatesTwice(target sharing.Target) {
	for _, region := range c.regionsOf(target) {
		names := map[string]string{}
		for _, template := range target.Announcements.Templates {
			stored, _ := c.storedTemplate(target, region, template)
			if other := names[stored.ID]; stored.Exists() && other != "" {
				c.block(sharing.Problem{
					Scope: at(target.Account, region), Doing: "looking up the launch templates " + other + " and " + template.Named,
					Cause: "they are the same one", Remedy: "Name it once in launch_templates, by its name or by its id.",
				})
			}
			names[stored.ID] = template.Named
		}
	}
}

// regionsWithoutTemplate notes the Regions in which accounts have an AMI and not the launch template that they have in others,
// once for all accounts: nothing is announced there.
func (c *computation) regionsWithoutTemplate() {
	without := map[string][]sharing.AccountID{}
	for _, target := range c.plan.Targets {
		for _, region := range c.regionsOf(target) {
			for _, template := range target.Announcements.Templates {
				if c.lacksTemplate(target, region, template) && !c.blocked(at(target.Account, region)) {
					missing := "the launch template " + template.Named + " in " + string(region)
					without[missing] = append(without[missing], target.Account)
				}
			}
		}
	}
	for _, missing := range slices.Sorted(maps.Keys(without)) {
		c.note("%s of %s does not exist: no version of it is made there", missing, sharing.SomeAccounts(without[missing]))
	}
}

// missingTemplates blocks a target with a launch template that exists in no Region of the AMIs.
func (c *computation) missingTemplates(target sharing.Target) {
	if c.blocked(at(target.Account, "")) {
		return
	}
	for _, template := range target.Announcements.Templates {
		regions := c.regionsOf(target)
		if len(regions) > 0 && !slices.ContainsFunc(regions, func(region sharing.Region) bool { return !c.lacksTemplate(target, region, template) }) {
			c.block(sharing.Problem{
				Scope: at(target.Account, ""), Doing: "looking up the launch template " + template.Named,
				Cause: "it exists in none of " + joined(regions), Remedy: "Correct launch_templates, or create the launch template first.",
			})
		}
	}
}
