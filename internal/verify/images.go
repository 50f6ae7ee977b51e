// SPDX-License-Identifier: MPL-2.0

package verify

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/amishare/packer-plugin-ami-share/internal/clients"
	"github.com/amishare/packer-plugin-ami-share/internal/diagnose"
	"github.com/amishare/packer-plugin-ami-share/internal/sharing"
	"github.com/amishare/packer-plugin-ami-share/internal/traffic"
)

// looksAtHidden is how often an AMI is looked for that the account's Allowed AMIs setting may hide, or that the account has given up: it
// won't come into sight by waiting.
const looksAtHidden = 4

// images waits until a target sees its AMIs. When it doesn't, the account's own settings are asked why.
func (v *verification) images(ctx context.Context, e *expectation) {
	if len(e.images) == 0 {
		return
	}
	seen := map[string]types.Image{}
	var allowed *ec2.GetAllowedImagesSettingsOutput
	looks := 0
	err := traffic.PollFor(ctx, v.options.Timeout, func(ctx context.Context) (bool, error) {
		found, err := v.DescribeImages(ctx, clients.At(e.scope), missing(e.images, seen))
		for _, image := range found {
			seen[aws.ToString(image.ImageId)] = image
		}
		if looks++; err != nil || len(seen) == len(e.images) {
			return true, err
		}
		if allowed == nil {
			allowed = v.allowedImages(ctx, e.scope)
		}
		return looks >= looksAtHidden && (enabled(allowed) || v.gaveUp(ctx, e, missing(e.images, seen))), nil
	})
	if err != nil {
		v.blind(sharing.Subject{Images: e.images}, err, diagnose.Act{
			Scope: e.scope, Doing: "looking for " + sharing.Named("AMI", e.images) + " from inside the account", Action: "ec2:DescribeImages", Resource: "*",
		})
		return
	}
	for _, id := range e.images {
		image, visible := seen[id]
		if visible && image.ImageAllowed != nil && !*image.ImageAllowed && allowed == nil {
			allowed = v.allowedImages(ctx, e.scope)
		}
		if !visible && enabled(allowed) {
			image = v.asOwner(ctx, e.scope.Region, id)
		}
		v.image(ctx, e.scope, id, image, visible, allowed)
		if visible {
			v.traits(e, image)
		}
	}
}

// asOwner looks at an AMI that a target does not see.
func (v *verification) asOwner(ctx context.Context, region sharing.Region, id string) types.Image {
	if found, err := v.DescribeImages(ctx, clients.Place{Region: region}, []string{id}); err == nil && len(found) == 1 {
		return found[0]
	}
	for _, image := range v.plan.Images {
		if image.Ref == (sharing.ImageRef{Region: region, ID: id}) {
			return types.Image{OwnerId: aws.String(string(image.Owner)), Name: aws.String(image.Name)}
		}
	}
	return types.Image{}
}

func (v *verification) image(ctx context.Context, scope sharing.Scope, id string, image types.Image, visible bool, allowed *ec2.GetAllowedImagesSettingsOutput) {
	subject, ref := sharing.Subject{Images: []string{id}}, sharing.ImageRef{Region: scope.Region, ID: id}
	problem := sharing.Problem{Scope: scope, Doing: "looking for " + subject.String() + " from inside the account"}
	switch {
	case !visible && v.awaitsWatermark(ref, image, allowed):
		v.checks.Add(sharing.Check{Scope: scope, Subject: subject, Awaits: true})
	case visible && v.awaitsWatermark(ref, image, allowed):
		v.ok(scope, subject)
	case visible && image.ImageAllowed != nil && !*image.ImageAllowed: // it can be launched as long as the setting only audits
		v.ok(scope, subject)
		problem.Cause = "the AMI is visible, and " + settingOf(allowed) + ", in audit mode now, would hide it: " + v.unmet(image, allowed)
		problem.Remedy = allowRemedy(image, allowed, scope.Region, time.Now())
		v.warn(sharing.Subject{Setting: "Allowed AMIs setting and " + subject.String()}, problem)
	case visible:
		v.ok(scope, subject)
	case enabled(allowed):
		problem.Cause = settingOf(allowed) + " hides the AMI: " + v.unmet(image, allowed)
		problem.Remedy = allowRemedy(image, allowed, scope.Region, time.Now())
		v.fail(subject, problem)
	case v.throughOrganization(scope.Account):
		problem.Cause = fmt.Sprintf("the AMI is not visible to the account after %s: it belongs to none of the organizations and OUs that the AMI is shared with", v.options.Timeout)
		problem.Remedy = "Name its organization or OU in organization_arns or ou_arns, or leave launch_permission = false out of its target."
		v.fail(subject, problem)
	default:
		problem.Cause, problem.Remedy = v.invisible(scope, id, v.shared(ctx, scope, id))
		v.fail(subject, problem)
	}
}

// throughOrganization tells whether a target has no launch permission of its own.
func (v *verification) throughOrganization(account sharing.AccountID) bool {
	return slices.ContainsFunc(v.plan.Targets, func(t sharing.Target) bool { return t.Account == account && t.ThroughOrganization })
}

// unmet says which conditions of the setting an AMI fails.
func (v *verification) unmet(image types.Image, settings *ec2.GetAllowedImagesSettingsOutput) string {
	if aws.ToString(settings.State) == "" {
		return "which of its criteria it fails could not be read (ec2:GetAllowedImagesSettings)"
	}
	return unmet(image, settings.ImageCriteria, time.Now())
}

// allowedImages asks for the account's setting; not being allowed to see it is an answer too.
func (v *verification) allowedImages(ctx context.Context, scope sharing.Scope) *ec2.GetAllowedImagesSettingsOutput {
	out, err := v.EC2(clients.At(scope)).GetAllowedImagesSettings(ctx, &ec2.GetAllowedImagesSettingsInput{})
	if err != nil {
		return &ec2.GetAllowedImagesSettingsOutput{}
	}
	return out
}

func enabled(settings *ec2.GetAllowedImagesSettingsOutput) bool {
	return settings != nil && aws.ToString(settings.State) == "enabled"
}

func missing(ids []string, seen map[string]types.Image) []string {
	var rest []string
	for _, id := range ids {
		if _, ok := seen[id]; !ok {
			rest = append(rest, id)
		}
	}
	return rest
}
