// SPDX-License-Identifier: MPL-2.0

//go:build unix

package traffic

import "syscall"

// descriptors returns how many files and sockets this process may have open; 0 when that is not known.
func descriptors() int {
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		return 0
	}
	return int(min(uint64(limit.Cur), 1<<20)) //nolint:gosec,unconvert // no more than that; the type differs between systems
}
