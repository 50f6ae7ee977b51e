// SPDX-License-Identifier: MPL-2.0

package ec2

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/amishare/packer-plugin-ami-share/internal/awssim/cloud"
	"github.com/amishare/packer-plugin-ami-share/internal/awssim/kms"
	"github.com/amishare/packer-plugin-ami-share/internal/awssim/ssm"
	"github.com/amishare/packer-plugin-ami-share/internal/awssim/world"
)

// Load makes what a world has in EC2. Keys of every account must be there already.
func (s *Service) Load(w world.World) []error {
	var problems []error
	for _, a := range w.Accounts {
		for _, region := range slices.Sorted(maps.Keys(a.Regions)) {
			problems = append(problems, s.loadRegion(s.AccountByID(a.ID), region, a.Regions[region])...)
		}
	}
	return problems
}

// loadRegion makes what an account has in a Region. It returns all problems.
func (s *Service) loadRegion(a *cloud.Account, region string, w world.Region) []error {
	l := &regionLoader{service: s, account: a, name: region, region: s.regions.Of(a, region)}
	l.settings(w)
	for _, snap := range w.Snapshots {
		l.snapshot(snap)
	}
	for _, img := range w.Images {
		l.image(img)
	}
	for _, template := range w.LaunchTemplates {
		l.template(template)
	}
	return l.problems
}

// regionLoader collects the problems of one Region.
type regionLoader struct {
	service  *Service
	account  *cloud.Account
	name     string
	region   *inventory
	problems []error
}

func (l *regionLoader) problem(format string, args ...any) {
	l.problems = append(l.problems, fmt.Errorf("account %s, region %s: %s", l.account.ID, l.name, fmt.Sprintf(format, args...)))
}

func (l *regionLoader) key(ref, what string) *kms.Key {
	key, problem := l.service.keys.Find(ref, l.account.ID, l.name)
	if problem != nil {
		l.problem("%s: key %q: %s", what, ref, problem.Message)
	}
	return key
}

func (l *regionLoader) settings(w world.Region) {
	r := l.region
	r.closed = w.ClosedAccounts
	r.imageBlock = cmp.Or(w.ImageBlockPublicAccess, publicUnblocked)
	r.snapshotBlock = cmp.Or(w.SnapshotBlockPublicAccess, publicUnblocked)
	if !slices.Contains([]string{publicUnblocked, publicBlockNew}, r.imageBlock) {
		l.problem("image_block_public_access %q is not unblocked or block-new-sharing", r.imageBlock)
	}
	if !slices.Contains([]string{publicUnblocked, publicBlockNew, publicBlockAll}, r.snapshotBlock) {
		l.problem("snapshot_block_public_access %q is not unblocked, block-new-sharing or block-all-sharing", r.snapshotBlock)
	}
	if w.SharingQuota > 0 {
		r.sharingQuota = w.SharingQuota
	}
	if w.AllowedImages != nil {
		l.allowedImages(*w.AllowedImages)
	}
}

func (l *regionLoader) snapshot(w world.Snapshot) {
	what := "snapshot " + w.ID
	if !wellFormed("snap-", w.ID) || l.service.snapshot(l.name, w.ID) != nil {
		l.problem("%s: the id is malformed or taken", what)
		return
	}
	snap := &snapshot{
		id: w.ID, owner: l.account, region: l.name, description: w.Description, size: w.Size,
		state: cmp.Or(w.State, snapshotCompleted), created: l.service.Now(),
	}
	if snap.size == 0 {
		snap.size = 8
	}
	if !slices.Contains([]string{snapshotCompleted, snapshotPending, snapshotError, "recoverable", "recovering"}, snap.state) {
		l.problem("%s: unknown state %q", what, snap.state)
	}
	switch {
	case w.KMSKey != "":
		snap.key = l.key(w.KMSKey, what)
	case w.Encrypted:
		snap.key, _ = l.service.ebs.DefaultKey(l.account, l.name)
	}
	snap.createVolume = l.permissions(w.CreateVolumePermissions, what, toUser, toGroup)
	l.region.snapshots[snap.id] = snap
	l.service.tags.Put(l.account, l.name, snap.id, w.Tags)
}

