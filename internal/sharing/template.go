// SPDX-License-Identifier: MPL-2.0

package sharing

import "strings"

// LaunchTemplate is one of a target that gets a version with the AMI.
type LaunchTemplate struct {
	Named   string // its name, or its id ("lt-…")
	Source  string // the version that the new one is made of: a number, $Latest, or "" for the default version
	Default bool   // whether the new version becomes the default
}

// ByID tells whether a launch template is named by its id. A name can't begin like one: AWS tells them apart in the same way
// nowhere, and so a name like that is not taken.
func (t LaunchTemplate) ByID() bool { return strings.HasPrefix(t.Named, "lt-") }

// StoredTemplate is a launch template as it is. The zero value is one that does not exist.
type StoredTemplate struct {
	ID              string
	Default, Latest TemplateVersion
	Source          TemplateVersion // what a new version is made of
}

// Exists tells whether there is such a launch template.
func (t StoredTemplate) Exists() bool { return t.ID != "" }

// TemplateVersion is a version of a launch template.
type TemplateVersion struct {
	Number int64
	Image  string // an AMI's id, or resolve:ssm: and a parameter
	Note   string // its description
	// Devices that name a snapshot or a key of their own.
	Devices []TemplateDevice
}

// TemplateDevice is a block device of a launch template.
type TemplateDevice struct{ Name, Snapshot, Key string }

// StoredTemplates are those that are asked for, by Region and as they are named.
type StoredTemplates map[Region]map[string]StoredTemplate

// TemplateNote begins the description of a version that the plugin makes; the AMI's id follows, and which run it was.
const TemplateNote = "packer-plugin-ami-share "
