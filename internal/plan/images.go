// SPDX-License-Identifier: MPL-2.0

package plan

import (
	"cmp"
	"fmt"
	"maps"
	"slices"

	"github.com/amishare/packer-plugin-ami-share/internal/sharing"
)

// images sorts out which AMIs are shared, and refuses those that can't be.
func (c *computation) images() {
	for _, image := range c.facts.Images {
		switch {
		case c.onlyCopied(image):
			c.note("%s is passed over: EC2 does not show it, and the AMIs of the other Regions are copies of it. With skip_save_build_region Packer deregisters it", image.Ref)
			continue
		case image.State != "available":
			c.refuse(unavailable(image))
			continue
		}
		c.encryption(image)
		c.plan.Images = append(c.plan.Images, image)
		if c.owner == "" {
			c.owner = image.Owner
		}
	}
	if len(c.plan.Images) == 0 && len(c.refused) == 0 {
		c.refuse(sharing.Problem{Doing: "looking for AMIs to share", Cause: "there are none", Remedy: "Name existing ones in images, or put this post-processor behind a builder that makes an AMI."})
	}
}

// onlyCopied tells whether an AMI is gone that was made in order to be copied, and for nothing else. The artifact does
// not say whether the builder had skip_save_build_region. It names such an AMI for the build Region, and all its other
// AMIs are copies of that one. https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_Image.html
func (c *computation) onlyCopied(image sharing.Image) bool {
	if image.State != sharing.ImageMissing || image.Ref.Region != c.request.BuildRegion || len(c.facts.Images) < 2 {
		return false
	}
	return !slices.ContainsFunc(c.facts.Images, func(other sharing.Image) bool { return other.Ref != image.Ref && other.CopyOf != image.Ref })
}

func unavailable(image sharing.Image) sharing.Problem {
	p := sharing.Problem{Scope: sharing.Scope{Region: image.Ref.Region}, Doing: "looking at the AMI " + image.Ref.ID}
	switch image.State {
	case sharing.ImageMissing:
		p.Cause = "EC2 does not show it, though it was looked for again: it does not exist in this Region, or these credentials may not see it"
		p.Remedy = "Check its id and Region, and that the access options belong to the account that owns it."
	case "disabled":
		p.Cause = "it is disabled, and a disabled AMI can't be shared"
		p.Remedy = "Enable it:\naws ec2 enable-image --region " + string(image.Ref.Region) + " --image-id " + image.Ref.ID
	case "pending":
		p.Cause = "it is still pending"
		p.Remedy = "Wait until it is available:\naws ec2 wait image-available --region " + string(image.Ref.Region) + " --image-ids " + image.Ref.ID
	default:
		p.Cause = "its state is " + image.State + ", and only an available AMI can be shared"
		p.Remedy = "Build it again."
	}
	return p
}

// encryption refuses an AMI with anything unencrypted in it, unless that is allowed.
func (c *computation) encryption(image sharing.Image) {
	if c.request.AllowUnencrypted {
		return
	}
	p := sharing.Problem{
		Scope: sharing.Scope{Region: image.Ref.Region}, Doing: "looking at the AMI " + image.Ref.ID,
		Remedy: "Set encrypt_boot = true, and kms_key_id and region_kms_key_ids to a customer managed key; or, to share it as it is, allow_unencrypted = true.",
	}
	if len(image.Snapshots) == 0 {
		p.Cause = "it has no EBS snapshots, and nothing in it is encrypted"
		c.refuse(p)
	}
	for _, snapshot := range image.Snapshots {
		if !snapshot.Encrypted {
			p.Cause = "its snapshot " + snapshot.ID + " is not encrypted"
			c.refuse(p)
		}
	}
}

// keys collects the keys behind the AMIs, and refuses those that can't be shared.
func (c *computation) keys() {
	users := map[string]string{} // of each key, one snapshot
	for _, image := range c.plan.Images {
		for _, snapshot := range image.Snapshots {
			if snapshot.Encrypted {
				users[snapshot.KeyARN] = snapshot.ID
			}
		}
	}
	c.plan.Keys = slices.Sorted(maps.Keys(users))
	for _, arn := range c.plan.Keys {
		c.fitness(arn, users[arn])
	}
}

// fitness refuses a key that nobody else can use. AWS would refuse it later, with two different codes.
func (c *computation) fitness(arn, snapshot string) {
	key := c.facts.Keys[arn]
	p := sharing.Problem{Scope: sharing.Scope{Region: sharing.RegionOf(arn)}, Doing: "looking at the key " + arn + " of the snapshot " + snapshot}
	switch {
	case key.AWSManaged:
		p.Cause, p.Remedy = sharing.AWSManagedKey("\"Snapshots encrypted with the AWS Managed CMK can't be shared\", \"Encrypted snapshots with EBS default key cannot be shared\"")
	case key.Described && key.State != "Enabled":
		p.Cause, p.Remedy = sharing.KeyTrouble(key.State, arn, "")
	default:
		return
	}
	c.refuse(p)
}

// limits refuses what goes over the quota of an AMI, before anything is done. An AMI that is over it already
// shows that the account's quota is a higher one.
func (c *computation) limits() {
	quota := cmp.Or(c.request.SharingQuota, sharing.DefaultSharingQuota)
	for _, image := range c.plan.Images {
		present := setOf(slices.DeleteFunc(slices.Clone(image.LaunchPermissions), func(r sharing.Recipient) bool { return r.Kind == sharing.ToGroup }))
		total := len(present)
		for _, recipient := range c.recipients(image.Ref.Region) {
			if !present[recipient] {
				total++
			}
		}
		if total > quota && len(present) <= quota {
			c.refuse(sharing.Problem{
				Scope: sharing.Scope{Region: image.Ref.Region}, Doing: "counting with whom the AMI " + image.Ref.ID + " is to be shared",
				Cause: fmt.Sprintf("they are %d accounts, organizations and OUs, and AWS's quota is %d for each AMI", total, quota),
				Remedy: "Share with an organization or OU, which counts as one whatever its size (organization_arns, ou_arns), and set launch_permission = false in the targets that belong to it; or with exact = true in a run of its own remove those that are not needed any more. " +
					"If AWS has raised the quota \"AMI sharing\" of the account, set sharing_quota to it.",
			})
		}
	}
}

// recipients are all who are to get launch permission in a Region, less the AMIs' own account, which always has it.
func (c *computation) recipients(region sharing.Region) []sharing.Recipient {
	return slices.DeleteFunc(c.request.Recipients(region), func(r sharing.Recipient) bool { return r == sharing.Account(c.owner) })
}
