// SPDX-License-Identifier: MPL-2.0

package bench

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"time"
)

// perCall is how long the SDK alone keeps a processor busy for a call: in a process of its own, which starts and ends like a plugin.
func perCall(ctx context.Context, s Size) (time.Duration, error) {
	self, err := os.Executable()
	if err != nil {
		return 0, err
	}
	world := scenario{size: s}.world()
	for region, has := range world.Accounts[0].Regions {
		for n := range s.Accounts { // DescribeImages is to find what the plugin would have shared before
			has.Images[0].LaunchPermissions = append(has.Images[0].LaunchPermissions, account(n))
		}
		world.Accounts[0].Regions[region] = has
	}
	l, stop, err := serve(world)
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
