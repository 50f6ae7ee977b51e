// SPDX-License-Identifier: MPL-2.0

package awsapi

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/organizations"
)

// organizationsService is AWS Organizations. It has one endpoint in a partition, which the SDK finds from any Region of it.
// https://docs.aws.amazon.com/general/latest/gr/ao.html
type organizationsService struct {
	DescribeOrganization             operation[organizations.DescribeOrganizationInput, organizations.DescribeOrganizationOutput, organizations.Options]
	ListAccounts                     operation[organizations.ListAccountsInput, organizations.ListAccountsOutput, organizations.Options]
	ListAccountsForParent            operation[organizations.ListAccountsForParentInput, organizations.ListAccountsForParentOutput, organizations.Options]
	ListOrganizationalUnitsForParent operation[organizations.ListOrganizationalUnitsForParentInput, organizations.ListOrganizationalUnitsForParentOutput, organizations.Options]
	ListTagsForResource              operation[organizations.ListTagsForResourceInput, organizations.ListTagsForResourceOutput, organizations.Options]
}

func newOrganizations(config aws.Config) func(origin) organizationsService {
	client := organizations.NewFromConfig(config)
	return func(o origin) organizationsService {
		set := func(options *organizations.Options) { o.set(&options.Region, &options.Credentials) }
		return organizationsService{
			DescribeOrganization:             from(o, client.DescribeOrganization, set),
			ListAccounts:                     from(o, client.ListAccounts, set),
			ListAccountsForParent:            from(o, client.ListAccountsForParent, set),
			ListOrganizationalUnitsForParent: from(o, client.ListOrganizationalUnitsForParent, set),
			ListTagsForResource:              from(o, client.ListTagsForResource, set),
		}
	}
}

// pages reads all pages of a list. Organizations may answer with an empty page and still have more. A token that comes
// twice would lead round in circles: then the list is not complete, and that is an error.
// https://docs.aws.amazon.com/organizations/latest/APIReference/API_ListAccounts.html
func pages[T any](ctx context.Context, page func(ctx context.Context, token *string) (items []T, next *string, err error)) ([]T, error) {
	var all []T
	seen := map[string]bool{}
	var token *string
	for {
		items, next, err := page(ctx, token)
		if err != nil {
			return nil, err
		}
		all = append(all, items...)
		if aws.ToString(next) == "" {
			return all, nil
		}
		if seen[*next] {
			return nil, errRepeatedToken
		}
		seen[*next] = true
		token = next
	}
}
