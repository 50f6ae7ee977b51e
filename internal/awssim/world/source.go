// SPDX-License-Identifier: MPL-2.0

package world

import "embed"

// Source is this package's own source: its types and their comments are the documentation of world files.
//
//go:embed *.go
var Source embed.FS
