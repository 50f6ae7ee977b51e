// SPDX-License-Identifier: MPL-2.0

package awsapi

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"math"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/kms/types"

	"github.com/amishare/packer-plugin-ami-share/internal/diagnose"
	"github.com/amishare/packer-plugin-ami-share/internal/sharing"
	"github.com/amishare/packer-plugin-ami-share/internal/traffic"
)

// targetsAskedForGrants is how many targets are asked for a key's grants when the source may not list them. Key
// policies treat targets alike: what three may not, the others may not either.
const targetsAskedForGrants = 3

// keys describes keys and lists their grants, once for each key and as the source account, instead of once for each
// target: that also finds grants whose role is gone.
func (o *observation) keys(ctx context.Context, arns []string, images []sharing.Image) map[string]sharing.Key {
	keys := make([]sharing.Key, len(arns))
	each(arns, func(i int, arn string) {
		together(
			func() { o.describeKey(ctx, arn, images, &keys[i]) },
			func() {
				if o.needsGrants() {
					keys[i].Grants, keys[i].GrantsListed = o.sourceGrants(ctx, arn)
				}
			},
		)
		keys[i].ARN = arn
	})
	byARN := map[string]sharing.Key{}
	for _, key := range keys {
		byARN[key.ARN] = key
	}
	return byARN
}

// needsGrants tells whether the run makes grants or takes some back.
func (o *observation) needsGrants() bool {
	return o.request.ExactGrants || slices.ContainsFunc(o.request.Targets, func(t sharing.Target) bool { return t.Credentials && len(t.Grantees) > 0 })
}

// describeKey fills in what DescribeKey knows. That it is refused is no problem for a key of a third account: what can
// be known of it, the targets are told by KMS.
func (o *observation) describeKey(ctx context.Context, arn string, images []sharing.Image, key *sharing.Key) {
	region := sharing.RegionOf(arn)
	out, err := o.kms(place{region: region}).DescribeKey(ctx, &kms.DescribeKeyInput{KeyId: &arn})
	foreign := !slices.ContainsFunc(images, func(i sharing.Image) bool { return i.Owner == sharing.AccountOf(arn) })
	switch {
	case err == nil:
		key.Described = true
		key.AWSManaged = out.KeyMetadata.KeyManager == types.KeyManagerTypeAws
		key.State = string(out.KeyMetadata.KeyState)
	case foreign && diagnose.Denied(err):
		o.warnings.add(fmt.Sprintf("key %s of account %s could not be described: whether it is a customer key and enabled shows when grants are made", arn, sharing.AccountOf(arn)))
	default:
		problem := diagnose.Error(err, diagnose.Act{Scope: sharing.Scope{Region: region}, Doing: "looking at key " + arn, Action: "kms:DescribeKey", Resource: arn})
		if diagnose.Denied(err) {
			problem.Remedy = otherKey + "\n" + problem.Remedy
		}
		o.problems.add(problem)
	}
}

// otherKey is the likely mistake of somebody who may look at the key that AMIs are shared with, and not at the one that
// these are encrypted under.
const otherKey = "If this is not the key that the AMIs were to be encrypted under, the builder did not name that one, and EBS took the account's " +
	"default key: set kms_key_id, and region_kms_key_ids for every Region in ami_regions, and build again. If it is:"

// sourceGrants lists a key's grants as the source account. The second result is false when that is not allowed. Of a key
// with very many, those to the roles of the request are asked for, unless exact_grants has to know them all: page by page
// takes a minute.
func (o *observation) sourceGrants(ctx context.Context, arn string) ([]sharing.Grant, bool) {
	most := longList
	if o.request.ExactGrants {
		most = math.MaxInt
	}
	grants, more, err := o.listSome(ctx, place{region: sharing.RegionOf(arn)}, &kms.ListGrantsInput{KeyId: &arn}, most)
	if more {
		o.warnings.add(fmt.Sprintf("key %s has more than %d grants: only those to the roles of this run were read, and grants to roles that have been deleted are not found", arn, longList))
		grants, err = o.ofGrantees(ctx, arn)
	}
	switch {
	case err == nil:
		return grants, true
	case !diagnose.Denied(err):
		o.problem(err, diagnose.Act{Scope: sharing.Scope{Region: sharing.RegionOf(arn)}, Doing: "listing the grants of key " + arn, Action: "kms:ListGrants", Resource: arn})
	}
	return nil, false
}

