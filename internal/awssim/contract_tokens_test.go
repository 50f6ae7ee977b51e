// SPDX-License-Identifier: MPL-2.0

package awssim_test

import (
	"context"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/organizations"
	"github.com/aws/aws-sdk-go-v2/service/resourcegroupstaggingapi"
	tagtypes "github.com/aws/aws-sdk-go-v2/service/resourcegroupstaggingapi/types"

	"github.com/amishare/packer-plugin-ami-share/internal/awssim"
)

// listing asks for a page of the same list, or of another one.
type listing func(ctx context.Context, config aws.Config, token *string, other bool) (next *string, err error)

// listings are one for each service whose tokens have a name of their own.
var listings = map[string]struct {
	page listing
	code string // for a token of another request
}{
	"autoscaling:DescribeAutoScalingGroups": {func(ctx context.Context, config aws.Config, token *string, other bool) (*string, error) {
		in := &autoscaling.DescribeAutoScalingGroupsInput{NextToken: token}
		if other {
			in.AutoScalingGroupNames = []string{"existing", "other"}
		}
		out, err := autoscaling.NewFromConfig(config).DescribeAutoScalingGroups(ctx, in)
		if err != nil {
			return nil, err
		}
		return out.NextToken, nil
	}, "InvalidNextToken"},
	"iam:ListRoles": {func(ctx context.Context, config aws.Config, token *string, other bool) (*string, error) {
		in := &iam.ListRolesInput{Marker: token}
		if other {
			in.PathPrefix = aws.String("/")
		}
		out, err := iam.NewFromConfig(config).ListRoles(ctx, in)
		if err != nil {
			return nil, err
		}
		return out.Marker, nil
	}, "ValidationError"},
	"kms:ListGrants": {func(ctx context.Context, config aws.Config, token *string, other bool) (*string, error) {
		in := &kms.ListGrantsInput{KeyId: shared, Marker: token}
		if other {
			in.GranteePrincipal = aws.String(workerARN)
		}
		out, err := kms.NewFromConfig(config).ListGrants(ctx, in)
		if err != nil {
			return nil, err
		}
		return out.NextMarker, nil
	}, "InvalidMarkerException"},
	"organizations:ListAccounts": {func(ctx context.Context, config aws.Config, token *string, other bool) (*string, error) {
		if other {
			return nil, only(organizations.NewFromConfig(config).ListRoots(ctx, &organizations.ListRootsInput{NextToken: token}))
		}
		out, err := organizations.NewFromConfig(config).ListAccounts(ctx, &organizations.ListAccountsInput{NextToken: token})
		if err != nil {
			return nil, err
		}
		return out.NextToken, nil
	}, "InvalidInputException"},
	"tag:GetResources": {func(ctx context.Context, config aws.Config, token *string, other bool) (*string, error) {
		in := &resourcegroupstaggingapi.GetResourcesInput{PaginationToken: token}
		if other {
			in.TagFilters = []tagtypes.TagFilter{{Key: aws.String("team")}}
		}
		out, err := resourcegroupstaggingapi.NewFromConfig(config).GetResources(ctx, in)
		if err != nil {
			return nil, err
		}
		return out.PaginationToken, nil
	}, "PaginationTokenExpiredException"},
}

// TestTokensOfEveryService: each is good for its own request alone, and a number of one's own making for none.
//
//   - https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListRoles.html
//   - https://docs.aws.amazon.com/kms/latest/APIReference/API_ListGrants.html
//   - https://docs.aws.amazon.com/resourcegroupstagging/latest/APIReference/API_GetResources.html
//   - https://docs.aws.amazon.com/organizations/latest/APIReference/API_ListAccounts.html
//   - https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_DescribeAutoScalingGroups.html
func TestTokensOfEveryService(t *testing.T) {
	world := authorityWorld(t, "", "")
	world.Hostility.PageSize = 1
	world.Organizations = []awssim.WorldOrganization{{ID: "o-golden0000", ManagementAccount: source, Root: "r-gold", Accounts: []string{target}}}
	for i := range world.Accounts[0].Keys {
		world.Accounts[0].Keys[i].Tags = map[string]string{"team": "a"}
	}
	region := world.Accounts[0].Regions[home]
	region.AutoScalingGroups = append(region.AutoScalingGroups, awssim.WorldAutoScalingGroup{Name: "other", LaunchTemplate: "web"})
	world.Accounts[0].Regions[home] = region
	config := start(t, world).config(t, administrator, home)
	for _, name := range []string{"a", "b"} {
		must(t, only(iam.NewFromConfig(config).CreateRole(t.Context(), &iam.CreateRoleInput{RoleName: &name, AssumeRolePolicyDocument: aws.String(trust("arn:aws:iam::" + source + ":root"))})))
		grant := decryptGrant(*shared)
		grant.Name = &name
		must(t, only(kms.NewFromConfig(config).CreateGrant(t.Context(), grant)))
	}
	for action, list := range listings {
		next, err := list.page(t.Context(), config, nil, false)
		must(t, err)
		if aws.ToString(next) == "" {
			t.Fatalf("%s has one page", action)
		}
		must(t, only(list.page(t.Context(), config, next, false)))
		if got := code(only(list.page(t.Context(), config, next, true))); got != list.code {
			t.Errorf("%s with the token of another request: %q, want %q", action, got, list.code)
		}
		if got := code(only(list.page(t.Context(), config, aws.String("1"), false))); got != list.code {
			t.Errorf("%s with a token of one's own making: %q, want %q", action, got, list.code)
		}
	}
}
