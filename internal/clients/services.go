// SPDX-License-Identifier: MPL-2.0

package clients

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/resourcegroupstaggingapi"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"github.com/amishare/packer-plugin-ami-share/internal/sharing"
	"github.com/amishare/packer-plugin-ami-share/internal/traffic"
)

// services are the SDK's clients of one configuration, each made once. The calls of a service are had for an origin: its
// Region and credentials are options of each call, so that all accounts and Regions share a client.
//
// A client is held as functions only. A type that can be reached from an interface keeps all of its methods in the
// binary, for reflection to find; with the SDK's clients in the fields of a Client those would be several hundred
// operations, and two thirds of the program.
type services struct {
	ec2         func(origin) EC2
	kms         func(origin) KMS
	iam         func(origin) IAM
	sts         func(origin) STS
	autoscaling func(origin) AutoScaling
	tagging     func(origin) Tagging

	organizations func(origin) Organizations
	ssm           func(origin) SSM
}

// newServices makes the clients of a configuration. The SDK reads from it where the endpoints are: in a Region, under
// FIPS or dual-stack names, or where endpoint_url says.
func newServices(config aws.Config) services {
	return services{
		ec2: newEC2(config), kms: newKMS(config), iam: newIAM(config), sts: newSTS(config),
		autoscaling: newAutoScaling(config), tagging: newTagging(config), organizations: newOrganizations(config),
		ssm: newSSM(config),
	}
}

// origin is the place that a call is made from, and the credentials that act there. What is missing in it is the
// configuration's.
type origin struct {
	Place
	credentials aws.CredentialsProvider
}

// set puts the origin into the options of a call.
func (o origin) set(region *string, credentials *aws.CredentialsProvider) {
	if o.Region != "" {
		*region = string(o.Region)
	}
	if o.credentials != nil {
		*credentials = o.credentials
	}
}

// global makes a Region the one that calls of a service without Regions are signed for. The SDK knows it for AWS's own endpoints, and
// not for one that is given, such as a VPC endpoint.
func global(region *string, of func(sharing.Region) sharing.Region) {
	if *region != "" {
		*region = string(of(sharing.Region(*region)))
	}
}

// Operation is one call of a service.
type Operation[In, Out, Options any] func(context.Context, *In, ...func(*Options)) (*Out, error)

// from returns an operation as it is called from an origin. In and Out are pointers: the compiler then makes the code once
// for each service, and not for each operation. The origin is one too, since each call has operations made for it.
func from[In, Out, Option any](o *origin, call func(context.Context, In, ...Option) (Out, error), set Option) func(context.Context, In, ...Option) (Out, error) {
	return func(ctx context.Context, in In, more ...Option) (Out, error) {
		return call(traffic.By(ctx, o.Account), in, append([]Option{set}, more...)...)
	}
}

// EC2 are the operations of EC2 that the plugin uses.
type EC2 struct {
	AttachImageWatermark            Operation[ec2.AttachImageWatermarkInput, ec2.AttachImageWatermarkOutput, ec2.Options]
	CreateImageUsageReport          Operation[ec2.CreateImageUsageReportInput, ec2.CreateImageUsageReportOutput, ec2.Options]
	CreateLaunchTemplate            Operation[ec2.CreateLaunchTemplateInput, ec2.CreateLaunchTemplateOutput, ec2.Options]
	CreateLaunchTemplateVersion     Operation[ec2.CreateLaunchTemplateVersionInput, ec2.CreateLaunchTemplateVersionOutput, ec2.Options]
	CreateTags                      Operation[ec2.CreateTagsInput, ec2.CreateTagsOutput, ec2.Options]
	DeleteImageUsageReport          Operation[ec2.DeleteImageUsageReportInput, ec2.DeleteImageUsageReportOutput, ec2.Options]
	DeleteLaunchTemplate            Operation[ec2.DeleteLaunchTemplateInput, ec2.DeleteLaunchTemplateOutput, ec2.Options]
	DeleteLaunchTemplateVersions    Operation[ec2.DeleteLaunchTemplateVersionsInput, ec2.DeleteLaunchTemplateVersionsOutput, ec2.Options]
	DeleteTags                      Operation[ec2.DeleteTagsInput, ec2.DeleteTagsOutput, ec2.Options]
	DetachImageWatermark            Operation[ec2.DetachImageWatermarkInput, ec2.DetachImageWatermarkOutput, ec2.Options]
	DescribeImageAttribute          Operation[ec2.DescribeImageAttributeInput, ec2.DescribeImageAttributeOutput, ec2.Options]
	DescribeImages                  Operation[ec2.DescribeImagesInput, ec2.DescribeImagesOutput, ec2.Options]
	DescribeImageReferences         Operation[ec2.DescribeImageReferencesInput, ec2.DescribeImageReferencesOutput, ec2.Options]
	DescribeImageUsageReportEntries Operation[ec2.DescribeImageUsageReportEntriesInput, ec2.DescribeImageUsageReportEntriesOutput, ec2.Options]
	DescribeImageUsageReports       Operation[ec2.DescribeImageUsageReportsInput, ec2.DescribeImageUsageReportsOutput, ec2.Options]
	DescribeLaunchTemplates         Operation[ec2.DescribeLaunchTemplatesInput, ec2.DescribeLaunchTemplatesOutput, ec2.Options]
	DescribeLaunchTemplateVersions  Operation[ec2.DescribeLaunchTemplateVersionsInput, ec2.DescribeLaunchTemplateVersionsOutput, ec2.Options]
	DescribeSnapshotAttribute       Operation[ec2.DescribeSnapshotAttributeInput, ec2.DescribeSnapshotAttributeOutput, ec2.Options]
	DescribeSnapshots               Operation[ec2.DescribeSnapshotsInput, ec2.DescribeSnapshotsOutput, ec2.Options]
	DescribeTags                    Operation[ec2.DescribeTagsInput, ec2.DescribeTagsOutput, ec2.Options]
	GetAllowedImagesSettings        Operation[ec2.GetAllowedImagesSettingsInput, ec2.GetAllowedImagesSettingsOutput, ec2.Options]
	GetEbsDefaultKmsKeyId           Operation[ec2.GetEbsDefaultKmsKeyIdInput, ec2.GetEbsDefaultKmsKeyIdOutput, ec2.Options]
	ModifyImageAttribute            Operation[ec2.ModifyImageAttributeInput, ec2.ModifyImageAttributeOutput, ec2.Options]
	ModifyLaunchTemplate            Operation[ec2.ModifyLaunchTemplateInput, ec2.ModifyLaunchTemplateOutput, ec2.Options]
	ModifySnapshotAttribute         Operation[ec2.ModifySnapshotAttributeInput, ec2.ModifySnapshotAttributeOutput, ec2.Options]
}

