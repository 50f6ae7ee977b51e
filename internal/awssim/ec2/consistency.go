// SPDX-License-Identifier: MPL-2.0

package ec2

import "github.com/amishare/packer-plugin-ami-share/internal/awssim/cloud"

// EC2 is eventually consistent: a call may not see what an earlier one did. world.Hostility says how many calls don't.
// https://docs.aws.amazon.com/ec2/latest/devguide/eventual-consistency.html

// late is what the calls that read an AMI or a snapshot don't see yet.
type late struct {
	unseen    cloud.Lag                // reads that don't find it
	attribute cloud.Stale[permissions] // its permissions, as its owner reads them
	listing   cloud.Stale[permissions] // its permissions, as others are shown it or not
}

// change remembers permissions that are about to change.
func (l *late) change(before permissions, lag cloud.Lag) {
	was := permissions{}
	for entry := range before {
		was[entry] = true
	}
	l.attribute.Change(was, lag)
	l.listing.Change(was, lag)
}

func (c *call) setLaunch(img *Image, now permissions) {
	img.late.change(img.launch, cloud.Lag(c.Hostility.PermissionUnseen))
	img.launch = now
}

func (c *call) setCreateVolume(snap *snapshot, now permissions) {
	snap.late.change(snap.createVolume, cloud.Lag(c.Hostility.PermissionUnseen))
	snap.createVolume = now
}

// shownImage is an AMI as DescribeImages sees it, nil while it is too new.
func (c *call) shownImage(img *Image) *Image {
	if img == nil || !c.SeesAtOnce() && img.late.unseen.Waits() {
		return nil
	}
	if img.owner == c.Account {
		return img
	}
	shown := *img
	shown.launch = img.late.listing.See(img.launch)
	return &shown
}

// shownSnapshot is a snapshot as DescribeSnapshots sees it, nil while it is too new.
func (c *call) shownSnapshot(snap *snapshot) *snapshot {
	if snap == nil || !c.SeesAtOnce() && snap.late.unseen.Waits() {
		return nil
	}
	if snap.owner == c.Account {
		return snap
	}
	shown := *snap
	shown.createVolume = snap.late.listing.See(snap.createVolume)
	return &shown
}

// Settle makes every AMI, snapshot, permission and shared tag seen.
func (s *Service) Settle() {
	s.tags.Settle()
	for _, r := range s.regions.Each() {
		for _, img := range r.images {
			img.late = late{}
		}
		for _, snap := range r.snapshots {
			snap.late = late{}
		}
	}
}
