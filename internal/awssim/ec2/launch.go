// SPDX-License-Identifier: MPL-2.0

package ec2

import (
	"cmp"
	"net/http"
	"slices"

	"github.com/amishare/packer-plugin-ami-share/internal/awssim/cloud"
	"github.com/amishare/packer-plugin-ami-share/internal/awssim/ebs"
	"github.com/amishare/packer-plugin-ami-share/internal/awssim/kms"
	"github.com/amishare/packer-plugin-ami-share/internal/awssim/wire"
)

// How EC2 starts an instance: it looks at the AMI at once, and at the keys of the volumes afterwards, when the instance has
// its id already. If the keys refuse, the instance goes from pending to terminated.
// https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/troubleshooting-launch.html

// LaunchPlan is one attempt to start an instance.
type LaunchPlan struct {
	Account      *cloud.Account
	Region       string
	Principal    *cloud.Principal // in whose name EC2 uses keys
	Image        *Image
	Devices      []BlockDevice
	InstanceType string
	keyName      string
	groups       []string // security group ids
	index        int
	Group        string // Auto Scaling group
	Reservation  string
}

// LaunchableImage finds an AMI to start: the checks that EC2 makes before it gives out an instance id.
func (s *Service) LaunchableImage(a *cloud.Account, region, id string) (*Image, *wire.Error) {
	img := s.image(region, id)
	if malformed("ami-", id, img != nil) {
		return nil, wire.Errorf(http.StatusBadRequest, "InvalidAMIID.Malformed", "Invalid id: %q (expecting \"ami-...\")", id)
	}
	if img == nil || s.hiddenIn(a, region, img) {
		return nil, wire.Errorf(http.StatusBadRequest, "InvalidAMIID.NotFound", "The image id '[%s]' does not exist", id)
	}
	if !s.hasLaunchPermission(img, a.ID) {
		return nil, wire.Errorf(http.StatusForbidden, "AuthFailure", "Not authorized for images: [%s]", id)
	}
	if img.state == imageDeregistered {
		return nil, wire.Errorf(http.StatusBadRequest, "InvalidAMIID.Unavailable", "The image id '[%s]' is no longer available", id)
	}
	if img.state != imageAvailable {
		return nil, wire.Errorf(http.StatusBadRequest, "InvalidAMIID.Unavailable", "The image id '[%s]' is not available", id)
	}
	return img, nil
}

// ImageToLaunch finds the AMI that somebody starts, by its id or by a parameter's name, which is read in that name.
func (s *Service) ImageToLaunch(who *cloud.Principal, region, named string) (*Image, error) {
	id, err := s.parameters.Resolve(who, region, named)
	if err != nil {
		return nil, err
	}
	img, problem := s.LaunchableImage(who.Account, region, id)
	if problem != nil {
		return nil, problem
	}
	return img, nil
}

// MayName asks whether somebody may read the parameter that names an AMI. An id is no parameter.
func (s *Service) MayName(who *cloud.Principal, region, image string) error {
	return s.parameters.MayResolve(who, region, image)
}

// SeesImage tells whether an AMI is available to an account.
func (s *Service) SeesImage(a *cloud.Account, region, id string) bool {
	_, problem := s.LaunchableImage(a, region, id)
	return problem == nil
}

// MergeDevices lays the mapping of a launch over that of the AMI.
func MergeDevices(base, over []BlockDevice) []BlockDevice {
	merged := slices.Clone(base)
	for _, device := range over {
		at := slices.IndexFunc(merged, func(d BlockDevice) bool { return d.name == device.name })
		switch {
		case device.noDevice && at >= 0:
			merged = slices.Delete(merged, at, at+1)
		case device.noDevice:
		case at < 0:
			merged = append(merged, device)
		default:
			merged[at] = merged[at].overriddenBy(device)
		}
	}
	return merged
}

func (d BlockDevice) overriddenBy(over BlockDevice) BlockDevice {
	over.snapshot = cmp.Or(over.snapshot, d.snapshot)
	over.volumeType = cmp.Or(over.volumeType, d.volumeType)
	if over.size == 0 {
		over.size = d.size
	}
	return over
}

