package awsapi

import (
	"context"
	"maps"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/amishare/packer-plugin-ami-share/internal/diagnose"
	"github.com/amishare/packer-plugin-ami-share/internal/plan"
	"github.com/amishare/packer-plugin-ami-share/internal/sharing"
)

// putTags writes tags as the target sees them.
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateTags.html
func (c *Client) putTags(ctx context.Context, change plan.PutTags) (plan.Change, error) {
	a := c.tagAct(change.Account, change.Image.Region, change.Resource, "ec2:CreateTags")
	if c.sessions[change.Account] == nil {
		return nil, noCredentials(a, change.Account)
	}
	undo := plan.RemoveTags{Account: change.Account, Image: change.Image, Resource: change.Resource, Restore: change.Previous}
	for _, key := range slices.Sorted(maps.Keys(change.Tags)) {
		if _, ok := change.Previous[key]; !ok {
			undo.Keys = append(undo.Keys, key)
		}
	}
	_, err := c.ec2(place{change.Account, change.Image.Region}).CreateTags(ctx, createTagsInput(change.Resource, change.Tags))
	return settle(undo, err, a)
}

// removeTags deletes tags and puts back the values that were there before.
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DeleteTags.html
func (c *Client) removeTags(ctx context.Context, change plan.RemoveTags) error {
	client := c.ec2(place{change.Account, change.Image.Region})
	if len(change.Keys) > 0 {
		var tags []types.Tag
		for _, key := range change.Keys {
			tags = append(tags, types.Tag{Key: aws.String(key)})
		}
		if _, err := client.DeleteTags(ctx, &ec2.DeleteTagsInput{Resources: []string{change.Resource}, Tags: tags}); err != nil {
			return diagnose.Error(err, c.tagAct(change.Account, change.Image.Region, change.Resource, "ec2:DeleteTags"))
		}
	}
	if len(change.Restore) > 0 {
		if _, err := client.CreateTags(ctx, createTagsInput(change.Resource, change.Restore)); err != nil {
			return diagnose.Error(err, c.tagAct(change.Account, change.Image.Region, change.Resource, "ec2:CreateTags"))
		}
	}
	return nil
}

func createTagsInput(resource string, tags map[string]string) *ec2.CreateTagsInput {
	in := &ec2.CreateTagsInput{Resources: []string{resource}}
	for _, key := range slices.Sorted(maps.Keys(tags)) {
		in.Tags = append(in.Tags, types.Tag{Key: aws.String(key), Value: aws.String(tags[key])})
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
	return diagnose.Act{Scope: sharing.Scope{Account: account, Region: region}, Doing: doing, Action: action, Resource: arn, Principal: c.principal(account)}
}
