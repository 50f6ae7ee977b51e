// SPDX-License-Identifier: MPL-2.0

package plan_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/amishare/packer-plugin-ami-share/internal/plan"
	"github.com/amishare/packer-plugin-ami-share/internal/sharing"
)

// crowd is a request for so many accounts and five keys, half of whose grants and permissions are there, among so many
// grants of others and as many accounts that are named no longer.
func crowd(accounts, others int) (sharing.Request, sharing.Facts) {
	r, f := ask()
	r.Images, r.Targets, f.Images = nil, nil, nil
	r.Exact, r.ExactGrants, r.ForceRemoval, r.SharingQuota = true, true, true, 4*accounts
	for n := range accounts {
		account := sharing.AccountID(fmt.Sprintf("%012d", 300+n))
		role := sharing.Role{Exists: true, ARN: autoscaling("").ARN("aws", account), UniqueID: fmt.Sprintf("AROA%d", n)}
		r.Targets = append(r.Targets, sharing.Target{Account: account, Credentials: true, Grantees: []sharing.Grantee{autoscaling("")}})
		f.Targets[account] = sharing.TargetFacts{Roles: map[sharing.Grantee]sharing.Role{autoscaling(""): role}}
	}
	for _, region := range []sharing.Region{frankfurt, virginia, "eu-west-1", "eu-west-2", "eu-west-3"} {
		image := sharing.Image{Ref: sharing.ImageRef{Region: region, ID: "ami-a"}, Owner: owner, State: "available"}
		snapshot := sharing.Snapshot{ID: "snap-a", Encrypted: true, KeyARN: keyARN(region, 1)}
		key := sharing.Key{ARN: keyARN(region, 1), Described: true, State: "Enabled", GrantsListed: true, SharingKnown: true}
		for n := range others {
			key.Grants = append(key.Grants, sharing.Grant{ID: fmt.Sprintf("o%d", n), Name: "by-ebs", Issuer: owner, Grantee: "ec2.amazonaws.com"})
		}
		for n, target := range r.Targets {
			past := sharing.AccountID(fmt.Sprintf("9%011d", n))
			image.LaunchPermissions = append(image.LaunchPermissions, sharing.Account(past))
			snapshot.Recipients = append(snapshot.Recipients, sharing.Account(past))
			key.Grants = append(key.Grants, ownGrant(past, r.GrantOperations))
			if n%2 == 0 {
				image.LaunchPermissions = append(image.LaunchPermissions, sharing.Account(target.Account))
				key.Grants = append(key.Grants, ownGrant(target.Account, r.GrantOperations))
			}
		}
		image.Snapshots = []sharing.Snapshot{snapshot}
		r.Images, f.Images = append(r.Images, image.Ref), append(f.Images, image)
		f.Keys[key.ARN] = key
	}
	return r, f
}

func ownGrant(account sharing.AccountID, operations []string) sharing.Grant {
	role := autoscaling("").ARN("aws", account)
	return sharing.Grant{ID: "g" + string(account), Name: sharing.GrantName(account, role), Issuer: account, Grantee: role, Operations: operations}
}

// TestThePlanGrowsWithWhatItIsGiven counts allocations: four times as much of everything takes four times as many. Whatever
// compared each thing with each other would make a list of them, or look into one, sixteen times as often.
func TestThePlanGrowsWithWhatItIsGiven(t *testing.T) {
	count := func(accounts int) float64 {
		r, f := crowd(accounts, 5*accounts)
		return testing.AllocsPerRun(1, func() {
			if p := mustCompute(t, r, f); len(p.Changes) == 0 || len(p.Kept) == 0 {
				t.Error("there is nothing to do")
			}
		})
	}
	small, large := count(100), count(400)
	if growth := large / small; growth > 4.5 {
		t.Errorf("%.0f allocations for 100 accounts, %.0f for 400: %.1f times as many", small, large, growth)
	}
}

// BenchmarkComputeCrowd plans for 10,000 accounts and five keys, each with 50,000 grants of others. It compares the time with that of
// looking at everything once and noting it by its name, which any plan has to do.
func BenchmarkComputeCrowd(b *testing.B) {
	r, f := crowd(10_000, 50_000)
	var once time.Duration
	for b.Loop() {
		if _, err := plan.Compute(r, f); err != nil {
			b.Fatal(err)
		}
		b.StopTimer()
		began := time.Now()
		if noted := note(f); noted == 0 {
			b.Fatal("there is nothing")
		}
		once += time.Since(began)
		b.StartTimer()
	}
	b.ReportMetric(b.Elapsed().Seconds()/once.Seconds(), "x/looking-once")
	b.ReportMetric(b.Elapsed().Seconds()/float64(b.N), "s/plan")
}

// note looks at all grants and permissions once.
func note(f sharing.Facts) int {
	seen := map[string]int{}
	for _, key := range f.Keys {
		for _, g := range key.Grants {
			seen[key.ARN+g.Name+g.Grantee]++
		}
	}
	for _, image := range f.Images {
		for _, to := range image.LaunchPermissions {
			seen[image.Ref.ID+to.ID]++
		}
	}
	return len(seen)
}
