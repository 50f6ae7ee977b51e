// SPDX-License-Identifier: MPL-2.0

// Command packer-plugin-ami-share is a Packer plugin that shares encrypted AMIs with other AWS accounts.
package main

import (
	"fmt"
	"os"
	"runtime"
	"runtime/debug"

	"github.com/hashicorp/packer-plugin-sdk/plugin"

	"github.com/amishare/packer-plugin-ami-share/datasource/accounts"
	"github.com/amishare/packer-plugin-ami-share/datasource/key"
	"github.com/amishare/packer-plugin-ami-share/post-processor/amishare"
	"github.com/amishare/packer-plugin-ami-share/version"
)

const (
	// garbage is how much may pile up beside the memory that is in use before it is collected, in percent of that.
	garbage = 50
	// ballast counts as in use, in bytes, and is never touched, so that it takes no memory. With it half as much garbage more may pile up in
	// any run, which a share alone would not let a small run do. Small runs would make several times as many collections.
	ballast = 32 << 20
)

func main() {
	kept := pace()
	set := plugin.NewSet()
	set.RegisterPostProcessor(plugin.DEFAULT_NAME, new(amishare.PostProcessor))
	set.RegisterDatasource("key", new(key.Datasource))
	set.RegisterDatasource("accounts", new(accounts.Datasource))
	set.SetVersion(version.PluginVersion)
	err := set.Run()
	runtime.KeepAlive(kept)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// pace makes collections of garbage as rare as there is room for. It returns what has to stay alive. A GOGC of the user's goes first.
func pace() []byte {
	if _, chosen := os.LookupEnv("GOGC"); chosen { //nolint:forbidigo // the Go runtime's own setting goes first
		return nil
	}
	debug.SetGCPercent(garbage)
	return make([]byte, ballast)
}
