// SPDX-License-Identifier: MPL-2.0

package awssim_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	kmstypes "github.com/aws/aws-sdk-go-v2/service/kms/types"
	"github.com/aws/aws-sdk-go-v2/service/organizations"
	"github.com/aws/aws-sdk-go-v2/service/resourcegroupstaggingapi"

	"github.com/amishare/packer-plugin-ami-share/internal/awssim"
)

// TestBoundsOfLists has the most that a list can be asked for.
//
//   - https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/Using_Filtering.html
//   - https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeTags.html
//   - https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_DescribeAutoScalingGroups.html
//   - https://docs.aws.amazon.com/resourcegroupstagging/latest/APIReference/API_GetResources.html
func TestBoundsOfLists(t *testing.T) {
	config := start(t, computeWorld(t)).config(t, administrator, home)
	many := func(n int) []string { return slices.Repeat([]string{"x"}, n) }
	groups := func(in *autoscaling.DescribeAutoScalingGroupsInput) error {
		return only(autoscaling.NewFromConfig(config).DescribeAutoScalingGroups(t.Context(), in))
	}
	images := func(filters []types.Filter) error {
		return only(ec2.NewFromConfig(config).DescribeImages(t.Context(), &ec2.DescribeImagesInput{Filters: filters}))
	}
	tags := func(n int32) error {
		return only(ec2.NewFromConfig(config).DescribeTags(t.Context(), &ec2.DescribeTagsInput{MaxResults: &n}))
	}
	keys := func(n int32) error {
		return only(resourcegroupstaggingapi.NewFromConfig(config).GetResources(t.Context(), &resourcegroupstaggingapi.GetResourcesInput{ResourcesPerPage: &n}))
	}
	for sentence, test := range map[string]struct {
		err  error
		want string
	}{
		"50 names of groups":      {groups(&autoscaling.DescribeAutoScalingGroupsInput{AutoScalingGroupNames: many(50)}), ""},
		"51 names of groups":      {groups(&autoscaling.DescribeAutoScalingGroupsInput{AutoScalingGroupNames: many(51)}), "ValidationError"},
		"a page of 101 groups":    {groups(&autoscaling.DescribeAutoScalingGroupsInput{MaxRecords: aws.Int32(101)}), "ValidationError"},
		"200 values of a filter":  {images([]types.Filter{filter("name", many(200)...)}), ""},
		"201 values of a filter":  {images([]types.Filter{filter("name", many(201)...)}), "FilterLimitExceeded"},
		"51 filters":              {images(slices.Repeat([]types.Filter{filter("name", "x")}, 51)), "FilterLimitExceeded"},
		"a page of 4 tags":        {tags(4), "InvalidParameterValue"},
		"a page of 5 tags":        {tags(5), ""},
		"a page of 1,001 tags":    {tags(1001), "InvalidParameterValue"},
		"a page of 101 resources": {keys(101), "InvalidParameterException"},
	} {
		if got := code(test.err); got != test.want {
			t.Errorf("%s: %q, want %q", sentence, got, test.want)
		}
	}
}

