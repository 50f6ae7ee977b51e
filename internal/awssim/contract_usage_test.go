// SPDX-License-Identifier: MPL-2.0

package awssim_test

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/amishare/packer-plugin-ami-share/internal/awssim"
)

func report(ctx context.Context, c *ec2.Client, image string, dry *bool, accounts ...string) (string, error) {
	out, err := c.CreateImageUsageReport(ctx, &ec2.CreateImageUsageReportInput{
		ImageId: &image, AccountIds: accounts, DryRun: dry, ClientToken: aws.String(""),
		TagSpecifications: []types.TagSpecification{{ResourceType: types.ResourceTypeImageUsageReport, Tags: []types.Tag{{Key: aws.String("team"), Value: aws.String("images")}}}},
		ResourceTypes: []types.ImageUsageResourceTypeRequest{
			{ResourceType: aws.String("ec2:Instance")},
			{ResourceType: aws.String("ec2:LaunchTemplate"), ResourceTypeOptions: []types.ImageUsageResourceTypeOptionRequest{
				{OptionName: aws.String("version-depth"), OptionValues: []string{"2"}},
			}},
		},
	})
	if err != nil {
		return "", err
	}
	return *out.ReportId, nil
}

func references(ctx context.Context, c *ec2.Client, all bool, dry *bool) (*ec2.DescribeImageReferencesOutput, error) {
	return c.DescribeImageReferences(ctx, &ec2.DescribeImageReferencesInput{ImageIds: []string{"ami-plain"}, IncludeAllResourceTypes: &all, DryRun: dry})
}

var usageRows = map[string]ec2Row{
	"CreateImageUsageReport": {
		good: func(ctx context.Context, c *ec2.Client, dry *bool) error { return only(report(ctx, c, "ami-cmk", dry)) },
		bad: func(ctx context.Context, c *ec2.Client, _ *bool) error {
			return only(report(ctx, c, "ami-of-target", nil))
		},
		code: "AuthFailure",
	},
	"DescribeImageUsageReports": {
		good: func(ctx context.Context, c *ec2.Client, dry *bool) error {
			return only(c.DescribeImageUsageReports(ctx, &ec2.DescribeImageUsageReportsInput{DryRun: dry}))
		},
		bad: func(ctx context.Context, c *ec2.Client, _ *bool) error {
			return only(c.DescribeImageUsageReports(ctx, &ec2.DescribeImageUsageReportsInput{ReportIds: []string{"amiur-00000000000000000"}}))
		},
		code: "InvalidImageUsageReportId.NotFound",
	},
	"DescribeImageUsageReportEntries": {
		good: func(ctx context.Context, c *ec2.Client, dry *bool) error {
			return only(c.DescribeImageUsageReportEntries(ctx, &ec2.DescribeImageUsageReportEntriesInput{DryRun: dry}))
		},
		bad: func(ctx context.Context, c *ec2.Client, _ *bool) error {
			return only(c.DescribeImageUsageReportEntries(ctx, &ec2.DescribeImageUsageReportEntriesInput{ReportIds: []string{"amiur-00000000000000000"}}))
		},
		code: "InvalidImageUsageReportId.NotFound",
	},
	"DeleteImageUsageReport": {
		good: func(ctx context.Context, c *ec2.Client, dry *bool) error {
			id, err := report(ctx, ec2.NewFromConfig(administratorOf(ctx)), "ami-cmk", nil)
			if err != nil {
				return err
			}
			return only(c.DeleteImageUsageReport(ctx, &ec2.DeleteImageUsageReportInput{ReportId: &id, DryRun: dry}))
		},
		bad: func(ctx context.Context, c *ec2.Client, _ *bool) error {
			return only(c.DeleteImageUsageReport(ctx, &ec2.DeleteImageUsageReportInput{ReportId: aws.String("amiur-00000000000000000")}))
		},
		code: "InvalidImageUsageReportId.NotFound",
	},
	"DescribeImageReferences": {
		good: func(ctx context.Context, c *ec2.Client, dry *bool) error { return only(references(ctx, c, true, dry)) },
		bad:  func(ctx context.Context, c *ec2.Client, _ *bool) error { return only(references(ctx, c, false, nil)) },
		code: "MissingParameter",
	},
}

