// SPDX-License-Identifier: MPL-2.0

package verify

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/amishare/packer-plugin-ami-share/internal/clients"
	"github.com/amishare/packer-plugin-ami-share/internal/sharing"
)

// nearDeprecation is how long before an AMI is deprecated it is told.
const nearDeprecation = 7 * 24 * time.Hour

// traits warns of what an AMI itself says against launches, although the account sees it.
func (v *verification) traits(e *expectation, image types.Image) {
	id := aws.ToString(image.ImageId)
	tell := func(what, cause, remedy string) {
		v.warn(sharing.Subject{Setting: what + " of AMI " + id}, sharing.Problem{
			Scope: e.scope, Doing: "looking at AMI " + id + " from inside the account", Cause: cause, Remedy: remedy,
		})
	}
	if codes := productCodes(image); codes != "" {
		tell("product code", "it has the product code "+codes+" of AWS Marketplace, and starts only in accounts that have subscribed to the product",
			"Subscribe to the product, from the account. Nobody can see from outside whether it has.")
	}
	if types := image.InstanceTypeSpecification; types != nil {
		if only := restriction(*types); only != "" {
			tell("instance types", "its owner has restricted it: it "+only+unfit(e.canary, *types),
				"Use types that it starts on in the account's launch templates. The owner takes the restriction away with:\n"+
					"aws ec2 replace-image-instance-type-specification --region "+string(e.scope.Region)+" --image-id "+id)
		}
	}
	if cause := deprecation(aws.ToString(image.DeprecationTime), time.Now()); cause != "" {
		tell("deprecation", cause, "Share a newer AMI, or have its owner cancel that:\n"+
			"aws ec2 disable-image-deprecation --region "+string(e.scope.Region)+" --image-id "+id)
	}
}

// productCodes are the codes of AWS Marketplace in an AMI.
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_ProductCode.html
func productCodes(image types.Image) string {
	var codes []string
	for _, code := range image.ProductCodes {
		codes = append(codes, aws.ToString(code.ProductCodeId))
	}
	return strings.Join(codes, ", ")
}

// restriction says on which instance types an AMI starts ("starts on m7i.* only, and does not start on *.metal"), "" when on all.
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_ReplaceImageInstanceTypeSpecification.html
func restriction(s types.InstanceTypeSpecification) string {
	var parts []string
	if names := patterns(s.SupportedInstanceTypes); len(names) > 0 {
		parts = append(parts, "starts on "+strings.Join(names, ", ")+" only")
	}
	if names := patterns(s.UnsupportedInstanceTypes); len(names) > 0 {
		parts = append(parts, "does not start on "+strings.Join(names, ", "))
	}
	return strings.Join(parts, ", and ")
}

func patterns(items []types.InstanceTypeItem) []string {
	var names []string
	for _, item := range items {
		names = append(names, aws.ToString(item.InstanceType))
	}
	return names
}

// unfit adds that a canary has an instance type that the AMI does not start on.
func unfit(canary *sharing.Canary, s types.InstanceTypeSpecification) string {
	if canary == nil {
		return ""
	}
	supported, unsupported := patterns(s.SupportedInstanceTypes), patterns(s.UnsupportedInstanceTypes)
	if len(supported) > 0 && !likeAny(supported, canary.InstanceType) || likeAny(unsupported, canary.InstanceType) {
		return "; it does not start on the canary's " + canary.InstanceType
	}
	return ""
}

// deprecation says that an AMI is deprecated, or will be soon; "" when it is not.
// https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/ami-deprecate.html
func deprecation(at string, now time.Time) string {
	when, err := time.Parse(time.RFC3339, at)
	switch {
	case err != nil || when.Sub(now) > nearDeprecation:
		return ""
	case when.After(now):
		return fmt.Sprintf("it will be deprecated on %s: from then on the account does not find it by name or filters, and an Allowed AMIs setting may hide it", when.Format(time.DateOnly))
	default:
		return fmt.Sprintf("it has been deprecated since %s: the account does not find it by name or filters, and an Allowed AMIs setting may hide it", when.Format(time.DateOnly))
	}
}

// invisible says why an account does not see an AMI that is shared with it. Its owner knows whether it still is.
func (v *verification) invisible(scope sharing.Scope, id string, shared bool) (cause, remedy string) {
	if shared {
		return fmt.Sprintf("the AMI is not visible to the account after %s, though its owner still shares it", v.options.Timeout),
			"Run again: EC2 may take longer to show it."
	}
	return "the AMI is not visible to the account, and its launch permissions don't name the account any more: " +
			"the account has cancelled its permission (CancelImageLaunchPermission), or somebody else has taken it away",
		"Ask the account, whose AWS CloudTrail has the call, and run again to share it once more. Who has it now:\n" +
			"aws ec2 describe-image-attribute --region " + string(scope.Region) + " --attribute launchPermission --image-id " + id
}

// gaveUp tells whether a target sees none of some AMIs since it can launch them no more: it could before the run, and the owner's launch
// permissions don't name it any more. That is no lag, and no waiting helps.
func (v *verification) gaveUp(ctx context.Context, e *expectation, ids []string) bool {
	return !slices.ContainsFunc(ids, func(id string) bool { return !slices.Contains(e.kept, id) || v.shared(ctx, e.scope, id) })
}

// shared tells whether the owner's launch permissions still name an account; true when that can't be read.
// https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/cancel-sharing-an-AMI.html
func (v *verification) shared(ctx context.Context, scope sharing.Scope, id string) bool {
	out, err := v.EC2(clients.Place{Region: scope.Region}).DescribeImageAttribute(ctx, &ec2.DescribeImageAttributeInput{
		ImageId: &id, Attribute: types.ImageAttributeNameLaunchPermission,
	})
	return err != nil || slices.ContainsFunc(out.LaunchPermissions, func(p types.LaunchPermission) bool {
		return aws.ToString(p.UserId) == string(scope.Account) || p.UserId == nil
	})
}
