// SPDX-License-Identifier: MPL-2.0

package awssim_test

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
)

// What an owner writes on an AMI for those it is shared with: shared tags and watermarks.

func attachMark(ctx context.Context, c *ec2.Client, image, name string, dry *bool) error {
	return only(c.AttachImageWatermark(ctx, &ec2.AttachImageWatermarkInput{ImageId: &image, WatermarkName: &name, DryRun: dry}))
}

func detachMark(ctx context.Context, c *ec2.Client, image, key string, dry *bool) error {
	return only(c.DetachImageWatermark(ctx, &ec2.DetachImageWatermarkInput{ImageId: &image, WatermarkKey: &key, DryRun: dry}))
}

var markRows = map[string]ec2Row{
	"ReplaceImageInstanceTypeSpecification": {
		good: func(ctx context.Context, c *ec2.Client, dry *bool) error {
			return runsOn(ctx, c, "ami-cmk", dry, "t3.*")
		},
		bad:  func(ctx context.Context, c *ec2.Client, _ *bool) error { return runsOn(ctx, c, "ami-cmk", nil, "t**") },
		code: "InvalidParameterValue",
	},
	"AttachImageWatermark": {
		good: func(ctx context.Context, c *ec2.Client, dry *bool) error {
			return attachMark(ctx, c, "ami-cmk", "approved", dry)
		},
		bad: func(ctx context.Context, c *ec2.Client, _ *bool) error {
			return attachMark(ctx, c, "ami-cmk", "no", nil)
		},
		code: "InvalidParameterValue",
	},
	"DetachImageWatermark": {
		good: func(ctx context.Context, c *ec2.Client, dry *bool) error {
			return detachMark(ctx, c, "ami-marked", source+":golden", dry)
		},
		bad: func(ctx context.Context, c *ec2.Client, _ *bool) error {
			return detachMark(ctx, c, "ami-marked", source+":silver", nil)
		},
		code: "InvalidParameterValue",
	},
}

// seenImage describes an AMI as an account sees it: its tags and its watermarks.
func seenImage(t *testing.T, c *ec2.Client, id string) string {
	t.Helper()
	out, err := c.DescribeImages(t.Context(), &ec2.DescribeImagesInput{ImageIds: []string{id}})
	if err != nil {
		return code(err)
	}
	var marks []string
	for _, mark := range out.Images[0].ImageWatermarks {
		marks = append(marks, *mark.WatermarkKey+" of "+*mark.SourceImageId)
	}
	return fmt.Sprint(tagMap(out.Images[0].Tags), marks)
}

func tagMap(tags []types.Tag) []string {
	all := map[string]string{}
	for _, tag := range tags {
		all[*tag.Key] = *tag.Value
	}
	var shown []string
	for _, key := range slices.Sorted(maps.Keys(all)) {
		shown = append(shown, key+"="+all[key])
	}
	return shown
}

func tagOf(key, value string) []types.Tag { return []types.Tag{{Key: &key, Value: &value}} }

