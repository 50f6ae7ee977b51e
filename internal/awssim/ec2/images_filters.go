// SPDX-License-Identifier: MPL-2.0

package ec2

import (
	"strconv"

	"github.com/amishare/packer-plugin-ami-share/internal/awssim/resources"
)

// imageFilters are the filters of DescribeImages. The value of creation-date can hold wildcards.
var imageFilters = resources.FilterFields[imageItem]{
	"architecture":  resources.One(func(i imageItem) string { return i.Architecture }),
	"boot-mode":     resources.One(func(i imageItem) string { return i.BootMode }),
	"creation-date": resources.One(func(i imageItem) string { return i.Created }),
	"description":   resources.One(func(i imageItem) string { return i.Description }),
	"ena-support":   resources.One(func(i imageItem) string { return strconv.FormatBool(i.ENA) }),
	"hypervisor":    resources.One(func(i imageItem) string { return i.Hypervisor }),
	"image-allowed": resources.One(func(i imageItem) string { return strconv.FormatBool(i.Allowed == nil || *i.Allowed) }),
	"image-id":      resources.One(func(i imageItem) string { return i.ID }),
	"image-type":    resources.One(func(i imageItem) string { return i.Type }),
	"image-watermark.source-image-creation-time": watermarkField(func(w watermarkItem) string { return w.ImageCreated }),
	"image-watermark.source-image-id":            watermarkField(func(w watermarkItem) string { return w.Image }),
	"image-watermark.source-image-region":        watermarkField(func(w watermarkItem) string { return w.Region }),
	"image-watermark.watermark-creation-time":    watermarkField(func(w watermarkItem) string { return w.Created }),
	"image-watermark.watermark-key":              watermarkField(func(w watermarkItem) string { return w.Key }),
	"is-public":                                  resources.One(func(i imageItem) string { return strconv.FormatBool(i.Public) }),
	"name":                                       resources.One(func(i imageItem) string { return i.Name }),
	"owner-alias":                                resources.One(func(i imageItem) string { return i.OwnerAlias }),
	"owner-id":                                   resources.One(func(i imageItem) string { return i.Owner }),
	"product-code":                               productCodeField(func(p productCodeItem) string { return p.Code }),
	"product-code.type":                          productCodeField(func(p productCodeItem) string { return p.Type }),
	"root-device-name":                           resources.One(func(i imageItem) string { return i.RootDevice }),
	"root-device-type":                           resources.One(func(i imageItem) string { return i.RootDeviceType }),
	"source-image-id":                            resources.One(func(i imageItem) string { return i.SourceImage }),
	"source-image-region":                        resources.One(func(i imageItem) string { return i.SourceRegion }),
	"source-instance-id":                         resources.One(func(i imageItem) string { return i.SourceInstance }),
	"state":                                      resources.One(func(i imageItem) string { return i.State }),
	"virtualization-type":                        resources.One(func(i imageItem) string { return i.Virtualization }),
	"block-device-mapping.device-name":           eachDevice(func(d imageDevice) string { return d.Name }),
	"block-device-mapping.encrypted":             eachDevice(func(d imageDevice) string { return strconv.FormatBool(d.EBS.Encrypted) }),
	"block-device-mapping.snapshot-id":           eachDevice(func(d imageDevice) string { return d.EBS.Snapshot }),
	"block-device-mapping.volume-size":           eachDevice(func(d imageDevice) string { return strconv.Itoa(d.EBS.Size) }),
	"block-device-mapping.volume-type":           eachDevice(func(d imageDevice) string { return d.EBS.Type }),
}

func eachDevice(get func(imageDevice) string) func(imageItem) []string {
	return func(i imageItem) []string {
		var values []string
		for _, device := range i.Devices.Items {
			if device.EBS != nil {
				values = append(values, get(device))
			}
		}
		return values
	}
}

func productCodeField(get func(productCodeItem) string) func(imageItem) []string {
	return func(i imageItem) []string {
		var values []string
		for _, code := range i.ProductCodes.Items {
			values = append(values, get(code))
		}
		return values
	}
}
