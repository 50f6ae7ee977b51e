// SPDX-License-Identifier: MPL-2.0

package verify

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/amishare/packer-plugin-ami-share/internal/clients"
	"github.com/amishare/packer-plugin-ami-share/internal/diagnose"
	"github.com/amishare/packer-plugin-ami-share/internal/parallel"
	"github.com/amishare/packer-plugin-ami-share/internal/plan"
	"github.com/amishare/packer-plugin-ami-share/internal/progress"
	"github.com/amishare/packer-plugin-ami-share/internal/sharing"
	"github.com/amishare/packer-plugin-ami-share/internal/traffic"
)

// told is what was announced of an AMI to whoever sees it.
type told struct {
	tags map[string]string
	mark string // the key of a watermark, "" for none
}

// What the announcements are called in checks and reports.
const (
	sharedTags = "shared tags"
	watermark  = "watermark"
)

// Announced looks whether what was announced of AMIs as a whole is seen by others than their owner: in each Region from
// inside the first target that has seen the AMIs, as checks tell. It looks again for Options.Timeout after the first look.
// Where no target can be looked into, there are no checks.
func Announced(ctx context.Context, c *clients.Clients, p plan.Plan, made []plan.Present, checks []sharing.Check, o Options) []sharing.Check {
	v := &verification{Clients: c, options: o, plan: p}
	expected := v.announced(slices.Concat(p.Kept, made), checks)
	looks := slices.Collect(maps.Keys(expected))
	v.options.Progress.Begin(progress.Verifying, regionNames(looks))
	parallel.Each(looks, func(_ int, scope sharing.Scope) {
		if problem := parallel.Guard(scope, "looking from inside the account", func() { v.told(ctx, scope, expected[scope]) }); problem != nil {
			v.fail(sharing.Subject{Told: sharedTags}, *problem)
		}
		v.options.Progress.Done(inRegion(scope), false)
	})
	if ctx.Err() != nil { // what was not seen in time is nobody's fault
		return nil
	}
	return v.checks.Items
}

// announced gathers what was announced of AMIs, by where it is looked at and by AMI.
func (v *verification) announced(things []plan.Present, checks []sharing.Check) map[sharing.Scope]map[string]*told {
	expected := map[sharing.Scope]map[string]*told{}
	of := func(image sharing.ImageRef) *told {
		scope, found := witness(checks, image)
		if !found || !v.Enters(scope.Account) {
			return &told{tags: map[string]string{}}
		}
		if expected[scope] == nil {
			expected[scope] = map[string]*told{}
		}
		if expected[scope][image.ID] == nil {
			expected[scope][image.ID] = &told{tags: map[string]string{}}
		}
		return expected[scope][image.ID]
	}
	for _, thing := range things {
		switch change := thing.Change.(type) {
		case plan.PutSharedTags:
			maps.Copy(of(change.Image).tags, change.Tags)
		case plan.AttachWatermark:
			of(change.Image).mark = change.Key()
		default:
		}
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
		return check.Scope.Region == image.Region && check.Sees(image.ID)
	})
	if i < 0 {
		return sharing.Scope{}, false
	}
	return checks[i].Scope, true
}

// told waits until a target sees what was announced of AMIs.
func (v *verification) told(ctx context.Context, scope sharing.Scope, wanted map[string]*told) {
	ids := slices.Sorted(maps.Keys(wanted))
	seen := map[string]types.Image{}
	err := traffic.PollFor(ctx, v.options.Timeout, func(ctx context.Context) (bool, error) {
		found, err := v.DescribeImages(ctx, clients.At(scope), ids)
		for _, image := range found {
			seen[aws.ToString(image.ImageId)] = image
		}
		return err != nil || !slices.ContainsFunc(ids, func(id string) bool { return len(wanted[id].missing(seen[id])) > 0 }), err
	})
	if err != nil {
		v.blind(sharing.Subject{Images: ids, Told: sharedTags}, err, diagnose.Act{
			Scope: scope, Doing: "looking for what was announced of " + sharing.Named("AMI", ids) + " from inside the account", Action: "ec2:DescribeImages", Resource: "*",
		})
		return
	}
	for _, id := range ids {
		missing := wanted[id].missing(seen[id])
		if len(wanted[id].tags) > 0 {
			v.seen(scope, sharing.Subject{Images: []string{id}, Told: sharedTags}, missing[sharedTags])
		}
		if wanted[id].mark != "" {
			v.seen(scope, sharing.Subject{Images: []string{id}, Told: watermark}, missing[watermark])
		}
	}
}

// missing names what an AMI does not show, by what it is called.
func (t *told) missing(image types.Image) map[string]string {
	missing := map[string]string{}
	lacks := maps.Clone(t.tags)
	there := clients.TagMap(image.Tags)
	maps.DeleteFunc(lacks, func(key, value string) bool { return sharing.Among(there, map[string]string{key: value}) })
	if len(lacks) > 0 {
		missing[sharedTags] = strings.Join(slices.Sorted(maps.Keys(lacks)), ", ")
	}
	if t.mark != "" && !slices.Contains(clients.WatermarkKeys(image.ImageWatermarks), t.mark) {
		missing[watermark] = t.mark
	}
	return missing
}

func (v *verification) seen(scope sharing.Scope, subject sharing.Subject, missing string) {
	if missing == "" {
		v.ok(scope, subject)
		return
	}
	v.fail(subject, sharing.Problem{
		Scope: scope, Doing: "looking for the " + subject.String() + " from inside the account",
		Cause: fmt.Sprintf("after %s the account does not see %s", v.options.Timeout, missing),
		Remedy: "Run again. If it stays so, somebody else changes the AMI too, or AWS does not show this to recipients in this Region. The owner sees:\naws ec2 describe-images --region " +
			string(scope.Region) + " --image-ids " + subject.Images[0],
	})
}
