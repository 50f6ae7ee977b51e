package awssim

import (
	"cmp"
	"fmt"
	"slices"
	"time"
)

// loadRegion puts a region of the world into an account. Keys and roles of every account must be there already. It
// returns every problem it finds.
func (s *Server) loadRegion(a *account, region string, w WorldRegion) []error {
	l := &regionLoader{server: s, account: a, name: region, region: a.compute(region)}
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
	for _, group := range w.AutoScalingGroups {
		l.group(group)
	}
	return l.problems
}

// regionLoader collects the problems of one region.
type regionLoader struct {
	server   *Server
	account  *account
	name     string
	region   *computeRegion
	problems []error
}

func (l *regionLoader) problem(format string, args ...any) {
	l.problems = append(l.problems, fmt.Errorf("account %s, region %s: %s", l.account.id, l.name, fmt.Sprintf(format, args...)))
}

func (l *regionLoader) key(ref, what string) *kmsKey {
	key, problem := l.server.findKey(ref, l.account.id, l.name)
	if problem != nil {
		l.problem("%s: key %q: %s", what, ref, problem.message)
	}
	return key
}

func (l *regionLoader) settings(w WorldRegion) {
	r := l.region
	r.encryptDefault = w.EBSEncryptionByDefault
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
	if w.DefaultEBSKey != "" {
		if key := l.key(w.DefaultEBSKey, "default_ebs_key"); key != nil {
			r.defaultKey = key.arn
		}
	}
	if w.AllowedImages != nil {
		l.allowedImages(*w.AllowedImages)
	}
}

func (l *regionLoader) allowedImages(w WorldAllowedImages) {
	l.region.allowed.state = w.State
	if !slices.Contains([]string{settingEnabled, settingAudit, settingDisabled}, w.State) {
		l.problem("allowed_images: state %q is not enabled, audit-mode or disabled", w.State)
	}
	for _, k := range w.Criteria {
		for _, provider := range k.ImageProviders {
			if !isImageProvider(provider) {
				l.problem("allowed_images: image provider %q is no account id and no known alias", provider)
			}
		}
		l.region.allowed.criteria = append(l.region.allowed.criteria,
			imageCriterion{k.ImageProviders, k.ImageNames, k.MaximumDaysSinceCreated})
	}
}

func (l *regionLoader) snapshot(w WorldSnapshot) {
	what := "snapshot " + w.ID
	if !wellFormed("snap-", w.ID) || l.server.snapshot(l.name, w.ID) != nil {
		l.problem("%s: the id is malformed or taken", what)
		return
	}
	snap := &snapshot{
		id: w.ID, owner: l.account, region: l.name, description: w.Description, size: w.Size,
		state: cmp.Or(w.State, snapshotCompleted), created: l.server.now(),
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
		snap.key, _ = l.server.defaultEBSKey(l.account, l.name)
	}
	snap.createVolume = l.permissions(w.CreateVolumePermissions, what, toUser, toGroup)
	l.region.snapshots[snap.id] = snap
	l.region.setTags(snap.id, w.Tags)
}

