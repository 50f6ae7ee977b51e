// SPDX-License-Identifier: MPL-2.0

package awsapi

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/amishare/packer-plugin-ami-share/internal/awssim"
	"github.com/amishare/packer-plugin-ami-share/internal/plan"
	"github.com/amishare/packer-plugin-ami-share/internal/sharing"
)

const benchLatency = 100 * time.Millisecond

var benchRegions = []sharing.Region{"eu-central-1", "eu-west-1", "us-east-1", "ap-southeast-2"}

var benchGrantees = []sharing.Grantee{
	autoscalingRole,
	{Service: "spot.amazonaws.com", Path: "/aws-service-role/spot.amazonaws.com/", Name: "AWSServiceRoleForEC2Spot"},
	{Service: "spotfleet.amazonaws.com", Path: "/aws-service-role/spotfleet.amazonaws.com/", Name: "AWSServiceRoleForEC2SpotFleet"},
}

// benchWorld has an AMI under a key of its own in each Region, and that many targets.
func benchWorld(regions []sharing.Region, targets, grantees int) (awssim.World, sharing.Request) {
	request := sharing.Request{ShareSnapshots: true, GrantOperations: sharing.DefaultGrantOperations()}
	source := awssim.WorldAccount{
		ID:      string(sourceAccount),
		Users:   []awssim.WorldUser{{Name: "ci", AccessKeyID: "AKIASOURCE", SecretAccessKey: "secret", Policies: []json.RawMessage{json.RawMessage(allowAll)}}},
		Regions: map[string]awssim.WorldRegion{},
	}
	policy := strings.Replace(sharedKey, `["arn:aws:iam::222222222222:root","arn:aws:iam::333333333333:root"]`, `"*"`, 1)
	for i, region := range regions {
		id := fmt.Sprintf("%08d-1111-1111-1111-111111111111", i)
		source.Keys = append(source.Keys, awssim.WorldKey{Region: string(region), ID: id, Policy: json.RawMessage(policy)})
		image := sharing.ImageRef{Region: region, ID: fmt.Sprintf("ami-%017d", i)}
		snapshot := fmt.Sprintf("snap-%017d", i)
		source.Regions[string(region)] = awssim.WorldRegion{
			Snapshots: []awssim.WorldSnapshot{{ID: snapshot, KMSKey: id}},
			Images:    []awssim.WorldImage{{ID: image.ID, Name: "golden", BlockDevices: []awssim.WorldBlockDevice{{Snapshot: snapshot}}}},
		}
		request.Images = append(request.Images, image)
	}
	world := awssim.World{Accounts: []awssim.WorldAccount{source}, LatencyMillis: int(benchLatency / time.Millisecond)}
	for i := range targets {
		account := sharing.AccountID(fmt.Sprintf("2222%08d", i))
		member := someTarget(account)
		for _, grantee := range benchGrantees[1:grantees] {
			member.ServiceLinkedRoles = append(member.ServiceLinkedRoles, grantee.Service)
		}
		world.Accounts = append(world.Accounts, member)
		request.Targets = append(request.Targets, sharing.Target{Account: account, Credentials: true, Grantees: benchGrantees[:grantees]})
	}
	return world, request
}

// BenchmarkShare observes, shares and verifies 4 Regions x 100 targets x 1 grantee at 100 ms a call. Its metrics compare
// the time with what no program could undercut: the round trips of which each needs the answer of the one before, or,
// with few calls in flight, also the waves in which the calls of a step go out.
func BenchmarkShare(b *testing.B) {
	for _, inFlight := range []int{64, 512} {
		b.Run(fmt.Sprintf("%d in flight", inFlight), func(b *testing.B) {
			for b.Loop() {
				elapsed, calls := shareAll(b, inFlight)
				b.ReportMetric(float64(elapsed)/float64(criticalPath(inFlight, 100)), "x/critical-path")
				b.ReportMetric(float64(elapsed)/float64(criticalPath(1<<20, 100)), "x/8-round-trips")
				b.ReportMetric(float64(calls), "calls")
			}
		})
	}
}

func shareAll(b *testing.B, inFlight int) (elapsed time.Duration, calls int) {
	b.Helper()
	world, request := benchWorld(benchRegions, 100, 1)
	s := start(b, func(w *awssim.World) { *w = world })
	began := time.Now()
	calls = shareEverything(b, s.config(), request, inFlight)
	return time.Since(began), calls
}

// criticalPath is the least time that the steps take which need each other's answers, with so many calls in flight.
func criticalPath(inFlight, targets int) time.Duration {
	regions := len(benchRegions)
	steps := []int{
		regions,               // DescribeImages
		3 * regions,           // DescribeSnapshots, both attributes
		2*regions + targets,   // DescribeKey, ListGrants, AssumeRole
		targets,               // GetRole
		targets * regions,     // CreateGrant
		regions,               // ModifySnapshotAttribute
		regions,               // ModifyImageAttribute
		3 * targets * regions, // DescribeImages, ListGrants, GetEbsDefaultKmsKeyId
	}
	waves := 0
	for _, calls := range steps {
		waves += (calls + inFlight - 1) / inFlight
	}
	return time.Duration(waves) * benchLatency
}

// shareEverything observes, changes and verifies, and returns how many calls that took.
func shareEverything(b *testing.B, config aws.Config, request sharing.Request, inFlight int) (calls int) {
	b.Helper()
	role := &AssumeRole{RoleName: "sharing/ami-share", ExternalID: "s3cret"}
	targets := map[sharing.AccountID]TargetCredentials{}
	for _, target := range request.Targets {
		targets[target.Account] = TargetCredentials{Role: role}
	}
	c := New(config, targets, Options{MaxConcurrency: inFlight})
	facts, err := c.Observe(b.Context(), request)
	if err != nil {
		b.Fatal(err)
	}
	p, err := plan.Compute(request, facts)
	if err != nil {
		b.Fatal(err)
	}
	var made list[plan.Present]
	for _, stage := range byStage(p.Changes) {
		each(stage, func(_ int, change plan.Change) {
			effect, err := c.Do(b.Context(), change)
			if err != nil {
				b.Error(err)
			}
			made.add(plan.Present{Change: change, GrantID: effect.GrantID})
		})
	}
	for _, check := range c.Verify(b.Context(), p, made.items) {
		if !check.OK {
			b.Fatalf("%+v", check.Problem)
		}
	}
	for _, n := range c.Stats().Calls {
		calls += n
	}
	return calls
}

// byStage cuts changes at the barriers.
func byStage(changes []plan.Change) (cut [][]plan.Change) {
	for i, change := range changes {
		if i == 0 || changes[i-1].Stage() != change.Stage() {
			cut = append(cut, nil)
		}
		cut[len(cut)-1] = append(cut[len(cut)-1], change)
	}
	return cut
}