// usesOf makes a report and reads it, once it is there.
func usesOf(t *testing.T, c *ec2.Client, image string, accounts ...string) string {
	t.Helper()
	id, err := report(t.Context(), c, image, nil, accounts...)
	must(t, err)
	var states []string
	for range 9 {
		out, err := c.DescribeImageUsageReports(t.Context(), &ec2.DescribeImageUsageReportsInput{ReportIds: []string{id}})
		must(t, err)
		states = append(states, *out.ImageUsageReports[0].State)
		if *out.ImageUsageReports[0].State == "available" {
			break
		}
	}
	entries, err := c.DescribeImageUsageReportEntries(t.Context(), &ec2.DescribeImageUsageReportEntriesInput{ReportIds: []string{id}})
	must(t, err)
	uses := states
	for _, e := range entries.ImageUsageReportEntries {
		uses = append(uses, fmt.Sprintf("%s %s %d", *e.AccountId, *e.ResourceType, *e.UsageCount))
	}
	return strings.Join(uses, ", ")
}

// TestImageUsageReports: https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/your-ec2-ami-usage.html
func TestImageUsageReports(t *testing.T) {
	for sentence, test := range map[string]struct {
		hostility awssim.Hostility
		accounts  []string
		want      string
	}{
		"everybody":                  {want: "available, 111111111111 ec2:LaunchTemplate 1, 222222222222 ec2:Instance 1, 222222222222 ec2:LaunchTemplate 2"},
		"an account, after a while":  {awssim.Hostility{UsageReportPending: 2}, []string{target}, "pending, pending, available, 222222222222 ec2:Instance 1, 222222222222 ec2:LaunchTemplate 2"},
		"what is recent is left out": {awssim.Hostility{UsageReportBlind: true}, []string{target}, "available, 222222222222 ec2:LaunchTemplate 1"},
	} {
		t.Run(sentence, func(t *testing.T) {
			t.Parallel()
			world := computeWorld(t)
			world.Hostility = test.hostility
			f := start(t, world)
			owner, user := ec2.NewFromConfig(f.config(t, administrator, home)), ec2.NewFromConfig(f.config(t, targetAdmin, home))
			must(t, share(t.Context(), owner, "ami-plain", types.LaunchPermission{UserId: aws.String(target)}))
			must(t, only(user.CreateLaunchTemplate(t.Context(), template("new", "ami-plain", nil))))
			must(t, only(user.RunInstances(t.Context(), &ec2.RunInstancesInput{ImageId: aws.String("ami-plain"), MinCount: aws.Int32(1), MaxCount: aws.Int32(1), InstanceType: "t3.micro"})))
			if got := usesOf(t, owner, "ami-plain", test.accounts...); got != test.want {
				t.Errorf("uses: %s, want %s", got, test.want)
			}
			// https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/your-ec2-ami-usage.html: one pending report per AMI
			must(t, only(report(t.Context(), owner, "ami-plain", nil)))
			again := code(only(report(t.Context(), owner, "ami-plain", nil)))
			if want := map[bool]string{true: "ResourceLimitExceeded"}[test.hostility.UsageReportPending > 0]; again != want {
				t.Errorf("another report: %q, want %q", again, want)
			}
		})
	}
}

