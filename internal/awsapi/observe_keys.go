// SPDX-License-Identifier: MPL-2.0

package awsapi

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/kms/types"

	"github.com/amishare/packer-plugin-ami-share/internal/clients"
	"github.com/amishare/packer-plugin-ami-share/internal/diagnose"
	"github.com/amishare/packer-plugin-ami-share/internal/parallel"
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
	parallel.Each(arns, func(i int, arn string) {
		parallel.Together(
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
	out, err := o.KMS(clients.Place{Region: region}).DescribeKey(ctx, &kms.DescribeKeyInput{KeyId: &arn})
	foreign := !slices.ContainsFunc(images, func(i sharing.Image) bool { return i.Owner == sharing.AccountOf(arn) })
	a := diagnose.Act{Scope: sharing.Scope{Region: region}, Doing: "looking at key " + arn, Action: "kms:DescribeKey", Resource: arn}
	switch {
	case err == nil:
		key.Described = true
		key.AWSManaged = out.KeyMetadata.KeyManager == types.KeyManagerTypeAws
		key.State = string(out.KeyMetadata.KeyState)
	case foreign && diagnose.Denied(err):
		problem := diagnose.Error(err, a)
		problem.Remedy = ""
		o.warnings.Add(fmt.Sprintf("whether it is a customer key and enabled shows when grants are made: %v", problem))
	default:
		problem := diagnose.Error(err, a)
		if diagnose.Denied(err) {
			problem.Remedy = otherKey + "\n" + problem.Remedy
		}
		o.problems.Add(problem)
	}
}

// otherKey is the likely mistake of somebody who may look at the key that AMIs are shared with, and not at the one that
// these are encrypted under.
const otherKey = "If this is not the key that the AMIs were to be encrypted under, the builder did not name that one, and EBS took the account's " +
	"default key: " + sharing.OtherKey + ". If it is:"

// sourceGrants lists a key's grants as the source account. The second result is false when that is not allowed.
func (o *observation) sourceGrants(ctx context.Context, arn string) ([]sharing.Grant, bool) {
	grants, err := o.grantsOf(ctx, arn)
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
	parallel.Each(unlisted, func(i int, arn string) {
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
	last := "nobody of the targets could be asked"
	for _, account := range targets {
		scope := sharing.Scope{Account: account, Region: sharing.RegionOf(key.ARN)}
		grants, err := o.ListGrants(ctx, clients.At(scope), &kms.ListGrantsInput{KeyId: &key.ARN})
		if err == nil {
			key.Grants, key.GrantsListed = grants, true
			return key
		}
		problem := diagnose.Error(err, diagnose.Act{Scope: scope, Doing: "listing them from inside", Action: "kms:ListGrants", Resource: key.ARN, Principal: o.Principal(account)})
		problem.Remedy = ""
		last = problem.Error()
	}
	o.warnings.Add("the grants of key " + key.ARN + " could not be listed, neither by the source nor by a target (" + last + "): each grant is asked for again, which changes nothing where it is there; " +
		"grants that are out of date, or that exact_grants would end, are not found")
	return key
}
