// SPDX-License-Identifier: MPL-2.0

package awsapi

import (
	"cmp"
	"context"
	"strconv"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/amishare/packer-plugin-ami-share/internal/clients"
	"github.com/amishare/packer-plugin-ami-share/internal/diagnose"
	"github.com/amishare/packer-plugin-ami-share/internal/parallel"
	"github.com/amishare/packer-plugin-ami-share/internal/plan"
	"github.com/amishare/packer-plugin-ami-share/internal/sharing"
	"github.com/amishare/packer-plugin-ami-share/internal/traffic"
)

const (
	defaultVersion = "$Default"
	latestVersion  = "$Latest"
)

// templates reads the target's launch templates in all Regions.
func (t *targetLook) templates(ctx context.Context, regions []sharing.Region) sharing.StoredTemplates {
	wanted := t.target.Announcements.Templates
	if len(wanted) == 0 {
		return nil
	}
	stored := sharing.StoredTemplates{}
	var mu sync.Mutex
	parallel.Each(regions, func(_ int, region sharing.Region) {
		parallel.Each(wanted, func(_ int, template sharing.LaunchTemplate) {
			found, err := t.template(ctx, clients.Place{Account: t.target.Account, Region: region}, template)
			if err != nil {
				t.problem(err, region, diagnose.Act{Doing: "looking for the launch template " + template.Named, Action: "ec2:DescribeLaunchTemplateVersions", Resource: "*"})
				return
			}
			mu.Lock()
			defer mu.Unlock()
			if stored[region] == nil {
				stored[region] = map[string]sharing.StoredTemplate{}
			}
			stored[region][template.Named] = found
		})
	})
	return stored
}

// template reads a launch template: its default version, its newest one, and the one that a new one is made of. One that does not
// exist is no error.
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeLaunchTemplateVersions.html
func (c *Client) template(ctx context.Context, p clients.Place, template sharing.LaunchTemplate) (sharing.StoredTemplate, error) {
	in := &ec2.DescribeLaunchTemplateVersionsInput{Versions: []string{defaultVersion, latestVersion}}
	in.LaunchTemplateId, in.LaunchTemplateName = named(template)
	if number := template.Source; number != "" && number != latestVersion && number != defaultVersion {
		in.Versions = append(in.Versions, number)
	}
	versions, err := c.versions(ctx, p, in)
	if diagnose.Has(err, "InvalidLaunchTemplateName.NotFoundException", "InvalidLaunchTemplateId.NotFound", "InvalidLaunchTemplateId.NotFoundException") || err == nil && len(versions) == 0 {
		return sharing.StoredTemplate{}, nil
	}
	var stored sharing.StoredTemplate
	for _, version := range versions {
		one := templateVersion(version)
		stored.ID = cmp.Or(stored.ID, aws.ToString(version.LaunchTemplateId))
		if aws.ToBool(version.DefaultVersion) {
			stored.Default = one
		}
		if one.Number > stored.Latest.Number {
			stored.Latest = one
		}
		if strconv.FormatInt(one.Number, 10) == template.Source {
			stored.Source = one
		}
	}
	switch template.Source {
	case "", defaultVersion:
		stored.Source = stored.Default
	case latestVersion:
		stored.Source = stored.Latest
	}
	return stored, err
}

// named returns the id or the name of a launch template: AWS takes one of them.
func named(template sharing.LaunchTemplate) (id, name *string) {
	if template.ByID() {
		return &template.Named, nil
	}
	return nil, &template.Named
}

func templateVersion(version types.LaunchTemplateVersion) sharing.TemplateVersion {
	one := sharing.TemplateVersion{Number: aws.ToInt64(version.VersionNumber), Note: aws.ToString(version.VersionDescription)}
	if version.LaunchTemplateData == nil {
		return one
	}
	one.Image = aws.ToString(version.LaunchTemplateData.ImageId)
	for _, device := range version.LaunchTemplateData.BlockDeviceMappings {
		if ebs := device.Ebs; ebs != nil && aws.ToString(ebs.SnapshotId)+aws.ToString(ebs.KmsKeyId) != "" {
			one.Devices = append(one.Devices, sharing.TemplateDevice{
				Name: aws.ToString(device.DeviceName), Snapshot: aws.ToString(ebs.SnapshotId), Key: aws.ToString(ebs.KmsKeyId),
			})
		}
	}
	return one
}

// versions reads all pages of versions.
func (c *Client) versions(ctx context.Context, p clients.Place, in *ec2.DescribeLaunchTemplateVersionsInput) ([]types.LaunchTemplateVersion, error) {
	return clients.Pages("ec2:DescribeLaunchTemplateVersions", func(token *string) (*ec2.DescribeLaunchTemplateVersionsOutput, error) {
		in.NextToken = token
		return c.EC2(p).DescribeLaunchTemplateVersions(ctx, in)
	}, func(out *ec2.DescribeLaunchTemplateVersionsOutput) ([]types.LaunchTemplateVersion, *string) {
		return out.LaunchTemplateVersions, out.NextToken
	})
}

// versionsWith are the versions of a launch template that have an AMI: those that the run has made, by their note, and the one that
// is the default, 0 for none.
func (c *Client) versionsWith(ctx context.Context, w plan.Where, id, note string) (own []int64, isDefault int64, err error) {
	found, err := c.versions(ctx, placeOfAnnouncement(w), &ec2.DescribeLaunchTemplateVersionsInput{
		LaunchTemplateId: &id, Filters: []types.Filter{{Name: aws.String("image-id"), Values: []string{w.Image.ID}}},
	})
	for _, version := range found {
		if aws.ToString(version.VersionDescription) == note {
			own = append(own, aws.ToInt64(version.VersionNumber))
		}
		if aws.ToBool(version.DefaultVersion) {
			isDefault = aws.ToInt64(version.VersionNumber)
		}
	}
	return own, isDefault, err
}

// awaitVersions is versionsWith until there is one of the run's own: EC2 shows a new version late.
func (c *Client) awaitVersions(ctx context.Context, limit time.Duration, w plan.Where, id, note string) (own []int64, isDefault int64, err error) {
	err = traffic.PollFor(ctx, limit, func(ctx context.Context) (bool, error) {
		var err error
		own, isDefault, err = c.versionsWith(ctx, w, id, note)
		return len(own) > 0 || err != nil, err
	})
	return own, isDefault, err
}

func (c *Client) templateAct(w plan.Where, doing, action string, template sharing.LaunchTemplate, id string) diagnose.Act {
	return diagnose.Act{
		Scope: sharing.Scope{Account: w.Account, Region: w.Image.Region}, Doing: doing + " the launch template " + template.Named, Action: action,
		Resource:  sharing.ARN{Partition: c.Partition(), Service: "ec2", Region: w.Image.Region, Account: w.Account, Resource: "launch-template/" + id}.String(),
		Principal: c.Principal(w.Account),
	}
}