// Launch starts an instance. It is pending at first. Whether it will run is decided here, and shows with the next look at it.
func (s *Service) Launch(plan LaunchPlan) *Instance {
	inst := &Instance{
		ID: s.NewID("i-"), account: plan.Account, region: plan.Region, image: plan.Image, reservation: plan.Reservation,
		InstanceType: plan.InstanceType, keyName: plan.keyName, securityGroups: plan.groups, index: plan.index,
		group: plan.Group, State: instancePending, next: InstanceRunning, launched: s.Now(),
	}
	s.regions.Of(plan.Account, plan.Region).instances[inst.ID] = inst
	if failure := s.attachVolumes(inst, plan); failure != nil {
		inst.next = instanceTerminated
		inst.Reason = launchReason(failure)
	}
	return inst
}

// attachVolumes makes the volumes of an instance. All keys are asked, so that the journal has every answer; the first
// failure is returned.
func (s *Service) attachVolumes(inst *Instance, plan LaunchPlan) *ebs.Failure {
	var first *ebs.Failure
	for _, device := range plan.Devices {
		if device.virtual != "" {
			continue
		}
		vol, failure := s.newVolume(plan.Account, plan.Region, device, plan.Principal)
		if failure != nil && first == nil {
			first = failure
		}
		vol.instance, vol.device, vol.deletes = inst.ID, device.name, device.deletes
		device.volume, device.attached = vol.id, inst.launched
		inst.devices = append(inst.devices, device)
	}
	return first
}

// newVolume makes a volume of a device, for which EC2 uses keys in somebody's name.
func (s *Service) newVolume(a *cloud.Account, region string, device BlockDevice, who *cloud.Principal) (*volume, *ebs.Failure) {
	vol := &volume{
		id: s.NewID("vol-"), snapshot: device.snapshot, size: max(device.size, 1),
		volumeType: cmp.Or(device.volumeType, "gp2"), created: s.Now(),
	}
	s.regions.Of(a, region).volumes[vol.id] = vol
	snap := s.snapshot(region, device.snapshot)
	var source *kms.Key
	if snap != nil {
		source, vol.size = snap.key, max(vol.size, snap.size)
	}
	key, problem := s.volumeKey(a, region, snap, device)
	if problem != nil {
		return vol, &ebs.Failure{Message: problem.Message}
	}
	vol.key = key
	return vol, s.ebs.Use(who, region, ebs.Needs(source, key, snap.encryptedAs(), vol.id))
}

// volumeKey is the key of a new volume: the one asked for; else the key of the snapshot, if that is encrypted and the
// account's own; else the account's default key for EBS, if the snapshot is encrypted, encryption is asked for, or it is the
// account's default; else none.
// https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/AMIEncryption.html
func (s *Service) volumeKey(a *cloud.Account, region string, snap *snapshot, device BlockDevice) (*kms.Key, *wire.Error) {
	encrypted := snap != nil && snap.key != nil
	asked := device.encrypted != nil && *device.encrypted
	switch {
	case device.key != "":
		return s.keys.Find(device.key, a.ID, region)
	case encrypted && snap.owner == a:
		return snap.key, nil
	case encrypted || asked || s.ebs.EncryptsByDefault(a, region):
		return s.ebs.DefaultKey(a, region)
	default:
		return nil, nil
	}
}

// encryptedAs is the aws:ebs:id under which the data of the snapshot is encrypted: that of the volume that it was taken
// of, or its own if it is a copy. https://docs.aws.amazon.com/kms/latest/developerguide/services-ebs.html
func (snap *snapshot) encryptedAs() string {
	if snap == nil {
		return ""
	}
	return cmp.Or(snap.volume, snap.id)
}

// launchReason is the StateReason of an instance that ends because a key refused.
func launchReason(f *ebs.Failure) *stateReason {
	if f.InvalidState {
		const code = "Client.InvalidKMSKey.InvalidState"
		return &stateReason{code, code + ": The KMS key provided is in an incorrect state"}
	}
	const code = "Client.InternalError"
	return &stateReason{code, code + ": Client error on launch"}
}
