// SPDX-License-Identifier: MPL-2.0

//go:build unix

package e2e

import "syscall"

// groupOfItsOwn keeps an interrupt of a program and of all that it starts away from the test.
func groupOfItsOwn() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }

// interruptGroup does to a program and to all that it has started what Ctrl-C in a terminal does.
func interruptGroup(pid int) error { return syscall.Kill(-pid, syscall.SIGINT) }

// killGroup ends a program and all that it has started, without asking.
func killGroup(pid int) error { return syscall.Kill(-pid, syscall.SIGKILL) }
