// SPDX-License-Identifier: MPL-2.0

package clients

import (
	"context"
	"regexp"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/amishare/packer-plugin-ami-share/internal/diagnose"
)

// DescribeImages asks for AMIs of a Region by id. AWS refuses the whole list for the sake of one that is gone or not
// visible; those are left out of the answer.
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeImages.html
func (c *Clients) DescribeImages(ctx context.Context, p Place, ids []string) ([]types.Image, error) {
	in := &ec2.DescribeImagesInput{ImageIds: ids, IncludeDisabled: aws.Bool(p.Account == "")}
	images, err := Pages("ec2:DescribeImages", func(token *string) (*ec2.DescribeImagesOutput, error) {
		in.NextToken = token
		return c.EC2(p).DescribeImages(ctx, in)
	}, func(out *ec2.DescribeImagesOutput) ([]types.Image, *string) { return out.Images, out.NextToken })
	if diagnose.Has(err, "InvalidAMIID.NotFound", "InvalidAMIID.Unavailable") {
		return c.describeOthers(ctx, p, ids, err)
	}
	return images, err
}

var imageID = regexp.MustCompile(`ami-[0-9a-z]+`)

// describeOthers asks again without the AMIs that an error names, or one by one when it names none.
func (c *Clients) describeOthers(ctx context.Context, p Place, ids []string, refusal error) ([]types.Image, error) {
	if len(ids) == 1 {
		return nil, nil
	}
	gone := imageID.FindAllString(diagnose.Message(refusal), -1)
	rest := slices.DeleteFunc(slices.Clone(ids), func(id string) bool { return slices.Contains(gone, id) })
	switch {
	case len(rest) == 0:
		return nil, nil
	case len(rest) < len(ids):
		return c.DescribeImages(ctx, p, rest)
	}
	var images []types.Image
	for _, id := range ids {
		found, err := c.DescribeImages(ctx, p, []string{id})
		if err != nil {
			return nil, err
		}
		images = append(images, found...)
	}
	return images, nil
}

// TagMap returns tags by their keys.
func TagMap(tags []types.Tag) map[string]string {
	values := map[string]string{}
	for _, tag := range tags {
		values[aws.ToString(tag.Key)] = aws.ToString(tag.Value)
	}
	return values
}

// WatermarkKeys returns the keys of watermarks.
func WatermarkKeys(marks []types.ImageWatermark) []string {
	var keys []string
	for _, mark := range marks {
		keys = append(keys, aws.ToString(mark.WatermarkKey))
	}
	return keys
}