// permissions reads entries, whose kind shows in their form.
func (l *regionLoader) permissions(given []string, what string, kinds ...string) permissions {
	entries := permissions{}
	for _, value := range given {
		entry := permission{toUser, value}
		switch {
		case value == everybody:
			entry.kind = toGroup
		case organizationShape.MatchString(value):
			entry.kind = toOrganization
		case ouShape.MatchString(value):
			entry.kind = toOU
		case !isAccountID(value):
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

func (l *regionLoader) image(w WorldImage) {
	what := "image " + w.ID
	if !wellFormed("ami-", w.ID) || l.server.image(l.name, w.ID) != nil {
		l.problem("%s: the id is malformed or taken", what)
		return
	}
	img := &image{
		id: w.ID, owner: l.account, region: l.name, name: cmp.Or(w.Name, w.ID), description: w.Description,
		state: cmp.Or(w.State, imageAvailable), architecture: cmp.Or(w.Architecture, "x86_64"), virtualization: "hvm",
		enaSupport: true, protected: w.DeregistrationProtection, created: l.server.now(),
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
	img.devices = l.devices(w, what)
	img.rootDevice = img.devices[0].name
	l.region.images[img.id] = img
	l.region.setTags(img.id, w.Tags)
}

// devices of an image; one without any gets a root device on a snapshot of its own.
func (l *regionLoader) devices(w WorldImage, what string) []blockDevice {
	var devices []blockDevice
	for _, given := range w.BlockDevices {
		name := cmp.Or(given.DeviceName, "/dev/xvda")
		snap := l.region.snapshots[given.Snapshot]
		if snap == nil {
			l.problem("%s: device %s: there is no snapshot %q in this account and region", what, name, given.Snapshot)
			continue
		}
		if slices.ContainsFunc(devices, func(d blockDevice) bool { return d.name == name }) {
			l.problem("%s: two devices are named %s", what, name)
		}
		devices = append(devices, blockDevice{name: name, snapshot: snap.id, size: snap.size, volumeType: "gp3", deletes: true})
	}
	if len(devices) > 0 {
		return devices
	}
	snap := &snapshot{
		id: l.server.newID("snap-"), owner: l.account, region: l.name, size: 8, state: snapshotCompleted,
		created: l.server.now(), createVolume: permissions{},
	}
	l.region.snapshots[snap.id] = snap
	return []blockDevice{{name: "/dev/xvda", snapshot: snap.id, size: snap.size, volumeType: "gp3", deletes: true}}
}

func (l *regionLoader) template(w WorldLaunchTemplate) {
	if w.Name == "" || !wellFormed("ami-", w.Image) {
		l.problem("launch template %q: it needs a name and an image that starts with ami-, and has %q", w.Name, w.Image)
		return
	}
	if _, err := l.region.templateNamed("", w.Name); err == nil {
		l.problem("launch template %q: the name is taken", w.Name)
		return
	}
	version := &templateVersion{number: 1, image: w.Image, instanceType: cmp.Or(w.InstanceType, "t3.micro")}
	if w.KMSKey != "" {
		encrypted := true
		version.devices = []blockDevice{{name: "/dev/xvda", encrypted: &encrypted, key: w.KMSKey, deletes: true}}
	}
	template := &launchTemplate{id: w.ID, name: w.Name, versions: []*templateVersion{version}, defaultVersion: 1, created: l.server.now()}
	if template.id == "" {
		template.id = l.server.newID("lt-")
	}
	l.region.templates[template.id] = template
}

func (l *regionLoader) group(w WorldAutoScalingGroup) {
	what := fmt.Sprintf("auto scaling group %q", w.Name)
	template, err := l.region.templateNamed("", w.LaunchTemplate)
	if err != nil || w.Name == "" || l.region.groups[w.Name] != nil {
		l.problem("%s: it needs a name of its own and a launch template of this region, and has %q", what, w.LaunchTemplate)
		return
	}
	group := &scalingGroup{
		name: w.Name, account: l.account, region: l.name, template: template, version: "$Latest",
		role: w.ServiceLinkedRole, least: w.MinSize, most: max(w.MaxSize, w.DesiredCapacity, w.MinSize),
		desired: max(w.DesiredCapacity, w.MinSize), zones: []string{l.name + "a"}, created: l.server.now(),
		arn: scalingARN(l.server.partition, l.name, l.account.id, "autoScalingGroup", w.Name),
	}
	if group.role == "" {
		group.role, _ = l.server.serviceLinkedRole(l.account, autoscalingService, "", true)
	}
	if _, problem := l.server.servicePrincipalOf(group.role); problem != nil {
		l.problem("%s: service_linked_role %q: %s", what, group.role, problem.message)
	}
	l.region.groups[group.name] = group
}
