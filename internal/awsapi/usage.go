// SPDX-License-Identifier: MPL-2.0

package awsapi

import (
	"cmp"
	"context"
	"crypto/rand"
	"slices"
	"sync"

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

// mostAskedFor is how many accounts a report can be limited to. With more it is about all accounts.
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateImageUsageReport.html
const mostAskedFor = 200

// usageReport is AWS's report of who uses an AMI, which the run asks for and deletes again.
// https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/your-ec2-ami-usage.html
type usageReport struct {
	image sharing.ImageRef
	input ec2.CreateImageUsageReportInput // always with the same token: asked again, AWS answers with the same report

	mu   sync.Mutex
	id   string
	lost bool // it may be there without its id being known
}

// usageReports are those of a client.
type usageReports struct {
	mu  sync.Mutex
	all map[sharing.ImageRef]*usageReport
}

// of returns the report about an AMI.
func (u *usageReports) of(image sharing.ImageRef, accounts []string) *usageReport {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.all == nil {
		u.all = map[sharing.ImageRef]*usageReport{}
	}
	if u.all[image] == nil {
		u.all[image] = &usageReport{image: image, input: ec2.CreateImageUsageReportInput{
			ImageId: aws.String(image.ID), AccountIds: accounts, ClientToken: aws.String(rand.Text()), TagSpecifications: reportTags(),
			ResourceTypes: []types.ImageUsageResourceTypeRequest{{ResourceType: aws.String(usedByInstance)}, {ResourceType: aws.String(usedByTemplate)}},
		}}
	}
	return u.all[image]
}

// askedFor are the accounts that a report is limited to; none for all of them, as when organizations lose an AMI.
func askedFor(leaving []sharing.Recipient) []string {
	var ids []string
	for _, recipient := range leaving {
		if recipient.Kind != sharing.ToAccount || len(ids) == mostAskedFor {
			return nil
		}
		ids = append(ids, recipient.ID)
	}
	return ids
}

// askForUsage begins the reports about AMIs that somebody is going to lose: AWS takes minutes for one. Why one could not be begun
// is told when it is needed.
func (o *observation) askForUsage(ctx context.Context, images []sharing.Image) {
	if o.request.ForceRemoval || o.options.OnlyLook {
		return
	}
	parallel.Each(images, func(_ int, image sharing.Image) {
		if leaving := o.request.Leaving(image); len(leaving) > 0 && !o.request.Shrunk(image, leaving) && image.State == string(types.ImageStateAvailable) {
			_ = o.begin(ctx, o.reports.of(image.Ref, askedFor(leaving)))
		}
	})
}

// begin asks for a report, unless it has been. The call is not cut off by an interrupt, so that the report's id is known.
func (c *Client) begin(ctx context.Context, r *usageReport) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.id != "" {
		return nil
	}
	ctx, tries := clients.Watched(context.WithoutCancel(traffic.Interruptible(ctx)))
	out, err := c.EC2(clients.Place{Region: r.image.Region}).CreateImageUsageReport(ctx, &r.input)
	if r.lost = err != nil && (r.lost || tries.Lost()); err != nil {
		return err
	}
	r.id = aws.ToString(out.ReportId)
	return nil
}

// reported returns how often accounts use an AMI, by what they use it in. It waits until AWS has made the report.
func (c *Client) reported(ctx context.Context, r *usageReport) (map[string]uses, *sharing.Problem) {
	region := clients.Place{Region: r.image.Region}
	act := diagnose.Act{
		Scope: sharing.Scope{Region: r.image.Region}, Doing: "asking AWS who uses AMI " + r.image.ID + ", before it is taken away",
		Action: "ec2:CreateImageUsageReport", Resource: c.imageARN(r.image.Region, r.image.ID),
	}
	var state, reason string
	err := c.waitFor(ctx, r, func(ctx context.Context) (bool, error) {
		if err := c.begin(ctx, r); err != nil {
			return !c.otherPending(ctx, r), err
		}
		act.Action, act.Resource = "ec2:DescribeImageUsageReports", "*"
		out, err := c.EC2(region).DescribeImageUsageReports(ctx, &ec2.DescribeImageUsageReportsInput{ReportIds: []string{r.id}})
		if err != nil || len(out.ImageUsageReports) == 0 {
			return err != nil, err
		}
		state, reason = aws.ToString(out.ImageUsageReports[0].State), aws.ToString(out.ImageUsageReports[0].StateReason)
		return state != "pending", nil
	})
	switch {
	case err != nil:
		return nil, forced(diagnose.Error(err, act))
	case state != "available":
		return nil, forced(sharing.Problem{Scope: act.Scope, Doing: act.Doing, Cause: "the report's state is " + cmp.Or(state, "pending") + " " + reason, Remedy: "Run this again later."})
	}
	act.Action = "ec2:DescribeImageUsageReportEntries"
	found, err := c.usageEntries(ctx, region, r.id)
	if err != nil {
		return nil, forced(diagnose.Error(err, act))
	}
	return found, nil
}

