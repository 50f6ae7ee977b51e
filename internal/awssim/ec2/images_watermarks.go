// SPDX-License-Identifier: MPL-2.0

package ec2

import (
	"cmp"
	"regexp"
	"slices"
	"time"

	"github.com/amishare/packer-plugin-ami-share/internal/awssim/cloud"
	"github.com/amishare/packer-plugin-ami-share/internal/awssim/resources"
	"github.com/amishare/packer-plugin-ami-share/internal/awssim/wire"
)

// watermark is a mark of an AMI that its copies inherit, and the AMIs made of its instances.
// https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/ami-watermark.html
type watermark struct {
	key          string // the account that attached it, ":" and the name
	image        string // to which it was attached first
	region       string
	imageCreated time.Time
	created      time.Time
}

const mostWatermarks = 5

var watermarkName = regexp.MustCompile(`^[a-zA-Z0-9()\[\] ./'@_-]{3,128}$`)

func watermarkActions() map[string]action {
	return map[string]action{
		"AttachImageWatermark": {Params: "ImageId WatermarkName DryRun", Write: true, Resources: onImage, Handle: (*call).attachWatermark},
		"DetachImageWatermark": {Params: "ImageId WatermarkKey DryRun", Write: true, Resources: onImage, Handle: (*call).detachWatermark},
	}
}

type watermarkItem struct {
	Key          string `xml:"watermarkKey"`
	Image        string `xml:"sourceImageId"`
	Region       string `xml:"sourceImageRegion"`
	ImageCreated string `xml:"sourceImageCreationTime"`
	Created      string `xml:"watermarkCreationTime"`
}

func (w watermark) item() watermarkItem {
	return watermarkItem{w.key, w.image, w.region, wire.Timestamp(w.imageCreated), wire.Timestamp(w.created)}
}

// watermarkField makes a field of a filter that looks at each of an AMI's watermarks.
func watermarkField(get func(watermarkItem) string) func(imageItem) []string {
	return func(i imageItem) []string {
		var values []string
		for _, mark := range i.Watermarks.Items {
			values = append(values, get(mark))
		}
		return values
	}
}

// marked is an AMI's watermark, new.
func marked(img *Image, name string, now time.Time) watermark {
	return watermark{img.owner.ID + ":" + name, img.id, img.region, img.created, now}
}

// attachWatermark marks an AMI of the caller that is not public. AWS publishes no codes of its refusals.
func (c *call) attachWatermark() (cloud.Effect, error) {
	img, err := c.ownImage()
	if err != nil {
		return nil, err
	}
	if err := c.Require("WatermarkName"); err != nil {
		return nil, err
	}
	mark := marked(img, c.Form.Get("WatermarkName"), c.Now())
	if err := mayMark(img, mark, c.Form.Get("WatermarkName")); err != nil {
		return nil, err
	}
	return func() (any, error) {
		img.watermarks = append(img.watermarks, mark)
		slices.SortFunc(img.watermarks, func(a, b watermark) int { return cmp.Compare(a.key, b.key) })
		return &struct {
			Key string `xml:"watermarkKey"`
		}{mark.key}, nil
	}, nil
}

func mayMark(img *Image, mark watermark, name string) error {
	switch {
	case !watermarkName.MatchString(name):
		return wire.InvalidValue("WatermarkName", name)
	case img.launch.public():
		return wire.BadRequest("UnsupportedOperation", "Watermarks can't be attached to public images: %s", img.id)
	case img.at(mark.key) >= 0:
		return wire.BadRequest("InvalidParameterValue", "The image %s has the watermark %s already.", img.id, mark.key)
	case len(img.watermarks) >= mostWatermarks:
		return wire.BadRequest("ResourceLimitExceeded", "The image %s has %d watermarks, which is the maximum.", img.id, mostWatermarks)
	default:
		return nil
	}
}

// at is where a watermark is among those of the AMI, -1 when it has none of the key.
func (img *Image) at(key string) int {
	return slices.IndexFunc(img.watermarks, func(w watermark) bool { return w.key == key })
}

// detachWatermark takes a mark off an AMI of the caller. Images that inherited it keep it.
func (c *call) detachWatermark() (cloud.Effect, error) {
	if err := c.Require("WatermarkKey"); err != nil {
		return nil, err
	}
	key := c.Form.Get("WatermarkKey")
	img, err := c.ownImage()
	if err != nil {
		return nil, err
	}
	if img.at(key) < 0 {
		return nil, wire.BadRequest("InvalidParameterValue", "The image %s has no watermark %s.", img.id, key)
	}
	return func() (any, error) {
		img.watermarks = slices.Delete(img.watermarks, img.at(key), img.at(key)+1)
		return resources.Done()
	}, nil
}

// watermark marks an AMI of the world.
func (l *regionLoader) watermark(img *Image, name string) {
	mark := marked(img, name, l.service.Now())
	if err := mayMark(img, mark, name); err != nil {
		l.problem("image %s: watermark %q: %v", img.id, name, err)
		return
	}
	img.watermarks = append(img.watermarks, mark)
}
