// SPDX-License-Identifier: MPL-2.0

package awsapi

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/amishare/packer-plugin-ami-share/internal/clients"
	"github.com/amishare/packer-plugin-ami-share/internal/diagnose"
	"github.com/amishare/packer-plugin-ami-share/internal/parallel"
	"github.com/amishare/packer-plugin-ami-share/internal/sharing"
	"github.com/amishare/packer-plugin-ami-share/internal/traffic"
)

// noReport is AWS's code for a report that is gone.
const noReport = "InvalidImageUsageReportId.NotFound"

const (
	// closeTime is how long it may take to delete the reports.
	closeTime = time.Minute
	// reportTime is for how long a run may need its reports: no session of a role lasts longer.
	// https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use.html
	reportTime = 12 * time.Hour
)

// reportTags are the tags of a report, by which later runs know it as the plugin's, and whether it is still needed.
func reportTags() []types.TagSpecification {
	return []types.TagSpecification{{
		ResourceType: types.ResourceTypeImageUsageReport,
		Tags:         []types.Tag{{Key: aws.String(sharing.UsageTag), Value: aws.String(sharing.NeededUntil(time.Now().Add(reportTime)))}},
	}}
}

// Close deletes what the run has made in order to look, also after an interruption. Where it has made something, it also deletes
// what earlier runs have left that were killed, unless it was interrupted or has no time left. It returns what it could not delete, with the commands
// that do it.
func (c *Client) Close(ctx context.Context) []sharing.Problem {
	interrupted := traffic.Over(ctx)
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), closeTime)
	defer cancel()
	c.reports.mu.Lock()
	defer c.reports.mu.Unlock()
	var left parallel.List[sharing.Problem]
	parallel.Each(slices.Collect(maps.Values(c.reports.all)), func(_ int, r *usageReport) {
		if problem := c.deleteReport(ctx, r); problem != nil {
			left.Add(*problem)
		}
	})
	if !interrupted && ctx.Err() == nil {
		parallel.Each(c.reports.regions(), func(_ int, region sharing.Region) { left.Add(c.sweepReports(ctx, region)...) })
	}
	c.reports.all = nil
	return sortProblems(left.Items)
}

// regions are those in which the run has made reports.
func (u *usageReports) regions() []sharing.Region {
	made := map[sharing.Region]bool{}
	for image, r := range u.all {
		if r.id != "" {
			made[image.Region] = true
		}
	}
	return slices.Collect(maps.Keys(made))
}

// deleteReport deletes a report of this run.
func (c *Client) deleteReport(ctx context.Context, r *usageReport) *sharing.Problem {
	if r.lost {
		if err := c.begin(ctx, r); err != nil {
			return c.undeleted(err, r.image, "")
		}
	}
	if r.id == "" {
		return nil
	}
	return c.dropReport(ctx, r.image, r.id)
}

// dropReport deletes a report. Who may delete those with a tag only is refused one that is gone, and with it the tag: so is the repetition of an
// attempt whose answer was lost, and whoever comes after another run.
func (c *Client) dropReport(ctx context.Context, image sharing.ImageRef, id string) *sharing.Problem {
	region := clients.Place{Region: image.Region}
	_, err := c.EC2(region).DeleteImageUsageReport(ctx, &ec2.DeleteImageUsageReportInput{ReportId: &id})
	if err == nil || diagnose.Has(err, noReport) {
		return nil
	}
	if _, unseen := c.EC2(region).DescribeImageUsageReports(ctx, &ec2.DescribeImageUsageReportsInput{ReportIds: []string{id}}); diagnose.Has(unseen, noReport) {
		return nil
	}
	return c.undeleted(err, image, id)
}

// undeleted tells of a report that is left.
func (c *Client) undeleted(err error, image sharing.ImageRef, id string) *sharing.Problem {
	problem := diagnose.Error(err, diagnose.Act{
		Scope: sharing.Scope{Region: image.Region}, Doing: "deleting the report of who uses AMI " + image.ID,
		Action: "ec2:DeleteImageUsageReport", Resource: "arn:" + c.Partition() + ":ec2:" + string(image.Region) + ":*:image-usage-report/*",
	})
	problem.Remedy += "\nAWS deletes it after 30 days. This deletes it now:\naws ec2 delete-image-usage-report --region " + string(image.Region) + " --report-id " + cmp.Or(id, "<its id>")
	return &problem
}

// sweepReports deletes the reports of runs that were killed. They are known by their tag, and left alone until the time in it:
// another run may be at work.
func (c *Client) sweepReports(ctx context.Context, region sharing.Region) []sharing.Problem {
	reports, err := c.taggedReports(ctx, region)
	if err != nil {
		return []sharing.Problem{diagnose.Error(err, diagnose.Act{
			Scope: sharing.Scope{Region: region}, Doing: "looking for reports of who uses AMIs that earlier runs left",
			Action: "ec2:DescribeImageUsageReports", Resource: "*",
		})}
	}
	now := time.Now()
	reports = slices.DeleteFunc(reports, func(report types.ImageUsageReport) bool {
		return !slices.ContainsFunc(report.Tags, func(tag types.Tag) bool {
			return aws.ToString(tag.Key) == sharing.UsageTag && sharing.Abandoned(aws.ToString(tag.Value), now)
		})
	})
	var left parallel.List[sharing.Problem]
	parallel.Each(reports, func(_ int, report types.ImageUsageReport) {
		image := sharing.ImageRef{Region: region, ID: aws.ToString(report.ImageId)}
		if problem := c.dropReport(ctx, image, aws.ToString(report.ReportId)); problem != nil {
			left.Add(*problem)
		}
	})
	return left.Items
}

// taggedReports are the reports of the plugin, of all runs and AMIs.
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeImageUsageReports.html
func (c *Client) taggedReports(ctx context.Context, region sharing.Region) ([]types.ImageUsageReport, error) {
	in := &ec2.DescribeImageUsageReportsInput{Filters: []types.Filter{{Name: aws.String("tag-key"), Values: []string{sharing.UsageTag}}}}
	return clients.Pages("ec2:DescribeImageUsageReports", func(token *string) (*ec2.DescribeImageUsageReportsOutput, error) {
		in.NextToken = token
		return c.EC2(clients.Place{Region: region}).DescribeImageUsageReports(ctx, in)
	}, func(out *ec2.DescribeImageUsageReportsOutput) ([]types.ImageUsageReport, *string) {
		return out.ImageUsageReports, out.NextToken
	})
}
