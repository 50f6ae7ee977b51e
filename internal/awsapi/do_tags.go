// SPDX-License-Identifier: MPL-2.0

package awsapi

import (
	"context"
	"maps"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/amishare/packer-plugin-ami-share/internal/clients"
	"github.com/amishare/packer-plugin-ami-share/internal/diagnose"
	"github.com/amishare/packer-plugin-ami-share/internal/plan"
	"github.com/amishare/packer-plugin-ami-share/internal/sharing"
)

// putTags writes tags as the target sees them.
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateTags.html
func (c *Client) putTags(ctx context.Context, change plan.PutTags) (plan.Effect, error) {
	a := c.tagAct(change.Account, change.Image.Region, change.Resource, "ec2:CreateTags")
	if !c.Enters(change.Account) {
		return plan.Effect{}, clients.NoCredentials(a, change.Account)
	}
	ctx, tries := clients.Watched(ctx)
	_, err := c.EC2(clients.Place{Account: change.Account, Region: change.Image.Region}).CreateTags(ctx, createTagsInput(change.Resource, change.Tags))
	return c.settle(ctx, err, a, tries, func(ctx context.Context) (bool, error) {
		there, err := c.tagsOf(ctx, change.Account, change.Image.Region, change.Resource)
		return err == nil && sharing.Among(there, change.Tags), err
	})
}

// restoreTags deletes tags and puts back the values that were there before.
func (c *Client) restoreTags(ctx context.Context, change plan.RestoreTags) (plan.Effect, error) {
	if len(change.Delete) > 0 {
		if effect, err := c.deleteTags(ctx, change); err != nil {
			return effect, err
		}
	}
	if len(change.Restore) == 0 {
		return plan.Effect{}, nil
	}
	return c.putTags(ctx, plan.PutTags{Account: change.Account, Image: change.Image, Resource: change.Resource, Tags: change.Restore})
}

// deleteTags deletes tags as the target sees them, whatever their values.
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DeleteTags.html
func (c *Client) deleteTags(ctx context.Context, change plan.RestoreTags) (plan.Effect, error) {
	ctx, tries := clients.Watched(ctx)
	_, err := c.EC2(clients.Place{Account: change.Account, Region: change.Image.Region}).DeleteTags(ctx, deleteTagsInput(change.Resource, change.Delete))
	a := c.tagAct(change.Account, change.Image.Region, change.Resource, "ec2:DeleteTags")
	return c.settle(ctx, err, a, tries, func(ctx context.Context) (bool, error) {
		there, err := c.tagsOf(ctx, change.Account, change.Image.Region, change.Resource)
		return err == nil && without(there, change.Delete), err
	})
}

// without tells whether none of the keys is there.
func without(tags map[string]string, keys []string) bool {
	return !slices.ContainsFunc(keys, func(key string) bool {
		_, there := tags[key]
		return there
	})
}

// tagsOf reads the tags of a resource as the target sees them.
func (c *Client) tagsOf(ctx context.Context, account sharing.AccountID, region sharing.Region, resource string) (map[string]string, error) {
	tags := map[string]map[string]string{}
	err := c.describeTags(ctx, clients.Place{Account: account, Region: region}, []string{resource}, tags)
	return tags[resource], err
}

func createTagsInput(resource string, tags map[string]string) *ec2.CreateTagsInput {
	in := &ec2.CreateTagsInput{Resources: []string{resource}}
	for _, key := range slices.Sorted(maps.Keys(tags)) {
		in.Tags = append(in.Tags, types.Tag{Key: aws.String(key), Value: aws.String(tags[key])})
	}
	return in
}

// deleteTagsInput deletes tags whatever their values.
func deleteTagsInput(resource string, keys []string) *ec2.DeleteTagsInput {
	in := &ec2.DeleteTagsInput{Resources: []string{resource}}
	for _, key := range keys {
		in.Tags = append(in.Tags, types.Tag{Key: aws.String(key)})
	}
	return in
}

func (c *Client) tagAct(account sharing.AccountID, region sharing.Region, resource, action string) diagnose.Act {
	arn := c.imageARN(region, resource)
	if !strings.HasPrefix(resource, "ami-") {
		arn = c.snapshotARN(region, resource)
	}
	doing := "tagging " + resource
	if action == "ec2:DeleteTags" {
		doing = "taking back the tags of " + resource
	}
	return diagnose.Act{Scope: sharing.Scope{Account: account, Region: region}, Doing: doing, Action: action, Resource: arn, Principal: c.Principal(account)}
}
