// SPDX-License-Identifier: MPL-2.0

package plan

import (
	"fmt"
	"slices"
	"strings"

	"github.com/amishare/packer-plugin-ami-share/internal/sharing"
)

// AttachWatermark marks an AMI, for its recipients' Allowed AMIs settings.
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_AttachImageWatermark.html
type AttachWatermark struct {
	Where
	Name   string
	Beside []string // the AMI's other watermarks, which stay
}

// DetachWatermark undoes an AttachWatermark. No plan holds it. AMIs that were made of the AMI in the meantime keep the mark.
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DetachImageWatermark.html
type DetachWatermark struct {
	Where
	Name string
}

// Undo returns what undoes the change.
func (c AttachWatermark) Undo() DetachWatermark { return DetachWatermark{c.Where, c.Name} }

func (AttachWatermark) change() {}
func (DetachWatermark) change() {}

func (AttachWatermark) Stage() Stage { return Watermarks }
func (DetachWatermark) Stage() Stage { return Watermarks }

func (c AttachWatermark) Without(drop func(sharing.Scope) bool) Change { return unless(c, drop) }
func (c DetachWatermark) Without(drop func(sharing.Scope) bool) Change { return unless(c, drop) }

func (c AttachWatermark) String() string {
	return fmt.Sprintf("attach the watermark %s to the AMI %s", c.Key(), c.Image.ID)
}

func (c DetachWatermark) String() string {
	return fmt.Sprintf("detach the watermark %s from the AMI %s", c.Key(), c.Image.ID)
}

// Key is the watermark's: AWS puts the account before its name.
func (c AttachWatermark) Key() string { return watermarkKey(c.Account, c.Name) }

// Key is the watermark's.
func (c DetachWatermark) Key() string { return watermarkKey(c.Account, c.Name) }

func watermarkKey(account sharing.AccountID, name string) string { return string(account) + ":" + name }

// watermark plans that of an AMI. Others stay, with exact too: AMIs inherit them from those that they were made of.
func (c *computation) watermark(image sharing.Image) {
	if c.request.Announcements.Watermark == "" {
		return
	}
	attach := AttachWatermark{Where: Where{c.owner, true, image.Ref}, Name: c.request.Announcements.Watermark}
	attach.Beside = slices.DeleteFunc(slices.Clone(image.Watermarks), func(key string) bool { return key == attach.Key() })
	if slices.Contains(image.Watermarks, attach.Key()) {
		c.keep(Present{Change: attach})
		return
	}
	c.change(attach)
}

// watermarkLimits refuses a watermark that AWS would not take, before anything is done.
// https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/ami-watermark.html
func (c *computation) watermarkLimits() {
	name := c.request.Announcements.Watermark
	for _, image := range c.plan.Images {
		key := watermarkKey(image.Owner, name)
		if name == "" || slices.Contains(image.Watermarks, key) {
			continue
		}
		p := sharing.Problem{Scope: sharing.Scope{Region: image.Ref.Region}, Doing: "attaching the watermark " + key + " to the AMI " + image.Ref.ID}
		if len(image.Watermarks) >= sharing.MostWatermarks {
			p.Cause = fmt.Sprintf("it has %d, which is AWS's limit: %s", len(image.Watermarks), strings.Join(image.Watermarks, ", "))
			p.Remedy = "Detach one that nothing asks for:\naws ec2 detach-image-watermark --region " + string(image.Ref.Region) + " --image-id " + image.Ref.ID + " --watermark-key " + image.Watermarks[0]
			c.refuse(p)
		}
		if slices.ContainsFunc(image.LaunchPermissions, func(r sharing.Recipient) bool { return r.Kind == sharing.ToGroup }) {
			p.Cause, p.Remedy = "it is public, and AWS allows no watermark on a public AMI", "Share it with accounts only, or leave out watermark."
			c.refuse(p)
		}
	}
}
