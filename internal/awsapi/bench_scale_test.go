// SPDX-License-Identifier: MPL-2.0

//go:build unix

package awsapi

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/metrics"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"

	"github.com/amishare/packer-plugin-ami-share/internal/sharing"
)

// BenchmarkScale observes, shares and verifies in sizes up to 15 Regions x 500 targets x 3 grantees at 100 ms a call, with
// the local AWS in a process of its own. It reports the most memory and sockets that were held at once, CPU, and calls.
func BenchmarkScale(b *testing.B) {
	for _, size := range []struct{ regions, targets, grantees int }{{4, 100, 1}, {15, 500, 1}, {15, 500, 3}} {
		b.Run(fmt.Sprintf("%dx%dx%d", size.regions, size.targets, size.grantees), func(b *testing.B) {
			for b.Loop() {
				world, request := benchWorld(largestRegions(size.regions), size.targets, size.grantees)
				config := aws.Config{Region: string(frankfurt), BaseEndpoint: aws.String(serve(b, world)), Credentials: credentials.NewStaticCredentialsProvider("AKIASOURCE", "secret", "")}
				before := processorTime()
				stop := watchMemory()
				began := time.Now()
				calls := shareEverything(b, config, request, DefaultConcurrency)
				memory, sockets := stop()
				b.ReportMetric(time.Since(began).Seconds(), "s/run")
				b.ReportMetric((processorTime() - before).Seconds(), "s/cpu")
				b.ReportMetric(float64(memory)/1e6, "MB")
				b.ReportMetric(float64(sockets), "descriptors")
				b.ReportMetric(float64(calls), "calls")
			}
		})
	}
}

func largestRegions(n int) []sharing.Region {
	regions := make([]sharing.Region, n)
	for i := range regions {
		regions[i] = sharing.Region(largeRegions[i])
	}
	return regions
}

// serve runs a local AWS in a process of its own and returns its URL.
func serve(b *testing.B, world any) string {
	b.Helper()
	dir := b.TempDir()
	text, err := json.Marshal(world)
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, "world.json"), text, 0o600)
	}
	if err != nil {
		b.Fatal(err)
	}
	if out, err := exec.Command("go", "build", "-o", filepath.Join(dir, "awssim"), "../awssim/cmd/awssim").CombinedOutput(); err != nil {
		b.Fatalf("%v\n%s", err, out)
	}
	command := exec.CommandContext(b.Context(), filepath.Join(dir, "awssim"), "-world", filepath.Join(dir, "world.json"))
	out, err := command.StdoutPipe()
	if err == nil {
		err = command.Start()
	}
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = command.Process.Kill(); _ = command.Wait() })
	url, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		b.Fatal(err)
	}
	return strings.TrimSpace(url)
}

// watchMemory looks at this process until stop is called, which returns the most memory in use and descriptors open.
func watchMemory() (stop func() (memory uint64, descriptors int)) {
	done := make(chan struct{})
	var watching sync.WaitGroup
	var memory uint64
	var descriptors int
	samples := []metrics.Sample{{Name: "/memory/classes/total:bytes"}, {Name: "/memory/classes/heap/released:bytes"}, {Name: "/memory/classes/heap/free:bytes"}}
	watching.Go(func() {
		for {
			metrics.Read(samples)
			memory = max(memory, samples[0].Value.Uint64()-samples[1].Value.Uint64()-samples[2].Value.Uint64())
			if open, err := os.ReadDir("/proc/self/fd"); err == nil {
				descriptors = max(descriptors, len(open))
			}
			select {
			case <-done:
				return
			case <-time.After(20 * time.Millisecond):
			}
		}
	})
	return func() (uint64, int) {
		close(done)
		watching.Wait()
		return memory, descriptors
	}
}

// processorTime returns how long this process has kept processors busy.
func processorTime() time.Duration {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		return 0
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}
