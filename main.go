// SPDX-License-Identifier: MPL-2.0

// Command packer-plugin-ami-share is a Packer plugin that shares encrypted AMIs with other AWS accounts.
package main

import (
	"fmt"
	"os"
	"runtime/debug"

	"github.com/hashicorp/packer-plugin-sdk/plugin"

	"github.com/amishare/packer-plugin-ami-share/datasource/accounts"
	"github.com/amishare/packer-plugin-ami-share/datasource/key"
	"github.com/amishare/packer-plugin-ami-share/post-processor/amishare"
	"github.com/amishare/packer-plugin-ami-share/version"
)

// garbage is how much memory may be taken beside what is in use before it is collected, in percent. Go's 100 would make a run for 500 accounts in 15
// Regions larger by a fifth, and faster by a fiftieth.
const garbage = 60

func main() {
	if _, chosen := os.LookupEnv("GOGC"); !chosen { //nolint:forbidigo // the Go runtime's own setting goes first
		debug.SetGCPercent(garbage)
	}
	set := plugin.NewSet()
	set.RegisterPostProcessor(plugin.DEFAULT_NAME, new(amishare.PostProcessor))
	set.RegisterDatasource("key", new(key.Datasource))
	set.RegisterDatasource("accounts", new(accounts.Datasource))
	set.SetVersion(version.PluginVersion)
	if err := set.Run(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
