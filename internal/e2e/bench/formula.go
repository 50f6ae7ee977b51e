// SPDX-License-Identifier: MPL-2.0

package bench

import (
	"maps"
	"slices"
	"time"

	"github.com/amishare/packer-plugin-ami-share/internal/awssim"
)

// step are calls that are made at the same time, and whose answers the next step needs.
type step []calls

// calls are calls of one action.
type calls struct {
	action string
	n      int
	bucket int // those that AWS counts together: by account, Region and action
	serial int // those that need each other's answers: pages
}

// path are the steps of a run, and with them the formula of docs/design.md: how many calls of each action there are.
type path []step

// first is the path of a run that shares everything.
func (s Size) first() path {
	return append(s.reads(0),
		step{s.inTargets("kms:CreateGrant", s.Grantees)},
		step{s.atSource("ec2:ModifySnapshotAttribute", s.AMIs*s.Snapshots*pages(s.Accounts, accountsPerCall))},
		step{s.atSource("ec2:ModifyImageAttribute", s.AMIs)},
		s.verification(),
	)
}

// repeated is the path of a run that finds everything shared: the reads, and no write.
func (s Size) repeated() path {
	return append(s.reads(s.Accounts*s.Grantees), s.verification())
}

const (
	accountsPerCall  = 500  // that ModifySnapshotAttribute takes at once
	snapshotsPerCall = 200  // that DescribeSnapshots is asked for at once
	grantsPerPage    = 100  // of ListGrants
	longList         = 2000 // grants that are read page by page, unless all are needed
)

// beside is the first and the repeated run with a key that has very many grants of others. The first reads so many of them that
// grants of roles that have been deleted are found, and then those to the roles of the run; the repeated one finds these at once.
func (s Size) beside(others int) []run {
	first, repeated := s.first(), s.repeated()
	byRole := s.atSource("kms:ListGrants", s.Accounts*s.Grantees)
	byRole.serial = longList/grantsPerPage + 1
	byRole.n += s.Regions * min(longList, others) / grantsPerPage
	first[3][1] = byRole
	byRole = s.atSource("kms:ListGrants", s.Accounts*s.Grantees+1)
	byRole.serial = 2
	repeated[3][1] = byRole
	return []run{{title: "first", path: first}, {title: "repeated", path: repeated}}
}

// removing is the path of a run that names no more than so many of the accounts, and takes everything from the others, their
// grants too: before each grant it looks whether another build has shared something with the account meanwhile.
func (s Size) removing(left int) path {
	few, gone := s, (s.Accounts-left)*s.Grantees
	few.Accounts = left
	p := append(few.reads(s.Accounts*s.Grantees),
		step{s.atSource("ec2:DescribeImages", 1)}, // with whom other AMIs under the key are shared
		step{s.atSource("ec2:ModifyImageAttribute", s.AMIs)},
		step{s.atSource("ec2:ModifySnapshotAttribute", s.AMIs*s.Snapshots*pages(s.Accounts-left, accountsPerCall))},
		step{s.atSource("ec2:DescribeImages", gone), s.atSource("kms:RevokeGrant", gone)},
		few.verification(),
	)
	p[len(p)-2][1].serial = 2
	return p
}

// reads are what a run looks at before it changes anything, where each key has so many grants.
func (s Size) reads(grants int) path {
	return path{
		{{"sts:GetCallerIdentity", 1, 1, 1}},
		{s.atSource("ec2:DescribeImages", 1)},
		{
			s.atSource("ec2:DescribeSnapshots", pages(s.AMIs*s.Snapshots, snapshotsPerCall)), s.atSource("ec2:DescribeImageAttribute", s.AMIs),
			s.atSource("ec2:DescribeSnapshotAttribute", s.AMIs*s.Snapshots),
		},
		{
			s.atSource("kms:DescribeKey", 1), s.listing(grants),
			{"sts:AssumeRole", s.Accounts, s.Accounts, 1},
			{"iam:GetRole", s.Accounts * s.Grantees, s.Grantees, 2}, // after AssumeRole
		},
	}
}

// verification looks from inside each account.
func (s Size) verification() step {
	return step{s.inTargets("ec2:DescribeImages", 1), s.inTargets("kms:ListGrants", s.Grantees), s.inTargets("ec2:GetEbsDefaultKmsKeyId", 1)}
}

// listing reads the grants of each key.
func (s Size) listing(grants int) calls {
	c := s.atSource("kms:ListGrants", max(1, pages(grants, grantsPerPage)))
	c.serial = c.bucket
	return c
}

// atSource are so many calls in each Region.
func (s Size) atSource(action string, each int) calls {
	return calls{action, s.Regions * each, each, 1}
}

// inTargets are so many calls in each account and Region.
func (s Size) inTargets(action string, each int) calls {
	return calls{action, s.Accounts * s.Regions * each, each, 1}
}

func pages(n, each int) int { return (n + each - 1) / each }

// Calls returns how many calls of each action there are.
func (p path) Calls() map[string]int {
	sum := map[string]int{}
	for _, c := range slices.Concat(p...) {
		sum[c.action] += c.n
	}
	maps.DeleteFunc(sum, func(_ string, n int) bool { return n == 0 })
	return sum
}

// inFlight is how many calls the plugin makes at the same time unless it is told otherwise.
const inFlight = 512

// least is the time that nobody can undercut who makes so many calls at the same time: the round trips of which each needs the answer of the one
// before, those that so many calls make one after the other, and where AWS takes only so many at once, the time until it has taken them.
func (p path) least(latency time.Duration, buckets map[string]awssim.Bucket) time.Duration {
	var sum time.Duration
	for _, s := range p {
		n := 0
		for _, c := range s {
			n += c.n
		}
		longest := time.Duration(pages(n, inFlight)) * latency
		for _, c := range s {
			longest = max(longest, filled(buckets[c.action], c.bucket)+time.Duration(c.serial)*latency)
		}
		sum += longest
	}
	return sum
}

// filled is how long AWS needs to take so many calls out of a bucket. One without a rate takes all.
func filled(b awssim.Bucket, n int) time.Duration {
	if b.PerSecond == 0 {
		return 0
	}
	return time.Duration(max(0, float64(n)-b.Burst) / b.PerSecond * float64(time.Second))
}
