// SPDX-License-Identifier: MPL-2.0

package ec2

import (
	"maps"
	"strings"

	"github.com/amishare/packer-plugin-ami-share/internal/awssim/cloud"
	"github.com/amishare/packer-plugin-ami-share/internal/awssim/wire"
)

// api is EC2.
func (s *Service) api() *cloud.API {
	all := cloud.Actions(actions(), s.bind)
	for _, more := range append(s.more, s.tags.Actions(), s.network.Actions()) {
		maps.Copy(all, more)
	}
	return &cloud.API{
		Name: "ec2", Protocol: wire.EC2Query, Version: "2016-11-15", Namespace: "http://ec2.amazonaws.com/doc/2016-11-15/",
		Actions: all, ConditionKeys: "ec2:Attribute ec2:Add/ ec2:Remove/ ec2:CreateAction ec2:Region ec2:ResourceTag/ ec2:LaunchTemplate",
		Context: func(c *cloud.Call) map[string][]string { return map[string][]string{"ec2:Region": {c.Region}} },
		ResourceTags: func(c *cloud.Call, arn string) map[string]string {
			return s.bind(c).SeenTags(arn[strings.LastIndex(arn, "/")+1:])
		},
	}
}

func actions() map[string]action {
	all := map[string]action{}
	for _, part := range []map[string]action{
		imageActions(), imageSharingActions(), watermarkActions(), imageSettingActions(), snapshotActions(),
		volumeActions(),
		instanceActions(), launchTemplateActions(),
	} {
		maps.Copy(all, part)
	}
	return all
}

const deviceParams = " BlockDeviceMapping.N.DeviceName BlockDeviceMapping.N.NoDevice BlockDeviceMapping.N.VirtualName" +
	" BlockDeviceMapping.N.Ebs.SnapshotId BlockDeviceMapping.N.Ebs.VolumeSize BlockDeviceMapping.N.Ebs.VolumeType" +
	" BlockDeviceMapping.N.Ebs.Encrypted BlockDeviceMapping.N.Ebs.KmsKeyId" +
	" BlockDeviceMapping.N.Ebs.DeleteOnTermination BlockDeviceMapping.N.Ebs.Iops BlockDeviceMapping.N.Ebs.Throughput"

// onImage, onSnapshot and on make the ARN of the resource whose id a parameter has.
func onImage(c *call) []string { return []string{c.ImageARN(c.Form.Get("ImageId"))} }

func onSnapshot(c *call) []string { return []string{c.SnapshotARN(c.Form.Get("SnapshotId"))} }

func on(kind, param string) func(*call) []string {
	return func(c *call) []string { return []string{c.ARN(kind, c.Form.Get(param))} }
}

func onEach(kind, param string) func(*call) []string {
	return func(c *call) []string {
		var arns []string
		for _, id := range c.Form.List(param) {
			arns = append(arns, c.ARN(kind, id))
		}
		return arns
	}
}

// wellFormed tells whether a world file can have the id: the prefix and then lower-case letters, digits and hyphens, so that
// it can be readable.
func wellFormed(prefix, id string) bool {
	rest, ok := strings.CutPrefix(id, prefix)
	return ok && rest != "" && strings.Trim(rest, "abcdefghijklmnopqrstuvwxyz0123456789-") == ""
}

// malformed tells whether id is none of EC2's: the prefix and 8 or 17 hexadecimal digits. An id of the world file that
// exists is well-formed too. https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/resource-ids.html
func malformed(prefix, id string, there bool) bool {
	digits, ok := strings.CutPrefix(id, prefix)
	return !there && (!ok || len(digits) != 8 && len(digits) != 17 || strings.Trim(digits, "0123456789abcdef") != "")
}
