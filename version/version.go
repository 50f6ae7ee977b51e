// SPDX-License-Identifier: MPL-2.0

// Package version tells which version of the plugin this is.
package version

import "github.com/hashicorp/packer-plugin-sdk/version"

var (
	// Version is the version that is being worked on, or that was released: the linker may set it.
	Version = "0.1.0"

	// VersionPrerelease marks a build that is no release; the linker empties it for one.
	VersionPrerelease = "dev"

	// VersionMetadata goes after a plus sign into the version.
	VersionMetadata = ""

	// PluginVersion is what the plugin reports to Packer.
	PluginVersion = version.NewPluginVersion(Version, VersionPrerelease, VersionMetadata)
)
