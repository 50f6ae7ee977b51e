// SPDX-License-Identifier: MPL-2.0

package awssim_test

import (
	"context"
	"errors"
	"maps"
	"slices"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/smithy-go"

	"github.com/amishare/packer-plugin-ami-share/internal/awssim"
)

// ec2Call makes a call and what has to come before it; dry is for the last one only.
type ec2Call func(ctx context.Context, c *ec2.Client, dry *bool) error

// ec2Row is a row of EC2, whose dry runs and denials all have one code.
type ec2Row struct {
	good, bad, undo         ec2Call
	code, anywhere, creates string
}

func (c ec2Call) call() call {
	if c == nil {
		return nil
	}
	return func(ctx context.Context, config aws.Config, dry *bool) error {
		return c(ctx, ec2.NewFromConfig(config), dry)
	}
}

func (r ec2Row) row() row {
	return row{
		good: r.good.call(), bad: r.bad.call(), undo: r.undo.call(), code: r.code, anywhere: r.anywhere, creates: r.creates,
		denied: "UnauthorizedOperation", dry: "DryRunOperation",
	}
}

// only drops the output of a call.
func only[T any](_ T, err error) error { return err }

// code is the AWS error code of err, or "" for none.
func code(err error) string {
	if api, ok := errors.AsType[smithy.APIError](err); ok {
		return api.ErrorCode()
	}
	if err != nil {
		return err.Error()
	}
	return ""
}

// allEC2Rows are the rows of EC2, of which each file of tests has some.
func allEC2Rows() map[string]ec2Row {
	all := maps.Clone(ec2Rows)
	maps.Copy(all, templateRows)
	maps.Copy(all, markRows)
	maps.Copy(all, usageRows)
	return all
}

func TestContractOfEC2(t *testing.T) {
	for action, r := range allEC2Rows() {
		t.Run(action, func(t *testing.T) { r.row().check(t, "ec2:"+action) })
	}
}

func TestEveryEC2ActionHasARow(t *testing.T) {
	rows := allEC2Rows()
	for _, action := range awssim.EC2Actions() {
		r, ok := rows[action]
		if !ok {
			t.Errorf("%s has no row", action)
		}
		if takes := awssim.Parameters("ec2:" + action); r.bad == nil && !slices.Equal(takes, []string{"DryRun"}) {
			t.Errorf("%s takes %q, and its row has no bad input", action, takes)
		}
	}
	if len(rows) != len(awssim.EC2Actions()) {
		t.Errorf("%d rows for %d actions", len(rows), len(awssim.EC2Actions()))
	}
}

func deleteKeyPair(ctx context.Context, c *ec2.Client, _ *bool) error {
	return only(c.DeleteKeyPair(ctx, &ec2.DeleteKeyPairInput{KeyName: aws.String("amishare-contract")}))
}

// deleteTemplate deletes the launch template, which a dry run did not make.
func deleteTemplate(ctx context.Context, c *ec2.Client, _ *bool) error {
	err := only(c.DeleteLaunchTemplate(ctx, &ec2.DeleteLaunchTemplateInput{LaunchTemplateName: aws.String("amishare-contract")}))
	if code(err) == "InvalidLaunchTemplateName.NotFoundException" {
		return nil
	}
	return err
}

