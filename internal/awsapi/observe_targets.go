// SPDX-License-Identifier: MPL-2.0

package awsapi

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"

	"github.com/amishare/packer-plugin-ami-share/internal/clients"
	"github.com/amishare/packer-plugin-ami-share/internal/diagnose"
	"github.com/amishare/packer-plugin-ami-share/internal/parallel"
	"github.com/amishare/packer-plugin-ami-share/internal/progress"
	"github.com/amishare/packer-plugin-ami-share/internal/sharing"
	"github.com/amishare/packer-plugin-ami-share/internal/traffic"
)

const (
	groupsPerCall = 50  // https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_DescribeAutoScalingGroups.html
	tagsPerCall   = 200 // values of a filter: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeTags.html
)

// targets looks into every target that there are credentials for.
func (o *observation) targets(ctx context.Context, images []sharing.Image) map[sharing.AccountID]sharing.TargetFacts {
	facts := make([]sharing.TargetFacts, len(o.request.Targets))
	var open []string
	for _, target := range o.request.Targets {
		if target.Credentials {
			open = append(open, string(target.Account))
		}
	}
	o.options.Progress.Begin(progress.Looking, open)
	parallel.Each(o.request.Targets, func(i int, target sharing.Target) {
		if target.Credentials {
			problem := parallel.Guard(sharing.Scope{Account: target.Account}, "looking into the account", func() { facts[i] = o.target(ctx, target, images) })
			if problem != nil {
				facts[i] = sharing.TargetFacts{Problems: []sharing.Problem{*problem}}
			}
			o.options.Progress.Done(string(target.Account), len(facts[i].Problems) > 0)
		}
	})
	byAccount := map[sharing.AccountID]sharing.TargetFacts{}
	for i, target := range o.request.Targets {
		byAccount[target.Account] = facts[i]
	}
	return byAccount
}

func (o *observation) target(ctx context.Context, target sharing.Target, images []sharing.Image) sharing.TargetFacts {
	ctx, cancel := traffic.Patient(ctx, o.options.TargetTimeout)
	defer cancel()
	if problem := o.Enter(ctx, target.Account); problem != nil {
		return sharing.TargetFacts{Problems: []sharing.Problem{*problem}}
	}
	o.warnings.Add(o.Warnings(target.Account)...)
	look := &targetLook{Client: o.Client, target: target}
	var facts sharing.TargetFacts
	parallel.Together(
		func() { facts.Roles = look.roles(ctx) },
		func() { facts.Groups = look.groups(ctx, look.regions(o.request.Images)) },
		func() { facts.Tags = look.tags(ctx, images) },
		func() { facts.Templates = look.templates(ctx, look.regions(o.request.Images)) },
		func() {
			facts.Parameters = o.parameters(ctx, target.Account, look.regions(o.request.Images), target.Announcements.Parameters, o.request.Images, look.problem)
		},
	)
	facts.Problems = sortProblems(look.problems.Items)
	return facts
}

// targetLook is a look into one target.
type targetLook struct {
	*Client
	target   sharing.Target
	problems parallel.List[sharing.Problem]
}

// regions returns the Regions of AMIs in which the target gets anything.
func (t *targetLook) regions(images []sharing.ImageRef) []sharing.Region {
	return slices.DeleteFunc(regionsOf(images), func(region sharing.Region) bool { return !t.target.In(region) })
}

func (t *targetLook) problem(err error, region sharing.Region, a diagnose.Act) {
	a.Scope = sharing.Scope{Account: t.target.Account, Region: region}
	a.Principal = t.Principal(t.target.Account)
	t.problems.Add(diagnose.Error(err, a))
}

func (t *targetLook) roles(ctx context.Context) map[sharing.Grantee]sharing.Role {
	roles := make([]sharing.Role, len(t.target.Grantees))
	parallel.Each(t.target.Grantees, func(i int, grantee sharing.Grantee) { roles[i] = t.role(ctx, grantee) })
	byGrantee := map[sharing.Grantee]sharing.Role{}
	for i, grantee := range t.target.Grantees {
		byGrantee[grantee] = roles[i]
	}
	return byGrantee
}

// role looks for a role, and again for one that IAM does not know, unless the run creates it then: IAM takes its time to
// know a new one. A role of another account can't be looked for: KMS will tell whether it exists.
// https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetRole.html
func (t *targetLook) role(ctx context.Context, grantee sharing.Grantee) sharing.Role {
	if grantee.Account != "" && grantee.Account != t.target.Account {
		return sharing.Role{Exists: true, ARN: grantee.ARN(t.Partition(), grantee.Account)}
	}
	role, err := t.getRole(ctx, grantee)
	if creates := grantee.Service != "" && t.target.CreateServiceLinkedRoles; unknownRole(err) && !creates {
		err = traffic.PollFor(ctx, t.options.LookAgain/8, func(ctx context.Context) (bool, error) {
			role, err = t.getRole(ctx, grantee)
			return !unknownRole(err), err
		})
	}
	arn := grantee.ARN(t.Partition(), t.target.Account)
	switch {
	case err == nil && grantee.Elsewhere(role.ARN, t.Partition(), t.target.Account):
		t.problems.Add(otherPath(t.target.Account, arn, role.ARN))
	case err != nil && !unknownRole(err):
		t.problem(err, "", diagnose.Act{Doing: "looking for the role " + arn, Action: "iam:GetRole", Resource: arn})
	}
	return role
}

