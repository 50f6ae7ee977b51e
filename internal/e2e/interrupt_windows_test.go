// SPDX-License-Identifier: MPL-2.0

package e2e

import (
	"os/exec"
	"strconv"
	"syscall"

	"golang.org/x/sys/windows"
)

// groupOfItsOwn keeps an interrupt of a program and of all that it starts away from the test.
func groupOfItsOwn() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{CreationFlags: windows.CREATE_NEW_PROCESS_GROUP}
}

// interruptGroup does to a program and to all that it has started what Ctrl-Break in a console does: a group of its own gets
// no Ctrl-C. https://learn.microsoft.com/en-us/windows/console/generateconsolectrlevent
func interruptGroup(pid int) error {
	return windows.GenerateConsoleCtrlEvent(windows.CTRL_BREAK_EVENT, uint32(pid))
}

// killGroup ends a program and all that it has started, without asking.
func killGroup(pid int) error {
	return exec.Command("taskkill", "/T", "/F", "/PID", strconv.Itoa(pid)).Run()
}