// permissions reads entries, whose kind shows in their form.
func (l *regionLoader) permissions(given []string, what string, kinds ...string) permissions {
	entries := permissions{}
	for _, value := range given {
		entry := permission{toUser, value}
		switch {
		case value == everybody:
			entry.kind = toGroup
		case cloud.OrganizationARN.MatchString(value):
			entry.kind = toOrganization
		case cloud.UnitARN.MatchString(value):
			entry.kind = toOU
		case !cloud.IsAccountID(value):
			l.problem("%s: permission %q is no account id, %q, or ARN of an organization or OU", what, value, everybody)
			continue
		}
		if !slices.Contains(kinds, entry.kind) {
			l.problem("%s: permission %q: organizations and OUs are for images only", what, value)
		}
		entries[entry] = true
	}
	return entries
}

func (l *regionLoader) image(w world.Image) {
	what := "image " + w.ID
	if !wellFormed("ami-", w.ID) || l.service.image(l.name, w.ID) != nil {
		l.problem("%s: the id is malformed or taken", what)
		return
	}
	img := &Image{
		id: w.ID, owner: l.account, region: l.name, name: cmp.Or(w.Name, w.ID), description: w.Description,
		state: cmp.Or(w.State, imageAvailable), architecture: cmp.Or(w.Architecture, "x86_64"), virtualization: "hvm",
		enaSupport: true, protected: w.DeregistrationProtection, created: l.service.Now(),
	}
	if !slices.Contains([]string{imageAvailable, imagePending, imageFailed, imageDisabled, imageDeregistered}, img.state) {
		l.problem("%s: unknown state %q", what, img.state)
	}
	if w.DeprecateAt != "" {
		at, err := time.Parse(time.RFC3339, w.DeprecateAt)
		if err != nil {
			l.problem("%s: deprecate_at: %v", what, err)
		}
		img.deprecateAt = at
	}
	img.launch = l.permissions(w.LaunchPermissions, what, toUser, toGroup, toOrganization, toOU)
	img.Devices = l.devices(w, what)
	img.rootDevice = img.Devices[0].name
	l.particulars(img, w)
	l.region.images[img.id] = img
	l.service.tags.Put(l.account, l.name, img.id, w.Tags)
}

// devices of an AMI; one without any gets a root device on a snapshot of its own.
func (l *regionLoader) devices(w world.Image, what string) []BlockDevice {
	var devices []BlockDevice
	for _, given := range w.BlockDevices {
		name := cmp.Or(given.DeviceName, "/dev/xvda")
		snap := l.region.snapshots[given.Snapshot]
		if snap == nil {
			l.problem("%s: device %s: there is no snapshot %q in this account and region", what, name, given.Snapshot)
			continue
		}
		if slices.ContainsFunc(devices, func(d BlockDevice) bool { return d.name == name }) {
			l.problem("%s: two devices are named %s", what, name)
		}
		devices = append(devices, BlockDevice{name: name, snapshot: snap.id, size: snap.size, volumeType: "gp3", deletes: true})
	}
	if len(devices) > 0 {
		return devices
	}
	snap := &snapshot{
		id: l.service.NewID("snap-"), owner: l.account, region: l.name, size: 8, state: snapshotCompleted,
		created: l.service.Now(), createVolume: permissions{},
	}
	l.region.snapshots[snap.id] = snap
	return []BlockDevice{{name: "/dev/xvda", snapshot: snap.id, size: snap.size, volumeType: "gp3", deletes: true}}
}

func (l *regionLoader) template(w world.LaunchTemplate) {
	if _, named := ssm.Named(w.Image); w.Name == "" || !named && !wellFormed("ami-", w.Image) {
		l.problem("launch template %q: it needs a name, and an image that starts with ami- or with resolve:ssm:, and has %q", w.Name, w.Image)
		return
	}
	if _, err := l.region.templateNamed("", w.Name); err == nil {
		l.problem("launch template %q: the name is taken", w.Name)
		return
	}
	version := &TemplateVersion{
		Image: w.Image, InstanceType: cmp.Or(w.InstanceType, "t3.micro"), created: l.service.Now(), atStart: true,
		creator: "arn:" + l.service.Partition + ":iam::" + l.account.ID + ":root",
	}
	if w.KMSKey != "" || w.Snapshot != "" {
		device := BlockDevice{name: "/dev/xvda", key: w.KMSKey, snapshot: w.Snapshot, deletes: true}
		if w.KMSKey != "" && !w.Unencrypted {
			device.encrypted = new(true)
		}
		version.Devices = []BlockDevice{device}
	}
	template := &LaunchTemplate{ID: w.ID, Name: w.Name, defaultVersion: 1, created: l.service.Now()}
	template.add(version)
	if template.ID == "" {
		template.ID = l.service.NewID("lt-")
	}
	l.region.templates[template.ID] = template
	l.service.tags.Put(l.account, l.name, template.ID, w.Tags)
}
