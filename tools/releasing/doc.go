// SPDX-License-Identifier: MPL-2.0

// Package releasing tests what a release of the plugin is made of: the archives that GoReleaser makes, Packer's own installer on
// them, the release notes, the workflows. It has no code of its own.
//
// It is in the module of the tools because it uses Packer's getter. `make release-check` runs it, with the tools in AMISHARE_BIN.
package releasing
