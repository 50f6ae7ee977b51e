package awssim

// What EC2 does to start an instance: it looks at the image at once, and at the keys of the volumes afterwards, when
// the instance has its id already. A launch that the keys refuse is an instance that goes from pending to terminated.
// https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/troubleshooting-launch.html

import (
	"cmp"
	"net/http"
	"slices"
)

// launchPlan is one attempt to start an instance.
type launchPlan struct {
	account      *account
	region       string
	principal    *principal // in whose name EC2 uses keys
	image        *image
	devices      []blockDevice
	instanceType string
	keyName      string
	groups       []string // security group ids
	index        int
	group        string // Auto Scaling group
	reservation  string
}

// launchableImage finds an image to start: the checks that EC2 makes before it gives out an instance id.
func (s *Server) launchableImage(a *account, region, id string) (*image, *apiError) {
	img := s.image(region, id)
	if malformed("ami-", id, img != nil) {
		return nil, errorf(http.StatusBadRequest, "InvalidAMIID.Malformed", "Invalid id: %q (expecting \"ami-...\")", id)
	}
	if img == nil || s.hiddenIn(a, region, img) {
		return nil, errorf(http.StatusBadRequest, "InvalidAMIID.NotFound", "The image id '[%s]' does not exist", id)
	}
	if !s.hasLaunchPermission(img, a.id) {
		return nil, errorf(http.StatusForbidden, "AuthFailure", "Not authorized for images: [%s]", id)
	}
	if img.state == imageDeregistered {
		return nil, errorf(http.StatusBadRequest, "InvalidAMIID.Unavailable", "The image id '[%s]' is no longer available", id)
	}
	if img.state != imageAvailable {
		return nil, errorf(http.StatusBadRequest, "InvalidAMIID.Unavailable", "The image id '[%s]' is not available", id)
	}
	return img, nil
}

