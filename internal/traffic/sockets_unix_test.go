// SPDX-License-Identifier: MPL-2.0

//go:build unix

package traffic

import (
	"syscall"
	"testing"
)

func TestNoMoreCallsThanTheSystemHasDescriptorsFor(t *testing.T) {
	var before syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &before); err != nil {
		t.Fatal(err)
	}
	few := before
	few.Cur = 200
	if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &few); err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &before); err != nil {
			t.Error(err)
		}
	}()
	if n := Affordable(512); n != 100 {
		t.Errorf("%d calls with 200 descriptors, want 100", n)
	}
	if n := Affordable(8); n != 8 {
		t.Errorf("%d calls where 8 are wanted", n)
	}
}
