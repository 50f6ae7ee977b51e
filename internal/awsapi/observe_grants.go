// SPDX-License-Identifier: MPL-2.0

package awsapi

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/aws/aws-sdk-go-v2/service/kms"

	"github.com/amishare/packer-plugin-ami-share/internal/clients"
	"github.com/amishare/packer-plugin-ami-share/internal/parallel"
	"github.com/amishare/packer-plugin-ami-share/internal/sharing"
)

// longList is how many grants of a key are read page by page, or twice as many as the run has roles: theirs are no reason to ask for
// each of them. Each volume that is attached has one: a key can have 50,000.
const longList = 2000

// grantsOf returns the grants of a key that the run has to know. When there are more than fit on a page, and the roles of the
// run are few, those to these roles are asked for, all at once: when each has its grant, there is nothing else to know.
// Otherwise the pages are read on, since among them may be grants to roles that have been deleted, which nobody can ask for.
// Of a list that has no end in sight only those to the roles of the run are taken, unless exact_grants has to know them all:
// 50,000 grants take a minute.
func (o *observation) grantsOf(ctx context.Context, key string) ([]sharing.Grant, error) {
	p, in := clients.Place{Region: sharing.RegionOf(key)}, &kms.ListGrantsInput{KeyId: &key}
	if o.request.ExactGrants {
		return o.ListGrants(ctx, p, in)
	}
	first, next, err := o.ListSome(ctx, p, in, 1)
	if err != nil || next == nil {
		return first, err
	}
	grantees := o.grantees()
	var ours []sharing.Grant
	if len(grantees) <= clients.GrantsPerPage {
		if ours, err = o.ofGrantees(ctx, key, grantees); err != nil || o.allGranted(ours) {
			return ours, err
		}
	}
	in.Marker = next
	most := max(longList, 2*len(grantees))
	rest, next, err := o.ListSome(ctx, p, in, most-len(first))
	if err != nil || next == nil {
		return append(first, rest...), err
	}
	o.warnings.Add(fmt.Sprintf("key %s has more than %d grants: only those to the roles of this run were read, and grants to roles that have been deleted are not found", key, most))
	if len(grantees) > clients.GrantsPerPage {
		return o.ofGrantees(ctx, key, grantees)
	}
	return ours, nil
}

// allGranted tells whether the grant that the run would make of each role is there. Whether it is as it should be, the plan
// decides.
func (o *observation) allGranted(grants []sharing.Grant) bool {
	there := map[string]bool{}
	for _, g := range grants {
		there[g.Name+" "+g.Grantee] = true
	}
	for _, target := range o.request.Targets {
		for _, grantee := range target.Grantees {
			arn := o.granteeARN(target, grantee)
			if !there[sharing.GrantName(target.Account, arn)+" "+arn] {
				return false
			}
		}
	}
	return true
}

// grantees are the ARNs of the roles of the request, sorted, each once.
func (o *observation) grantees() []string {
	var grantees []string
	for _, target := range o.request.Targets {
		for _, grantee := range target.Grantees {
			grantees = append(grantees, o.granteeARN(target, grantee))
		}
	}
	slices.Sort(grantees)
	return slices.Compact(grantees)
}

func (o *observation) granteeARN(target sharing.Target, grantee sharing.Grantee) string {
	return grantee.ARN(o.Partition(), cmp.Or(grantee.Account, target.Account))
}

// ofGrantees lists the grants of a key to roles, all at once.
func (o *observation) ofGrantees(ctx context.Context, key string, grantees []string) ([]sharing.Grant, error) {
	found, errs := make([][]sharing.Grant, len(grantees)), make([]error, len(grantees))
	parallel.Each(grantees, func(i int, grantee string) {
		found[i], errs[i] = o.ListGrants(ctx, clients.Place{Region: sharing.RegionOf(key)}, &kms.ListGrantsInput{KeyId: &key, GranteePrincipal: &grantee})
	})
	for _, err := range errs {
		if err != nil {
			return nil, err
		}
	}
	return slices.Concat(found...), nil
}
