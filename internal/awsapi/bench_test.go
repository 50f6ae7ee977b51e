package awsapi

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/amishare/packer-plugin-ami-share/internal/awssim"
	"github.com/amishare/packer-plugin-ami-share/internal/plan"
	"github.com/amishare/packer-plugin-ami-share/internal/sharing"
)

const benchLatency = 100 * time.Millisecond

var benchRegions = []sharing.Region{"eu-central-1", "eu-west-1", "us-east-1", "ap-southeast-2"}

// benchWorld has an image under a key of its own in each Region, and that many targets.
func benchWorld(targets int) (awssim.World, sharing.Request) {
	request := sharing.Request{ShareSnapshots: true, GrantOperations: sharing.DefaultGrantOperations()}
	source := awssim.WorldAccount{
		ID:      string(sourceAccount),
		Users:   []awssim.WorldUser{{Name: "ci", AccessKeyID: "AKIASOURCE", SecretAccessKey: "secret", Policies: []json.RawMessage{json.RawMessage(allowAll)}}},
		Regions: map[string]awssim.WorldRegion{},
	}
	policy := strings.Replace(sharedKey, `["arn:aws:iam::222222222222:root","arn:aws:iam::333333333333:root"]`, `"*"`, 1)
	for i, region := range benchRegions {
		id := fmt.Sprintf("%d1111111-1111-1111-1111-111111111111", i)
		source.Keys = append(source.Keys, awssim.WorldKey{Region: string(region), ID: id, Policy: json.RawMessage(policy)})
		image := sharing.ImageRef{Region: region, ID: fmt.Sprintf("ami-0000000000000000%d", i)}
		snapshot := fmt.Sprintf("snap-0000000000000000%d", i)
		source.Regions[string(region)] = awssim.WorldRegion{
			Snapshots: []awssim.WorldSnapshot{{ID: snapshot, KMSKey: id}},
			Images:    []awssim.WorldImage{{ID: image.ID, Name: "golden", BlockDevices: []awssim.WorldBlockDevice{{Snapshot: snapshot}}}},
		}
		request.Images = append(request.Images, image)
	}
	world := awssim.World{Accounts: []awssim.WorldAccount{source}, LatencyMillis: int(benchLatency / time.Millisecond)}
	for i := range targets {
		account := sharing.AccountID(fmt.Sprintf("2222%08d", i))
		world.Accounts = append(world.Accounts, someTarget(account))
		request.Targets = append(request.Targets, sharing.Target{Account: account, Credentials: true, Grantees: []sharing.Grantee{autoscalingRole}})
	}
	return world, request
}

// stages are the changes that share everything, in the order in which they have to be made.
func stages(request sharing.Request, facts sharing.Facts) [][]plan.Change {
	var grants, snapshots, images []plan.Change
	var accounts []sharing.AccountID
	var recipients []sharing.Recipient
	for _, target := range request.Targets {
		accounts, recipients = append(accounts, target.Account), append(recipients, sharing.Account(target.Account))
		for _, key := range keysOf(facts.Images) {
			grants = append(grants, grantIn(target.Account, key))
		}
	}
	for _, image := range facts.Images {
		images = append(images, plan.ModifyLaunchPermission{Image: image.Ref, Recipients: recipients})
		for _, snapshot := range image.Snapshots {
			snapshots = append(snapshots, plan.ModifySnapshotPermission{Image: image.Ref, Snapshot: snapshot.ID, Accounts: accounts})
		}
	}
	return [][]plan.Change{grants, snapshots, images}
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
	world, request := benchWorld(100)
	s := start(b, func(w *awssim.World) { *w = world })
	role := &AssumeRole{RoleName: "sharing/ami-share", ExternalID: "s3cret"}
	targets := map[sharing.AccountID]TargetCredentials{}
	for _, target := range request.Targets {
		targets[target.Account] = TargetCredentials{Role: role}
	}
	c := New(s.config(), targets, Options{MaxConcurrency: inFlight})
	began := time.Now()
	facts, err := c.Observe(b.Context(), request)
	if err != nil {
		b.Fatal(err)
	}
	var made list[plan.Present]
	for _, stage := range stages(request, facts) {
		each(stage, func(_ int, change plan.Change) {
			effect, err := c.Do(b.Context(), change)
			if err != nil {
				b.Error(err)
			}
			made.add(plan.Present{Change: change, GrantID: effect.GrantID})
		})
	}
	checks := c.Verify(b.Context(), plan.Plan{Images: facts.Images}, made.items)
	elapsed = time.Since(began)
	for _, check := range checks {
		if !check.OK {
			b.Fatalf("%+v", check.Problem)
		}
	}
	for _, n := range s.calls() {
		calls += n
	}
	return elapsed, calls
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