// TestSharedTags: https://aws.amazon.com/about-aws/whats-new/2026/10/ec2-ami-shared-tags and
// https://aws.amazon.com/blogs/compute/introducing-ec2-ami-tag-sharing-share-ec2-tags-across-aws-accounts/
func TestSharedTags(t *testing.T) {
	const status = "ec2:SharedTag/status"
	f := start(t, computeWorld(t))
	owner, recipient := ec2.NewFromConfig(f.config(t, administrator, home)), ec2.NewFromConfig(f.config(t, targetAdmin, home))
	tagged := func(c *ec2.Client, id, key, value string) error {
		return only(c.CreateTags(t.Context(), &ec2.CreateTagsInput{Resources: []string{id}, Tags: tagOf(key, value)}))
	}
	sees := func(c *ec2.Client, id, want string) {
		t.Helper()
		if got := seenImage(t, c, id); got != want {
			t.Errorf("%s is seen as %s, want %s", id, got, want)
		}
	}
	must(t, tagged(owner, "ami-locked", status, "approved"))
	must(t, tagged(owner, "ami-locked", "private", "x"))
	must(t, tagged(recipient, "ami-locked", "mine", "y"))
	sees(owner, "ami-locked", "[ec2:SharedTag/status=approved private=x] []")
	sees(recipient, "ami-locked", "[ec2:SharedTag/status=approved mine=y] []")

	for sentence, filter := range map[string]types.Filter{
		"by key":   {Name: aws.String("tag-key"), Values: []string{"ec2:SharedTag/*"}},
		"by value": {Name: aws.String("tag:" + status), Values: []string{"approved"}},
	} {
		out, err := recipient.DescribeImages(t.Context(), &ec2.DescribeImagesInput{Filters: []types.Filter{filter}})
		must(t, err)
		if len(out.Images) != 1 || *out.Images[0].ImageId != "ami-locked" {
			t.Errorf("filtered %s: %d images", sentence, len(out.Images))
		}
	}
	listed, err := recipient.DescribeTags(t.Context(), &ec2.DescribeTagsInput{Filters: []types.Filter{{Name: aws.String("key"), Values: []string{status}}}})
	must(t, err)
	if len(listed.Tags) != 1 || *listed.Tags[0].ResourceId != "ami-locked" {
		t.Errorf("DescribeTags lists %d tags", len(listed.Tags))
	}
	for sentence, err := range map[string]error{
		"created by a recipient": tagged(recipient, "ami-locked", "ec2:SharedTag/other", "x"),
		"changed by a recipient": tagged(recipient, "ami-locked", status, "rejected"),
		"of a snapshot":          tagged(owner, "snap-locked", status, "approved"),
		"deleted by a recipient": only(recipient.DeleteTags(t.Context(), &ec2.DeleteTagsInput{Resources: []string{"ami-locked"}, Tags: []types.Tag{{Key: aws.String(status)}}})),
	} {
		if code(err) != "OperationNotPermitted" {
			t.Errorf("a shared tag %s: %v", sentence, err)
		}
	}
	must(t, tagged(owner, "ami-locked", status, "rejected"))
	sees(recipient, "ami-locked", "[ec2:SharedTag/status=rejected mine=y] []")
	must(t, only(owner.DeleteTags(t.Context(), &ec2.DeleteTagsInput{Resources: []string{"ami-locked"}, Tags: []types.Tag{{Key: aws.String(status)}}})))
	sees(recipient, "ami-locked", "[mine=y] []")

	// https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/Using_Tags.html#tag-restrictions
	var fifty []types.Tag
	for i := range 50 {
		fifty = append(fifty, types.Tag{Key: aws.String(fmt.Sprintf("k%d", i)), Value: aws.String("")})
	}
	if got := code(only(owner.CreateTags(t.Context(), &ec2.CreateTagsInput{Resources: []string{"ami-locked"}, Tags: fifty}))); got != "TagLimitExceeded" {
		t.Errorf("51 tags: %q", got)
	}
}

// TestSharedTagsAreSeenLate: EC2 is eventually consistent, and AWS does not say how soon recipients see a change.
func TestSharedTagsAreSeenLate(t *testing.T) {
	w := computeWorld(t)
	w.Hostility.SharedTagsUnseen = 2
	f := start(t, w)
	owner, recipient := ec2.NewFromConfig(f.config(t, administrator, home)), ec2.NewFromConfig(f.config(t, targetAdmin, home))
	must(t, only(owner.CreateTags(t.Context(), &ec2.CreateTagsInput{Resources: []string{"ami-locked"}, Tags: tagOf("ec2:SharedTag/status", "approved")})))
	if got := seenImage(t, owner, "ami-locked"); got != "[ec2:SharedTag/status=approved] []" {
		t.Errorf("its owner sees %s", got)
	}
	for look, want := range []string{"[] []", "[] []", "[ec2:SharedTag/status=approved] []"} {
		if got := seenImage(t, recipient, "ami-locked"); got != want {
			t.Errorf("look %d of a recipient sees %s, want %s", look+1, got, want)
		}
	}
}

// TestCopiesOfSharedTags: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CopyImage.html
func TestCopiesOfSharedTags(t *testing.T) {
	f := start(t, computeWorld(t))
	owner, recipient := ec2.NewFromConfig(f.config(t, administrator, home)), ec2.NewFromConfig(f.config(t, targetAdmin, home))
	must(t, only(owner.CreateTags(t.Context(), &ec2.CreateTagsInput{Resources: []string{"ami-locked"}, Tags: slices.Concat(tagOf("ec2:SharedTag/a", "1"), tagOf("b", "2"))})))
	must(t, only(owner.ModifySnapshotAttribute(t.Context(), &ec2.ModifySnapshotAttributeInput{
		SnapshotId: aws.String("snap-locked"), Attribute: "createVolumePermission", OperationType: "add", UserIds: []string{target},
	})))
	for copies, want := range map[bool]string{true: "[ec2:SharedTag/a=1]", false: "[]"} {
		out, err := recipient.CopyImage(t.Context(), &ec2.CopyImageInput{
			SourceImageId: aws.String("ami-locked"), SourceRegion: aws.String(home), Name: aws.String(fmt.Sprint("copy ", copies)), CopyImageTags: &copies,
		})
		must(t, err)
		if got := seenImage(t, recipient, *out.ImageId); got != want+" []" {
			t.Errorf("a copy with CopyImageTags %t has %s, want %s", copies, got, want)
		}
	}
}

