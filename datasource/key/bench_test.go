// SPDX-License-Identifier: MPL-2.0

package key_test

import (
	"fmt"
	"io"
	"log"
	"os"
	"testing"
	"time"

	"github.com/amishare/packer-plugin-ami-share/internal/awssim"
)

// criticalPath are the calls that have to wait for one another: DescribeKey, GetKeyPolicy, AssumeRole, GetRole,
// CreateGrant.
const criticalPath = 5

// BenchmarkProof proves 100 targets in 4 Regions with 100 ms for each call. Its metric is the time as a multiple of the
// calls that have to wait for one another.
func BenchmarkProof(b *testing.B) {
	const latency = 100 * time.Millisecond
	log.SetOutput(io.Discard)
	b.Cleanup(func() { log.SetOutput(os.Stderr) })
	regions := []string{frankfurt, virginia, "us-west-2", "ap-southeast-2"}
	world := theWorld()
	world.LatencyMillis = int(latency.Milliseconds())
	world.Accounts = world.Accounts[:1]
	world.Accounts[0].Keys = nil
	var accounts []string
	for i := range 100 {
		account := fmt.Sprintf("3%011d", i)
		accounts = append(accounts, account)
		world.Accounts = append(world.Accounts, targetAccount(account))
	}
	for _, region := range regions {
		world.Accounts[0].Keys = append(world.Accounts[0].Keys, awssim.WorldKey{
			Region: region, ID: keyID, Aliases: []string{"alias/ami-sharing"},
			Policy: delegating(source, `{"Effect":"Allow","Principal":"*","Action":"kms:CreateGrant","Resource":"*"}`),
		})
	}
	serve(b, world)
	data := block(options{"regions": regions, "target": []options{target(options{"account_ids": accounts})}})
	for b.Loop() {
		if n := len(list(mustExecute(b, data)["grantee_arns"])); n != len(accounts) {
			b.Fatalf("%d grantees", n)
		}
	}
	ratio := b.Elapsed().Seconds() / float64(b.N) / (criticalPath * latency).Seconds()
	b.ReportMetric(ratio, "critical-paths/op")
	if ratio > 2 {
		b.Errorf("takes %.2f times the critical path, more than twice", ratio)
	}
}
