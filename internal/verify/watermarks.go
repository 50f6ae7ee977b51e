// SPDX-License-Identifier: MPL-2.0

package verify

import (
	"context"
	"maps"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/amishare/packer-plugin-ami-share/internal/clients"
	"github.com/amishare/packer-plugin-ami-share/internal/plan"
	"github.com/amishare/packer-plugin-ami-share/internal/sharing"
)

// watermarks are the keys of those that a plan attaches.
func watermarks(p plan.Plan) map[sharing.ImageRef]string {
	marks := map[sharing.ImageRef]string{}
	for _, change := range p.Changes {
		if attach, ok := change.(plan.AttachWatermark); ok {
			marks[attach.Image] = attach.Key()
		}
	}
	return marks
}

// Again is Run for those targets in which an AMI was hidden for want of a watermark, once it has been attached or can't be. It
// returns all checks, with those of these targets anew.
func Again(ctx context.Context, c *clients.Clients, p plan.Plan, made []plan.Present, checks []sharing.Check, o Options) []sharing.Check {
	v := &verification{Clients: c, options: o, plan: p}
	return v.again(ctx, made, checks, func(check sharing.Check) bool { return check.Awaits })
}

// Regranted is Run for those targets in which a grant was gone, once it has been made anew. It returns all checks, with those of these
// targets anew.
func Regranted(ctx context.Context, c *clients.Clients, p plan.Plan, made []plan.Present, checks []sharing.Check, o Options) []sharing.Check {
	v := &verification{Clients: c, options: o, plan: p, marks: watermarks(p)}
	return v.again(ctx, made, checks, func(check sharing.Check) bool { return check.Gone })
}

// again looks again where one of the checks is of a kind.
func (v *verification) again(ctx context.Context, made []plan.Present, checks []sharing.Check, of func(sharing.Check) bool) []sharing.Check {
	waiting := map[sharing.Scope]bool{}
	for _, check := range checks {
		waiting[check.Scope] = waiting[check.Scope] || of(check)
	}
	expected := v.expectations(made)
	maps.DeleteFunc(expected, func(scope sharing.Scope, _ *expectation) bool { return !waiting[scope] })
	others := slices.DeleteFunc(slices.Clone(checks), func(check sharing.Check) bool { return waiting[check.Scope] })
	return append(others, v.run(ctx, expected)...)
}

// awaitsWatermark tells whether an AMI meets the criteria of the account's setting with the watermark that is to be attached,
// and does not meet them without it.
func (v *verification) awaitsWatermark(image sharing.ImageRef, seen types.Image, settings *ec2.GetAllowedImagesSettingsOutput) bool {
	key, comes := v.marks[image]
	if !comes || settings == nil {
		return false
	}
	marked := seen
	marked.ImageWatermarks = append(slices.Clone(seen.ImageWatermarks), types.ImageWatermark{
		WatermarkKey: aws.String(key), SourceImageId: aws.String(image.ID), SourceImageRegion: aws.String(string(image.Region)),
	})
	return !satisfies(seen, settings.ImageCriteria) && satisfies(marked, settings.ImageCriteria)
}

// satisfies tells whether an AMI fails no condition of one of the criteria, as far as it can be told.
func satisfies(image types.Image, criteria []types.ImageCriterion) bool {
	return slices.ContainsFunc(criteria, func(c types.ImageCriterion) bool { return len(failures(image, c, time.Now())) == 0 })
}