// TestWatermarks: https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/ami-watermark.html
func TestWatermarks(t *testing.T) {
	f := start(t, computeWorld(t))
	owner, recipient := ec2.NewFromConfig(f.config(t, administrator, home)), ec2.NewFromConfig(f.config(t, targetAdmin, home))
	must(t, attachMark(t.Context(), owner, "ami-locked", "approved (1)", nil))
	const key = source + ":approved (1)"
	if got := seenImage(t, recipient, "ami-locked"); got != "[] ["+key+" of ami-locked]" {
		t.Errorf("a recipient sees %s", got)
	}
	for name, value := range map[string]string{
		"watermark-key": "*:approved*", "source-image-id": "ami-locked", "source-image-region": home, "source-image-creation-time": "*", "watermark-creation-time": "*",
	} {
		out, err := recipient.DescribeImages(t.Context(), &ec2.DescribeImagesInput{Filters: []types.Filter{{Name: aws.String("image-watermark." + name), Values: []string{value}}}})
		must(t, err)
		if len(out.Images) != 1 {
			t.Errorf("the filter %s finds %d images", name, len(out.Images))
		}
	}
	for sentence, test := range map[string]struct {
		err  error
		want string
	}{
		"by somebody it is shared with": {attachMark(t.Context(), recipient, "ami-locked", "theirs", nil), "AuthFailure"},
		"twice":                         {attachMark(t.Context(), owner, "ami-locked", "approved (1)", nil), "InvalidParameterValue"},
		"of two characters":             {attachMark(t.Context(), owner, "ami-locked", "ab", nil), "InvalidParameterValue"},
		"with a colon":                  {attachMark(t.Context(), owner, "ami-locked", "a:b", nil), "InvalidParameterValue"},
		"of 129 characters":             {attachMark(t.Context(), owner, "ami-locked", strings.Repeat("a", 129), nil), "InvalidParameterValue"},
		"detached by somebody else":     {detachMark(t.Context(), recipient, "ami-locked", key, nil), "AuthFailure"},
	} {
		if code(test.err) != test.want {
			t.Errorf("a watermark %s: %v, want %s", sentence, test.err, test.want)
		}
	}
	for i := range 4 {
		must(t, attachMark(t.Context(), owner, "ami-locked", fmt.Sprint("mark", i), nil))
	}
	if err := attachMark(t.Context(), owner, "ami-locked", "sixth", nil); code(err) != "ResourceLimitExceeded" {
		t.Errorf("a sixth one: %v", err)
	}
	must(t, share(t.Context(), owner, "ami-plain", types.LaunchPermission{Group: types.PermissionGroupAll}))
	if err := attachMark(t.Context(), owner, "ami-plain", "approved", nil); code(err) != "UnsupportedOperation" {
		t.Errorf("on a public AMI: %v", err)
	}
	if err := share(t.Context(), owner, "ami-marked", types.LaunchPermission{Group: types.PermissionGroupAll}); code(err) != "UnsupportedOperation" {
		t.Errorf("making a marked AMI public: %v", err)
	}
	out, err := owner.CopyImage(t.Context(), &ec2.CopyImageInput{SourceImageId: aws.String("ami-marked"), SourceRegion: aws.String(home), Name: aws.String("copy")})
	must(t, err)
	must(t, detachMark(t.Context(), owner, "ami-marked", source+":golden", nil))
	if got := seenImage(t, owner, *out.ImageId) + seenImage(t, owner, "ami-marked"); got != "[] ["+source+":golden of ami-marked][] []" {
		t.Errorf("a copy keeps the mark: %s", got)
	}
}

func share(ctx context.Context, c *ec2.Client, image string, with types.LaunchPermission) error {
	return only(c.ModifyImageAttribute(ctx, &ec2.ModifyImageAttributeInput{
		ImageId: &image, LaunchPermission: &types.LaunchPermissionModifications{Add: []types.LaunchPermission{with}},
	}))
}
