// SPDX-License-Identifier: MPL-2.0

package plan

import (
	"fmt"
	"slices"

	"github.com/amishare/packer-plugin-ami-share/internal/sharing"
)

// Use is somebody who uses an AMI that was to be taken away.
type Use struct {
	Recipient sharing.Recipient
	What      string // in words: "2 instances, 1 launch template"
}

// Usage is what is known of who uses an AMI.
type Usage struct {
	Uses     []Use
	Warnings []sharing.Problem // where looking from inside failed
}

// Blindness says what AWS's usage reports don't see.
// https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/your-ec2-ami-usage.html
const Blindness = "AWS's report of who uses an AMI can lack instances of the last 24 hours and launch templates of the last days, and has no parameters"

// Problem tells that somebody keeps an AMI.
func (u Use) Problem(image sharing.ImageRef) sharing.Problem {
	p := sharing.Problem{
		Scope: sharing.Scope{Region: image.Region}, Doing: "unsharing AMI " + image.ID, Cause: "the account uses it (" + u.What + "), and it stays shared",
		Remedy: "Replace what uses it, and run this again. With force_removal = true it is taken away all the same, from everybody whom no target names.",
	}
	if u.Recipient.Kind == sharing.ToAccount {
		p.Scope.Account = sharing.AccountID(u.Recipient.ID)
	} else {
		p.Cause = fmt.Sprintf("accounts that may have it through the %s %s use it (%s), and it stays shared", u.Recipient.Kind, u.Recipient.ID, u.What)
	}
	return p
}

// shrunk refuses to take AMIs from so many that the list of accounts is likely to be broken.
func (c *computation) shrunk() {
	for _, image := range c.plan.Images {
		leaving := c.request.Leaving(image)
		if !c.request.Shrunk(image, leaving) {
			continue
		}
		c.refuse(sharing.Problem{
			Scope: sharing.Scope{Region: image.Ref.Region}, Doing: "comparing with whom the AMI " + image.Ref.ID + " is shared and is to be",
			Cause:  fmt.Sprintf("exact would take it from %d of %s: %s", len(leaving), sharing.Counted(image.Recipients(), "recipient"), some(leaving)),
			Remedy: "Check where the list of accounts comes from: one that has lost most of them is likely to be broken. If it is right, set force_removal = true for this run.",
		})
	}
}

// some names the first few of some recipients.
func some(recipients []sharing.Recipient) string {
	ids := make([]string, len(recipients))
	for i, recipient := range recipients {
		ids[i] = recipient.ID
	}
	return sharing.Few(ids, 5)
}

// ownLaunchers are the accounts that can launch an AMI without any organization or OU.
func (c *computation) ownLaunchers(image sharing.Image) []sharing.AccountID {
	own := []sharing.AccountID{image.Owner}
	for _, recipient := range slices.Concat(image.LaunchPermissions, c.request.Named(image.Ref.Region)) {
		if recipient.Kind == sharing.ToAccount {
			own = append(own, sharing.AccountID(recipient.ID))
		}
	}
	slices.Sort(own)
	return slices.Compact(own)
}

// noteBlindness says once what the question who uses an AMI does not tell.
func (c *computation) noteBlindness() {
	for _, image := range c.plan.Images {
		if len(c.request.Leaving(image)) > 0 && !c.request.ForceRemoval {
			c.note("AMIs are only taken from those who don't use them. %s: look yourself where that matters", Blindness)
			return
		}
	}
}
