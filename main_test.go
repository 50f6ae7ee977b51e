// SPDX-License-Identifier: MPL-2.0

package main

import (
	"os"
	"runtime"
	"runtime/debug"
	"testing"
)

func TestALittleGarbageIsNotWorthACollection(t *testing.T) {
	t.Setenv("GOGC", "") // which puts it back in the end
	if err := os.Unsetenv("GOGC"); err != nil {
		t.Fatal(err)
	}
	defer debug.SetGCPercent(debug.SetGCPercent(100))
	kept := pace()
	runtime.GC()
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	if room := stats.NextGC - stats.HeapAlloc; room < ballast*garbage/100 {
		t.Errorf("a collection begins after %d bytes", room)
	}
	runtime.KeepAlive(kept)
}

func TestTheUsersGOGCGoesFirst(t *testing.T) {
	t.Setenv("GOGC", "77")
	defer debug.SetGCPercent(debug.SetGCPercent(77))
	if kept := pace(); len(kept) > 0 || debug.SetGCPercent(77) != 77 {
		t.Error("it is set all the same")
	}
}