// listFromTargets lists, from inside the first targets, the grants that the source may not list.
func (o *observation) listFromTargets(ctx context.Context, facts sharing.Facts) {
	if !o.needsGrants() {
		return
	}
	unlisted := slices.Sorted(maps.Keys(facts.Keys))
	unlisted = slices.DeleteFunc(unlisted, func(arn string) bool { return facts.Keys[arn].GrantsListed })
	keys := make([]sharing.Key, len(unlisted))
	each(unlisted, func(i int, arn string) {
		keys[i] = o.listedFrom(ctx, o.askable(facts, sharing.RegionOf(arn)), facts.Keys[arn])
	})
	for i, arn := range unlisted {
		facts.Keys[arn] = keys[i]
	}
}

// askable are the first targets that can be asked about a key of a Region.
func (o *observation) askable(facts sharing.Facts, region sharing.Region) []sharing.AccountID {
	var open []sharing.AccountID
	for _, target := range o.request.Targets {
		if target.Credentials && target.In(region) && len(facts.Targets[target.Account].Problems) == 0 && len(open) < targetsAskedForGrants {
			open = append(open, target.Account)
		}
	}
	return open
}

// listedFrom returns a key with its grants, as far as one of the targets may list them.
func (o *observation) listedFrom(ctx context.Context, targets []sharing.AccountID, key sharing.Key) sharing.Key {
	ctx, cancel := traffic.Patient(ctx, o.options.TargetTimeout)
	defer cancel()
	for _, account := range targets {
		if grants, err := o.listGrants(ctx, place{account, sharing.RegionOf(key.ARN)}, &kms.ListGrantsInput{KeyId: &key.ARN}); err == nil {
			key.Grants, key.GrantsListed = grants, true
			return key
		}
	}
	o.warnings.add("the grants of key " + key.ARN + " could not be listed (kms:ListGrants): each grant is asked for again, which changes nothing where it is there; " +
		"grants that are out of date, or that exact_grants would end, are not found")
	return key
}

// longList is how many grants of a key are read page by page. Each volume that is attached has one: a key can have 50,000.
const longList = 2000

// listGrants reads all pages of ListGrants.
// https://docs.aws.amazon.com/kms/latest/APIReference/API_ListGrants.html
func (c *Client) listGrants(ctx context.Context, p place, in *kms.ListGrantsInput) ([]sharing.Grant, error) {
	grants, _, err := c.listSome(ctx, p, in, math.MaxInt)
	return grants, err
}

// listSome is listGrants until there are so many; more tells whether there are others.
func (c *Client) listSome(ctx context.Context, p place, in *kms.ListGrantsInput, most int) (grants []sharing.Grant, more bool, err error) {
	in.Limit = aws.Int32(100)
	pages := kms.NewListGrantsPaginator(c.kms(p).ListGrants, in)
	for seen := (markers{}); pages.HasMorePages(); {
		if len(grants) >= most {
			return grants, true, nil
		}
		page, err := pages.NextPage(ctx)
		if err == nil {
			err = seen.follow("kms:ListGrants", page.NextMarker)
		}
		if err != nil {
			return nil, false, err
		}
		for _, entry := range page.Grants {
			grants = append(grants, grant(entry))
		}
	}
	return grants, false, nil
}

// ofGrantees lists the grants of a key to the roles of the request, all at once.
func (o *observation) ofGrantees(ctx context.Context, key string) ([]sharing.Grant, error) {
	var grantees []string
	for _, target := range o.request.Targets {
		for _, grantee := range target.Grantees {
			grantees = append(grantees, grantee.ARN(o.partition(), cmp.Or(grantee.Account, target.Account)))
		}
	}
	slices.Sort(grantees)
	grantees = slices.Compact(grantees)
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