func newEC2(config aws.Config) func(origin) EC2 {
	client := ec2.NewFromConfig(config)
	return func(o origin) EC2 {
		set := func(options *ec2.Options) { o.set(&options.Region, &options.Credentials) }
		return EC2{
			AttachImageWatermark:            from(&o, client.AttachImageWatermark, set),
			DetachImageWatermark:            from(&o, client.DetachImageWatermark, set),
			CreateImageUsageReport:          from(&o, client.CreateImageUsageReport, set),
			CreateLaunchTemplate:            from(&o, client.CreateLaunchTemplate, set),
			CreateLaunchTemplateVersion:     from(&o, client.CreateLaunchTemplateVersion, set),
			CreateTags:                      from(&o, client.CreateTags, set),
			DeleteImageUsageReport:          from(&o, client.DeleteImageUsageReport, set),
			DeleteLaunchTemplate:            from(&o, client.DeleteLaunchTemplate, set),
			DeleteLaunchTemplateVersions:    from(&o, client.DeleteLaunchTemplateVersions, set),
			DeleteTags:                      from(&o, client.DeleteTags, set),
			DescribeImageAttribute:          from(&o, client.DescribeImageAttribute, set),
			DescribeImages:                  from(&o, client.DescribeImages, set),
			DescribeImageReferences:         from(&o, client.DescribeImageReferences, set),
			DescribeImageUsageReportEntries: from(&o, client.DescribeImageUsageReportEntries, set),
			DescribeImageUsageReports:       from(&o, client.DescribeImageUsageReports, set),
			DescribeLaunchTemplates:         from(&o, client.DescribeLaunchTemplates, set),
			DescribeLaunchTemplateVersions:  from(&o, client.DescribeLaunchTemplateVersions, set),
			DescribeSnapshotAttribute:       from(&o, client.DescribeSnapshotAttribute, set),
			DescribeSnapshots:               from(&o, client.DescribeSnapshots, set),
			DescribeTags:                    from(&o, client.DescribeTags, set),
			GetAllowedImagesSettings:        from(&o, client.GetAllowedImagesSettings, set),
			GetEbsDefaultKmsKeyId:           from(&o, client.GetEbsDefaultKmsKeyId, set),
			ModifyImageAttribute:            from(&o, client.ModifyImageAttribute, set),
			ModifyLaunchTemplate:            from(&o, client.ModifyLaunchTemplate, set),
			ModifySnapshotAttribute:         from(&o, client.ModifySnapshotAttribute, set),
		}
	}
}

// KMS are the operations of KMS that the plugin uses.
type KMS struct {
	CreateGrant  Operation[kms.CreateGrantInput, kms.CreateGrantOutput, kms.Options]
	Decrypt      Operation[kms.DecryptInput, kms.DecryptOutput, kms.Options]
	DescribeKey  Operation[kms.DescribeKeyInput, kms.DescribeKeyOutput, kms.Options]
	GetKeyPolicy Operation[kms.GetKeyPolicyInput, kms.GetKeyPolicyOutput, kms.Options]
	ListGrants   Operation[kms.ListGrantsInput, kms.ListGrantsOutput, kms.Options]
	ReEncrypt    Operation[kms.ReEncryptInput, kms.ReEncryptOutput, kms.Options]
	RetireGrant  Operation[kms.RetireGrantInput, kms.RetireGrantOutput, kms.Options]
	RevokeGrant  Operation[kms.RevokeGrantInput, kms.RevokeGrantOutput, kms.Options]
}