// TestImageReferences: https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/ec2-ami-references.html
func TestImageReferences(t *testing.T) {
	world := computeWorld(t)
	region := world.Accounts[0].Regions[home]
	region.Parameters = []awssim.WorldParameter{{Name: "/golden", Value: "ami-plain"}, {Name: "/other", Value: "ami-cmk"}}
	world.Accounts[0].Regions[home] = region
	looking := strings.Replace(allow(`["ec2:Describe*","ssm:DescribeParameters","ssm:GetParameters","imagebuilder:List*","imagebuilder:GetContainerRecipe"]`, ""),
		`"Statement":[`, `"Statement":[{"Effect":"Deny","Action":"ssm:*","Resource":"*","Condition":{"Null":{"aws:CalledVia":"true"}}},`, 1)
	world.Accounts[0].Users[1].Policies = []json.RawMessage{json.RawMessage(looking)}
	f := start(t, world)
	c := ec2.NewFromConfig(f.config(t, nobody, home))
	out, err := references(t.Context(), c, true, nil)
	must(t, err)
	var found []string
	for _, r := range out.ImageReferences {
		found = append(found, string(r.ResourceType))
	}
	if got := strings.Join(found, " "); got != "ec2:LaunchTemplate ssm:Parameter" {
		t.Errorf("referenced by %s", got)
	}
	_, limitedConfig := limited(t, allow(`["ec2:Describe*"]`, ""))
	if err := only(references(t.Context(), ec2.NewFromConfig(limitedConfig), true, nil)); code(err) != "UnauthorizedOperation" || !strings.Contains(err.Error(), "ssm:DescribeParameters") {
		t.Errorf("without permission for parameters: %v", err)
	}
}

// TestImageUsageReportsHaveTags: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateImageUsageReport.html
func TestImageUsageReportsHaveTags(t *testing.T) {
	world := computeWorld(t)
	region := world.Accounts[0].Regions[home]
	region.ImageUsageReports = []awssim.WorldImageUsageReport{{ID: "amiur-old", Image: "ami-plain", Tags: map[string]string{"until": "noon"}}}
	world.Accounts[0].Regions[home] = region
	f := start(t, world)
	owner := ec2.NewFromConfig(f.config(t, administrator, home))
	id, err := report(t.Context(), owner, "ami-plain", nil)
	must(t, err)
	for filter, want := range map[string]string{"tag-key=team": id, "tag:until=noon": "amiur-old", "tag-key=nothing": "", "state=available": "amiur-old " + id} {
		name, value, _ := strings.Cut(filter, "=")
		out, err := owner.DescribeImageUsageReports(t.Context(), &ec2.DescribeImageUsageReportsInput{Filters: []types.Filter{{Name: &name, Values: []string{value}}}})
		must(t, err)
		var found []string
		for _, r := range out.ImageUsageReports {
			found = append(found, *r.ReportId)
			if len(r.Tags) != 1 {
				t.Errorf("%s has %d tags", *r.ReportId, len(r.Tags))
			}
		}
		slices.Sort(found)
		wanted := strings.Fields(want)
		slices.Sort(wanted)
		if !slices.Equal(found, wanted) {
			t.Errorf("%s finds %q, want %q", filter, found, wanted)
		}
	}
	must(t, only(owner.DeleteImageUsageReport(t.Context(), &ec2.DeleteImageUsageReportInput{ReportId: &id})))
	named := func(kind types.ResourceType, accounts int) string {
		in := &ec2.CreateImageUsageReportInput{
			ImageId: aws.String("ami-plain"), ResourceTypes: []types.ImageUsageResourceTypeRequest{{ResourceType: aws.String("ec2:Instance")}},
			TagSpecifications: []types.TagSpecification{{ResourceType: kind, Tags: []types.Tag{{Key: aws.String("a"), Value: aws.String("b")}}}},
		}
		for n := range accounts {
			in.AccountIds = append(in.AccountIds, fmt.Sprintf("%012d", n+1))
		}
		return code(only(owner.CreateImageUsageReport(t.Context(), in)))
	}
	if got := named(types.ResourceTypeImage, 0) + named(types.ResourceTypeImageUsageReport, 201) + named(types.ResourceTypeImageUsageReport, 200); got != "InvalidParameterValueInvalidParameterValue" {
		t.Errorf("another kind of resource, and too many accounts: %s", got)
	}
	_, limitedConfig := limited(t, allow(`["ec2:CreateImageUsageReport"]`, ""))
	if err := only(report(t.Context(), ec2.NewFromConfig(limitedConfig), "ami-cmk", nil)); code(err) != "UnauthorizedOperation" || !strings.Contains(err.Error(), "ec2:CreateTags") {
		t.Errorf("without permission for tags: %v", err)
	}
}