// mergeDevices lays the mapping of a launch over that of the image.
func mergeDevices(base, over []blockDevice) []blockDevice {
	merged := slices.Clone(base)
	for _, device := range over {
		at := slices.IndexFunc(merged, func(d blockDevice) bool { return d.name == device.name })
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

func (d blockDevice) overriddenBy(over blockDevice) blockDevice {
	over.snapshot = cmp.Or(over.snapshot, d.snapshot)
	over.volumeType = cmp.Or(over.volumeType, d.volumeType)
	if over.size == 0 {
		over.size = d.size
	}
	return over
}

// launch starts an instance. It is pending; what becomes of it is settled, and shows when it is looked at next.
func (s *Server) launch(plan launchPlan) *instance {
	inst := &instance{
		id: s.newID("i-"), account: plan.account, region: plan.region, image: plan.image, reservation: plan.reservation,
		instanceType: plan.instanceType, keyName: plan.keyName, securityGroups: plan.groups, index: plan.index,
		group: plan.group, state: instancePending, next: instanceRunning, launched: s.now(),
	}
	plan.account.compute(plan.region).instances[inst.id] = inst
	if failure := s.attachVolumes(inst, plan); failure != nil {
		inst.next = instanceTerminated
		inst.reason = failure.launchReason()
	}
	return inst
}

// attachVolumes makes the volumes of an instance. All keys are asked, so that the journal has every answer; the first
// failure is returned.
func (s *Server) attachVolumes(inst *instance, plan launchPlan) *keyFailure {
	var first *keyFailure
	for _, device := range plan.devices {
		if device.virtual != "" {
			continue
		}
		vol, failure := s.newVolume(plan.account, plan.region, device, plan.principal)
		if failure != nil && first == nil {
			first = failure
		}
		vol.instance, vol.device, vol.deletes = inst.id, device.name, device.deletes
		device.volume, device.attached = vol.id, inst.launched
		inst.devices = append(inst.devices, device)
	}
	return first
}

// newVolume makes a volume of a device, for which EC2 uses keys in somebody's name.
func (s *Server) newVolume(a *account, region string, device blockDevice, who *principal) (*volume, *keyFailure) {
	vol := &volume{
		id: s.newID("vol-"), snapshot: device.snapshot, size: max(device.size, 1),
		volumeType: cmp.Or(device.volumeType, "gp2"), created: s.now(),
	}
	a.compute(region).volumes[vol.id] = vol
	snap := s.snapshot(region, device.snapshot)
	var source *kmsKey
	if snap != nil {
		source, vol.size = snap.key, max(vol.size, snap.size)
	}
	key, problem := s.volumeKey(a, region, snap, device)
	if problem != nil {
		return vol, &keyFailure{message: problem.message}
	}
	vol.key = key
	return vol, s.useKeys(who, region, keyNeeds(source, key, snap.encryptedAs(), vol.id))
}

// volumeKey is the key under which a volume ends up: the one asked for; for the account's own encrypted snapshot that
// one's; for another account's, and when encryption is asked for or is the account's default, the default key for EBS.
// https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/AMIEncryption.html
func (s *Server) volumeKey(a *account, region string, snap *snapshot, device blockDevice) (*kmsKey, *apiError) {
	encrypted := snap != nil && snap.key != nil
	asked := device.encrypted != nil && *device.encrypted
	switch {
	case device.key != "":
		return s.findKey(device.key, a.id, region)
	case encrypted && snap.owner == a:
		return snap.key, nil
	case encrypted || asked || a.compute(region).encryptDefault:
		return s.defaultEBSKey(a, region)
	default:
		return nil, nil
	}
}

// keyNeed is one use that EBS makes of a key for somebody.
type keyNeed struct {
	key *kmsKey
	op  string
	of  string // the volume or snapshot whose data the use is about: the encryption context's aws:ebs:id
}

// encryptedAs is the aws:ebs:id under which the data of the snapshot is encrypted: that of the volume that it was taken
// of, or its own if it is a copy. https://docs.aws.amazon.com/kms/latest/developerguide/services-ebs.html
func (snap *snapshot) encryptedAs() string {
	if snap == nil {
		return ""
	}
	return cmp.Or(snap.volume, snap.id)
}

// keyNeeds are the uses it takes to turn data under the source key into data under the destination key; nil is data
// that is not encrypted. https://docs.aws.amazon.com/ebs/latest/userguide/how-ebs-encryption-works.html
func keyNeeds(source, destination *kmsKey, from, to string) []keyNeed {
	var needs []keyNeed
	add := func(key *kmsKey, of string, ops ...string) {
		for _, op := range ops {
			needs = append(needs, keyNeed{key, op, of})
		}
	}
	if source != nil {
		add(source, from, "DescribeKey", "Decrypt")
	}
	switch {
	case destination == nil:
	case source == destination:
		add(source, to, "GenerateDataKeyWithoutPlaintext", "CreateGrant")
	case source == nil:
		add(destination, to, "DescribeKey", "GenerateDataKeyWithoutPlaintext", "CreateGrant")
	default:
		add(source, from, "ReEncryptFrom", "CreateGrant")
		add(destination, to, "DescribeKey", "ReEncryptTo", "GenerateDataKeyWithoutPlaintext", "CreateGrant")
	}
	return needs
}

// keyFailure is why EBS could not use a key.
type keyFailure struct {
	invalidState bool // the key is not enabled, as opposed to not allowed
	message      string
}

// launchReason is the StateReason of an instance that ends by the failure.
func (f *keyFailure) launchReason() *stateReason {
	if f.invalidState {
		const code = "Client.InvalidKMSKey.InvalidState"
		return &stateReason{code, code + ": The KMS key provided is in an incorrect state"}
	}
	const code = "Client.InternalError"
	return &stateReason{code, code + ": Client error on launch"}
}

// useKeys asks for every use and journals each answer as a call that EC2 makes in the principal's name. It returns the
// first refusal.
func (s *Server) useKeys(who *principal, region string, needs []keyNeed) *keyFailure {
	var first *keyFailure
	for _, need := range needs {
		failure := s.useKey(who, region, need)
		if failure != nil && first == nil {
			first = failure
		}
	}
	return first
}

func (s *Server) useKey(who *principal, region string, need keyNeed) *keyFailure {
	verdict := s.allowKey(need.key, keyUse{
		principal: who, op: need.op, viaService: "ec2." + region + ".amazonaws.com", forAWSResource: true,
		encryptionContext: map[string]string{"aws:ebs:id": need.of},
	})
	unusable := need.key.usableForEBS()
	s.journalKeyUse(who, need, verdict, unusable)
	switch {
	case !verdict.allowed:
		return &keyFailure{message: verdict.reason}
	case unusable != nil:
		return &keyFailure{invalidState: need.key.state != keyEnabled, message: unusable.message}
	default:
		return nil
	}
}