func newKMS(config aws.Config) func(origin) KMS {
	client := kms.NewFromConfig(config)
	return func(o origin) KMS {
		set := func(options *kms.Options) { o.set(&options.Region, &options.Credentials) }
		return KMS{
			CreateGrant:  from(&o, client.CreateGrant, set),
			Decrypt:      from(&o, client.Decrypt, set),
			DescribeKey:  from(&o, client.DescribeKey, set),
			GetKeyPolicy: from(&o, client.GetKeyPolicy, set),
			ListGrants:   from(&o, client.ListGrants, set),
			ReEncrypt:    from(&o, client.ReEncrypt, set),
			RetireGrant:  from(&o, client.RetireGrant, set),
			RevokeGrant:  from(&o, client.RevokeGrant, set),
		}
	}
}

// IAM are the operations of IAM that the plugin uses.
type IAM struct {
	CreateServiceLinkedRole Operation[iam.CreateServiceLinkedRoleInput, iam.CreateServiceLinkedRoleOutput, iam.Options]
	GetRole                 Operation[iam.GetRoleInput, iam.GetRoleOutput, iam.Options]
}

func newIAM(config aws.Config) func(origin) IAM {
	client := iam.NewFromConfig(config)
	return func(o origin) IAM {
		set := func(options *iam.Options) {
			o.set(&options.Region, &options.Credentials)
			global(&options.Region, sharing.GlobalRegion)
		}
		return IAM{
			CreateServiceLinkedRole: from(&o, client.CreateServiceLinkedRole, set),
			GetRole:                 from(&o, client.GetRole, set),
		}
	}
}

// STS are the operations of STS that the plugin uses.
type STS struct {
	AssumeRole        assumeRole
	GetCallerIdentity Operation[sts.GetCallerIdentityInput, sts.GetCallerIdentityOutput, sts.Options]
}

func newSTS(config aws.Config) func(origin) STS {
	client := sts.NewFromConfig(config)
	return func(o origin) STS {
		set := func(options *sts.Options) { o.set(&options.Region, &options.Credentials) }
		return STS{
			AssumeRole:        from(&o, client.AssumeRole, set),
			GetCallerIdentity: from(&o, client.GetCallerIdentity, set),
		}
	}
}

// AutoScaling are the operations of EC2 Auto Scaling that the plugin uses.
type AutoScaling struct {
	CreateAutoScalingGroup    Operation[autoscaling.CreateAutoScalingGroupInput, autoscaling.CreateAutoScalingGroupOutput, autoscaling.Options]
	DeleteAutoScalingGroup    Operation[autoscaling.DeleteAutoScalingGroupInput, autoscaling.DeleteAutoScalingGroupOutput, autoscaling.Options]
	DescribeAutoScalingGroups Operation[autoscaling.DescribeAutoScalingGroupsInput, autoscaling.DescribeAutoScalingGroupsOutput, autoscaling.Options]
	DescribeScalingActivities Operation[autoscaling.DescribeScalingActivitiesInput, autoscaling.DescribeScalingActivitiesOutput, autoscaling.Options]
	UpdateAutoScalingGroup    Operation[autoscaling.UpdateAutoScalingGroupInput, autoscaling.UpdateAutoScalingGroupOutput, autoscaling.Options]
}

func newAutoScaling(config aws.Config) func(origin) AutoScaling {
	client := autoscaling.NewFromConfig(config)
	return func(o origin) AutoScaling {
		set := func(options *autoscaling.Options) { o.set(&options.Region, &options.Credentials) }
		return AutoScaling{
			CreateAutoScalingGroup:    from(&o, client.CreateAutoScalingGroup, set),
			DeleteAutoScalingGroup:    from(&o, client.DeleteAutoScalingGroup, set),
			DescribeAutoScalingGroups: from(&o, client.DescribeAutoScalingGroups, set),
			DescribeScalingActivities: from(&o, client.DescribeScalingActivities, set),
			UpdateAutoScalingGroup:    from(&o, client.UpdateAutoScalingGroup, set),
		}
	}
}

// Tagging are the operations of the Resource Groups Tagging API that the plugin uses.
type Tagging struct {
	GetResources Operation[resourcegroupstaggingapi.GetResourcesInput, resourcegroupstaggingapi.GetResourcesOutput, resourcegroupstaggingapi.Options]
}

func newTagging(config aws.Config) func(origin) Tagging {
	client := resourcegroupstaggingapi.NewFromConfig(config)
	return func(o origin) Tagging {
		set := func(options *resourcegroupstaggingapi.Options) { o.set(&options.Region, &options.Credentials) }
		return Tagging{
			GetResources: from(&o, client.GetResources, set),
		}
	}
}

// assumeRole is called by the SDK's credential provider through an interface of one method.
type assumeRole Operation[sts.AssumeRoleInput, sts.AssumeRoleOutput, sts.Options]

func (f assumeRole) AssumeRole(ctx context.Context, in *sts.AssumeRoleInput, o ...func(*sts.Options)) (*sts.AssumeRoleOutput, error) {
	return f(ctx, in, o...)
}
