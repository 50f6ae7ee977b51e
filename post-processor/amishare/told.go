// SPDX-License-Identifier: MPL-2.0

package amishare

import (
	"os"
	"strings"

	"github.com/amishare/packer-plugin-ami-share/internal/report"
	"github.com/amishare/packer-plugin-ami-share/internal/sharing"
)

// build tells this run from those of the other sources of a Packer build.
func (c *Config) build() report.Build {
	return report.Build{
		Name:    strings.Trim(c.PackerBuilderType+"."+c.PackerBuildName, "."),
		RunUUID: os.Getenv("PACKER_RUN_UUID"), //nolint:forbidigo // Packer's way to tell it, as the manifest post-processor has it
	}
}

// names are the names of accounts, for people.
func (c *Config) names() map[sharing.AccountID]string {
	names := map[sharing.AccountID]string{}
	for id, name := range c.AccountNames {
		names[sharing.AccountID(id)] = name
	}
	return names
}

const (
	terminalWidth = 80
	leastWidth    = 48
)

// width is how long a line may be so that with what Packer puts before it a terminal shows it on one.
func (c *Config) width() int {
	prefix := "==> " + c.build().Name + " (ami-share): "
	return max(leastWidth, terminalWidth-len(prefix))
}
