package e2e

import (
	"os"
	"os/exec"
	"testing"
)

// BenchmarkDescribe starts the plugin and has it describe itself, as Packer does for every plugin it finds. It reports the
// size of the stripped binary, too.
func BenchmarkDescribe(b *testing.B) {
	info, err := os.Stat(shop.tools.Plugin)
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if out, err := exec.Command(shop.tools.Plugin, "describe").CombinedOutput(); err != nil {
			b.Fatalf("%v\n%s", err, out)
		}
	}
	b.ReportMetric(float64(info.Size())/1e6, "MB")
}
