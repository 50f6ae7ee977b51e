// SPDX-License-Identifier: MPL-2.0

package bench

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"time"

	"github.com/amishare/packer-plugin-ami-share/internal/awssim"
)

// perCall is how long the SDK alone keeps a processor busy for a call: in a process of its own, which starts and ends like a plugin.
func perCall(ctx context.Context, s Size) (time.Duration, error) {
	self, err := os.Executable()
	if err != nil {
		return 0, err
	}
	l, stop, err := serve(s.shared())
	if err != nil {
		return 0, err
	}
	defer stop()
	command := exec.CommandContext(ctx, self, "-alone", s.String(), "-url", l.url)
	command.Env = environment(l.url)
	if out, err := command.CombinedOutput(); err != nil {
		return 0, fmt.Errorf("the calls of the SDK alone: %w\n%.2000s", err, out)
	}
	calls, _ := l.count()
	n := 0
	for _, made := range calls {
		n += made
	}
	return (command.ProcessState.UserTime() + command.ProcessState.SystemTime()) / time.Duration(n), nil
}

// shared is the world of a size in which the accounts see the AMIs: the plugin would have shared them before it looks.
func (s Size) shared() awssim.World {
	world := scenario{size: s}.world()
	for region, has := range world.Accounts[0].Regions {
		for n := range s.Accounts {
			has.Images[0].LaunchPermissions = append(has.Images[0].LaunchPermissions, account(n))
		}
		world.Accounts[0].Regions[region] = has
	}
	return world
}