// forced adds how AMIs are taken away without asking.
func forced(problem sharing.Problem) *sharing.Problem {
	problem.Remedy += "\nWith force_removal = true nobody is asked, and it is taken away from everybody whom no target names."
	return &problem
}

// waitFor polls for a report, and says so if there is something to wait for.
func (c *Client) waitFor(ctx context.Context, r *usageReport, done func(context.Context) (bool, error)) error {
	looks := 0
	return traffic.PollFor(ctx, c.options.UsageTimeout, func(ctx context.Context) (bool, error) {
		finished, err := done(ctx)
		if looks++; looks == 2 && !finished {
			c.options.Say("Waiting for AWS's report of who uses AMI " + r.image.ID + " in " + string(r.image.Region))
		}
		return finished, err
	})
}

// proveReport asks AWS whether it would make the report that a removal needs.
func (c *Client) proveReport(ctx context.Context, removal plan.ModifyLaunchPermission) (diagnose.Act, error) {
	in := c.reports.of(removal.Image, askedFor(removal.Recipients)).input
	in.DryRun = aws.Bool(true)
	_, err := c.EC2(clients.Place{Region: removal.Image.Region}).CreateImageUsageReport(ctx, &in)
	return diagnose.Act{
		Scope: sharing.Scope{Region: removal.Image.Region}, Action: "ec2:CreateImageUsageReport", Resource: c.imageARN(removal.Image.Region, removal.Image.ID),
	}, err
}

// otherPending tells whether AWS is making another report about the AMI, beside which it makes none. It publishes no code for
// that refusal. https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/your-ec2-ami-usage.html
func (c *Client) otherPending(ctx context.Context, r *usageReport) bool {
	out, err := c.EC2(clients.Place{Region: r.image.Region}).DescribeImageUsageReports(ctx, &ec2.DescribeImageUsageReportsInput{ImageIds: []string{r.image.ID}})
	return err == nil && slices.ContainsFunc(out.ImageUsageReports, func(other types.ImageUsageReport) bool { return aws.ToString(other.State) == "pending" })
}

func (c *Client) usageEntries(ctx context.Context, p clients.Place, report string) (map[string]uses, error) {
	in := &ec2.DescribeImageUsageReportEntriesInput{ReportIds: []string{report}}
	entries, err := clients.Pages("ec2:DescribeImageUsageReportEntries", func(token *string) (*ec2.DescribeImageUsageReportEntriesOutput, error) {
		in.NextToken = token
		return c.EC2(p).DescribeImageUsageReportEntries(ctx, in)
	}, func(out *ec2.DescribeImageUsageReportEntriesOutput) ([]types.ImageUsageReportEntry, *string) {
		return out.ImageUsageReportEntries, out.NextToken
	})
	found := map[string]uses{}
	for _, entry := range entries {
		account := aws.ToString(entry.AccountId)
		found[account] = found[account].with(aws.ToString(entry.ResourceType), int(aws.ToInt64(entry.UsageCount)))
	}
	return found, err
}

// InUse tells who uses an AMI, of those whom a removal takes it from: by AWS's report, and by what the accounts that can be entered
// say of themselves. The error is a sharing.Problem, or context.Canceled when the run was interrupted before that was known.
func (c *Client) InUse(ctx context.Context, removal plan.ModifyLaunchPermission) (plan.Usage, error) {
	var found map[string]uses
	var inside insideUses
	var failed *sharing.Problem
	crashed := parallel.Guard(sharing.Scope{Region: removal.Image.Region}, "asking who uses AMI "+removal.Image.ID, func() {
		parallel.Together(
			func() { found, failed = c.reported(ctx, c.reports.of(removal.Image, askedFor(removal.Recipients))) },
			func() { inside = c.lookInside(ctx, removal) },
		)
	})
	switch problem := cmp.Or(crashed, failed); {
	case traffic.Over(ctx):
		return plan.Usage{}, context.Canceled
	case problem != nil:
		return plan.Usage{}, *problem
	}
	for account, more := range inside.found {
		found[account] = found[account].atLeast(more)
	}
	return plan.Usage{Uses: usesOf(removal, found), Warnings: inside.warnings}, nil
}
