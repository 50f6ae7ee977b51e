// SPDX-License-Identifier: MPL-2.0

package ec2

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"github.com/amishare/packer-plugin-ami-share/internal/awssim/allowed"
	"github.com/amishare/packer-plugin-ami-share/internal/awssim/cloud"
	"github.com/amishare/packer-plugin-ami-share/internal/awssim/kms"
)

// inventory is everything that an account has in a Region.
type inventory struct {
	images        map[string]*Image
	snapshots     map[string]*snapshot
	volumes       map[string]*volume
	instances     map[string]*Instance
	templates     map[string]*LaunchTemplate
	allowed       allowedImages
	imageBlock    string // block public access of AMIs
	snapshotBlock string // block public access of snapshots
	sharingQuota  int
	closed        []string          // account ids that no permission takes
	made          map[string]string // ids by client token
}

func newInventory() *inventory {
	return &inventory{
		images:        map[string]*Image{},
		snapshots:     map[string]*snapshot{},
		volumes:       map[string]*volume{},
		instances:     map[string]*Instance{},
		templates:     map[string]*LaunchTemplate{},
		allowed:       allowedImages{state: settingDisabled},
		imageBlock:    publicUnblocked,
		snapshotBlock: publicUnblocked,
		sharingQuota:  1000,
		made:          map[string]string{},
	}
}

// Kinds of a permission, as the error messages of EC2 spell them.
const (
	toUser         = "userId"
	toGroup        = "UserGroup"
	toOrganization = "OrganizationArn"
	toOU           = "OrganizationalUnitArn"
)

// everybody is the only group that EC2 knows.
const everybody = "all"

// permission is one entry of a launch or create-volume permission.
type permission struct {
	kind  string
	value string
}

// permissions is the set of entries of an AMI or a snapshot.
type permissions map[permission]bool

// sorted returns the entries by kind and value.
func (p permissions) sorted() []permission {
	return slices.SortedFunc(maps.Keys(p), func(a, b permission) int {
		return cmp.Or(cmp.Compare(a.kind, b.kind), cmp.Compare(a.value, b.value))
	})
}

func (p permissions) public() bool { return p[permission{toGroup, everybody}] }

// entities counts what the sharing quota counts: accounts, organizations and OUs.
func (p permissions) entities() int {
	n := len(p)
	if p.public() {
		n--
	}
	return n
}

// AMI states, of those that EC2 knows.
const (
	imagePending      = "pending"
	imageAvailable    = "available"
	imageFailed       = "failed"
	imageDisabled     = "disabled"
	imageDeregistered = "deregistered"
)

// Image is an AMI in the account and Region that own it.
type Image struct {
	id             string
	owner          *cloud.Account
	region         string
	name           string
	description    string
	state          string
	stateReason    string
	architecture   string
	virtualization string
	bootMode       string
	imdsSupport    string
	tpmSupport     string
	enaSupport     bool
	rootDevice     string
	Devices        []BlockDevice
	launch         permissions
	created        time.Time
	deprecateAt    time.Time
	protected      bool      // deregistration protection is on
	cooldown       bool      // and stays for 24 hours after it is switched off
	protectedUntil time.Time // the end of that
	sourceImage    string
	sourceRegion   string
	sourceInstance string
	watermarks     []watermark
	productCodes   []string
	scan           *allowed.Scan // by Amazon Inspector, nil for none
	types          instanceTypes
	ripe           string    // the state after it was pending, "" for an AMI that is not
	ripens         cloud.Lag // looks of its owner
	late           late
}

// BlockDevice is a device of an AMI, an instance or a launch template.
type BlockDevice struct {
	name       string
	noDevice   bool
	virtual    string
	snapshot   string
	volume     string // of an instance
	size       int    // GiB
	volumeType string
	encrypted  *bool  // as asked for; the truth of an AMI's device is its snapshot's
	key        string // as asked for
	deletes    bool   // on termination
	attached   time.Time
}

// Snapshot states.
const (
	snapshotPending   = "pending"
	snapshotCompleted = "completed"
	snapshotError     = "error"
)

// snapshot is an EBS snapshot in the account and Region that own it.
type snapshot struct {
	id           string
	owner        *cloud.Account
	region       string
	volume       string
	description  string
	state        string
	stateMessage string
	size         int // GiB
	key          *kms.Key
	createVolume permissions
	late         late
	created      time.Time
}

// volume is an EBS volume.
type volume struct {
	id         string
	snapshot   string
	size       int
	volumeType string
	key        *kms.Key
	instance   string
	device     string
	deletes    bool
	created    time.Time
}

func (v *volume) state() string {
	if v.instance == "" {
		return "available"
	}
	return "in-use"
}

// allowedImages is the Allowed AMIs setting.
type allowedImages struct {
	state     string
	criteria  []allowed.Criterion
	managedBy string // empty for the account itself
}

// Values of the account settings about AMIs and snapshots.
const (
	settingEnabled  = "enabled"
	settingAudit    = "audit-mode"
	settingDisabled = "disabled"

	publicUnblocked = "unblocked"
	publicBlockNew  = "block-new-sharing"
	publicBlockAll  = "block-all-sharing"
)

// image finds an AMI of any account, in any state.
func (s *Service) image(region, id string) *Image {
	for _, r := range s.regions.In(region) {
		if r.images[id] != nil {
			return r.images[id]
		}
	}
	return nil
}

// snapshot finds a snapshot of any account.
func (s *Service) snapshot(region, id string) *snapshot {
	for _, r := range s.regions.In(region) {
		if r.snapshots[id] != nil {
			return r.snapshots[id]
		}
	}
	return nil
}

// own is what the caller's account has in the Region of the call.
func (c *call) own() *inventory { return c.regions.Of(c.Account, c.Region) }
