package awsapi

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/resourcegroupstaggingapi"
	"github.com/aws/aws-sdk-go-v2/service/sts"
)

// The services as this package uses them: a function for each call, under the name of the SDK's method. A type that can
// be reached from an interface keeps all of its methods in the binary, for reflection to find; with the SDK's clients
// in the fields of a Client those would be several hundred operations, and two thirds of the program.

// operation is one call of a service.
type operation[In, Out, Options any] func(context.Context, *In, ...func(*Options)) (*Out, error)

type ec2Service struct {
	CreateTags                operation[ec2.CreateTagsInput, ec2.CreateTagsOutput, ec2.Options]
	DeleteTags                operation[ec2.DeleteTagsInput, ec2.DeleteTagsOutput, ec2.Options]
	DescribeImageAttribute    operation[ec2.DescribeImageAttributeInput, ec2.DescribeImageAttributeOutput, ec2.Options]
	DescribeImages            describeImages
	DescribeSnapshotAttribute operation[ec2.DescribeSnapshotAttributeInput, ec2.DescribeSnapshotAttributeOutput, ec2.Options]
	DescribeSnapshots         describeSnapshots
	DescribeTags              describeTags
	GetAllowedImagesSettings  operation[ec2.GetAllowedImagesSettingsInput, ec2.GetAllowedImagesSettingsOutput, ec2.Options]
	GetEbsDefaultKmsKeyId     operation[ec2.GetEbsDefaultKmsKeyIdInput, ec2.GetEbsDefaultKmsKeyIdOutput, ec2.Options]
	ModifyImageAttribute      operation[ec2.ModifyImageAttributeInput, ec2.ModifyImageAttributeOutput, ec2.Options]
	ModifySnapshotAttribute   operation[ec2.ModifySnapshotAttributeInput, ec2.ModifySnapshotAttributeOutput, ec2.Options]
}

func newEC2(config aws.Config) *ec2Service {
	client := ec2.NewFromConfig(config)
	return &ec2Service{
		CreateTags: client.CreateTags, DeleteTags: client.DeleteTags, DescribeImageAttribute: client.DescribeImageAttribute,
		DescribeImages: client.DescribeImages, DescribeSnapshotAttribute: client.DescribeSnapshotAttribute,
		DescribeSnapshots: client.DescribeSnapshots, DescribeTags: client.DescribeTags,
		GetAllowedImagesSettings: client.GetAllowedImagesSettings, GetEbsDefaultKmsKeyId: client.GetEbsDefaultKmsKeyId,
		ModifyImageAttribute: client.ModifyImageAttribute, ModifySnapshotAttribute: client.ModifySnapshotAttribute,
	}
}

type kmsService struct {
	CreateGrant  operation[kms.CreateGrantInput, kms.CreateGrantOutput, kms.Options]
	DescribeKey  operation[kms.DescribeKeyInput, kms.DescribeKeyOutput, kms.Options]
	GetKeyPolicy operation[kms.GetKeyPolicyInput, kms.GetKeyPolicyOutput, kms.Options]
	ListGrants   listGrants
	RetireGrant  operation[kms.RetireGrantInput, kms.RetireGrantOutput, kms.Options]
	RevokeGrant  operation[kms.RevokeGrantInput, kms.RevokeGrantOutput, kms.Options]
}

func newKMS(config aws.Config) *kmsService {
	client := kms.NewFromConfig(config)
	return &kmsService{
		CreateGrant: client.CreateGrant, DescribeKey: client.DescribeKey, GetKeyPolicy: client.GetKeyPolicy,
		ListGrants: client.ListGrants, RetireGrant: client.RetireGrant, RevokeGrant: client.RevokeGrant,
	}
}

type iamService struct {
	CreateServiceLinkedRole operation[iam.CreateServiceLinkedRoleInput, iam.CreateServiceLinkedRoleOutput, iam.Options]
	DeleteServiceLinkedRole operation[iam.DeleteServiceLinkedRoleInput, iam.DeleteServiceLinkedRoleOutput, iam.Options]
	GetRole                 operation[iam.GetRoleInput, iam.GetRoleOutput, iam.Options]
}

