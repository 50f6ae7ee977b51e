// SPDX-License-Identifier: MPL-2.0

package awsapi

import (
	"context"
	"slices"

	"github.com/amishare/packer-plugin-ami-share/internal/diagnose"
	"github.com/amishare/packer-plugin-ami-share/internal/parallel"
	"github.com/amishare/packer-plugin-ami-share/internal/sharing"
)

// Observe reads what is there, as far as the request touches it: nothing is changed. AMIs, snapshots and keys are
// read as the source account, roles, groups and tags from inside the targets, everything at the same time as far as one
// answer doesn't need another. What goes wrong inside a target stands in its facts and stops nothing else; the error,
// sharing.Problems, holds what stops the run.
func (c *Client) Observe(ctx context.Context, request sharing.Request) (facts sharing.Facts, err error) {
	o := &observation{Client: c, request: request}
	if problem := parallel.Guard(sharing.Scope{}, "looking at the AMIs", func() { facts, err = o.look(ctx) }); problem != nil {
		return facts, sharing.Problems{*problem}
	}
	return facts, err
}

func (o *observation) look(ctx context.Context) (sharing.Facts, error) {
	facts := sharing.Facts{Partition: o.Partition(), Images: o.images(ctx)}
	keys := keysOf(facts.Images)
	o.narrow(o.request, facts.Images, keys)
	parallel.Together(
		func() { facts.Keys = o.keys(ctx, keys, facts.Images) },
		func() { facts.Targets = o.targets(ctx, facts.Images) },
		func() { facts.Parameters = o.ownParameters(ctx) },
		func() { o.askForUsage(ctx, facts.Images) },
	)
	o.listFromTargets(ctx, facts)
	o.sharing(ctx, facts)
	facts.Warnings = slices.Sorted(slices.Values(o.warnings.Items))
	if err := context.Cause(ctx); err != nil {
		return facts, err
	}
	if len(o.problems.Items) > 0 {
		return facts, sharing.Problems(sortProblems(o.problems.Items))
	}
	return facts, nil
}

// observation is one look at everything that a request touches.
type observation struct {
	*Client
	request  sharing.Request
	problems parallel.List[sharing.Problem]
	warnings parallel.List[string]
}

func (o *observation) problem(err error, a diagnose.Act) { o.problems.Add(diagnose.Error(err, a)) }

// keysOf returns the ARNs of the keys behind AMIs, sorted, each once.
func keysOf(images []sharing.Image) []string {
	var keys []string
	for _, image := range images {
		for _, snapshot := range image.Snapshots {
			if snapshot.KeyARN != "" {
				keys = append(keys, snapshot.KeyARN)
			}
		}
	}
	slices.Sort(keys)
	return slices.Compact(keys)
}