// TestPrincipalsThatDoNotExist has a key policy and a trust policy name them.
//
//   - https://docs.aws.amazon.com/kms/latest/APIReference/API_PutKeyPolicy.html
//   - https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html
func TestPrincipalsThatDoNotExist(t *testing.T) {
	for principal, there := range map[string]bool{
		target:                             true,
		"arn:aws:iam::" + target + ":root": true,
		workerARN:                          true,
		"arn:aws:iam::" + source + ":user/" + nobody:              true,
		"arn:aws:sts::" + target + ":assumed-role/worker/session": true,
		"555555555555":                                          false,
		"arn:aws:iam::555555555555:root":                        false,
		"arn:aws:iam::555555555555:role/worker":                 false,
		"arn:aws:iam::" + target + ":role/none":                 false,
		"arn:aws:iam::" + target + ":role/path/worker":          false,
		"arn:aws:iam::" + source + ":user/none":                 false,
		"arn:aws:sts::" + target + ":assumed-role/none/session": false,
		"arn:aws:sts::555555555555:assumed-role/worker/session": false,
		"AROAWORKER0000000000":                                  false,
	} {
		config := start(t, authorityWorld(t, "", "")).config(t, administrator, home)
		want := map[bool][2]string{true: {"", ""}, false: {"MalformedPolicyDocumentException", "MalformedPolicyDocument"}}[there]
		policy, trusts := keyPolicy(to(principal, "kms:DescribeKey", "")), trust(principal)
		got := [2]string{
			code(only(kms.NewFromConfig(config).PutKeyPolicy(t.Context(), &kms.PutKeyPolicyInput{KeyId: shared, Policy: &policy}))),
			code(only(iam.NewFromConfig(config).CreateRole(t.Context(), &iam.CreateRoleInput{RoleName: aws.String("new"), AssumeRolePolicyDocument: &trusts}))),
		}
		if got != want {
			t.Errorf("%s: %q, want %q", principal, got, want)
		}
	}
}

// TestAPageTokenBelongsToItsRequest: https://docs.aws.amazon.com/ec2/latest/devguide/ec2-api-pagination.html
func TestAPageTokenBelongsToItsRequest(t *testing.T) {
	world := computeWorld(t)
	world.Hostility.PageSize = 1
	f := start(t, world)
	client, own := ec2.NewFromConfig(f.config(t, administrator, home)), []string{"self"}
	first, err := client.DescribeImages(t.Context(), &ec2.DescribeImagesInput{Owners: own})
	must(t, err)
	for sentence, test := range map[string]struct {
		client *ec2.Client
		in     *ec2.DescribeImagesInput
		want   string
	}{
		"the same request":            {client, &ec2.DescribeImagesInput{Owners: own, NextToken: first.NextToken}, ""},
		"a page of another size":      {client, &ec2.DescribeImagesInput{Owners: own, MaxResults: aws.Int32(7), NextToken: first.NextToken}, ""},
		"another request":             {client, &ec2.DescribeImagesInput{NextToken: first.NextToken}, "InvalidNextToken"},
		"another account's":           {ec2.NewFromConfig(f.config(t, targetAdmin, home)), &ec2.DescribeImagesInput{Owners: own, NextToken: first.NextToken}, "InvalidNextToken"},
		"a token of one's own making": {client, &ec2.DescribeImagesInput{Owners: own, NextToken: aws.String("1")}, "InvalidNextToken"},
	} {
		if got := code(only(test.client.DescribeImages(t.Context(), test.in))); got != test.want {
			t.Errorf("%s: %q, want %q", sentence, got, test.want)
		}
	}
}

// earlier signs requests at another time.
type earlier struct {
	*v4.Signer
	by time.Duration
}

func (s earlier) SignHTTP(ctx context.Context, c aws.Credentials, r *http.Request, hash, service, region string, now time.Time, o ...func(*v4.SignerOptions)) error {
	return s.Signer.SignHTTP(ctx, c, r, hash, service, region, now.Add(-s.by), o...)
}

// TestOldSignatures: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-troubleshooting.html
func TestOldSignatures(t *testing.T) {
	config := start(t, computeWorld(t)).config(t, administrator, home)
	for by, late := range map[time.Duration]bool{14 * time.Minute: false, 16 * time.Minute: true, -16 * time.Minute: true, 48 * time.Hour: true} {
		signer := earlier{v4.NewSigner(), by}
		for want, err := range map[string]error{
			"RequestExpired":            only(ec2.NewFromConfig(config, func(o *ec2.Options) { o.HTTPSignerV4 = signer }).DescribeRegions(t.Context(), nil)),
			"InvalidSignatureException": only(kms.NewFromConfig(config, func(o *kms.Options) { o.HTTPSignerV4 = signer }).ListKeys(t.Context(), nil)),
			"SignatureDoesNotMatch":     only(iam.NewFromConfig(config, func(o *iam.Options) { o.HTTPSignerV4 = signer }).ListRoles(t.Context(), nil)),
		} {
			if got := code(err); late && got != want || !late && got != "" {
				t.Errorf("signed %s ago: %q, want %q", by, got, want)
			}
		}
	}
}

