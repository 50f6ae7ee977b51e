// SPDX-License-Identifier: MPL-2.0

package e2e

import (
	"os"
	"os/exec"
	"testing"
	"time"
)

// BenchmarkDescribe starts the plugin and has it describe itself, as Packer does for every plugin it finds. Beside the time
// it reports how that compares with the amazon plugin, since machines differ, and the size of the stripped binary.
func BenchmarkDescribe(b *testing.B) {
	info, err := os.Stat(shop.tools.Plugin)
	if err != nil {
		b.Fatal(err)
	}
	var ours, amazon time.Duration
	for b.Loop() {
		ours += describe(b, shop.tools.Plugin)
		b.StopTimer()
		amazon += describe(b, shop.tools.Amazon)
		b.StartTimer()
	}
	b.ReportMetric(ours.Seconds()/amazon.Seconds(), "x/amazon-plugin")
	b.ReportMetric(float64(info.Size())/1e6, "MB")
}

func describe(b *testing.B, plugin string) time.Duration {
	b.Helper()
	start := time.Now()
	if out, err := exec.Command(plugin, "describe").CombinedOutput(); err != nil {
		b.Fatalf("%v\n%s", err, out)
	}
	return time.Since(start)
}
