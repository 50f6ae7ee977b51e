// SPDX-License-Identifier: MPL-2.0

package plan_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/amishare/packer-plugin-ami-share/internal/plan"
	"github.com/amishare/packer-plugin-ami-share/internal/sharing"
)

const (
	owner     = sharing.AccountID("111111111111")
	frankfurt = sharing.Region("eu-central-1")
	virginia  = sharing.Region("us-east-1")
)

// worlds is how many made-up worlds each property is tried on. A failure names the seed of its world.
const worlds = 300

// eachWorld tries a property on many made-up worlds.
func eachWorld(t *testing.T, property func(t *testing.T, r sharing.Request, f sharing.Facts)) {
	t.Helper()
	for seed := range uint64(worlds) {
		m := maker{rand.New(rand.NewPCG(seed, 1))}
		r := m.request()
		f := m.facts(r)
		t.Run(fmt.Sprintf("seed %d", seed), func(t *testing.T) { property(t, r, f) })
	}
}

func mustCompute(t *testing.T, r sharing.Request, f sharing.Facts) plan.Plan {
	t.Helper()
	p, err := plan.Compute(r, f)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestACarriedOutPlanLeavesNothingToDo(t *testing.T) {
	eachWorld(t, func(t *testing.T, r sharing.Request, f sharing.Facts) {
		m := &memory{facts: f}
		for _, change := range mustCompute(t, r, f).Changes {
			m.do(change)
		}
		if again := mustCompute(t, r, m.facts); !again.Empty() {
			t.Errorf("there are still changes: %v", again.Changes)
		}
		for _, missing := range lacks(r, m.facts) {
			t.Error(missing)
		}
	})
}

// lacks tells what of a request is not there.
func lacks(r sharing.Request, f sharing.Facts) []string {
	var missing []string
	for _, image := range f.Images {
		for _, recipient := range r.Recipients(image.Ref.Region) {
			if !slices.Contains(image.LaunchPermissions, recipient) {
				missing = append(missing, fmt.Sprintf("%s is not shared with %v", image.Ref, recipient))
			}
		}
		for _, target := range r.Targets {
			for _, snapshot := range image.Snapshots {
				if r.ShareSnapshots && !slices.Contains(snapshot.Recipients, sharing.Account(target.Account)) {
					missing = append(missing, snapshot.ID+" is not shared with "+string(target.Account))
				}
				missing = append(missing, lacksGrants(r, f, target, snapshot.KeyARN)...)
			}
			if target.CopyTags && f.Targets[target.Account].Tags[image.Ref.Region][image.Ref.ID]["os"] != "linux" {
				missing = append(missing, image.Ref.String()+" has no tags in "+string(target.Account))
			}
		}
	}
	return missing
}

func lacksGrants(r sharing.Request, f sharing.Facts, target sharing.Target, keyARN string) []string {
	var missing []string
	for _, grantee := range target.Grantees {
		role := f.Targets[target.Account].Roles[grantee]
		fits := func(g sharing.Grant) bool { // what KMS leaves out says nothing
			return (g.Grantee == "" || g.Grantee == role.ARN || role.UniqueID != "" && g.Grantee == role.UniqueID) &&
				(g.Issuer == "" || g.Issuer == target.Account) && (len(g.Operations) == 0 || slices.Equal(g.Operations, r.GrantOperations)) && !g.Constrained &&
				g.Name == sharing.GrantName(target.Account, role.ARN)
		}
		if !role.Exists || !slices.ContainsFunc(f.Keys[keyARN].Grants, fits) {
			missing = append(missing, fmt.Sprintf("%s has no grant on %s", grantee, keyARN))
		}
	}
	return missing
}

// content is what facts say of AMIs: their permissions, and their tags in the targets.
func content(t *testing.T, f sharing.Facts) string {
	t.Helper()
	images, err := json.Marshal(f.Images)
	if err != nil {
		t.Fatal(err)
	}
	lines := []string{string(images)}
	for account, target := range f.Targets {
		for region, resources := range target.Tags {
			for resource, tags := range resources {
				if len(tags) > 0 {
					lines = append(lines, fmt.Sprint(account, region, resource, tags))
				}
			}
		}
	}
	slices.Sort(lines)
	return strings.Join(lines, "\n")
}

// TestDoneAndUndone undoes what a plan has done to the AMIs. What it has done to keys and accounts stays.
func TestDoneAndUndone(t *testing.T) {
	eachWorld(t, func(t *testing.T, r sharing.Request, f sharing.Facts) {
		before := content(t, f)
		m := &memory{facts: f}
		var undo []plan.Change
		for _, change := range mustCompute(t, r, f).Changes {
			switch reverse := m.do(change); {
			case (reverse == nil) != (plan.BelongingOf(change) == plan.ToKey):
				t.Errorf("%s has the undo %v", change, reverse)
			case reverse != nil:
				undo = append(undo, reverse)
			}
		}
		for _, change := range slices.Backward(undo) {
			m.do(change)
		}
		if diff := cmp.Diff(strings.Split(before, "\n"), strings.Split(content(t, m.facts), "\n")); diff != "" {
			t.Error(diff)
		}
		for _, target := range r.Targets {
			for arn := range m.facts.Keys {
				for _, missing := range lacksGrants(r, m.facts, target, arn) {
					t.Error(missing)
				}
			}
		}
	})
}

// unfit tells whether a grant is one that a run may retire: one of the plugin's that no target names and no other AMI needs,
// which takes exact_grants, or one that a target names and that is known not to work as asked for.
func unfit(r sharing.Request, f sharing.Facts, keyARN string, g sharing.Grant) bool {
	account, ours := strings.CutPrefix(g.Name, sharing.GrantNamePrefix)
	if !ours {
		return false
	}
	account, _, _ = strings.Cut(account, ":")
	for _, target := range r.Targets {
		for _, grantee := range target.Grantees {
			arn, id := grantee.ARN("aws", target.Account), f.Targets[target.Account].Roles[grantee].UniqueID
			if g.Name != sharing.GrantName(target.Account, arn) {
				continue
			}
			same := g.Grantee == arn || id != "" && g.Grantee == id
			return strings.HasPrefix(g.Grantee, "AROA") && id != "" && g.Grantee != id || g.Issuer != "" && g.Issuer != target.Account ||
				same && g.Constrained || same && len(g.Operations) > 0 && !slices.Equal(g.Operations, r.GrantOperations)
		}
	}
	key := f.Keys[keyARN]
	return r.ExactGrants && key.SharingKnown && len(r.Organizations) == 0 && !slices.Contains(key.SharedWith, sharing.Account(sharing.AccountID(account)))
}

func TestNothingNamedIsEverRemoved(t *testing.T) {
	eachWorld(t, func(t *testing.T, r sharing.Request, f sharing.Facts) {
		named := r.Named("")
		for _, change := range mustCompute(t, r, f).Changes {
			switch c := change.(type) {
			case plan.ModifyLaunchPermission:
				for _, recipient := range c.Recipients {
					if c.Operation != plan.Remove {
						break
					}
					if slices.Contains(named, recipient) || !r.Exact {
						t.Errorf("%v is removed from %s", recipient, c.Image)
					}
				}
			case plan.ModifySnapshotPermission:
				for _, account := range c.Accounts {
					if c.Operation != plan.Remove {
						break
					}
					if slices.Contains(named, sharing.Account(account)) || !r.Exact {
						t.Errorf("%s is removed from %s", account, c.Snapshot)
					}
				}
			default:
			case plan.RetireGrant:
				grants := f.Keys[c.KeyARN].Grants
				i := slices.IndexFunc(grants, func(g sharing.Grant) bool { return g.ID == c.GrantID })
				if i < 0 || !unfit(r, f, c.KeyARN, grants[i]) {
					t.Errorf("a grant is retired that is named, or of others: %+v", c)
				}
			}
		}
	})
}

func TestExactLeavesOnlyWhatIsNamed(t *testing.T) {
	eachWorld(t, func(t *testing.T, r sharing.Request, f sharing.Facts) {
		r.Exact = true
		m := &memory{facts: f}
		for _, change := range mustCompute(t, r, f).Changes {
			m.do(change)
		}
		for _, image := range m.facts.Images {
			for _, recipient := range image.LaunchPermissions {
				if !slices.Contains(r.Named(image.Ref.Region), recipient) {
					t.Errorf("%s is still shared with %v", image.Ref, recipient)
				}
			}
		}
	})
}

func TestExactGrantsEndsWhatNobodyNeeds(t *testing.T) {
	eachWorld(t, func(t *testing.T, r sharing.Request, f sharing.Facts) {
		r.ExactGrants = true
		m := &memory{facts: f}
		for _, change := range mustCompute(t, r, f).Changes {
			m.do(change)
		}
		for _, key := range m.facts.Keys {
			needed := len(r.Organizations) > 0 || !key.SharingKnown || slices.Contains(key.SharedWith, sharing.Account("999999999999"))
			there := slices.ContainsFunc(key.Grants, func(g sharing.Grant) bool { return g.ID == "left-over" })
			if there != needed {
				t.Errorf("the grant of an account that nobody names is there: %t, needed: %t", there, needed)
			}
		}
	})
}

func TestBlockedTargetsGetNothing(t *testing.T) {
	eachWorld(t, func(t *testing.T, r sharing.Request, f sharing.Facts) {
		account := r.Targets[0].Account
		target := f.Targets[account]
		target.Problems = []sharing.Problem{{Scope: sharing.Scope{Account: account, Region: virginia}, Doing: "entering"}}
		f.Targets[account] = target
		for _, change := range mustCompute(t, r, f).Changes {
			for _, scope := range change.Scopes() {
				if scope == (sharing.Scope{Account: account, Region: virginia}) && change.Stage() < plan.ImageRemovals {
					t.Errorf("%s is for a blocked scope", change)
				}
			}
		}
	})
}

func TestStagesAreInOrder(t *testing.T) {
	eachWorld(t, func(t *testing.T, r sharing.Request, f sharing.Facts) {
		changes := mustCompute(t, r, f).Changes
		if !slices.IsSortedFunc(changes, func(a, b plan.Change) int { return int(a.Stage()) - int(b.Stage()) }) {
			t.Errorf("not in the order of stages: %v", changes)
		}
		if again := mustCompute(t, r, f).Changes; !slices.EqualFunc(changes, again, func(a, b plan.Change) bool { return cmp.Equal(a, b) }) {
			t.Errorf("the same input gives another plan:\n%v\n%v", changes, again)
		}
	})
}
