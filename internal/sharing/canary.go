// SPDX-License-Identifier: MPL-2.0

package sharing

// Canary is one instance that verification starts of each AMI of a Region.
type Canary struct {
	Region       Region // "" until the AMIs are known: theirs
	Subnet       string
	InstanceType string
}

// Canaries are told from everything else in an account by the name that begins with CanaryPrefix, and by the tag CanaryTag, whose
// value is NeededUntil.
const (
	CanaryPrefix = "packer-plugin-ami-share-canary-"
	CanaryTag    = "packer-plugin-ami-share:canary"
)
