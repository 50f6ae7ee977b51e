// SPDX-License-Identifier: MPL-2.0

package awsapi

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/kms/types"

	"github.com/amishare/packer-plugin-ami-share/internal/sharing"
)

const (
	// grantsPerPage is how many ListGrants returns at once.
	grantsPerPage = 100
	// longList is how many grants of a key are read page by page. Each volume that is attached has one: a key can have 50,000.
	longList = 2000
)

// grantsOf returns the grants of a key that the run has to know. When there are more than fit on a page, and the roles of the
// run are few, those to these roles are asked for, all at once: when each has its grant, there is nothing else to know.
// Otherwise the pages are read on, since among them may be grants to roles that have been deleted, which nobody can ask for.
// Of a list that has no end in sight only those to the roles of the run are taken, unless exact_grants has to know them all:
// 50,000 grants take a minute.
func (o *observation) grantsOf(ctx context.Context, key string) ([]sharing.Grant, error) {
	p, in := place{region: sharing.RegionOf(key)}, &kms.ListGrantsInput{KeyId: &key}
	if o.request.ExactGrants {
		return o.listGrants(ctx, p, in)
	}
	first, next, err := o.listSome(ctx, p, in, 1)
	if err != nil || next == nil {
		return first, err
	}
	grantees := o.grantees()
	var ours []sharing.Grant
	if len(grantees) <= grantsPerPage {
		if ours, err = o.ofGrantees(ctx, key, grantees); err != nil || o.allGranted(ours) {
			return ours, err
		}
	}
	in.Marker = next
	rest, next, err := o.listSome(ctx, p, in, longList-len(first))
	if err != nil || next == nil {
		return append(first, rest...), err
	}
	o.warnings.add(fmt.Sprintf("key %s has more than %d grants: only those to the roles of this run were read, and grants to roles that have been deleted are not found", key, longList))
	if len(grantees) > grantsPerPage {
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

// listGrants reads all pages of ListGrants.
// https://docs.aws.amazon.com/kms/latest/APIReference/API_ListGrants.html
func (c *Client) listGrants(ctx context.Context, p place, in *kms.ListGrantsInput) ([]sharing.Grant, error) {
	grants, _, err := c.listSome(ctx, p, in, math.MaxInt)
	return grants, err
}

// listSome is listGrants until there are so many; next is the marker of the page after them, nil when there is none.
func (c *Client) listSome(ctx context.Context, p place, in *kms.ListGrantsInput, most int) (grants []sharing.Grant, next *string, err error) {
	in.Limit = aws.Int32(grantsPerPage)
	pages := kms.NewListGrantsPaginator(c.kms(p).ListGrants, in)
	for seen := (markers{}); pages.HasMorePages(); {
		if len(grants) >= most {
			return grants, next, nil
		}
		page, err := pages.NextPage(ctx)
		if err == nil {
			err = seen.follow("kms:ListGrants", page.NextMarker)
		}
		if err != nil {
			return nil, nil, err
		}
		for _, entry := range page.Grants {
			grants = append(grants, grant(entry))
		}
		next = page.NextMarker
	}
	return grants, nil, nil
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
	return grantee.ARN(o.partition(), cmp.Or(grantee.Account, target.Account))
}

// ofGrantees lists the grants of a key to roles, all at once.
func (o *observation) ofGrantees(ctx context.Context, key string, grantees []string) ([]sharing.Grant, error) {
	found, errs := make([][]sharing.Grant, len(grantees)), make([]error, len(grantees))
	each(grantees, func(i int, grantee string) {
		found[i], errs[i] = o.listGrants(ctx, place{region: sharing.RegionOf(key)}, &kms.ListGrantsInput{KeyId: &key, GranteePrincipal: &grantee})
	})
	for _, err := range errs {
		if err != nil {
			return nil, err
		}
	}
	return slices.Concat(found...), nil
}

func grant(entry types.GrantListEntry) sharing.Grant {
	g := sharing.Grant{
		ID: aws.ToString(entry.GrantId), Name: aws.ToString(entry.Name), Grantee: aws.ToString(entry.GranteePrincipal),
		Issuer: issuerIn(aws.ToString(entry.IssuingAccount)), Created: aws.ToTime(entry.CreationDate),
	}
	for _, operation := range entry.Operations {
		g.Operations = append(g.Operations, string(operation))
	}
	if constraints := entry.Constraints; constraints != nil {
		g.Constrained = len(constraints.EncryptionContextEquals)+len(constraints.EncryptionContextSubset) > 0 || constraints.SourceArn != nil
	}
	return g
}

// issuerIn reads an issuing account: its ARN or its id, "" when it is neither.
func issuerIn(text string) sharing.AccountID {
	if id, err := sharing.ParseAccountID(text); err == nil {
		return id
	}
	return sharing.AccountOf(text)
}
