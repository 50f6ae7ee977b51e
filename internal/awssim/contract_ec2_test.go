package awssim_test

import (
	"context"
	"errors"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/smithy-go"

	"github.com/amishare/packer-plugin-ami-share/internal/awssim"
)

// ec2Call makes a call and what has to come before it; dry is for the last one only.
type ec2Call func(ctx context.Context, c *ec2.Client, dry *bool) error

// ec2Row is an action: a call that succeeds for an administrator of the source account on a fresh world, and one that
// is wrong in itself.
type ec2Row struct {
	good ec2Call
	bad  ec2Call
	code string // of bad
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

func TestEC2Actions(t *testing.T) {
	for action, row := range ec2Rows {
		t.Run(action, func(t *testing.T) {
			t.Parallel()
			check := func(what, profile string, call ec2Call, dry *bool, want string) {
				t.Helper()
				f := start(t, computeWorld(t))
				client := ec2.NewFromConfig(f.config(t, profile, home))
				if got := code(call(t.Context(), client, dry)); got != want {
					t.Errorf("%s: error code %q, want %q", what, got, want)
				}
			}
			check("success", sourceAdmin, row.good, nil, "")
			check("dry run", sourceAdmin, row.good, aws.Bool(true), "DryRunOperation")
			check("no permission", sourceNobody, row.good, nil, "UnauthorizedOperation")
			if row.bad != nil {
				check("bad input", sourceAdmin, row.bad, nil, row.code)
			}
		})
	}
}

func TestEveryEC2ActionHasARow(t *testing.T) {
	for _, action := range awssim.EC2Actions() {
		if _, ok := ec2Rows[action]; !ok {
			t.Errorf("%s has no row", action)
		}
	}
}

var ec2Rows = map[string]ec2Row{
	"DescribeImages": {
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
		good: func(ctx context.Context, c *ec2.Client, dry *bool) error {
			id, err := running(ctx, c)
			if err != nil {
				return err
			}
			return only(c.CreateImage(ctx, &ec2.CreateImageInput{InstanceId: &id, Name: aws.String("made"), DryRun: dry}))
		},
		bad: func(ctx context.Context, c *ec2.Client, _ *bool) error {
			return only(c.CreateImage(ctx, &ec2.CreateImageInput{InstanceId: aws.String("i-none"), Name: aws.String("made")}))
		},
		code: "InvalidInstanceID.NotFound",
	},
	"RegisterImage": {
		good: func(ctx context.Context, c *ec2.Client, dry *bool) error {
			return only(c.RegisterImage(ctx, registration("snap-free", dry)))
		},
		bad: func(ctx context.Context, c *ec2.Client, _ *bool) error {
			return only(c.RegisterImage(ctx, registration("snap-none", nil)))
		},
		code: "InvalidSnapshot.NotFound",
	},
	"DeregisterImage": {
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
		good: func(ctx context.Context, c *ec2.Client, dry *bool) error {
			return only(c.EnableImage(ctx, &ec2.EnableImageInput{ImageId: aws.String("ami-cmk"), DryRun: dry}))
		},
		bad: func(ctx context.Context, c *ec2.Client, _ *bool) error {
			return only(c.EnableImage(ctx, &ec2.EnableImageInput{ImageId: aws.String("ami-none")}))
		},
		code: "InvalidAMIID.NotFound",
	},
	"EnableImageDeprecation": {
		good: func(ctx context.Context, c *ec2.Client, dry *bool) error {
			return only(c.EnableImageDeprecation(ctx, &ec2.EnableImageDeprecationInput{
				ImageId:     aws.String("ami-cmk"),
				DeprecateAt: &farAway, DryRun: dry,
			}))
		},
		bad: func(ctx context.Context, c *ec2.Client, _ *bool) error {
			return only(c.EnableImageDeprecation(ctx, &ec2.EnableImageDeprecationInput{ImageId: aws.String("ami-none"), DeprecateAt: &farAway}))
		},
		code: "InvalidAMIID.NotFound",
	},
	"DisableImageDeprecation": {
		good: func(ctx context.Context, c *ec2.Client, dry *bool) error {
			return only(c.DisableImageDeprecation(ctx, &ec2.DisableImageDeprecationInput{ImageId: aws.String("ami-cmk"), DryRun: dry}))
		},
		bad: func(ctx context.Context, c *ec2.Client, _ *bool) error {
			return only(c.DisableImageDeprecation(ctx, &ec2.DisableImageDeprecationInput{ImageId: aws.String("ami-none")}))
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
			if err := only(c.EnableImageDeregistrationProtection(ctx, &ec2.EnableImageDeregistrationProtectionInput{
				ImageId: aws.String("ami-cmk"),
			})); err != nil {
				return err
			}
			return only(c.DeregisterImage(ctx, &ec2.DeregisterImageInput{ImageId: aws.String("ami-cmk")}))
		},
		code: "OperationNotPermitted",
	},
	"DisableImageDeregistrationProtection": {
		good: func(ctx context.Context, c *ec2.Client, dry *bool) error {
			return only(c.DisableImageDeregistrationProtection(ctx, &ec2.DisableImageDeregistrationProtectionInput{
				ImageId: aws.String("ami-cmk"), DryRun: dry,
			}))
		},
		bad: func(ctx context.Context, c *ec2.Client, _ *bool) error {
			return only(c.DisableImageDeregistrationProtection(ctx, &ec2.DisableImageDeregistrationProtectionInput{
				ImageId: aws.String("ami-none"),
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
		code: "InvalidRequest",
	},
	"DescribeSnapshots": {
		good: func(ctx context.Context, c *ec2.Client, dry *bool) error {
			return only(c.DescribeSnapshots(ctx, &ec2.DescribeSnapshotsInput{SnapshotIds: []string{"snap-cmk"}, DryRun: dry}))
		},
		bad: func(ctx context.Context, c *ec2.Client, _ *bool) error {
			return only(c.DescribeSnapshots(ctx, &ec2.DescribeSnapshotsInput{SnapshotIds: []string{"snap-none"}}))
		},
		code: "InvalidSnapshot.NotFound",
	},
	"CreateSnapshot": {
		good: func(ctx context.Context, c *ec2.Client, dry *bool) error {
			id, err := newVolume(ctx, c)
			if err != nil {
				return err
			}
			return only(c.CreateSnapshot(ctx, &ec2.CreateSnapshotInput{
				VolumeId: &id, DryRun: dry,
				TagSpecifications: []types.TagSpecification{tagSpec(types.ResourceTypeSnapshot)},
			}))
		},
		bad: func(ctx context.Context, c *ec2.Client, _ *bool) error {
			return only(c.CreateSnapshot(ctx, &ec2.CreateSnapshotInput{VolumeId: aws.String("vol-none")}))
		},
		code: "InvalidVolume.NotFound",
	},
	"CopySnapshot": {
		good: func(ctx context.Context, c *ec2.Client, dry *bool) error {
			return only(c.CopySnapshot(ctx, &ec2.CopySnapshotInput{SourceSnapshotId: aws.String("snap-cmk"), SourceRegion: aws.String(home), DryRun: dry}))
		},
		bad: func(ctx context.Context, c *ec2.Client, _ *bool) error {
			return only(c.CopySnapshot(ctx, &ec2.CopySnapshotInput{SourceSnapshotId: aws.String("snap-none"), SourceRegion: aws.String(home)}))
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
		good: func(ctx context.Context, c *ec2.Client, dry *bool) error {
			return only(c.DeleteTags(ctx, &ec2.DeleteTagsInput{Resources: []string{"ami-cmk"}, Tags: someTags, DryRun: dry}))
		},
		bad: func(ctx context.Context, c *ec2.Client, _ *bool) error {
			return only(c.DeleteTags(ctx, &ec2.DeleteTagsInput{Resources: []string{"ami-none"}, Tags: someTags}))
		},
		code: "InvalidAMIID.NotFound",
	},
	"DescribeTags": {
		good: func(ctx context.Context, c *ec2.Client, dry *bool) error {
			return only(c.DescribeTags(ctx, &ec2.DescribeTagsInput{Filters: []types.Filter{filter("resource-id", "ami-cmk")}, DryRun: dry}))
		},
		bad: func(ctx context.Context, c *ec2.Client, _ *bool) error {
			return only(c.DescribeTags(ctx, &ec2.DescribeTagsInput{Filters: []types.Filter{filter("colour", "red")}}))
		},
		code: "InvalidParameterValue",
	},
	"GetAllowedImagesSettings": {
		good: func(ctx context.Context, c *ec2.Client, dry *bool) error {
			return only(c.GetAllowedImagesSettings(ctx, &ec2.GetAllowedImagesSettingsInput{DryRun: dry}))
		},
	},
	"EnableAllowedImagesSettings": {
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
		good: func(ctx context.Context, c *ec2.Client, dry *bool) error {
			return only(c.DisableAllowedImagesSettings(ctx, &ec2.DisableAllowedImagesSettingsInput{DryRun: dry}))
		},
	},
	"ReplaceImageCriteriaInAllowedImagesSettings": {
		good: func(ctx context.Context, c *ec2.Client, dry *bool) error {
			return only(c.ReplaceImageCriteriaInAllowedImagesSettings(ctx, criteria(target, dry)))
		},
		bad: func(ctx context.Context, c *ec2.Client, _ *bool) error {
			return only(c.ReplaceImageCriteriaInAllowedImagesSettings(ctx, criteria("nobody", nil)))
		},
		code: "InvalidParameterValue",
	},
	"GetImageBlockPublicAccessState": {
		good: func(ctx context.Context, c *ec2.Client, dry *bool) error {
			return only(c.GetImageBlockPublicAccessState(ctx, &ec2.GetImageBlockPublicAccessStateInput{DryRun: dry}))
		},
	},
	"EnableImageBlockPublicAccess": {
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
		good: func(ctx context.Context, c *ec2.Client, dry *bool) error {
			return only(c.DisableImageBlockPublicAccess(ctx, &ec2.DisableImageBlockPublicAccessInput{DryRun: dry}))
		},
	},
	"GetSnapshotBlockPublicAccessState": {
		good: func(ctx context.Context, c *ec2.Client, dry *bool) error {
			return only(c.GetSnapshotBlockPublicAccessState(ctx, &ec2.GetSnapshotBlockPublicAccessStateInput{DryRun: dry}))
		},
	},
	"EnableSnapshotBlockPublicAccess": {
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
		good: func(ctx context.Context, c *ec2.Client, dry *bool) error {
			return only(c.DisableSnapshotBlockPublicAccess(ctx, &ec2.DisableSnapshotBlockPublicAccessInput{DryRun: dry}))
		},
	},
	"GetEbsEncryptionByDefault": {
		good: func(ctx context.Context, c *ec2.Client, dry *bool) error {
			return only(c.GetEbsEncryptionByDefault(ctx, &ec2.GetEbsEncryptionByDefaultInput{DryRun: dry}))
		},
	},
	"EnableEbsEncryptionByDefault": {
		good: func(ctx context.Context, c *ec2.Client, dry *bool) error {
			return only(c.EnableEbsEncryptionByDefault(ctx, &ec2.EnableEbsEncryptionByDefaultInput{DryRun: dry}))
		},
	},
	"DisableEbsEncryptionByDefault": {
		good: func(ctx context.Context, c *ec2.Client, dry *bool) error {
			return only(c.DisableEbsEncryptionByDefault(ctx, &ec2.DisableEbsEncryptionByDefaultInput{DryRun: dry}))
		},
	},
	"GetEbsDefaultKmsKeyId": {
		good: func(ctx context.Context, c *ec2.Client, dry *bool) error {
			return only(c.GetEbsDefaultKmsKeyId(ctx, &ec2.GetEbsDefaultKmsKeyIdInput{DryRun: dry}))
		},
	},
	"ModifyEbsDefaultKmsKeyId": {
		good: func(ctx context.Context, c *ec2.Client, dry *bool) error {
			return only(c.ModifyEbsDefaultKmsKeyId(ctx, &ec2.ModifyEbsDefaultKmsKeyIdInput{KmsKeyId: aws.String("alias/ami"), DryRun: dry}))
		},
		bad: func(ctx context.Context, c *ec2.Client, _ *bool) error {
			return only(c.ModifyEbsDefaultKmsKeyId(ctx, &ec2.ModifyEbsDefaultKmsKeyIdInput{KmsKeyId: aws.String("alias/none")}))
		},
		code: "InvalidParameterValue",
	},
	"ResetEbsDefaultKmsKeyId": {
		good: func(ctx context.Context, c *ec2.Client, dry *bool) error {
			return only(c.ResetEbsDefaultKmsKeyId(ctx, &ec2.ResetEbsDefaultKmsKeyIdInput{DryRun: dry}))
		},
	},
	"DescribeRegions": {
		good: func(ctx context.Context, c *ec2.Client, dry *bool) error {
			return only(c.DescribeRegions(ctx, &ec2.DescribeRegionsInput{DryRun: dry}))
		},
		bad: func(ctx context.Context, c *ec2.Client, _ *bool) error {
			return only(c.DescribeRegions(ctx, &ec2.DescribeRegionsInput{RegionNames: []string{"atlantis-1"}}))
		},
		code: "InvalidParameterValue",
	},
	"DescribeVpcs": {
		good: func(ctx context.Context, c *ec2.Client, dry *bool) error {
			return only(c.DescribeVpcs(ctx, &ec2.DescribeVpcsInput{DryRun: dry}))
		},
		bad: func(ctx context.Context, c *ec2.Client, _ *bool) error {
			return only(c.DescribeVpcs(ctx, &ec2.DescribeVpcsInput{VpcIds: []string{"vpc-none"}}))
		},
		code: "InvalidVpcID.NotFound",
	},
	"DescribeSubnets": {
		good: func(ctx context.Context, c *ec2.Client, dry *bool) error {
			return only(c.DescribeSubnets(ctx, &ec2.DescribeSubnetsInput{DryRun: dry}))
		},
		bad: func(ctx context.Context, c *ec2.Client, _ *bool) error {
			return only(c.DescribeSubnets(ctx, &ec2.DescribeSubnetsInput{SubnetIds: []string{"subnet-none"}}))
		},
		code: "InvalidSubnetID.NotFound",
	},
	"CreateKeyPair": {
		good: func(ctx context.Context, c *ec2.Client, dry *bool) error {
			return only(c.CreateKeyPair(ctx, &ec2.CreateKeyPairInput{KeyName: aws.String("pair"), DryRun: dry}))
		},
		bad: func(ctx context.Context, c *ec2.Client, _ *bool) error {
			if err := only(c.CreateKeyPair(ctx, &ec2.CreateKeyPairInput{KeyName: aws.String("pair")})); err != nil {
				return err
			}
			return only(c.CreateKeyPair(ctx, &ec2.CreateKeyPairInput{KeyName: aws.String("pair")}))
		},
		code: "InvalidKeyPair.Duplicate",
	},
	"DescribeKeyPairs": {
		good: func(ctx context.Context, c *ec2.Client, dry *bool) error {
			return only(c.DescribeKeyPairs(ctx, &ec2.DescribeKeyPairsInput{DryRun: dry}))
		},
		bad: func(ctx context.Context, c *ec2.Client, _ *bool) error {
			return only(c.DescribeKeyPairs(ctx, &ec2.DescribeKeyPairsInput{KeyNames: []string{"none"}}))
		},
		code: "InvalidKeyPair.NotFound",
	},
	"DeleteKeyPair": {
		good: func(ctx context.Context, c *ec2.Client, dry *bool) error {
			return only(c.DeleteKeyPair(ctx, &ec2.DeleteKeyPairInput{KeyName: aws.String("pair"), DryRun: dry}))
		},
	},
	"CreateSecurityGroup": {
		good: func(ctx context.Context, c *ec2.Client, dry *bool) error {
			return only(c.CreateSecurityGroup(ctx, &ec2.CreateSecurityGroupInput{GroupName: aws.String("g"), Description: aws.String("d"), DryRun: dry}))
		},
		bad: func(ctx context.Context, c *ec2.Client, _ *bool) error {
			return only(c.CreateSecurityGroup(ctx, &ec2.CreateSecurityGroupInput{
				GroupName: aws.String("g"), Description: aws.String("d"),
				VpcId: aws.String("vpc-none"),
			}))
		},
		code: "InvalidVpcID.NotFound",
	},
	"DescribeSecurityGroups": {
		good: func(ctx context.Context, c *ec2.Client, dry *bool) error {
			return only(c.DescribeSecurityGroups(ctx, &ec2.DescribeSecurityGroupsInput{DryRun: dry}))
		},
		bad: func(ctx context.Context, c *ec2.Client, _ *bool) error {
			return only(c.DescribeSecurityGroups(ctx, &ec2.DescribeSecurityGroupsInput{GroupIds: []string{"sg-none"}}))
		},
		code: "InvalidGroup.NotFound",
	},
	"DeleteSecurityGroup": {
		good: func(ctx context.Context, c *ec2.Client, dry *bool) error {
			id, err := newGroup(ctx, c)
			if err != nil {
				return err
			}
			return only(c.DeleteSecurityGroup(ctx, &ec2.DeleteSecurityGroupInput{GroupId: &id, DryRun: dry}))
		},
		bad: func(ctx context.Context, c *ec2.Client, _ *bool) error {
			return only(c.DeleteSecurityGroup(ctx, &ec2.DeleteSecurityGroupInput{GroupId: aws.String("sg-none")}))
		},
		code: "InvalidGroup.NotFound",
	},
	"AuthorizeSecurityGroupIngress": {
		good: func(ctx context.Context, c *ec2.Client, dry *bool) error {
			id, err := newGroup(ctx, c)
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
			return only(c.AuthorizeSecurityGroupIngress(ctx, &ec2.AuthorizeSecurityGroupIngressInput{GroupId: aws.String("sg-none")}))
		},
		code: "InvalidGroup.NotFound",
	},
	"DescribeVolumes": {
		good: func(ctx context.Context, c *ec2.Client, dry *bool) error {
			return only(c.DescribeVolumes(ctx, &ec2.DescribeVolumesInput{DryRun: dry}))
		},
		bad: func(ctx context.Context, c *ec2.Client, _ *bool) error {
			return only(c.DescribeVolumes(ctx, &ec2.DescribeVolumesInput{VolumeIds: []string{"vol-none"}}))
		},
		code: "InvalidVolume.NotFound",
	},
	"CreateVolume": {
		good: func(ctx context.Context, c *ec2.Client, dry *bool) error {
			return only(c.CreateVolume(ctx, &ec2.CreateVolumeInput{AvailabilityZone: aws.String(home + "a"), Size: aws.Int32(1), DryRun: dry}))
		},
		bad: func(ctx context.Context, c *ec2.Client, _ *bool) error {
			return only(c.CreateVolume(ctx, &ec2.CreateVolumeInput{AvailabilityZone: aws.String(home + "a")}))
		},
		code: "MissingParameter",
	},
	"DeleteVolume": {
		good: func(ctx context.Context, c *ec2.Client, dry *bool) error {
			id, err := newVolume(ctx, c)
			if err != nil {
				return err
			}
			return only(c.DeleteVolume(ctx, &ec2.DeleteVolumeInput{VolumeId: &id, DryRun: dry}))
		},
		bad: func(ctx context.Context, c *ec2.Client, _ *bool) error {
			return only(c.DeleteVolume(ctx, &ec2.DeleteVolumeInput{VolumeId: aws.String("vol-none")}))
		},
		code: "InvalidVolume.NotFound",
	},
	"AttachVolume": {
		good: attach,
		bad: func(ctx context.Context, c *ec2.Client, _ *bool) error {
			return only(c.AttachVolume(ctx, &ec2.AttachVolumeInput{VolumeId: aws.String("vol-none"), InstanceId: aws.String("i-none"), Device: aws.String("/dev/sdz")}))
		},
		code: "InvalidVolume.NotFound",
	},
	"DetachVolume": {
		good: func(ctx context.Context, c *ec2.Client, dry *bool) error {
			if err := attach(ctx, c, nil); err != nil {
				return err
			}
			out, err := c.DescribeVolumes(ctx, &ec2.DescribeVolumesInput{Filters: []types.Filter{filter("attachment.device", "/dev/sdz")}})
			if err != nil {
				return err
			}
			return only(c.DetachVolume(ctx, &ec2.DetachVolumeInput{VolumeId: out.Volumes[0].VolumeId, DryRun: dry}))
		},
		bad: func(ctx context.Context, c *ec2.Client, _ *bool) error {
			id, err := newVolume(ctx, c)
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
		good: func(ctx context.Context, c *ec2.Client, dry *bool) error {
			return only(c.DescribeInstances(ctx, &ec2.DescribeInstancesInput{DryRun: dry}))
		},
		bad: func(ctx context.Context, c *ec2.Client, _ *bool) error {
			return only(c.DescribeInstances(ctx, &ec2.DescribeInstancesInput{InstanceIds: []string{"i-none"}}))
		},
		code: "InvalidInstanceID.NotFound",
	},
	"DescribeInstanceStatus": {
		good: func(ctx context.Context, c *ec2.Client, dry *bool) error {
			return only(c.DescribeInstanceStatus(ctx, &ec2.DescribeInstanceStatusInput{DryRun: dry}))
		},
		bad: func(ctx context.Context, c *ec2.Client, _ *bool) error {
			return only(c.DescribeInstanceStatus(ctx, &ec2.DescribeInstanceStatusInput{InstanceIds: []string{"x"}}))
		},
		code: "InvalidInstanceID.Malformed",
	},
	"StartInstances": {
		good: func(ctx context.Context, c *ec2.Client, dry *bool) error {
			id, err := running(ctx, c)
			if err != nil {
				return err
			}
			return only(c.StartInstances(ctx, &ec2.StartInstancesInput{InstanceIds: []string{id}, DryRun: dry}))
		},
		bad: func(ctx context.Context, c *ec2.Client, _ *bool) error {
			return only(c.StartInstances(ctx, &ec2.StartInstancesInput{InstanceIds: []string{"i-none"}}))
		},
		code: "InvalidInstanceID.NotFound",
	},
	"StopInstances": {
		good: func(ctx context.Context, c *ec2.Client, dry *bool) error {
			id, err := running(ctx, c)
			if err != nil {
				return err
			}
			return only(c.StopInstances(ctx, &ec2.StopInstancesInput{InstanceIds: []string{id}, DryRun: dry}))
		},
		bad: func(ctx context.Context, c *ec2.Client, _ *bool) error {
			return only(c.StopInstances(ctx, &ec2.StopInstancesInput{InstanceIds: []string{"i-none"}}))
		},
		code: "InvalidInstanceID.NotFound",
	},
	"TerminateInstances": {
		good: func(ctx context.Context, c *ec2.Client, dry *bool) error {
			id, err := running(ctx, c)
			if err != nil {
				return err
			}
			return only(c.TerminateInstances(ctx, &ec2.TerminateInstancesInput{InstanceIds: []string{id}, DryRun: dry}))
		},
		bad: func(ctx context.Context, c *ec2.Client, _ *bool) error {
			return only(c.TerminateInstances(ctx, &ec2.TerminateInstancesInput{InstanceIds: []string{"i-none"}}))
		},
		code: "InvalidInstanceID.NotFound",
	},
	"ModifyInstanceAttribute": {
		good: func(ctx context.Context, c *ec2.Client, dry *bool) error {
			id, err := running(ctx, c)
			if err != nil {
				return err
			}
			return only(c.ModifyInstanceAttribute(ctx, &ec2.ModifyInstanceAttributeInput{
				InstanceId: &id,
				EnaSupport: &types.AttributeBooleanValue{Value: aws.Bool(true)}, DryRun: dry,
			}))
		},
		bad: func(ctx context.Context, c *ec2.Client, _ *bool) error {
			return only(c.ModifyInstanceAttribute(ctx, &ec2.ModifyInstanceAttributeInput{InstanceId: aws.String("i-none")}))
		},
		code: "InvalidInstanceID.NotFound",
	},
	"CreateLaunchTemplate": {
		good: func(ctx context.Context, c *ec2.Client, dry *bool) error {
			return only(c.CreateLaunchTemplate(ctx, template("new", "ami-cmk", dry)))
		},
		bad: func(ctx context.Context, c *ec2.Client, _ *bool) error {
			return only(c.CreateLaunchTemplate(ctx, template("web", "ami-cmk", nil)))
		},
		code: "InvalidLaunchTemplateName.AlreadyExistsException",
	},
	"CreateLaunchTemplateVersion": {
		good: func(ctx context.Context, c *ec2.Client, dry *bool) error {
			return only(c.CreateLaunchTemplateVersion(ctx, &ec2.CreateLaunchTemplateVersionInput{
				LaunchTemplateName: aws.String("web"),
				LaunchTemplateData: &types.RequestLaunchTemplateData{ImageId: aws.String("ami-plain")}, DryRun: dry,
			}))
		},
		bad: func(ctx context.Context, c *ec2.Client, _ *bool) error {
			return only(c.CreateLaunchTemplateVersion(ctx, &ec2.CreateLaunchTemplateVersionInput{
				LaunchTemplateName: aws.String("none"),
				LaunchTemplateData: &types.RequestLaunchTemplateData{ImageId: aws.String("ami-plain")},
			}))
		},
		code: "InvalidLaunchTemplateName.NotFoundException",
	},
	"ModifyLaunchTemplate": {
		good: func(ctx context.Context, c *ec2.Client, dry *bool) error {
			return only(c.ModifyLaunchTemplate(ctx, &ec2.ModifyLaunchTemplateInput{LaunchTemplateName: aws.String("web"), DefaultVersion: aws.String("1"), DryRun: dry}))
		},
		bad: func(ctx context.Context, c *ec2.Client, _ *bool) error {
			return only(c.ModifyLaunchTemplate(ctx, &ec2.ModifyLaunchTemplateInput{LaunchTemplateName: aws.String("web"), DefaultVersion: aws.String("7")}))
		},
		code: "InvalidLaunchTemplateId.VersionNotFound",
	},
	"DeleteLaunchTemplate": {
		good: func(ctx context.Context, c *ec2.Client, dry *bool) error {
			return only(c.DeleteLaunchTemplate(ctx, &ec2.DeleteLaunchTemplateInput{LaunchTemplateName: aws.String("web"), DryRun: dry}))
		},
		bad: func(ctx context.Context, c *ec2.Client, _ *bool) error {
			return only(c.DeleteLaunchTemplate(ctx, &ec2.DeleteLaunchTemplateInput{LaunchTemplateId: aws.String("lt-none")}))
		},
		code: "InvalidLaunchTemplateId.NotFound",
	},
	"DescribeLaunchTemplates": {
		good: func(ctx context.Context, c *ec2.Client, dry *bool) error {
			return only(c.DescribeLaunchTemplates(ctx, &ec2.DescribeLaunchTemplatesInput{LaunchTemplateNames: []string{"web"}, DryRun: dry}))
		},
		bad: func(ctx context.Context, c *ec2.Client, _ *bool) error {
			return only(c.DescribeLaunchTemplates(ctx, &ec2.DescribeLaunchTemplatesInput{LaunchTemplateNames: []string{"none"}}))
		},
		code: "InvalidLaunchTemplateName.NotFoundException",
	},
	"DescribeLaunchTemplateVersions": {
		good: func(ctx context.Context, c *ec2.Client, dry *bool) error {
			return only(c.DescribeLaunchTemplateVersions(ctx, &ec2.DescribeLaunchTemplateVersionsInput{
				LaunchTemplateName: aws.String("web"),
				Versions:           []string{"$Latest"}, DryRun: dry,
			}))
		},
		bad: func(ctx context.Context, c *ec2.Client, _ *bool) error {
			return only(c.DescribeLaunchTemplateVersions(ctx, &ec2.DescribeLaunchTemplateVersionsInput{
				LaunchTemplateName: aws.String("web"),
				Versions:           []string{"9"},
			}))
		},
		code: "InvalidLaunchTemplateId.VersionNotFound",
	},
}