var ec2Rows = map[string]ec2Row{
	"DescribeImages": {
		anywhere: "good denied bad dry",
		good: func(ctx context.Context, c *ec2.Client, dry *bool) error {
			return only(c.DescribeImages(ctx, &ec2.DescribeImagesInput{Owners: []string{"self"}, DryRun: dry}))
		},
		bad: func(ctx context.Context, c *ec2.Client, _ *bool) error {
			return only(c.DescribeImages(ctx, &ec2.DescribeImagesInput{Filters: []types.Filter{filter("colour", "red")}}))
		},
		code: "InvalidParameterValue",
	},
	"CopyImage": {
		good: func(ctx context.Context, c *ec2.Client, dry *bool) error {
			return only(c.CopyImage(ctx, &ec2.CopyImageInput{
				SourceImageId: aws.String("ami-cmk"), SourceRegion: aws.String(home),
				Name: aws.String("copy"), Encrypted: aws.Bool(true), KmsKeyId: aws.String("alias/ami"), DryRun: dry,
			}))
		},
		bad: func(ctx context.Context, c *ec2.Client, _ *bool) error {
			return only(c.CopyImage(ctx, &ec2.CopyImageInput{
				SourceImageId: aws.String("ami-cmk"), SourceRegion: aws.String(home),
				Name: aws.String("copy"), KmsKeyId: aws.String("alias/ami"),
			}))
		},
		code: "InvalidParameterDependency",
	},
	"CreateImage": {
		anywhere: "bad",
		good: func(ctx context.Context, c *ec2.Client, dry *bool) error {
			id, err := running(ctx)
			if err != nil {
				return err
			}
			return only(c.CreateImage(ctx, &ec2.CreateImageInput{InstanceId: &id, Name: aws.String("made"), DryRun: dry}))
		},
		bad: func(ctx context.Context, c *ec2.Client, _ *bool) error {
			return only(c.CreateImage(ctx, &ec2.CreateImageInput{InstanceId: aws.String("i-00000000000000000"), Name: aws.String("made")}))
		},
		code: "InvalidInstanceID.NotFound",
	},
	"RegisterImage": {
		anywhere: "bad",
		good: func(ctx context.Context, c *ec2.Client, dry *bool) error {
			return only(c.RegisterImage(ctx, registration("snap-free", dry)))
		},
		bad: func(ctx context.Context, c *ec2.Client, _ *bool) error {
			return only(c.RegisterImage(ctx, registration("snap-00000000000000000", nil)))
		},
		code: "InvalidSnapshot.NotFound",
	},
	"DeregisterImage": {
		anywhere: "bad",
		good: func(ctx context.Context, c *ec2.Client, dry *bool) error {
			return only(c.DeregisterImage(ctx, &ec2.DeregisterImageInput{ImageId: aws.String("ami-cmk"), DryRun: dry}))
		},
		bad: func(ctx context.Context, c *ec2.Client, _ *bool) error {
			return only(c.DeregisterImage(ctx, &ec2.DeregisterImageInput{ImageId: aws.String("cmk")}))
		},
		code: "InvalidAMIID.Malformed",
	},
	"DisableImage": {
		good: func(ctx context.Context, c *ec2.Client, dry *bool) error {
			return only(c.DisableImage(ctx, &ec2.DisableImageInput{ImageId: aws.String("ami-cmk"), DryRun: dry}))
		},
		bad: func(ctx context.Context, c *ec2.Client, _ *bool) error {
			return only(c.DisableImage(ctx, &ec2.DisableImageInput{ImageId: aws.String("ami-public")}))
		},
		code: "AuthFailure",
	},
	"EnableImage": {
		anywhere: "bad",
		good: func(ctx context.Context, c *ec2.Client, dry *bool) error {
			return only(c.EnableImage(ctx, &ec2.EnableImageInput{ImageId: aws.String("ami-cmk"), DryRun: dry}))
		},
		bad: func(ctx context.Context, c *ec2.Client, _ *bool) error {
			return only(c.EnableImage(ctx, &ec2.EnableImageInput{ImageId: aws.String("ami-00000000000000000")}))
		},
		code: "InvalidAMIID.NotFound",
	},
	"EnableImageDeprecation": {
		anywhere: "bad",
		good: func(ctx context.Context, c *ec2.Client, dry *bool) error {
			return only(c.EnableImageDeprecation(ctx, &ec2.EnableImageDeprecationInput{
				ImageId:     aws.String("ami-cmk"),
				DeprecateAt: &farAway, DryRun: dry,
			}))
		},
		bad: func(ctx context.Context, c *ec2.Client, _ *bool) error {
			return only(c.EnableImageDeprecation(ctx, &ec2.EnableImageDeprecationInput{ImageId: aws.String("ami-00000000000000000"), DeprecateAt: &farAway}))
		},
		code: "InvalidAMIID.NotFound",
	},
	"DisableImageDeprecation": {
		anywhere: "bad",
		good: func(ctx context.Context, c *ec2.Client, dry *bool) error {
			return only(c.DisableImageDeprecation(ctx, &ec2.DisableImageDeprecationInput{ImageId: aws.String("ami-cmk"), DryRun: dry}))
		},
		bad: func(ctx context.Context, c *ec2.Client, _ *bool) error {
			return only(c.DisableImageDeprecation(ctx, &ec2.DisableImageDeprecationInput{ImageId: aws.String("ami-00000000000000000")}))
		},
		code: "InvalidAMIID.NotFound",
	},
	"EnableImageDeregistrationProtection": {
		good: func(ctx context.Context, c *ec2.Client, dry *bool) error {
			return only(c.EnableImageDeregistrationProtection(ctx, &ec2.EnableImageDeregistrationProtectionInput{
				ImageId: aws.String("ami-cmk"), DryRun: dry,
			}))
		},
		bad: func(ctx context.Context, c *ec2.Client, _ *bool) error {
			return only(c.EnableImageDeregistrationProtection(ctx, &ec2.EnableImageDeregistrationProtectionInput{
				ImageId: aws.String("ami-00000000000000000"),
			}))
		},
		code: "InvalidAMIID.NotFound",
	},
	"DisableImageDeregistrationProtection": {
		anywhere: "bad",
		good: func(ctx context.Context, c *ec2.Client, dry *bool) error {
			return only(c.DisableImageDeregistrationProtection(ctx, &ec2.DisableImageDeregistrationProtectionInput{
				ImageId: aws.String("ami-cmk"), DryRun: dry,
			}))
		},
		bad: func(ctx context.Context, c *ec2.Client, _ *bool) error {
			return only(c.DisableImageDeregistrationProtection(ctx, &ec2.DisableImageDeregistrationProtectionInput{
				ImageId: aws.String("ami-00000000000000000"),
			}))
		},
		code: "InvalidAMIID.NotFound",
	},
	"ModifyImageAttribute": {
		good: func(ctx context.Context, c *ec2.Client, dry *bool) error {
			return only(c.ModifyImageAttribute(ctx, launchWith("ami-cmk", types.LaunchPermission{UserId: aws.String(target)}, dry)))
		},
		bad: func(ctx context.Context, c *ec2.Client, _ *bool) error {
			return only(c.ModifyImageAttribute(ctx, launchWith("ami-cmk", types.LaunchPermission{UserId: aws.String("12345")}, nil)))
		},
		code: "InvalidAMIAttributeItemValue",
	},
	"DescribeImageAttribute": {
		good: func(ctx context.Context, c *ec2.Client, dry *bool) error {
			return only(c.DescribeImageAttribute(ctx, &ec2.DescribeImageAttributeInput{
				ImageId:   aws.String("ami-cmk"),
				Attribute: types.ImageAttributeNameLaunchPermission, DryRun: dry,
			}))
		},
		bad: func(ctx context.Context, c *ec2.Client, _ *bool) error {
			return only(c.DescribeImageAttribute(ctx, &ec2.DescribeImageAttributeInput{
				ImageId:   aws.String("ami-cmk"),
				Attribute: types.ImageAttributeNameBlockDeviceMapping,
			}))
		},
		code: "AuthFailure",
	},
	"ResetImageAttribute": {
		good: func(ctx context.Context, c *ec2.Client, dry *bool) error {
			return only(c.ResetImageAttribute(ctx, &ec2.ResetImageAttributeInput{
				ImageId:   aws.String("ami-cmk"),
				Attribute: types.ResetImageAttributeNameLaunchPermission, DryRun: dry,
			}))
		},
		bad: func(ctx context.Context, c *ec2.Client, _ *bool) error {
			return only(c.ResetImageAttribute(ctx, &ec2.ResetImageAttributeInput{ImageId: aws.String("ami-cmk"), Attribute: "description"}))
		},
		code: "InvalidParameterValue",
	},
	"CancelImageLaunchPermission": {
		good: func(ctx context.Context, c *ec2.Client, dry *bool) error {
			return only(c.CancelImageLaunchPermission(ctx, &ec2.CancelImageLaunchPermissionInput{ImageId: aws.String("ami-of-target"), DryRun: dry}))
		},
		bad: func(ctx context.Context, c *ec2.Client, _ *bool) error {
			return only(c.CancelImageLaunchPermission(ctx, &ec2.CancelImageLaunchPermissionInput{ImageId: aws.String("ami-public")}))
		},
		code: "InvalidAMIID.NotFound",
	},
	"DescribeSnapshots": {
		anywhere: "bad",
		good: func(ctx context.Context, c *ec2.Client, dry *bool) error {
			return only(c.DescribeSnapshots(ctx, &ec2.DescribeSnapshotsInput{SnapshotIds: []string{"snap-cmk"}, DryRun: dry}))
		},
		bad: func(ctx context.Context, c *ec2.Client, _ *bool) error {
			return only(c.DescribeSnapshots(ctx, &ec2.DescribeSnapshotsInput{SnapshotIds: []string{"snap-00000000000000000"}}))
		},
		code: "InvalidSnapshot.NotFound",
	},
	"CreateSnapshot": {
		anywhere: "bad",
		good: func(ctx context.Context, c *ec2.Client, dry *bool) error {
			id, err := newVolume(ctx)
			if err != nil {
				return err
			}
			return only(c.CreateSnapshot(ctx, &ec2.CreateSnapshotInput{
				VolumeId: &id, DryRun: dry,
				TagSpecifications: []types.TagSpecification{tagSpec(types.ResourceTypeSnapshot)},
			}))
		},
		bad: func(ctx context.Context, c *ec2.Client, _ *bool) error {
			return only(c.CreateSnapshot(ctx, &ec2.CreateSnapshotInput{VolumeId: aws.String("vol-00000000000000000")}))
		},
		code: "InvalidVolume.NotFound",
	},
	"CopySnapshot": {
		anywhere: "bad",
		good: func(ctx context.Context, c *ec2.Client, dry *bool) error {
			return only(c.CopySnapshot(ctx, &ec2.CopySnapshotInput{SourceSnapshotId: aws.String("snap-cmk"), SourceRegion: aws.String(home), DryRun: dry}))
		},
		bad: func(ctx context.Context, c *ec2.Client, _ *bool) error {
			return only(c.CopySnapshot(ctx, &ec2.CopySnapshotInput{SourceSnapshotId: aws.String("snap-00000000000000000"), SourceRegion: aws.String(home)}))
		},
		code: "InvalidSnapshot.NotFound",
	},
	"DeleteSnapshot": {
		good: func(ctx context.Context, c *ec2.Client, dry *bool) error {
			return only(c.DeleteSnapshot(ctx, &ec2.DeleteSnapshotInput{SnapshotId: aws.String("snap-free"), DryRun: dry}))
		},
		bad: func(ctx context.Context, c *ec2.Client, _ *bool) error {
			return only(c.DeleteSnapshot(ctx, &ec2.DeleteSnapshotInput{SnapshotId: aws.String("snap-cmk")}))
		},
		code: "InvalidSnapshot.InUse",
	},
	"ModifySnapshotAttribute": {
		good: func(ctx context.Context, c *ec2.Client, dry *bool) error {
			return only(c.ModifySnapshotAttribute(ctx, volumesFor("snap-cmk", types.CreateVolumePermission{UserId: aws.String(target)}, dry)))
		},
		bad: func(ctx context.Context, c *ec2.Client, _ *bool) error {
			return only(c.ModifySnapshotAttribute(ctx, volumesFor("snap-cmk", types.CreateVolumePermission{Group: "all"}, nil)))
		},
		code: "OperationNotPermitted",
	},
	"DescribeSnapshotAttribute": {
		good: func(ctx context.Context, c *ec2.Client, dry *bool) error {
			return only(c.DescribeSnapshotAttribute(ctx, &ec2.DescribeSnapshotAttributeInput{
				SnapshotId: aws.String("snap-cmk"),
				Attribute:  types.SnapshotAttributeNameCreateVolumePermission, DryRun: dry,
			}))
		},
		bad: func(ctx context.Context, c *ec2.Client, _ *bool) error {
			return only(c.DescribeSnapshotAttribute(ctx, &ec2.DescribeSnapshotAttributeInput{
				SnapshotId: aws.String("snap-of-target"),
				Attribute:  types.SnapshotAttributeNameCreateVolumePermission,
			}))
		},
		code: "InvalidSnapshot.NotFound",
	},
	"ResetSnapshotAttribute": {
		good: func(ctx context.Context, c *ec2.Client, dry *bool) error {
			return only(c.ResetSnapshotAttribute(ctx, &ec2.ResetSnapshotAttributeInput{
				SnapshotId: aws.String("snap-cmk"),
				Attribute:  types.SnapshotAttributeNameCreateVolumePermission, DryRun: dry,
			}))
		},
		bad: func(ctx context.Context, c *ec2.Client, _ *bool) error {
			return only(c.ResetSnapshotAttribute(ctx, &ec2.ResetSnapshotAttributeInput{
				SnapshotId: aws.String("snap-cmk"),
				Attribute:  types.SnapshotAttributeNameProductCodes,
			}))
		},
		code: "InvalidParameterValue",
	},
	"CreateTags": {
		good: func(ctx context.Context, c *ec2.Client, dry *bool) error {
			return only(c.CreateTags(ctx, &ec2.CreateTagsInput{Resources: []string{"ami-cmk", "snap-cmk"}, Tags: someTags, DryRun: dry}))
		},
		bad: func(ctx context.Context, c *ec2.Client, _ *bool) error {
			return only(c.CreateTags(ctx, &ec2.CreateTagsInput{
				Resources: []string{"ami-cmk"},
				Tags:      []types.Tag{{Key: aws.String("aws:no"), Value: aws.String("x")}},
			}))
		},
		code: "InvalidParameterValue",
	},
	"DeleteTags": {
		anywhere: "bad",
		good: func(ctx context.Context, c *ec2.Client, dry *bool) error {
			return only(c.DeleteTags(ctx, &ec2.DeleteTagsInput{Resources: []string{"ami-cmk"}, Tags: someTags, DryRun: dry}))
		},
		bad: func(ctx context.Context, c *ec2.Client, _ *bool) error {
			return only(c.DeleteTags(ctx, &ec2.DeleteTagsInput{Resources: []string{"ami-00000000000000000"}, Tags: someTags}))
		},
		code: "InvalidAMIID.NotFound",
	},
	"DescribeTags": {
		anywhere: "good denied bad dry",
		good: func(ctx context.Context, c *ec2.Client, dry *bool) error {
			return only(c.DescribeTags(ctx, &ec2.DescribeTagsInput{Filters: []types.Filter{filter("resource-id", "ami-cmk")}, DryRun: dry}))
		},
		bad: func(ctx context.Context, c *ec2.Client, _ *bool) error {
			return only(c.DescribeTags(ctx, &ec2.DescribeTagsInput{Filters: []types.Filter{filter("colour", "red")}}))
		},
		code: "InvalidParameterValue",
	},
	"GetAllowedImagesSettings": {
		anywhere: "good denied dry",
		good: func(ctx context.Context, c *ec2.Client, dry *bool) error {
			return only(c.GetAllowedImagesSettings(ctx, &ec2.GetAllowedImagesSettingsInput{DryRun: dry}))
		},
	},
	"EnableAllowedImagesSettings": {
		anywhere: "denied bad dry",
		good: func(ctx context.Context, c *ec2.Client, dry *bool) error {
			return only(c.EnableAllowedImagesSettings(ctx, &ec2.EnableAllowedImagesSettingsInput{
				AllowedImagesSettingsState: types.AllowedImagesSettingsEnabledStateEnabled, DryRun: dry,
			}))
		},
		bad: func(ctx context.Context, c *ec2.Client, _ *bool) error {
			return only(c.EnableAllowedImagesSettings(ctx, &ec2.EnableAllowedImagesSettingsInput{AllowedImagesSettingsState: "perhaps"}))
		},
		code: "InvalidParameterValue",
	},
	"DisableAllowedImagesSettings": {
		anywhere: "denied dry",
		good: func(ctx context.Context, c *ec2.Client, dry *bool) error {
			return only(c.DisableAllowedImagesSettings(ctx, &ec2.DisableAllowedImagesSettingsInput{DryRun: dry}))
		},
	},
	"ReplaceImageCriteriaInAllowedImagesSettings": {
		anywhere: "bad",
		good: func(ctx context.Context, c *ec2.Client, dry *bool) error {
			return only(c.ReplaceImageCriteriaInAllowedImagesSettings(ctx, criteria(target, dry)))
		},
		bad: func(ctx context.Context, c *ec2.Client, _ *bool) error {
			return only(c.ReplaceImageCriteriaInAllowedImagesSettings(ctx, criteria("nobody", nil)))
		},
		code: "InvalidParameterValue",
	},
	"GetImageBlockPublicAccessState": {
		anywhere: "good denied dry",
		good: func(ctx context.Context, c *ec2.Client, dry *bool) error {
			return only(c.GetImageBlockPublicAccessState(ctx, &ec2.GetImageBlockPublicAccessStateInput{DryRun: dry}))
		},
	},
	"EnableImageBlockPublicAccess": {
		anywhere: "denied bad dry",
		good: func(ctx context.Context, c *ec2.Client, dry *bool) error {
			return only(c.EnableImageBlockPublicAccess(ctx, &ec2.EnableImageBlockPublicAccessInput{
				ImageBlockPublicAccessState: types.ImageBlockPublicAccessEnabledStateBlockNewSharing, DryRun: dry,
			}))
		},
		bad: func(ctx context.Context, c *ec2.Client, _ *bool) error {
			return only(c.EnableImageBlockPublicAccess(ctx, &ec2.EnableImageBlockPublicAccessInput{ImageBlockPublicAccessState: "perhaps"}))
		},
		code: "InvalidParameterValue",
	},
	"DisableImageBlockPublicAccess": {
		anywhere: "denied dry",
		good: func(ctx context.Context, c *ec2.Client, dry *bool) error {
			return only(c.DisableImageBlockPublicAccess(ctx, &ec2.DisableImageBlockPublicAccessInput{DryRun: dry}))
		},
	},
	"GetSnapshotBlockPublicAccessState": {
		anywhere: "good denied dry",
		good: func(ctx context.Context, c *ec2.Client, dry *bool) error {
			return only(c.GetSnapshotBlockPublicAccessState(ctx, &ec2.GetSnapshotBlockPublicAccessStateInput{DryRun: dry}))
		},
	},
	"EnableSnapshotBlockPublicAccess": {
		anywhere: "denied bad dry",
		good: func(ctx context.Context, c *ec2.Client, dry *bool) error {
			return only(c.EnableSnapshotBlockPublicAccess(ctx, &ec2.EnableSnapshotBlockPublicAccessInput{
				State: types.SnapshotBlockPublicAccessStateBlockAllSharing, DryRun: dry,
			}))
		},
		bad: func(ctx context.Context, c *ec2.Client, _ *bool) error {
			return only(c.EnableSnapshotBlockPublicAccess(ctx, &ec2.EnableSnapshotBlockPublicAccessInput{State: "perhaps"}))
		},
		code: "InvalidParameterValue",
	},
	"DisableSnapshotBlockPublicAccess": {
		anywhere: "denied dry",
		good: func(ctx context.Context, c *ec2.Client, dry *bool) error {
			return only(c.DisableSnapshotBlockPublicAccess(ctx, &ec2.DisableSnapshotBlockPublicAccessInput{DryRun: dry}))
		},
	},
	"GetEbsEncryptionByDefault": {
		anywhere: "good denied dry",
		good: func(ctx context.Context, c *ec2.Client, dry *bool) error {
			return only(c.GetEbsEncryptionByDefault(ctx, &ec2.GetEbsEncryptionByDefaultInput{DryRun: dry}))
		},
	},
	"EnableEbsEncryptionByDefault": {
		anywhere: "denied dry",
		good: func(ctx context.Context, c *ec2.Client, dry *bool) error {
			return only(c.EnableEbsEncryptionByDefault(ctx, &ec2.EnableEbsEncryptionByDefaultInput{DryRun: dry}))
		},
	},
	"DisableEbsEncryptionByDefault": {
		anywhere: "denied dry",
		good: func(ctx context.Context, c *ec2.Client, dry *bool) error {
			return only(c.DisableEbsEncryptionByDefault(ctx, &ec2.DisableEbsEncryptionByDefaultInput{DryRun: dry}))
		},
	},
	"GetEbsDefaultKmsKeyId": {
		anywhere: "good denied dry",
		good: func(ctx context.Context, c *ec2.Client, dry *bool) error {
			return only(c.GetEbsDefaultKmsKeyId(ctx, &ec2.GetEbsDefaultKmsKeyIdInput{DryRun: dry}))
		},
	},
	"ModifyEbsDefaultKmsKeyId": {
		anywhere: "bad",
		good: func(ctx context.Context, c *ec2.Client, dry *bool) error {
			return only(c.ModifyEbsDefaultKmsKeyId(ctx, &ec2.ModifyEbsDefaultKmsKeyIdInput{KmsKeyId: aws.String("alias/ami"), DryRun: dry}))
		},
		bad: func(ctx context.Context, c *ec2.Client, _ *bool) error {
			return only(c.ModifyEbsDefaultKmsKeyId(ctx, &ec2.ModifyEbsDefaultKmsKeyIdInput{KmsKeyId: aws.String("alias/none")}))
		},
		code: "InvalidParameterValue",
	},
	"ResetEbsDefaultKmsKeyId": {
		anywhere: "denied dry",
		good: func(ctx context.Context, c *ec2.Client, dry *bool) error {
			return only(c.ResetEbsDefaultKmsKeyId(ctx, &ec2.ResetEbsDefaultKmsKeyIdInput{DryRun: dry}))
		},
	},
	"DescribeRegions": {
		anywhere: "good denied bad dry",
		good: func(ctx context.Context, c *ec2.Client, dry *bool) error {
			return only(c.DescribeRegions(ctx, &ec2.DescribeRegionsInput{DryRun: dry}))
		},
		bad: func(ctx context.Context, c *ec2.Client, _ *bool) error {
			return only(c.DescribeRegions(ctx, &ec2.DescribeRegionsInput{RegionNames: []string{"atlantis-1"}}))
		},
		code: "InvalidParameterValue",
	},
	"DescribeVpcs": {
		anywhere: "good denied bad dry",
		good: func(ctx context.Context, c *ec2.Client, dry *bool) error {
			return only(c.DescribeVpcs(ctx, &ec2.DescribeVpcsInput{DryRun: dry}))
		},
		bad: func(ctx context.Context, c *ec2.Client, _ *bool) error {
			return only(c.DescribeVpcs(ctx, &ec2.DescribeVpcsInput{VpcIds: []string{"vpc-00000000000000000"}}))
		},
		code: "InvalidVpcID.NotFound",
	},
	"DescribeSubnets": {
		anywhere: "good denied bad dry",
		good: func(ctx context.Context, c *ec2.Client, dry *bool) error {
			return only(c.DescribeSubnets(ctx, &ec2.DescribeSubnetsInput{DryRun: dry}))
		},
		bad: func(ctx context.Context, c *ec2.Client, _ *bool) error {
			return only(c.DescribeSubnets(ctx, &ec2.DescribeSubnetsInput{SubnetIds: []string{"subnet-00000000000000000"}}))
		},
		code: "InvalidSubnetID.NotFound",
	},
	"CreateKeyPair": {
		anywhere: "good denied bad dry", creates: "the key pair amishare-contract", undo: deleteKeyPair,
		good: func(ctx context.Context, c *ec2.Client, dry *bool) error {
			return only(c.CreateKeyPair(ctx, &ec2.CreateKeyPairInput{KeyName: aws.String("amishare-contract"), DryRun: dry}))
		},
		bad: func(ctx context.Context, c *ec2.Client, _ *bool) error {
			if err := only(c.CreateKeyPair(ctx, &ec2.CreateKeyPairInput{KeyName: aws.String("amishare-contract")})); err != nil {
				return err
			}
			return only(c.CreateKeyPair(ctx, &ec2.CreateKeyPairInput{KeyName: aws.String("amishare-contract")}))
		},
		code: "InvalidKeyPair.Duplicate",
	},
	"DescribeKeyPairs": {
		anywhere: "good denied bad dry",
		good: func(ctx context.Context, c *ec2.Client, dry *bool) error {
			return only(c.DescribeKeyPairs(ctx, &ec2.DescribeKeyPairsInput{DryRun: dry}))
		},
		bad: func(ctx context.Context, c *ec2.Client, _ *bool) error {
			return only(c.DescribeKeyPairs(ctx, &ec2.DescribeKeyPairsInput{KeyNames: []string{"none"}}))
		},
		code: "InvalidKeyPair.NotFound",
	},
	"DeleteKeyPair": {
		anywhere: "good denied bad dry",
		good: func(ctx context.Context, c *ec2.Client, dry *bool) error {
			return only(c.DeleteKeyPair(ctx, &ec2.DeleteKeyPairInput{KeyName: aws.String("amishare-contract"), DryRun: dry}))
		},
		bad: func(ctx context.Context, c *ec2.Client, _ *bool) error {
			return only(c.DeleteKeyPair(ctx, &ec2.DeleteKeyPairInput{}))
		},
		code: "MissingParameter",
	},
	"CreateSecurityGroup": {
		anywhere: "bad",
		good: func(ctx context.Context, c *ec2.Client, dry *bool) error {
			return only(c.CreateSecurityGroup(ctx, &ec2.CreateSecurityGroupInput{GroupName: aws.String("g"), Description: aws.String("d"), DryRun: dry}))
		},
		bad: func(ctx context.Context, c *ec2.Client, _ *bool) error {
			return only(c.CreateSecurityGroup(ctx, &ec2.CreateSecurityGroupInput{
				GroupName: aws.String("g"), Description: aws.String("d"),
				VpcId: aws.String("vpc-00000000000000000"),
			}))
		},
		code: "InvalidVpcID.NotFound",
	},
	"DescribeSecurityGroups": {
		anywhere: "good denied bad dry",
		good: func(ctx context.Context, c *ec2.Client, dry *bool) error {
			return only(c.DescribeSecurityGroups(ctx, &ec2.DescribeSecurityGroupsInput{DryRun: dry}))
		},
		bad: func(ctx context.Context, c *ec2.Client, _ *bool) error {
			return only(c.DescribeSecurityGroups(ctx, &ec2.DescribeSecurityGroupsInput{GroupIds: []string{"sg-00000000000000000"}}))
		},
		code: "InvalidGroup.NotFound",
	},
	"DeleteSecurityGroup": {
		anywhere: "bad",
		good: func(ctx context.Context, c *ec2.Client, dry *bool) error {
			id, err := newGroup(ctx)
			if err != nil {
				return err
			}
			return only(c.DeleteSecurityGroup(ctx, &ec2.DeleteSecurityGroupInput{GroupId: &id, DryRun: dry}))
		},
		bad: func(ctx context.Context, c *ec2.Client, _ *bool) error {
			return only(c.DeleteSecurityGroup(ctx, &ec2.DeleteSecurityGroupInput{GroupId: aws.String("sg-00000000000000000")}))
		},
		code: "InvalidGroup.NotFound",
	},
	"AuthorizeSecurityGroupIngress": {
		anywhere: "bad",
		good: func(ctx context.Context, c *ec2.Client, dry *bool) error {
			id, err := newGroup(ctx)
			if err != nil {
				return err
			}
			return only(c.AuthorizeSecurityGroupIngress(ctx, &ec2.AuthorizeSecurityGroupIngressInput{
				GroupId: &id, DryRun: dry,
				IpPermissions: []types.IpPermission{{
					IpProtocol: aws.String("tcp"), FromPort: aws.Int32(22), ToPort: aws.Int32(22),
					IpRanges: []types.IpRange{{CidrIp: aws.String("0.0.0.0/0")}},
				}},
			}))
		},
		bad: func(ctx context.Context, c *ec2.Client, _ *bool) error {
			return only(c.AuthorizeSecurityGroupIngress(ctx, &ec2.AuthorizeSecurityGroupIngressInput{GroupId: aws.String("sg-00000000000000000")}))
		},
		code: "InvalidGroup.NotFound",
	},
	"DescribeVolumes": {
		anywhere: "good denied bad dry",
		good: func(ctx context.Context, c *ec2.Client, dry *bool) error {
			return only(c.DescribeVolumes(ctx, &ec2.DescribeVolumesInput{DryRun: dry}))
		},
		bad: func(ctx context.Context, c *ec2.Client, _ *bool) error {
			return only(c.DescribeVolumes(ctx, &ec2.DescribeVolumesInput{VolumeIds: []string{"vol-00000000000000000"}}))
		},
		code: "InvalidVolume.NotFound",
	},
	"CreateVolume": {
		anywhere: "bad",
		good: func(ctx context.Context, c *ec2.Client, dry *bool) error {
			return only(c.CreateVolume(ctx, &ec2.CreateVolumeInput{AvailabilityZone: aws.String(home + "a"), Size: aws.Int32(1), DryRun: dry}))
		},
		bad: func(ctx context.Context, c *ec2.Client, _ *bool) error {
			return only(c.CreateVolume(ctx, &ec2.CreateVolumeInput{AvailabilityZone: aws.String(home + "a")}))
		},
		code: "MissingParameter",
	},
	"DeleteVolume": {
		anywhere: "bad",
		good: func(ctx context.Context, c *ec2.Client, dry *bool) error {
			id, err := newVolume(ctx)
			if err != nil {
				return err
			}
			return only(c.DeleteVolume(ctx, &ec2.DeleteVolumeInput{VolumeId: &id, DryRun: dry}))
		},
		bad: func(ctx context.Context, c *ec2.Client, _ *bool) error {
			return only(c.DeleteVolume(ctx, &ec2.DeleteVolumeInput{VolumeId: aws.String("vol-00000000000000000")}))
		},
		code: "InvalidVolume.NotFound",
	},
	"AttachVolume": {
		anywhere: "bad",
		good:     attach,
		bad: func(ctx context.Context, c *ec2.Client, _ *bool) error {
			return only(c.AttachVolume(ctx, &ec2.AttachVolumeInput{VolumeId: aws.String("vol-00000000000000000"), InstanceId: aws.String("i-00000000000000000"), Device: aws.String("/dev/sdz")}))
		},
		code: "InvalidVolume.NotFound",
	},
	"DetachVolume": {
		good: func(ctx context.Context, c *ec2.Client, dry *bool) error {
			if err := attach(ctx, ec2.NewFromConfig(administratorOf(ctx)), nil); err != nil {
				return err
			}
			out, err := ec2.NewFromConfig(administratorOf(ctx)).DescribeVolumes(ctx, &ec2.DescribeVolumesInput{Filters: []types.Filter{filter("attachment.device", "/dev/sdz")}})
			if err != nil {
				return err
			}
			return only(c.DetachVolume(ctx, &ec2.DetachVolumeInput{VolumeId: out.Volumes[0].VolumeId, DryRun: dry}))
		},
		bad: func(ctx context.Context, c *ec2.Client, _ *bool) error {
			id, err := newVolume(ctx)
			if err != nil {
				return err
			}
			return only(c.DetachVolume(ctx, &ec2.DetachVolumeInput{VolumeId: &id}))
		},
		code: "IncorrectState",
	},
	"RunInstances": {
		good: func(ctx context.Context, c *ec2.Client, dry *bool) error {
			return only(c.RunInstances(ctx, run("ami-cmk", dry)))
		},
		bad: func(ctx context.Context, c *ec2.Client, _ *bool) error {
			return only(c.RunInstances(ctx, run("ami-hidden", nil)))
		},
		code: "AuthFailure",
	},
	"DescribeInstances": {
		anywhere: "good denied bad dry",
		good: func(ctx context.Context, c *ec2.Client, dry *bool) error {
			return only(c.DescribeInstances(ctx, &ec2.DescribeInstancesInput{DryRun: dry}))
		},
		bad: func(ctx context.Context, c *ec2.Client, _ *bool) error {
			return only(c.DescribeInstances(ctx, &ec2.DescribeInstancesInput{InstanceIds: []string{"i-00000000000000000"}}))
		},
		code: "InvalidInstanceID.NotFound",
	},
	"DescribeInstanceStatus": {
		anywhere: "good denied bad dry",
		good: func(ctx context.Context, c *ec2.Client, dry *bool) error {
			return only(c.DescribeInstanceStatus(ctx, &ec2.DescribeInstanceStatusInput{DryRun: dry}))
		},
		bad: func(ctx context.Context, c *ec2.Client, _ *bool) error {
			return only(c.DescribeInstanceStatus(ctx, &ec2.DescribeInstanceStatusInput{InstanceIds: []string{"x"}}))
		},
		code: "InvalidInstanceID.Malformed",
	},
	"StartInstances": {
		anywhere: "bad",
		good: func(ctx context.Context, c *ec2.Client, dry *bool) error {
			id, err := running(ctx)
			if err != nil {
				return err
			}
			return only(c.StartInstances(ctx, &ec2.StartInstancesInput{InstanceIds: []string{id}, DryRun: dry}))
		},
		bad: func(ctx context.Context, c *ec2.Client, _ *bool) error {
			return only(c.StartInstances(ctx, &ec2.StartInstancesInput{InstanceIds: []string{"i-00000000000000000"}}))
		},
		code: "InvalidInstanceID.NotFound",
	},
	"StopInstances": {
		anywhere: "bad",
		good: func(ctx context.Context, c *ec2.Client, dry *bool) error {
			id, err := running(ctx)
			if err != nil {
				return err
			}
			return only(c.StopInstances(ctx, &ec2.StopInstancesInput{InstanceIds: []string{id}, DryRun: dry}))
		},
		bad: func(ctx context.Context, c *ec2.Client, _ *bool) error {
			return only(c.StopInstances(ctx, &ec2.StopInstancesInput{InstanceIds: []string{"i-00000000000000000"}}))
		},
		code: "InvalidInstanceID.NotFound",
	},
	"TerminateInstances": {
		anywhere: "bad",
		good: func(ctx context.Context, c *ec2.Client, dry *bool) error {
			id, err := running(ctx)
			if err != nil {
				return err
			}
			return only(c.TerminateInstances(ctx, &ec2.TerminateInstancesInput{InstanceIds: []string{id}, DryRun: dry}))
		},
		bad: func(ctx context.Context, c *ec2.Client, _ *bool) error {
			return only(c.TerminateInstances(ctx, &ec2.TerminateInstancesInput{InstanceIds: []string{"i-00000000000000000"}}))
		},
		code: "InvalidInstanceID.NotFound",
	},
	"ModifyInstanceAttribute": {
		anywhere: "bad",
		good: func(ctx context.Context, c *ec2.Client, dry *bool) error {
			id, err := running(ctx)
			if err != nil {
				return err
			}
			return only(c.ModifyInstanceAttribute(ctx, &ec2.ModifyInstanceAttributeInput{
				InstanceId: &id,
				EnaSupport: &types.AttributeBooleanValue{Value: aws.Bool(true)}, DryRun: dry,
			}))
		},
		bad: func(ctx context.Context, c *ec2.Client, _ *bool) error {
			return only(c.ModifyInstanceAttribute(ctx, &ec2.ModifyInstanceAttributeInput{InstanceId: aws.String("i-00000000000000000")}))
		},
		code: "InvalidInstanceID.NotFound",
	},
}
