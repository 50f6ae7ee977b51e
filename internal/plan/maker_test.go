// SPDX-License-Identifier: MPL-2.0

package plan_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"

	"github.com/amishare/packer-plugin-ami-share/internal/sharing"
)

// maker makes up requests and facts, the same for the same seed.
type maker struct{ *rand.Rand }

func (m maker) maybe() bool { return m.IntN(2) == 0 }

func keyARN(region sharing.Region, n int) string {
	return fmt.Sprintf("arn:aws:kms:%s:%s:key/%08d-0000-4000-8000-000000000000", region, owner, n)
}

func autoscaling(suffix string) sharing.Grantee {
	g := sharing.Grantee{Service: "autoscaling.amazonaws.com", Suffix: suffix, Path: "/aws-service-role/autoscaling.amazonaws.com/", Name: "AWSServiceRoleForAutoScaling"}
	if suffix != "" {
		g.Name += "_" + suffix
	}
	return g
}

func (m maker) request() sharing.Request {
	r := sharing.Request{
		Images:         []sharing.ImageRef{{Region: frankfurt, ID: "ami-a"}, {Region: virginia, ID: "ami-b"}},
		ShareSnapshots: m.maybe(), Exact: m.maybe(), ExactGrants: m.maybe(), ForceRemoval: true, GrantOperations: sharing.DefaultGrantOperations(),
	}
	for n := range 1 + m.IntN(4) {
		target := sharing.Target{Account: sharing.AccountID(fmt.Sprintf("%012d", 200+n)), Credentials: true, CreateServiceLinkedRoles: true, CopyTags: m.maybe()}
		target.Grantees = []sharing.Grantee{autoscaling("")}
		if m.maybe() {
			target.Grantees = append(target.Grantees, autoscaling("blue"))
		}
		if m.maybe() {
			target.AutoScalingGroups = []string{"web"}
		}
		r.Targets = append(r.Targets, target)
	}
	if m.maybe() {
		r.Organizations = []string{"arn:aws:organizations::111111111111:organization/o-abcdefghij"}
	}
	if m.maybe() { // two roles whose names differ in what KMS does not take in a grant's name
		last := &r.Targets[len(r.Targets)-1]
		last.Grantees = append(last.Grantees, sharing.Grantee{Path: "/", Name: "a.b"}, sharing.Grantee{Path: "/", Name: "a_b"})
	}
	return r
}

func (m maker) facts(r sharing.Request) sharing.Facts {
	f := sharing.Facts{Partition: "aws", Keys: map[string]sharing.Key{}, Targets: map[sharing.AccountID]sharing.TargetFacts{}}
	for i, ref := range r.Images {
		image := sharing.Image{Ref: ref, Owner: owner, State: "available", LaunchPermissions: m.recipients(r), Tags: map[string]string{"os": "linux", "aws:x": "y"}}
		for n := range 1 + m.IntN(2) {
			arn := keyARN(ref.Region, n)
			image.Snapshots = append(image.Snapshots, sharing.Snapshot{
				ID: fmt.Sprintf("snap-%d%d", i, n), Encrypted: true, KeyARN: arn, Recipients: m.accounts(r), Tags: map[string]string{"disk": "root"},
			})
			f.Keys[arn] = sharing.Key{ARN: arn, Described: true, State: "Enabled", GrantsListed: true, Grants: m.grants(r), SharingKnown: m.maybe(), SharedWith: m.accounts(r)}
		}
		f.Images = append(f.Images, image)
	}
	for _, target := range r.Targets {
		f.Targets[target.Account] = m.target(target)
	}
	return f
}

// recipients are some of those named, and some that are not.
func (m maker) recipients(r sharing.Request) []sharing.Recipient {
	return m.some(append(r.Named(""), sharing.Account("999999999999"), sharing.Recipient{Kind: sharing.ToOrganization, ID: "arn:aws:organizations::999999999999:organization/o-zzzzzzzzzz"}))
}

func (m maker) accounts(r sharing.Request) []sharing.Recipient {
	return slices.DeleteFunc(m.recipients(r), func(r sharing.Recipient) bool { return r.Kind != sharing.ToAccount })
}

func (m maker) some(all []sharing.Recipient) []sharing.Recipient {
	some := slices.DeleteFunc(all, func(sharing.Recipient) bool { return m.maybe() })
	slices.SortFunc(some, sharing.CompareRecipients)
	return some
}

// grants are fitting ones, stale ones, some of accounts that are no targets, and some of others.
func (m maker) grants(r sharing.Request) []sharing.Grant {
	all := []sharing.Grant{
		{ID: "theirs", Name: "by-hand", Issuer: owner, Grantee: "arn:aws:iam::222222222222:role/x", Operations: []string{"Decrypt"}},
		{ID: "left-over", Name: sharing.GrantName("999999999999", "arn:aws:iam::999999999999:role/x"), Issuer: "999999999999", Grantee: "arn:aws:iam::999999999999:role/x", Operations: []string{"Decrypt"}},
	}
	for _, target := range r.Targets {
		for n, grantee := range target.Grantees {
			g := sharing.Grant{
				ID: fmt.Sprintf("there-%s-%d", target.Account, n), Name: sharing.GrantName(target.Account, grantee.ARN("aws", target.Account)), Issuer: target.Account,
				Grantee: grantee.ARN("aws", target.Account), Operations: r.GrantOperations,
			}
			switch m.IntN(9) {
			case 0:
				g.Grantee = "AROADEADDEADDEADDEAD"
			case 1:
				g.Operations = []string{"Decrypt"}
			case 2:
				g.Issuer = owner
			case 3:
				g.Constrained = true
			case 4:
				continue
			case 5:
				g.Issuer = ""
			case 6:
				g.Operations = nil
			case 7:
				g.Grantee = ""
			}
			all = append(all, g)
		}
	}
	return all
}

func (m maker) target(target sharing.Target) sharing.TargetFacts {
	facts := sharing.TargetFacts{
		Roles: map[sharing.Grantee]sharing.Role{},
		Tags:  map[sharing.Region]map[string]map[string]string{frankfurt: {"ami-a": {"os": "other"}}, virginia: {}},
	}
	for _, grantee := range target.Grantees {
		if m.maybe() || grantee.Service == "" {
			facts.Roles[grantee] = sharing.Role{Exists: true, ARN: grantee.ARN("aws", target.Account), UniqueID: "AROA" + strings.ToUpper(grantee.Name) + string(target.Account)}
		} else {
			facts.Roles[grantee] = sharing.Role{}
		}
	}
	for _, name := range target.AutoScalingGroups {
		facts.Groups = append(facts.Groups, sharing.AutoScalingGroup{Region: virginia, Name: name, RoleARN: "arn:aws:iam::" + string(target.Account) + ":role/other"})
	}
	return facts
}
