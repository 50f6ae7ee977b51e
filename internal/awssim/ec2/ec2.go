// SPDX-License-Identifier: MPL-2.0

package ec2

import (
	"maps"
	"net/http"
	"strings"

	"github.com/amishare/packer-plugin-ami-share/internal/awssim/cloud"
	"github.com/amishare/packer-plugin-ami-share/internal/awssim/wire"
)

// api is EC2.
func (s *Service) api() *cloud.API {
	all := cloud.Actions(actions(), s.bind)
	for _, more := range s.more {
		maps.Copy(all, more)
	}
	return &cloud.API{
		Name: "ec2", Protocol: wire.EC2Query, Version: "2016-11-15", Namespace: "http://ec2.amazonaws.com/doc/2016-11-15/",
		Actions: all, ConditionKeys: "ec2:Attribute ec2:Add/ ec2:Remove/ ec2:CreateAction ec2:Region ec2:ResourceTag/",
		Context: func(c *cloud.Call) map[string][]string { return map[string][]string{"ec2:Region": {c.Region}} },
		ResourceTags: func(c *cloud.Call, arn string) map[string]string {
			return s.bind(c).seenTags(arn[strings.LastIndex(arn, "/")+1:])
		},
	}
}

func actions() map[string]action {
	all := map[string]action{}
	for _, part := range []map[string]action{
		imageActions(), imageSharingActions(), watermarkActions(), imageSettingActions(), snapshotActions(),
		tagActions(), networkActions(), volumeActions(),
		instanceActions(), launchTemplateActions(),
	} {
		maps.Copy(all, part)
	}
	return all
}

// Parameters that many actions share.
const (
	filterParams  = " Filter.N.Name Filter.N.Value.N"
	pageParams    = " MaxResults NextToken"
	tagSpecParams = " TagSpecification.N.ResourceType TagSpecification.N.Tag.N.Key TagSpecification.N.Tag.N.Value"
	deviceParams  = " BlockDeviceMapping.N.DeviceName BlockDeviceMapping.N.NoDevice BlockDeviceMapping.N.VirtualName" +
		" BlockDeviceMapping.N.Ebs.SnapshotId BlockDeviceMapping.N.Ebs.VolumeSize BlockDeviceMapping.N.Ebs.VolumeType" +
		" BlockDeviceMapping.N.Ebs.Encrypted BlockDeviceMapping.N.Ebs.KmsKeyId" +
		" BlockDeviceMapping.N.Ebs.DeleteOnTermination BlockDeviceMapping.N.Ebs.Iops BlockDeviceMapping.N.Ebs.Throughput"
)

// returned is the answer of an action that returns nothing else.
type returned struct {
	Return bool `xml:"return"`
}

func done() (any, error) { return &returned{Return: true}, nil }

// items is a list as EC2 writes it: an element that is there even when it is empty.
type items[T any] struct {
	Items []T `xml:"item"`
}

// arn is the ARN of something of the caller's account.
func (c *call) arn(kind, id string) string {
	return "arn:" + c.Partition + ":ec2:" + c.Region + ":" + c.Account.ID + ":" + kind + "/" + id
}

// The ARNs of AMIs and snapshots have no account.
func (c *call) imageARN(id string) string {
	return "arn:" + c.Partition + ":ec2:" + c.Region + "::image/" + id
}

func (c *call) snapshotARN(id string) string {
	return "arn:" + c.Partition + ":ec2:" + c.Region + "::snapshot/" + id
}

// onImage, onSnapshot and on make the ARN of the resource whose id a parameter has.
func onImage(c *call) []string { return []string{c.imageARN(c.Form.Get("ImageId"))} }

func onSnapshot(c *call) []string { return []string{c.snapshotARN(c.Form.Get("SnapshotId"))} }

func on(kind, param string) func(*call) []string {
	return func(c *call) []string { return []string{c.arn(kind, c.Form.Get(param))} }
}

func onEach(kind, param string) func(*call) []string {
	return func(c *call) []string {
		var arns []string
		for _, id := range c.Form.List(param) {
			arns = append(arns, c.arn(kind, id))
		}
		return arns
	}
}

// require refuses a call without one of the parameters.
func (c *call) require(params ...string) error {
	for _, param := range params {
		if c.Form.Get(param) == "" {
			return wire.Errorf(http.StatusBadRequest, "MissingParameter", "The request must contain the parameter %s", param)
		}
	}
	return nil
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
