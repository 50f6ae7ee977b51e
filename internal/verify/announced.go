// SPDX-License-Identifier: MPL-2.0

package verify

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/amishare/packer-plugin-ami-share/internal/clients"
	"github.com/amishare/packer-plugin-ami-share/internal/diagnose"
	"github.com/amishare/packer-plugin-ami-share/internal/parallel"
	"github.com/amishare/packer-plugin-ami-share/internal/plan"
	"github.com/amishare/packer-plugin-ami-share/internal/progress"
	"github.com/amishare/packer-plugin-ami-share/internal/sharing"
	"github.com/amishare/packer-plugin-ami-share/internal/traffic"
)

// sharedTags is what the kind of an announcement is called in checks and reports.
const sharedTags = "shared tags"

// Announced looks whether what was announced of AMIs as a whole is seen by others than their owner: in each Region from
// inside the first target that has seen the AMIs, as checks tell. It looks again for Options.Timeout after the first look.
// Where no target can be looked into, there are no checks.
func Announced(ctx context.Context, c *clients.Clients, p plan.Plan, made []plan.Present, checks []sharing.Check, o Options) []sharing.Check {
	v := &verification{Clients: c, options: o, plan: p}
	expected := v.announced(slices.Concat(p.Kept, made), checks)
	looks := slices.Collect(maps.Keys(expected))
	v.options.Progress.Begin(progress.Verifying, regionNames(looks))
	parallel.Each(looks, func(_ int, scope sharing.Scope) {
		if problem := parallel.Guard(scope, "looking from inside the account", func() { v.sharedTags(ctx, scope, expected[scope]) }); problem != nil {
			v.fail(sharing.Subject{Told: sharedTags}, *problem)
		}
		v.options.Progress.Done(inRegion(scope), false)
	})
	if ctx.Err() != nil { // what was not seen in time is nobody's fault
		return nil
	}
	return v.checks.Items
}

// announced gathers the shared tags that there are, by where they are looked at and by AMI.
func (v *verification) announced(things []plan.Present, checks []sharing.Check) map[sharing.Scope]map[string]map[string]string {
	expected := map[sharing.Scope]map[string]map[string]string{}
	for _, thing := range things {
		change, ok := thing.Change.(plan.PutSharedTags)
		if !ok {
			continue
		}
		scope, found := witness(checks, change.Image)
		if !found || !v.Enters(scope.Account) {
			continue
		}
		if expected[scope] == nil {
			expected[scope] = map[string]map[string]string{}
		}
		if expected[scope][change.Image.ID] == nil {
			expected[scope][change.Image.ID] = map[string]string{}
		}
		maps.Copy(expected[scope][change.Image.ID], change.Tags)
	}
	return expected
}

func inRegion(scope sharing.Scope) string {
	return string(scope.Account) + " in " + string(scope.Region)
}

func regionNames(scopes []sharing.Scope) []string {
	words := make([]string, len(scopes))
	for i, scope := range scopes {
		words[i] = inRegion(scope)
	}
	return words
}

// witness is where an AMI was first seen.
func witness(checks []sharing.Check, image sharing.ImageRef) (sharing.Scope, bool) {
	i := slices.IndexFunc(checks, func(check sharing.Check) bool {
		return check.OK && check.Scope.Region == image.Region && slices.Contains(check.Subject.Images, image.ID)
	})
	if i < 0 {
		return sharing.Scope{}, false
	}
	return checks[i].Scope, true
}

// sharedTags waits until a target sees the tags of AMIs.
func (v *verification) sharedTags(ctx context.Context, scope sharing.Scope, wanted map[string]map[string]string) {
	ids := slices.Sorted(maps.Keys(wanted))
	seen := map[string]map[string]string{}
	err := traffic.PollFor(ctx, v.options.Timeout, func(ctx context.Context) (bool, error) {
		found, err := v.DescribeImages(ctx, clients.At(scope), ids)
		for _, image := range found {
			seen[aws.ToString(image.ImageId)] = clients.TagMap(image.Tags)
		}
		return err != nil || !slices.ContainsFunc(ids, func(id string) bool { return !sharing.Among(seen[id], wanted[id]) }), err
	})
	if err != nil {
		v.blind(sharing.Subject{Images: ids, Told: sharedTags}, err, diagnose.Act{
			Scope: scope, Doing: "looking for the shared tags of " + sharing.Named("AMI", ids) + " from inside the account", Action: "ec2:DescribeImages", Resource: "*",
		})
		return
	}
	for _, id := range ids {
		subject := sharing.Subject{Images: []string{id}, Told: sharedTags}
		lacks := maps.Clone(wanted[id])
		maps.DeleteFunc(lacks, func(key, value string) bool { return sharing.Among(seen[id], map[string]string{key: value}) })
		if len(lacks) == 0 {
			v.ok(scope, subject)
			continue
		}
		v.fail(subject, sharing.Problem{
			Scope: scope, Doing: "looking for the " + subject.String() + " from inside the account",
			Cause:  fmt.Sprintf("after %s the account does not see %s", v.options.Timeout, strings.Join(slices.Sorted(maps.Keys(lacks)), ", ")),
			Remedy: "Run again. If it stays so, somebody else writes these tags too, or AWS does not share tags of AMIs in this Region:\naws ec2 describe-images --region " + string(scope.Region) + " --image-ids " + id,
		})
	}
}