// TestServicesWithoutRegionsHaveAScopeOfTheirOwn: IAM and Organizations take what is signed for the one Region of the partition.
//
//   - https://docs.aws.amazon.com/general/latest/gr/iam-service.html
//   - https://docs.aws.amazon.com/general/latest/gr/ao.html
func TestServicesWithoutRegionsHaveAScopeOfTheirOwn(t *testing.T) {
	for partition, regions := range map[string]struct{ iam, organizations, other string }{
		"aws":        {"us-east-1", "us-east-1", away},
		"aws-cn":     {"cn-north-1", "cn-northwest-1", "cn-north-2"},
		"aws-us-gov": {"us-gov-west-1", "us-gov-west-1", "us-gov-east-1"},
		"aws-eusc":   {"eusc-de-east-1", "eusc-de-east-1", "us-east-1"},
	} {
		everything := json.RawMessage(allowEverything)
		f := start(t, awssim.World{
			Partition: partition, Accounts: []awssim.WorldAccount{{ID: source, Users: []awssim.WorldUser{{Name: "admin", AccessKeyID: administrator, SecretAccessKey: "s", Policies: []json.RawMessage{everything}}}}},
			Organizations: []awssim.WorldOrganization{{ID: "o-golden0000", ManagementAccount: source, Root: "r-gold"}},
		})
		roles := func(region string) string {
			return code(only(iam.NewFromConfig(f.config(t, administrator, region)).ListRoles(t.Context(), nil)))
		}
		company := func(region string) string {
			return code(only(organizations.NewFromConfig(f.config(t, administrator, region)).DescribeOrganization(t.Context(), nil)))
		}
		got := [4]string{roles(regions.iam), company(regions.organizations), roles(regions.other), company(regions.other)}
		if want := [4]string{"", "", "SignatureDoesNotMatch", "InvalidSignatureException"}; got != want {
			t.Errorf("%s: %q, want %q", partition, got, want)
		}
	}
}

// TestALaunchTakesAllOperationsOfAGrant has a grant for the role of Auto Scaling that lacks one of the eight operations.
// https://docs.aws.amazon.com/autoscaling/ec2/userguide/key-policy-requirements-EBS-encryption.html
func TestALaunchTakesAllOperationsOfAGrant(t *testing.T) {
	eight := []kmstypes.GrantOperation{"Encrypt", "Decrypt", "ReEncryptFrom", "ReEncryptTo", "GenerateDataKey", "GenerateDataKeyWithoutPlaintext", "DescribeKey", "CreateGrant"}
	for left, operation := range append(eight, "") {
		t.Run(fmt.Sprint("without ", operation), func(t *testing.T) {
			operations := slices.Clone(eight)
			if operation != "" {
				operations = slices.Delete(operations, left, left+1)
			}
			if status := launchByGrant(t, operations); strings.Contains(status, "Client error on launch") != (operation != "") {
				t.Errorf("the launch ended with %q", status)
			}
		})
	}
}

// launchByGrant has a group of the target launch under a key of the source, and returns how that ends.
func launchByGrant(t *testing.T, operations []kmstypes.GrantOperation) string {
	t.Helper()
	f := start(t, computeWorld(t))
	groups := autoscaling.NewFromConfig(f.config(t, targetAdmin, home))
	must(t, only(groups.CreateAutoScalingGroup(t.Context(), newScalingGroup("g", "cmk", 1))))
	must(t, only(ec2.NewFromConfig(f.config(t, administrator, home)).ModifyImageAttribute(t.Context(),
		launchWith("ami-cmk", types.LaunchPermission{UserId: aws.String(target)}, nil))))
	in := groupGrant(sharedKey)
	in.Operations = operations
	must(t, only(kms.NewFromConfig(f.config(t, targetAdmin, home)).CreateGrant(t.Context(), in)))
	return aws.ToString(newest(t.Context(), t, groups, "g").StatusMessage)
}
