// SPDX-License-Identifier: MPL-2.0

package awsapi

import (
	"context"
	"maps"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/resourcegroupstaggingapi"
	"github.com/aws/aws-sdk-go-v2/service/resourcegroupstaggingapi/types"

	"github.com/amishare/packer-plugin-ami-share/internal/clients"
	"github.com/amishare/packer-plugin-ami-share/internal/diagnose"
	"github.com/amishare/packer-plugin-ami-share/internal/parallel"
	"github.com/amishare/packer-plugin-ami-share/internal/sharing"
)

// keysByTags looks for the keys of a Region that carry all the tags: with one call, instead of walking every key.
// https://docs.aws.amazon.com/resourcegroupstagging/latest/APIReference/API_GetResources.html
func (c *Client) keysByTags(ctx context.Context, region sharing.Region, tags map[string]string) ([]ResolvedKey, []sharing.Problem) {
	scope := sharing.Scope{Region: region}
	doing := "looking for a key with the tags " + sharing.TagText(tags)
	arns, err := c.taggedKeys(ctx, region, tags)
	switch {
	case err != nil:
		return nil, []sharing.Problem{diagnose.Error(err, diagnose.Act{Scope: scope, Doing: doing, Action: "tag:GetResources", Resource: "*"})}
	case len(arns) == 0:
		return nil, []sharing.Problem{{
			Scope: scope, Doing: doing, Cause: "no key of the account has them all",
			Remedy: "Tag the key in each Region (aws kms tag-resource): a multi-Region key's replicas have tags of their own.",
		}}
	}
	keys := make([]ResolvedKey, len(arns))
	var problems parallel.List[sharing.Problem]
	parallel.Each(arns, func(i int, arn string) {
		key, err := c.resolve(ctx, region, arn)
		if err != nil {
			problems.Add(diagnose.Error(err, diagnose.Act{Scope: scope, Doing: "looking at key " + arn, Action: "kms:DescribeKey", Resource: arn}))
		}
		keys[i] = key
	})
	return slices.DeleteFunc(keys, func(k ResolvedKey) bool { return k.ARN == "" }), problems.Items
}

func (c *Client) taggedKeys(ctx context.Context, region sharing.Region, tags map[string]string) ([]string, error) {
	in := &resourcegroupstaggingapi.GetResourcesInput{ResourceTypeFilters: []string{"kms:key"}}
	for _, key := range slices.Sorted(maps.Keys(tags)) {
		in.TagFilters = append(in.TagFilters, types.TagFilter{Key: aws.String(key), Values: []string{tags[key]}})
	}
	tagged, err := clients.Pages("tag:GetResources", func(token *string) (*resourcegroupstaggingapi.GetResourcesOutput, error) {
		in.PaginationToken = token
		return c.Tagging(clients.Place{Region: region}).GetResources(ctx, in)
	}, func(out *resourcegroupstaggingapi.GetResourcesOutput) ([]types.ResourceTagMapping, *string) {
		return out.ResourceTagMappingList, out.PaginationToken
	})
	arns := make([]string, len(tagged))
	for i, resource := range tagged {
		arns[i] = aws.ToString(resource.ResourceARN)
	}
	slices.Sort(arns)
	return arns, err
}