func (t *targetLook) getRole(ctx context.Context, grantee sharing.Grantee) (sharing.Role, error) {
	out, err := t.IAM(clients.Place{Account: t.target.Account}).GetRole(ctx, &iam.GetRoleInput{RoleName: &grantee.Name})
	if err != nil {
		return sharing.Role{}, err
	}
	return sharing.Role{Exists: true, ARN: aws.ToString(out.Role.Arn), UniqueID: aws.ToString(out.Role.RoleId)}, nil
}

// unknownRole tells whether IAM does not know a role.
func unknownRole(err error) bool { return diagnose.Has(err, "NoSuchEntity", "NoSuchEntityException") }

// otherPath says that a role has another path than the one that it is named with. Its name is unique in the account; a
// grant, a key's policy and a role's policy name it with its path.
func otherPath(account sharing.AccountID, named, role string) sharing.Problem {
	name := strings.TrimPrefix(role[strings.Index(role, ":role/")+1:], "role/")
	return sharing.Problem{
		Scope: sharing.Scope{Account: account}, Doing: "looking for the role " + named,
		Cause:  "the role of that name has another path: it is " + role,
		Remedy: fmt.Sprintf("Write %q in grantee_roles, also where the policies of keys and roles name it. A name alone, %q, is found with any path.", name, name[strings.LastIndexByte(name, '/')+1:]),
	}
}

// groups looks for the target's Auto Scaling groups in all Regions.
func (t *targetLook) groups(ctx context.Context, regions []sharing.Region) []sharing.AutoScalingGroup {
	if len(t.target.AutoScalingGroups) == 0 {
		return nil
	}
	found := make([][]sharing.AutoScalingGroup, len(regions))
	parallel.Each(regions, func(i int, region sharing.Region) {
		for names := range slices.Chunk(t.target.AutoScalingGroups, groupsPerCall) {
			found[i] = append(found[i], t.groupsOf(ctx, region, names)...)
		}
	})
	return slices.Concat(found...)
}

func (t *targetLook) groupsOf(ctx context.Context, region sharing.Region, names []string) []sharing.AutoScalingGroup {
	in := &autoscaling.DescribeAutoScalingGroupsInput{AutoScalingGroupNames: names}
	found, err := t.DescribeGroups(ctx, clients.Place{Account: t.target.Account, Region: region}, in)
	if err != nil {
		t.problem(err, region, diagnose.Act{Doing: "looking for " + sharing.Named("Auto Scaling group", names), Action: "autoscaling:DescribeAutoScalingGroups", Resource: "*"})
	}
	groups := make([]sharing.AutoScalingGroup, len(found))
	for i, group := range found {
		groups[i] = sharing.AutoScalingGroup{
			Region: region, Name: aws.ToString(group.AutoScalingGroupName), RoleARN: aws.ToString(group.ServiceLinkedRoleARN),
		}
		if group.Operator != nil {
			groups[i].Operator = aws.ToString(group.Operator.Principal)
		}
	}
	return groups
}

// tags reads the tags that the target itself has put on AMIs and snapshots.
// https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/Using_Tags.html
func (t *targetLook) tags(ctx context.Context, images []sharing.Image) map[sharing.Region]map[string]map[string]string {
	if !t.target.CopyTags {
		return nil
	}
	resources := map[sharing.Region][]string{}
	for _, image := range images {
		if image.State == sharing.ImageMissing || !t.target.In(image.Ref.Region) {
			continue
		}
		resources[image.Ref.Region] = append(resources[image.Ref.Region], image.Ref.ID)
		for _, snapshot := range image.Snapshots {
			resources[image.Ref.Region] = append(resources[image.Ref.Region], snapshot.ID)
		}
	}
	regions := t.regions(refs(images))
	found := make([]map[string]map[string]string, len(regions))
	parallel.Each(regions, func(i int, region sharing.Region) {
		found[i] = map[string]map[string]string{}
		for ids := range slices.Chunk(resources[region], tagsPerCall) {
			t.tagsOf(ctx, region, ids, found[i])
		}
	})
	byRegion := map[sharing.Region]map[string]map[string]string{}
	for i, region := range regions {
		byRegion[region] = found[i]
	}
	return byRegion
}

func (t *targetLook) tagsOf(ctx context.Context, region sharing.Region, ids []string, tags map[string]map[string]string) {
	if err := t.describeTags(ctx, clients.Place{Account: t.target.Account, Region: region}, ids, tags); err != nil {
		t.problem(err, region, diagnose.Act{Doing: "reading the tags of " + sharing.Named("resource", ids), Action: "ec2:DescribeTags", Resource: "*"})
	}
}

// describeTags adds to tags those of resources, by the resource's id.
func (c *Client) describeTags(ctx context.Context, p clients.Place, ids []string, tags map[string]map[string]string) error {
	in := &ec2.DescribeTagsInput{Filters: []types.Filter{{Name: aws.String("resource-id"), Values: ids}}}
	there, err := clients.Pages("ec2:DescribeTags", func(token *string) (*ec2.DescribeTagsOutput, error) {
		in.NextToken = token
		return c.EC2(p).DescribeTags(ctx, in)
	}, func(out *ec2.DescribeTagsOutput) ([]types.TagDescription, *string) { return out.Tags, out.NextToken })
	for _, tag := range there {
		id := aws.ToString(tag.ResourceId)
		if tags[id] == nil {
			tags[id] = map[string]string{}
		}
		tags[id][aws.ToString(tag.Key)] = aws.ToString(tag.Value)
	}
	return err
}

func refs(images []sharing.Image) []sharing.ImageRef {
	all := make([]sharing.ImageRef, len(images))
	for i, image := range images {
		all[i] = image.Ref
	}
	return all
}