func newIAM(config aws.Config) *iamService {
	client := iam.NewFromConfig(config)
	return &iamService{
		CreateServiceLinkedRole: client.CreateServiceLinkedRole, DeleteServiceLinkedRole: client.DeleteServiceLinkedRole, GetRole: client.GetRole,
	}
}

type stsService struct {
	AssumeRole        assumeRole
	GetCallerIdentity operation[sts.GetCallerIdentityInput, sts.GetCallerIdentityOutput, sts.Options]
}

func newSTS(config aws.Config) *stsService {
	client := sts.NewFromConfig(config)
	return &stsService{AssumeRole: client.AssumeRole, GetCallerIdentity: client.GetCallerIdentity}
}

type autoscalingService struct {
	DescribeAutoScalingGroups describeAutoScalingGroups
	UpdateAutoScalingGroup    operation[autoscaling.UpdateAutoScalingGroupInput, autoscaling.UpdateAutoScalingGroupOutput, autoscaling.Options]
}

func newAutoScaling(config aws.Config) *autoscalingService {
	client := autoscaling.NewFromConfig(config)
	return &autoscalingService{DescribeAutoScalingGroups: client.DescribeAutoScalingGroups, UpdateAutoScalingGroup: client.UpdateAutoScalingGroup}
}

type taggingService struct {
	GetResources getResources
}

func newTagging(config aws.Config) *taggingService {
	return &taggingService{GetResources: resourcegroupstaggingapi.NewFromConfig(config).GetResources}
}

// The calls that the SDK's paginators and credential providers make through an interface of one method.
type (
	describeImages            operation[ec2.DescribeImagesInput, ec2.DescribeImagesOutput, ec2.Options]
	describeSnapshots         operation[ec2.DescribeSnapshotsInput, ec2.DescribeSnapshotsOutput, ec2.Options]
	describeTags              operation[ec2.DescribeTagsInput, ec2.DescribeTagsOutput, ec2.Options]
	listGrants                operation[kms.ListGrantsInput, kms.ListGrantsOutput, kms.Options]
	assumeRole                operation[sts.AssumeRoleInput, sts.AssumeRoleOutput, sts.Options]
	describeAutoScalingGroups operation[autoscaling.DescribeAutoScalingGroupsInput, autoscaling.DescribeAutoScalingGroupsOutput, autoscaling.Options]
	getResources              operation[resourcegroupstaggingapi.GetResourcesInput, resourcegroupstaggingapi.GetResourcesOutput, resourcegroupstaggingapi.Options]
)

func (f describeImages) DescribeImages(ctx context.Context, in *ec2.DescribeImagesInput, o ...func(*ec2.Options)) (*ec2.DescribeImagesOutput, error) {
	return f(ctx, in, o...)
}

func (f describeSnapshots) DescribeSnapshots(ctx context.Context, in *ec2.DescribeSnapshotsInput, o ...func(*ec2.Options)) (*ec2.DescribeSnapshotsOutput, error) {
	return f(ctx, in, o...)
}

func (f describeTags) DescribeTags(ctx context.Context, in *ec2.DescribeTagsInput, o ...func(*ec2.Options)) (*ec2.DescribeTagsOutput, error) {
	return f(ctx, in, o...)
}

func (f listGrants) ListGrants(ctx context.Context, in *kms.ListGrantsInput, o ...func(*kms.Options)) (*kms.ListGrantsOutput, error) {
	return f(ctx, in, o...)
}

func (f assumeRole) AssumeRole(ctx context.Context, in *sts.AssumeRoleInput, o ...func(*sts.Options)) (*sts.AssumeRoleOutput, error) {
	return f(ctx, in, o...)
}

func (f describeAutoScalingGroups) DescribeAutoScalingGroups(ctx context.Context, in *autoscaling.DescribeAutoScalingGroupsInput, o ...func(*autoscaling.Options)) (*autoscaling.DescribeAutoScalingGroupsOutput, error) {
	return f(ctx, in, o...)
}

func (f getResources) GetResources(ctx context.Context, in *resourcegroupstaggingapi.GetResourcesInput, o ...func(*resourcegroupstaggingapi.Options)) (*resourcegroupstaggingapi.GetResourcesOutput, error) {
	return f(ctx, in, o...)
}
