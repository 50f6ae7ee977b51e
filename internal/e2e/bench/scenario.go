// SPDX-License-Identifier: MPL-2.0

package bench

import (
	"fmt"
	"maps"
	"time"

	"github.com/amishare/packer-plugin-ami-share/internal/awssim"
)

// scenario is a local AWS, and the runs that are made one after the other against it.
type scenario struct {
	size        Size
	latency     time.Duration
	volumes     int                      // that are attached under each key, and have a grant each
	buckets     map[string]awssim.Bucket // as large as calls are taken; nil takes all. Other actions have AWS's published buckets then
	descriptors int                      // that the plugin may have open; 0 for as many as the system allows
	runs        []run
}

// run is one run of the plugin.
type run struct {
	title   string
	options map[string]any // beside those that the size makes
	left    int            // accounts that are named, the first so many; 0 for all
	path    path
	setup   bool // it only brings about what the next run finds
	bars    bars
}

// bars are what a run is held against; 0 for nothing.
type bars struct {
	time    float64 // times the least
	memory  float64 // MB
	cpu     float64 // seconds
	alone   float64 // times what the SDK alone takes of the processor
	refused float64 // share of the attempts of an action
	report  float64 // kB
}

// both are a first and a repeated run of a size.
func (s Size) both(b bars) []run {
	return []run{{title: "first", path: s.first(), bars: b}, {title: "repeated", path: s.repeated(), bars: bars{memory: b.memory}}}
}

const usual = 100 * time.Millisecond

// sizes are the scenarios without limits of AWS's.
func sizes(o Options) []scenario {
	if o.Small {
		return []scenario{
			{size: Of(1, 10, 1), latency: usual, runs: Of(1, 10, 1).both(bars{})},
			{size: Of(2, 20, 3), latency: 0, runs: Of(2, 20, 3).both(bars{})},
			{size: Of(1, 5, 1), latency: 0, volumes: 3000, runs: Of(1, 5, 1).beside(3000)},
		}
	}
	fifty := Size{Regions: 1, AMIs: 50, Snapshots: 1, Accounts: 1000, Grantees: 1}
	all := []scenario{
		{size: Of(1, 100, 1), latency: usual, runs: Of(1, 100, 1).both(bars{})},
		{size: Of(4, 100, 1), latency: 0, runs: Of(4, 100, 1).both(bars{})},
		{size: Of(4, 100, 1), latency: usual, runs: Of(4, 100, 1).both(bars{time: 1.25})},
		{size: Of(4, 100, 1), latency: 3 * usual, runs: Of(4, 100, 1).both(bars{})},
		{size: Of(4, 100, 3), latency: usual, runs: Of(4, 100, 3).both(bars{})},
		{size: Of(15, 500, 1), latency: usual, runs: Of(15, 500, 1).both(bars{memory: 150, cpu: 4, alone: 2})},
		{size: Of(15, 500, 1), latency: usual, descriptors: 1024, runs: Of(15, 500, 1).both(bars{})[:1]},
		{size: Of(15, 500, 3), latency: usual, runs: Of(15, 500, 3).both(bars{memory: 250, report: 1000})[:1]},
		{size: Of(1, 50, 1), latency: usual, volumes: 49_900, runs: Of(1, 50, 1).beside(49_900)},
	}
	if o.Big {
		all = append(all,
			scenario{size: fifty, latency: usual, runs: fifty.both(bars{report: 1000})[:1]},
			scenario{size: Of(15, 1000, 1), latency: usual, runs: Of(15, 1000, 1).both(bars{})},
			scenario{size: Of(15, 1000, 3), latency: usual, runs: Of(15, 1000, 3).both(bars{})},
		)
	}
	return all
}

// exactly is a run that takes everything from all accounts of a size but the first so many.
func exactly(s Size, left int) run {
	return run{
		title: fmt.Sprintf("ends %d grants", s.Regions*(s.Accounts-left)*s.Grantees), left: left, path: s.removing(left),
		options: map[string]any{"exact": true, "exact_grants": true, "force_removal": true}, bars: bars{time: 1.2, refused: 0.1},
	}
}

// published are the buckets that AWS publishes for what the scenarios use up.
//
//   - https://docs.aws.amazon.com/ec2/latest/devguide/ec2-api-throttling.html
//   - https://docs.aws.amazon.com/kms/latest/developerguide/requests-per-second.html
//   - https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
func published() map[string]awssim.Bucket {
	return map[string]awssim.Bucket{
		"ec2:DescribeImageAttribute": {Burst: 100, PerSecond: 20}, "ec2:DescribeImages": {Burst: 100, PerSecond: 20},
		"ec2:DescribeSnapshotAttribute": {Burst: 100, PerSecond: 20}, "ec2:ModifyImageAttribute": {Burst: 100, PerSecond: 5},
		"ec2:ModifySnapshotAttribute": {Burst: 100, PerSecond: 5}, "kms:CreateGrant": {Burst: 50, PerSecond: 50},
		"kms:ListGrants": {Burst: 100, PerSecond: 100}, "kms:RetireGrant": {Burst: 30, PerSecond: 30}, "kms:RevokeGrant": {Burst: 30, PerSecond: 30},
		"sts:AssumeRole": {Burst: 600, PerSecond: 600},
	}
}

// but are the buckets with another one for an action.
func but(action string, b awssim.Bucket) map[string]awssim.Bucket {
	buckets := maps.Clone(published())
	buckets[action] = b
	return buckets
}

// rates are the scenarios in which AWS's limits decide. They wait most of the time, and run at the same time.
func rates(o Options) []scenario {
	limited := bars{time: 1.2, refused: 0.1}
	disks := Size{Regions: 1, AMIs: 100, Snapshots: 4, Accounts: 5, Grantees: 1}
	many := Of(1, 833, 3)
	if o.Small {
		disks.AMIs, many = 30, Of(1, 50, 3)
	}
	return []scenario{
		{size: Of(4, 100, 1), latency: usual, buckets: published(), runs: Of(4, 100, 1).both(bars{refused: 0.1})},
		{size: disks, latency: usual, buckets: published(), runs: disks.both(limited)},
		{size: disks, latency: usual, buckets: but("ec2:ModifySnapshotAttribute", awssim.Bucket{Burst: 50, PerSecond: 2.5}), runs: disks.both(limited)[:1]},
		{size: Of(1, 500, 1), latency: usual, buckets: but("sts:AssumeRole", awssim.Bucket{Burst: 50, PerSecond: 5}), runs: Of(1, 500, 1).both(limited)[:1]},
		{size: many, latency: usual, buckets: published(), runs: []run{
			{title: "first", path: many.first(), setup: true},
			exactly(many, 1),
		}},
	}
}
