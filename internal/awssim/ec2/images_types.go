// SPDX-License-Identifier: MPL-2.0

package ec2

import (
	"net/http"
	"regexp"
	"slices"
	"strings"

	"github.com/amishare/packer-plugin-ami-share/internal/awssim/allowed"
	"github.com/amishare/packer-plugin-ami-share/internal/awssim/cloud"
	"github.com/amishare/packer-plugin-ami-share/internal/awssim/wire"
)

// instanceTypes are patterns of the types that an AMI can run on. Without any it runs on all.
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_ReplaceImageInstanceTypeSpecification.html
type instanceTypes struct{ supported, unsupported []string }

var typePattern = regexp.MustCompile(`^[A-Za-z0-9_.*-]{1,24}$`)

func (t instanceTypes) check() error {
	var seen []string
	for _, list := range [][]string{t.supported, t.unsupported} {
		if len(list) > 100 {
			return wire.BadRequest("InvalidParameterValue", "A list of instance types can have 100 entries, not %d", len(list))
		}
		for _, pattern := range list {
			if !typePattern.MatchString(pattern) || strings.Contains(pattern, "**") || slices.Contains(seen, pattern) {
				return wire.InvalidValue("InstanceTypeSpecification", pattern)
			}
			seen = append(seen, pattern)
		}
	}
	return nil
}

// RunsOn refuses an instance type that the AMI does not run on.
func (img *Image) RunsOn(instanceType string) error {
	fits := func(pattern string) bool { return allowed.Matches(pattern, instanceType) }
	if len(img.types.supported) > 0 && !slices.ContainsFunc(img.types.supported, fits) || slices.ContainsFunc(img.types.unsupported, fits) {
		return wire.BadRequest("InvalidParameterCombination", "The instance type %s is not supported by the image %s.", instanceType, img.id)
	}
	return nil
}

// Room refuses an instance type that AWS has no room for.
// https://docs.aws.amazon.com/autoscaling/ec2/userguide/ts-as-capacity.html
func (s *Service) Room(region, instanceType string) error {
	if !slices.ContainsFunc(s.Hostility.NoCapacity, func(pattern string) bool { return allowed.Matches(pattern, instanceType) }) {
		return nil
	}
	return wire.Errorf(http.StatusInternalServerError, "InsufficientInstanceCapacity",
		"We currently do not have sufficient %s capacity in the Availability Zone you requested (%sa). Our system will be working on provisioning additional capacity.", instanceType, region)
}

func (c *call) replaceInstanceTypes() (cloud.Effect, error) {
	img, err := c.ownImage()
	if err != nil {
		return nil, err
	}
	given := c.Form.Sub("InstanceTypeSpecification")
	types := instanceTypes{given.List("SupportedInstanceType"), given.List("UnsupportedInstanceType")}
	if err := types.check(); err != nil {
		return nil, err
	}
	return func() (any, error) {
		img.types = types
		return &struct {
			Value bool `xml:"returnValue"`
		}{true}, nil
	}, nil
}

type typeItem struct {
	Type string `xml:"instanceType"`
}

type typesItem struct {
	Supported   []typeItem `xml:"supportedInstanceTypeSet>item"`
	Unsupported []typeItem `xml:"unsupportedInstanceTypeSet>item"`
}

func (t instanceTypes) item() *typesItem {
	if len(t.supported)+len(t.unsupported) == 0 {
		return nil
	}
	item := &typesItem{}
	for _, pattern := range t.supported {
		item.Supported = append(item.Supported, typeItem{pattern})
	}
	for _, pattern := range t.unsupported {
		item.Unsupported = append(item.Unsupported, typeItem{pattern})
	}
	return item
}

type productCodeItem struct {
	Code string `xml:"productCode"`
	Type string `xml:"type"`
}

type scanItem struct {
	At            string `xml:"findingScanDate"`
	Highest       string `xml:"highestFindingSeverityLabel,omitempty"`
	Informational string `xml:"informationalFixAvailableSince,omitempty"`
	Low           string `xml:"lowFixAvailableSince,omitempty"`
	Medium        string `xml:"mediumFixAvailableSince,omitempty"`
	High          string `xml:"highFixAvailableSince,omitempty"`
	Critical      string `xml:"criticalFixAvailableSince,omitempty"`
}

// describeScan writes what Amazon Inspector found, as everybody sees it whom the AMI is shared with.
func describeScan(scan *allowed.Scan) *scanItem {
	if scan == nil {
		return nil
	}
	since := func(severity string) string {
		if at, ok := scan.Fixes[severity]; ok {
			return wire.Timestamp(at)
		}
		return ""
	}
	return &scanItem{
		wire.Timestamp(scan.At), scan.Highest, since("informational"), since("low"), since("medium"), since("high"), since("critical"),
	}
}

// pending makes an AMI that was just made pending for as many looks of its owner as the world says.
func (c *call) pending(img *Image) {
	if c.Hostility.NewImagePending > 0 {
		img.ripe, img.state, img.ripens = img.state, imagePending, cloud.Lag(c.Hostility.NewImagePending)
	}
}

// looked counts a look of the owner at a pending AMI.
func (img *Image) looked() {
	if img.ripe == "" {
		return
	}
	img.ripens.Waits()
	if img.ripens == 0 {
		img.state, img.ripe = img.ripe, ""
	}
}
