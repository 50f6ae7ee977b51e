// SPDX-License-Identifier: MPL-2.0

// Command packer-plugin-ami-share is a Packer plugin that shares encrypted AMIs with other AWS accounts.
package main

import (
	"fmt"
	"os"

	"github.com/hashicorp/packer-plugin-sdk/plugin"

	"github.com/amishare/packer-plugin-ami-share/datasource/accounts"
	"github.com/amishare/packer-plugin-ami-share/datasource/key"
	"github.com/amishare/packer-plugin-ami-share/post-processor/amishare"
	"github.com/amishare/packer-plugin-ami-share/version"
)

func main() {
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
